/** Explores ten million steps of a program that has more, and prints the steps and the process's peak memory as JSON. */
import { count } from '../../src/sim/index.ts';
import { parseProgram } from '../../src/sim/text.ts';

const { program } = parseProgram(
  'var x, y\nthread a f\nthread b f\nthread c f\nthread d f\nroutine f\n  repeat i = 1..6\n  add x 1\n  add y 1\n  end\n',
);
const { steps } = count(program, { maxSteps: 10_000_000 });
const kilobytes = process.resourceUsage().maxRSS;
console.log(JSON.stringify({ steps, megabytes: Math.round(kilobytes / 1024) }));
