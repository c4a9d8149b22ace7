/**
 * One thread, handler or lane as a process: calls expanded in place, one atomic step for each event.
 *
 * Registers are locals named after the expansion they belong to. A lane waits until it is born, a handler until its CPU lets it
 * in. Labels are numbered, so that expansions do not meet. Local operations are steps of their own: SPIN's reduction deals with
 * them. What an operation becomes is in `operation.ts`. Nothing in a process says its number but `ME`, so that lanes that do the
 * same are one process started several times.
 */
import type { Compiled } from '../compile.ts';
import type { Instr, Place, Routine, Value } from '../program.ts';
import { lane } from './deferred.ts';
import { PromelaError } from './error.ts';
import { operation } from './operation.ts';

export const CALC: Record<string, string> = {
  add: '+',
  sub: '-',
  mul: '*',
  and: '&',
  or: '|',
  xor: '^',
  shl: '<<',
  shr: '>>',
  eq: '==',
  ne: '!=',
  lt: '<',
  le: '<=',
};

const MAX_DEPTH = 10;

export interface Scope {
  id: number;
  routine: Routine;
  /** Where `return` goes, and into which register of the caller. */
  end: string;
  result: string | undefined;
  depth: number;
  outermost: boolean;
}

export const identifier = (name: string) => name.replace(/\W/g, '_');

export class ThreadWriter {
  readonly c: Compiled;
  readonly t: number;
  readonly registers = new Set<string>();
  readonly allocs = new Set<number>();
  readonly lines: string[] = [];
  labels = 0;
  scopes = 0;
  readonly spawnOf = new Map<Instr, number>();
  readonly allocOf = new Map<Instr, number>();
  /** What must hold for any event of this thread to happen: no handler has its CPU. */
  private readonly running: string;

  constructor(c: Compiled, t: number) {
    this.c = c;
    this.t = t;
    for (const r of c.program.routines)
      for (const op of r.code) {
        if (['percpu.kill', 'rcu.call', 'work.queue', 'timer.start'].includes(op.op))
          this.spawnOf.set(op, this.spawnOf.size);
        if (op.op === 'alloc') this.allocOf.set(op, this.allocOf.size);
      }
    const { kind, cpu } = c.threads[t]!;
    const shared = kind === 'task' && handlers(c).some((h) => h.cpu === cpu);
    this.running = shared ? `cpu[${cpu}] == 0` : kind === 'softirq' ? `(cpu[${cpu}] & 1) == 0` : '';
  }

  /** The setup routine, to be put in place before the threads start. */
  inline(): string[] {
    this.expand(this.routine(this.c.program.setup!), [], undefined, 0, true);
    return [...this.locals(), ...this.lines, 'goto READY;', 'STOP: assert(false);', 'READY: skip;'];
  }

  /** Everything of the process but its name. */
  process(): string {
    const { c, t } = this;
    const { kind, parent, cpu } = c.threads[t]!;
    const over = parent >= 0 ? 'over = over | (1 << ME); queued[ME] = 0; ' : '';
    const bit = kind === 'irq' ? 1 : 2;
    const isHandler = kind === 'irq' || kind === 'softirq';
    if (parent >= 0) lane(this, this.spawnedBy(parent));
    else {
      if (isHandler) this.event(`cpu[${cpu}] = cpu[${cpu}] | ${bit}`, this.mayStart());
      const args = c.program.threads[t]!.args.map((a) => this.constant(a));
      this.expand(this.routine(c.program.threads[t]!.routine), args, undefined, 0, true);
      if (isHandler) this.event(`cpu[${cpu}] = cpu[${cpu}] & ~${bit}`);
    }
    return [
      '  int B, O, A, V, W, K, L; byte ATOM; bool NOPLACE;',
      ...this.locals().map((l) => `  ${l}`),
      ...(parent >= 0 ? ['end_born:', '  born[ME];'] : []),
      `  ATOM = ${kind === 'task' || kind === 'work' ? 0 : 1};`,
      ...this.lines.map((l) => `  ${l}`),
      `  atomic { end_checks(); ${over}finished++; }`,
      '  goto FIN;',
      ...(kind === 'work' || kind === 'timer' ? ['OFF:', '  atomic { finished++; }', '  goto FIN;'] : []),
      'STOP:',
      '  stuck = true;',
      'end_stop:',
      '  false;',
      'FIN:',
      '  skip',
      '}',
    ].join('\n');
  }

  private locals(): string[] {
    const counters = [...this.allocs].map((a) => `byte n${a};`);
    return [...[...this.registers].map((r) => `int ${r};`), ...counters];
  }

  /** A handler starts when no task of its CPU keeps it away, and no other handler runs there but one that it may interrupt. */
  private mayStart(): string {
    const { c, t } = this;
    const { kind, cpu } = c.threads[t]!;
    const tasks = c.threads.slice(0, c.declared).flatMap((info, i) => {
      if (info.cpu !== cpu || info.kind !== 'task') return [];
      return kind === 'irq' ? [`hard[${i}] == 0`] : [`hard[${i}] == 0`, `soft[${i}] == 0`];
    });
    return [...tasks, kind === 'irq' ? `(cpu[${cpu}] & 1) == 0` : `cpu[${cpu}] == 0`].join(' && ');
  }

  routine(name: string): Routine {
    const routine = this.c.program.routines.find((r) => r.name === name);
    if (!routine) throw new PromelaError(`no routine is called ${name}`);
    return routine;
  }

  constant(v: Value): string {
    return typeof v === 'number' ? `${v}` : `${this.c.memory.addressOf.get(v.slice(1))}`;
  }

  domain(name: string | undefined): number {
    return this.c.domains.indexOf(name ?? '');
  }

