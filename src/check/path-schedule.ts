/** A path of one function as a schedule with one thread: the steps that take, give up, test and leave. */
import type { Instr, Routine, Schedule, Site, Step } from '../sim/program.ts';
import type { PathProblem } from './paths.ts';

const SHOWN = new Set<Instr['op']>([
  'lock',
  'trylock',
  'unlock',
  'downgrade',
  'upgrade',
  'ref.init',
  'ref.get',
  'ref.tryget',
  'ref.put',
  'own',
  'disown',
  'percpu.init',
  'percpu.get',
  'percpu.tryget',
  'percpu.put',
  'percpu.kill',
  'percpu.exit',
  'rcu.enter',
  'rcu.exit',
  'rcu.call',
  'rcu.synchronize',
  'context',
  'sleep',
  'alloc',
  'free',
  'branch',
  'return',
  'store',
  'assert-held',
]);

const NOWHERE: Site = { file: '', line: 0, function: '', text: '' };

export function siteOf(routine: Routine, pc: number): Site {
  const site = routine.code[pc]?.site;
  return site === undefined ? NOWHERE : routine.sites[site]!;
}

/** Whether a branch is a test that stands in the source, rather than one inside a call that its site shows. */
export function isOwnTest(routine: Routine, pc: number): boolean {
  const instr = routine.code[pc];
  if (instr?.op !== 'branch' || instr.site === undefined) return false;
  const { site } = instr;
  return routine.code.every((other, i) => other.site !== site || i === pc || PLAIN.has(other.op));
}

const PLAIN = new Set<Instr['op']>([
  'set',
  'calc',
  'load',
  'label',
  'jump',
  'assume',
  'escape',
  'forget',
  'return',
]);

/** Steps of one site are one step; the last one is where it goes wrong. */
export function pathSchedule(routine: Routine, problem: PathProblem): Schedule {
  const steps: Step[] = [];
  let last = -1;
  for (const { pc, note } of problem.path) {
    const instr = routine.code[pc];
    if (instr?.site === undefined || (!SHOWN.has(instr.op) && pc !== problem.at)) continue;
    if (instr.op === 'branch' ? !isOwnTest(routine, pc) : instr.site === last) continue;
    last = instr.site;
    const site = routine.sites[instr.site]!;
    const text =
      instr.op === 'branch' ? `${site.text}: ${note}` : note === '' ? site.text : `${site.text} ${note}`;
    steps.push({ thread: 0, site, text, effects: [] });
  }
  const site = siteOf(routine, problem.at);
  return {
    threads: [{ name: routine.name, kind: 'task', cpu: 0 }],
    steps,
    violation: { hazard: problem.hazard, thread: 0, site, message: problem.hazard, object: problem.object },
  };
}
