/**
 * A small text language for programs, for tests, examples and people at a terminal.
 *
 * First `$name` and `${a+b}` are replaced from the parameters and `repeat` blocks are unrolled, then each line is a declaration
 * (`type`, `var`, `array`, `object`, `thread`, `setup`, `routine`) or, inside a routine, one operation (`operations.ts`). `expect` lines state what
 * exploring the program gives and are returned as they are. Errors name the line. It prints nothing back: programs are data.
 *
 *     type policy { ref: ref; cb: callback; mode: int }
 *     var shared: pointer
 *     thread reader r
 *     routine r(x)
 *       p = load shared
 *       if p == 0 goto out
 *       read p.mode
 *     out:
 */
import { type Names, operation } from './operations.ts';
import type { CellKind, CellType, Program, Routine, ThreadDecl, Value } from './program.ts';

export interface Expectation {
  line: number;
  /** Parameters for which it holds, for instance `n=2`; empty when it always does. */
  when: Map<string, number>;
  text: string;
}

export interface ParsedProgram {
  program: Program;
  expectations: Expectation[];
}

export class TextError extends Error {}

interface Line {
  number: number;
  text: string;
}

export function parseProgram(
  source: string,
  parameters: Record<string, number> = {},
  name = 'program',
): ParsedProgram {
  const raw = source
    .split('\n')
    .map((text, i) => ({ number: i + 1, text: text.replace(/(^|\s)#.*$/, '').trimEnd() }));
  const given = new Map(Object.entries(parameters));
  for (const { text } of raw) {
    const param = /^param (\w+) = (-?\d+)$/.exec(text);
    if (param && !given.has(param[1]!)) given.set(param[1]!, Number(param[2]));
  }
  const lines = unroll(raw, given);
  const names: Names = { types: new Map(), variables: new Map(), routines: new Set() };
  const program: Program = { name, types: [], objects: [], routines: [], threads: [] };
  const expectations: Expectation[] = [];
  for (const line of lines) {
    const routine = /^routine ([\w.]+)/.exec(line.text.trim());
    if (routine) names.routines.add(routine[1]!);
  }
  let routine: Routine | undefined;
  for (const line of lines) {
    const text = line.text.trim();
    if (text === '' || text.startsWith('param ')) continue;
    const at = (message: string): never => {
      throw new TextError(`${name}:${line.number}: ${message}: ${text}`);
    };
    const [word] = text.split(/\s/, 1);
    const rest = text.slice(word!.length).trim();
    if (word === 'expect') expectations.push(expectation(line.number, rest));
    else if (word === 'type') declareType(program, names, rest, at);
    else if (word === 'var') declareVariables(program, names, rest, at);
    else if (word === 'array') declareArray(program, names, rest, at);
    else if (word === 'object') {
      const match = /^([\w.]+): ([\w.]+)$/.exec(rest) ?? at('object NAME: TYPE');
      program.objects.push({ name: match[1]!, type: match[2]! });
      names.variables.set(match[1]!, match[2]!);
    } else if (word === 'thread' || word === 'irq' || word === 'softirq') {
      program.threads.push(declareThread(word === 'thread' ? 'task' : word, rest, at));
    } else if (word === 'setup') program.setup = rest;
    else if (word === 'routine') {
      const match = /^([\w.]+)(?:\(([\w, ]*)\))?$/.exec(rest) ?? at('routine NAME(PARAMETERS)');
      const params = (match[2] ?? '')
        .split(',')
        .map((p) => p.trim())
        .filter((p) => p !== '');
      routine = { name: match[1]!, params, code: [], sites: [] };
      program.routines.push(routine);
    } else if (routine === undefined) at('unknown declaration');
    else {
      for (const op of operation(text, names, routine.code.length, at)) {
        const site = routine.sites.push({ file: name, line: line.number, function: routine.name, text }) - 1;
        routine.code.push({ ...op, site });
      }
    }
  }
  return { program, expectations };
}

/** Replaces parameters and unrolls `repeat i = a..b` … `end`; `thread … for i in a..b` is one line for each value. */
function unroll(lines: Line[], given: Map<string, number>): Line[] {
  const result: Line[] = [];
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!;
    const text = substitute(line.text, given);
    const repeat = /^\s*repeat (\w+) = (-?\d+)\.\.(-?\d+)$/.exec(text);
    const each = /^(.*) for (\w+) in (-?\d+)\.\.(-?\d+)$/.exec(text);
    if (repeat) {
      let depth = 1;
      let end = i + 1;
      for (; end < lines.length && depth > 0; end++) {
        if (/^\s*repeat /.test(lines[end]!.text)) depth++;
        if (/^\s*end$/.test(lines[end]!.text)) depth--;
      }
      const body = lines.slice(i + 1, end - 1);
      for (let v = Number(repeat[2]); v <= Number(repeat[3]); v++) {
        result.push(...unroll(body, new Map([...given, [repeat[1]!, v]])));
      }
      i = end - 1;
    } else if (each) {
      for (let v = Number(each[3]); v <= Number(each[4]); v++) {
        result.push({
          number: line.number,
          text: substitute(each[1]!, new Map([...given, [each[2]!, v]]), true),
        });
      }
    } else result.push({ number: line.number, text });
  }
  return result;
}

function substitute(text: string, given: Map<string, number>, strict = false): string {
  const value = (word: string): number | undefined => (/^-?\d+$/.test(word) ? Number(word) : given.get(word));
  return text
    .replace(/\$\{([^}]*)\}/g, (whole, expression: string) => {
      const parts = expression.trim().split(/\s*([-+*%])\s*/);
      let sum = value(parts[0]!);
      for (let i = 1; i < parts.length && sum !== undefined; i += 2) {
        const b = value(parts[i + 1]!);
        sum =
          b === undefined ? undefined : { '+': sum + b, '-': sum - b, '*': sum * b, '%': sum % b }[parts[i]!];
      }
      if (sum === undefined && strict) throw new TextError(`cannot compute ${whole}`);
      return sum === undefined ? whole : `${sum}`;
    })
    .replace(/\$(\w+)/g, (whole, word: string) => `${given.get(word) ?? whole}`);
}

function expectation(line: number, rest: string): Expectation {
  const when = new Map<string, number>();
  const match = /^((?:\w+=-?\d+,?\s*)+):\s*(.*)$/.exec(rest);
  for (const pair of (match?.[1] ?? '').split(',')) {
    const [key, value] = pair.trim().split('=');
    if (key && value) when.set(key, Number(value));
  }
  return { line, when, text: match?.[2] ?? rest };
}

const KINDS = new Set<string>([
  'int',
  'pointer',
  'lock',
  'ref',
  'percpu-ref',
  'callback',
  'queue',
  'completion',
  'work',
  'timer',
]);

function cell(text: string, at: (m: string) => never): CellType {
  const match =
    /^([\w.]+)(?:: ([\w-]+))?(?: in (\w+))?(?: = (-?\d+))?$/.exec(text.trim()) ??
    at('NAME: KIND [in UNION] [= INIT]');
  const kind = match[2] ?? 'int';
  if (!KINDS.has(kind)) at(`no cell kind ${kind}`);
  return {
    name: match[1]!,
    kind: kind as CellKind,
    ...(match[3] === undefined ? {} : { union: match[3] }),
    ...(match[4] === undefined ? {} : { init: Number(match[4]) }),
  };
}

function declareType(program: Program, names: Names, rest: string, at: (m: string) => never): void {
  const match = /^([\w.]+) \{(.*)\}$/.exec(rest) ?? at('type NAME { CELLS }');
  const cells = match[2]!
    .split(';')
    .filter((c) => c.trim() !== '')
    .map((c) => cell(c, at));
  program.types.push({ name: match[1]!, cells });
  names.types.set(
    match[1]!,
    cells.map((c) => c.name),
  );
}

/** `var x y = 1 l: lock`: each is an object of one cell, `v`. */
function declareVariables(program: Program, names: Names, rest: string, at: (m: string) => never): void {
  for (const part of rest.split(',')) {
    const one = cell(part, at);
    const type = `<${one.name}>`;
    program.types.push({ name: type, cells: [{ ...one, name: 'v' }] });
    program.objects.push({ name: one.name, type });
    names.variables.set(one.name, type);
  }
}

/** `array a 10 [lock]`: one object with cells 0, 1, 2 …, used as `a[i]`. */
function declareArray(program: Program, names: Names, rest: string, at: (m: string) => never): void {
  const match = /^(\w+) (\d+)(?:: ([\w-]+))?(?: = (-?\d+))?$/.exec(rest) ?? at('array NAME LENGTH');
  const type = `<${match[1]}[]>`;
  const cells = Array.from({ length: Number(match[2]) }, (_, i) =>
    cell(`${i}: ${match[3] ?? 'int'}${match[4] ? ` = ${match[4]}` : ''}`, at),
  );
  program.types.push({ name: type, cells });
  program.objects.push({ name: match[1]!, type });
  names.variables.set(match[1]!, type);
}

function declareThread(kind: 'task' | 'irq' | 'softirq', rest: string, at: (m: string) => never): ThreadDecl {
  const match =
    /^(\S+) ([\w.]+)((?: [-@\w.]+)*?)(?: cpu (\d+))?$/.exec(rest) ??
    at('thread NAME ROUTINE ARGUMENTS [cpu N]');
  const args: Value[] = (match[3] ?? '')
    .split(' ')
    .filter((a) => a !== '')
    .map((a) => (/^-?\d+$/.test(a) ? Number(a) : a));
  return {
    name: match[1]!,
    routine: match[2]!,
    args,
    ...(kind === 'task' ? {} : { kind }),
    ...(match[4] === undefined ? {} : { cpu: Number(match[4]) }),
  };
}
