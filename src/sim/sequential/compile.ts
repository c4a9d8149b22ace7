/**
 * Prepares a routine for the sequential explorer: labels become indexes, registers numbers, and for every
 * instruction it is known which registers, cells and tests still matter from there on, so that states which
 * differ only in what nobody will look at again can be merged.
 */
import type { Instr, Routine, Value } from '../program.ts';

export interface Compiled {
  routine: Routine;
  code: Instr[];
  /** Successors by index; `code.length` is the end. */
  next: number[][];
  registers: Map<string, number>;
  /** Registers read at or after an instruction before being written, as a set of register numbers. */
  live: Set<number>[];
  /** Names of cells loaded, and tests (see `testKey`) computed, at or after an instruction. */
  later: Set<string>[];
  /** True where several paths meet. */
  join: boolean[];
  /** True for an instruction that can run more than once on a path. */
  inLoop: boolean[];
}

/** What makes two comparisons candidates for having the same answer. */
export function testKey(fn: string, b: Value): string {
  return `${fn === 'ne' ? 'eq' : fn}:${typeof b === 'number' ? b : '?'}`;
}

/** What makes two locks candidates for being the same; '' in a place that only has an address. */
export function lockKey(cell: string): string {
  return `lock ${cell}`;
}

/** What an instruction may still ask of the state, besides registers. */
function markOf(instr: Instr): string | null {
  switch (instr.op) {
    case 'load':
      return instr.from.cell;
    case 'calc':
      return testKey(instr.fn, instr.b);
    case 'lock':
    case 'trylock':
    case 'unlock':
    case 'downgrade':
    case 'upgrade':
    case 'assert-held':
      return lockKey(instr.at.cell);
    default:
      return null;
  }
}

/**
 * @throws Error naming the label when a jump goes nowhere (a defect of whoever made the routine).
 */
export function compile(routine: Routine): Compiled {
  const code = routine.code;
  const labels = new Map<string, number>();
  code.forEach((instr, i) => {
    if (instr.op === 'label') labels.set(instr.name, i);
  });
  const target = (name: string): number => {
    const at = labels.get(name);
    if (at === undefined) throw new Error(`${routine.name}: no label ${name}`);
    return at;
  };
  const registers = new Map<string, number>();
  for (const p of routine.params) registers.set(p, registers.size);
  const number = (name: string): number => {
    let n = registers.get(name);
    if (n === undefined) {
      n = registers.size;
      registers.set(name, n);
    }
    return n;
  };

  const next: number[][] = [];
  const reads: number[][] = [];
  const writes: number[] = [];
  const marks: (string | null)[] = [];
  code.forEach((instr, i) => {
    if (instr.op === 'jump') next.push([target(instr.to)]);
    else if (instr.op === 'branch') next.push([i + 1, target(instr.to)]);
    else if (instr.op === 'return') next.push([]);
    else next.push([i + 1]);
    reads.push(valuesOf(instr).filter(isRegister).map(number));
    writes.push('dst' in instr && typeof instr.dst === 'string' ? number(instr.dst) : -1);
    marks.push(markOf(instr));
  });

  const size = code.length + 1;
  next.push([]);
  const predecessors: number[][] = Array.from({ length: size }, () => []);
  next.forEach((to, from) => {
    for (const t of to) predecessors[t]!.push(from);
  });
  const live: Set<number>[] = Array.from({ length: size }, () => new Set());
  const later: Set<string>[] = Array.from({ length: size }, () => new Set());
  const queue = Array.from({ length: size }, (_, i) => i);
  const queued = new Uint8Array(size).fill(1);
  while (queue.length > 0) {
    const i = queue.pop()!;
    queued[i] = 0;
    const l = live[i]!;
    const s = later[i]!;
    const before = l.size + s.size;
    for (const n of next[i]!) {
      for (const r of live[n]!) if (r !== writes[i]) l.add(r);
      for (const k of later[n]!) s.add(k);
    }
    if (i < code.length) {
      for (const r of reads[i]!) l.add(r);
      const mark = marks[i];
      if (mark !== null && mark !== undefined) s.add(mark);
    }
    if (l.size + s.size === before) continue;
    for (const p of predecessors[i]!) {
      if (queued[p] === 1) continue;
      queued[p] = 1;
      queue.push(p);
    }
  }
  return {
    routine,
    code,
    next,
    registers,
    live,
    later,
    // The beginning is a join as soon as a loop leads back to it.
    join: predecessors.map((p, i) => p.length + (i === 0 ? 1 : 0) > 1),
    inLoop: loopMembers(next),
  };
}

function isRegister(value: Value): value is string {
  return typeof value === 'string' && !value.startsWith('@');
}

/** Every value an instruction reads, those inside places included. */
export function valuesOf(instr: Instr): Value[] {
  const out: Value[] = [];
  for (const [key, field] of Object.entries(instr)) {
    if (field !== null && typeof field === 'object' && 'base' in field) out.push(field.base as Value);
    else if (VALUE_FIELDS.has(key) && (typeof field === 'string' || typeof field === 'number'))
      out.push(field);
    else if (key === 'of' && typeof field === 'string') out.push(field);
    else if (key === 'args') out.push(...(field as unknown as Value[]));
    else if (instr.op === 'copy' && (key === 'to' || key === 'from')) out.push(field as Value);
  }
  return out;
}

const VALUE_FIELDS = new Set(['value', 'a', 'b', 'cond', 'expect', 'object', 'arg', 'task']);

/** Instructions on a cycle, by Tarjan's strongly connected components (iterative). */
function loopMembers(next: number[][]): boolean[] {
  const n = next.length;
  const index = new Int32Array(n).fill(-1);
  const low = new Int32Array(n);
  const onStack = new Uint8Array(n);
  const inLoop: boolean[] = new Array(n).fill(false);
  const stack: number[] = [];
  let counter = 0;
  for (let root = 0; root < n; root++) {
    if (index[root] !== -1) continue;
    const work: [number, number][] = [[root, 0]];
    while (work.length > 0) {
      const frame = work[work.length - 1]!;
      const [v, k] = frame;
      if (k === 0) {
        index[v] = low[v] = counter++;
        stack.push(v);
        onStack[v] = 1;
      }
      const to = next[v]!;
      if (k < to.length) {
        frame[1]++;
        const w = to[k]!;
        if (index[w] === -1) work.push([w, 0]);
        else if (onStack[w] === 1) low[v] = Math.min(low[v]!, index[w]!);
        continue;
      }
      if (low[v] === index[v]) {
        const component: number[] = [];
        let w: number;
        do {
          w = stack.pop()!;
          onStack[w] = 0;
          component.push(w);
        } while (w !== v);
        if (component.length > 1) for (const c of component) inLoop[c] = true;
      }
      work.pop();
      const parent = work[work.length - 1];
      if (parent !== undefined) low[parent[0]] = Math.min(low[parent[0]]!, low[v]!);
    }
  }
  return inLoop;
}