  emit(...lines: string[]): void {
    this.lines.push(...lines);
  }

  /** One event: what it waits for (a stuck thread elsewhere ends the wait), and what it does; `NOPLACE` in it stops the thread. */
  event(body: string, guard?: string): void {
    const after = body.includes('NOPLACE = true') ? '; if :: NOPLACE -> goto STOP :: else fi' : '';
    this.choice(`d_step { ${body} }${after}`, guard);
  }

  /** An event with alternatives, or one that goes elsewhere: not for `d_step`, which compiles to less. */
  choice(body: string, guard?: string): void {
    const all = [this.running, guard ? `(${guard})` : ''].filter((g) => g !== '').join(' && ');
    if (all === '') this.emit(`atomic { ${body} };`);
    else this.emit(`atomic { if :: ${all} -> ${body} :: stuck -> goto STOP fi };`);
  }

  register(scope: Scope, name: string): string {
    return this.local(`r${scope.id}_${identifier(name)}`);
  }

  local(name: string): string {
    this.registers.add(name);
    return name;
  }

  value(scope: Scope, v: Value): string {
    if (typeof v === 'number') return `(${v})`;
    return v.startsWith('@') ? this.constant(v) : this.register(scope, v);
  }

  offset(place: Place): number {
    if (place.cell === '') return 0;
    const cell = this.c.memory.types.get(place.type)?.byName.get(place.cell);
    if (!cell) throw new PromelaError(`type ${place.type} has no cell ${place.cell}`);
    return cell.offset;
  }

  address(scope: Scope, place: Place): string {
    return `${this.value(scope, place.base)} + ${this.offset(place)}`;
  }

  /** Evaluates a place into A and does `body`, unless the base is NULL (stuck) or memory that nobody describes. */
  at(scope: Scope, place: Place, body: string, otherwise = 'skip'): string {
    const base = this.value(scope, place.base);
    const offset = this.offset(place);
    if (typeof place.base === 'string' && place.base.startsWith('@')) {
      return `A = ${base} + ${offset}; ${body}; A = 0`;
    }
    return `B = ${base}; if :: IS_NULL(B) -> NOPLACE = true :: IS_OPAQUE(B) -> ${otherwise} :: else -> A = B + ${offset}; ${body} fi; B = 0; A = 0`;
  }

  /** A guard on the cell at a place; what is not there lets the event happen, which then says so. */
  when(scope: Scope, place: Place, guard: (address: string) => string): string {
    const base = this.value(scope, place.base);
    const address = `${base} + ${this.offset(place)}`;
    return `IS_NULL(${base}) || IS_OPAQUE(${base}) || !ALIVE(${address}) || (${guard(address)})`;
  }

  /** What reading and writing this member of a union checks and remembers. */
  member(place: Place): { read: string; write: string } {
    const cell = this.c.memory.types.get(place.type)?.byName.get(place.cell);
    if (!cell || cell.member === 0) return { read: '', write: '' };
    return { read: `assert(tag[A] == 0 || tag[A] == ${cell.member}); `, write: `tag[A] = ${cell.member}; ` };
  }

  expand(
    routine: Routine,
    args: string[],
    result: string | undefined,
    depth: number,
    outermost: boolean,
  ): void {
    if (depth > MAX_DEPTH) throw new PromelaError('calls nest too deep for Promela');
    const id = this.scopes++;
    const scope: Scope = { id, routine, end: `E${id}`, result, depth, outermost };
    routine.params.forEach((p, i) => {
      this.emit(`${this.register(scope, p)} = ${args[i] ?? 0};`);
    });
    for (const op of routine.code) operation(this, scope, op);
    this.emit(`${scope.end}: skip;`);
  }

  /** A routine that runs when the count reaches zero, given the address of the reference in `who`. */
  release(scope: Scope, who: string): void {
    for (const [i, name] of this.releases().entries()) {
      const [no, end] = [`N${this.labels}`, `X${this.labels++}`];
      this.emit(`if :: ${who} != 0 && m[${who} + 2] == ${i + 1} -> skip :: else -> goto ${no} fi;`);
      this.expand(this.routine(name), [who], undefined, scope.depth + 1, false);
      this.emit(`goto ${end};`, `${no}: skip;`, `${end}: skip;`);
    }
  }

  releases(): string[] {
    const names = this.c.program.routines.flatMap((r) =>
      r.code.flatMap((op) => (op.op === 'percpu.init' && op.release ? [op.release] : [])),
    );
    return [...new Set(names)];
  }

  /** The operation that can start this lane. */
  private spawnedBy(parent: number): Instr {
    for (const [op, s] of this.spawnOf) {
      const base = this.c.laneBase[parent * this.c.spawns + s]!;
      const n = this.c.laneCount[parent * this.c.spawns + s]!;
      if (this.t >= base && this.t < base + n) return op;
    }
    throw new PromelaError('a lane without an origin');
  }

  /** Starts the next lane for this operation; L is its number. */
  spawn(op: Instr, argument: string): string {
    const s = this.spawnOf.get(op)!;
    const base = this.c.laneBase[this.t * this.c.spawns + s]!;
    const n = this.c.laneCount[this.t * this.c.spawns + s]!;
    if (n === 0) throw new PromelaError('callbacks queue callbacks too deep for Promela');
    const next = n === 1 ? '' : `do :: L < ${base + n - 1} && born[L] -> L++ :: else -> break od; `;
    return `L = ${base}; ${next}assert(!born[L]); arg[L] = ${argument}; born[L] = true; started++`;
  }
}

/** The threads that are handlers. */
export function handlers(c: Compiled): { cpu: number }[] {
  return c.threads.filter((info) => info.kind === 'irq' || info.kind === 'softirq');
}
