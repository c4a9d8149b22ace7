/**
 * One step of a thread as the oracle understands it: what it touches, what it changes, whether it goes wrong.
 *
 * `Steps` knows when a thread can go on, runs local operations, and keeps what several operations need: liveness, references, freeing,
 * lanes. What operations do is in `oracle-memory.ts` (memory, locks, plain counts) and `oracle-kernel.ts` (what is deferred or per CPU). An
 * operation that neither knows is an error of the test.
 */
import type { Hazard, Instr, Place, Program, Routine, Unknown, Value } from '../../src/sim/program.ts';
import { kernelStep, prologue } from './oracle-kernel.ts';
import { memoryStep } from './oracle-memory.ts';
import {
  type Kind,
  Names,
  newThread,
  objectOf,
  type Thread,
  type Touch,
  type World,
} from './oracle-state.ts';

const MAX_LOCAL = 1000;
/** Memory that nobody describes: touching it is harmless. */
const UNKNOWN_MEMORY = 8;
export const SPINS = ['spin', 'raw-spin', 'rwlock', 'bit', 'seqlock'];

/** What a step has done so far. */
export interface Step {
  touches: Touch[];
  sections?: Map<number, number>;
  awaited?: number[];
  born?: number;
  wrong?: Hazard;
  /** The thread stays at this operation: nothing local runs. */
  stay?: boolean;
}

export class Steps {
  readonly program: Program;
  readonly names: Names;
  readonly hasBarrier: boolean;

  constructor(program: Program) {
    this.program = program;
    this.names = new Names(program);
    for (const c of program.types.flatMap((t) => t.cells)) {
      if (c.union !== undefined) this.unsupported('unions');
      if (c.kind === 'ref' && (c.init ?? 0) >= 2 ** 30) this.unsupported('counts at the top');
    }
    this.hasBarrier = program.routines.some((r) => r.code.some((op) => op.op === 'rcu.barrier'));
  }

  value(th: Thread, v: Value): number {
    if (typeof v === 'number') return v;
    return v.startsWith('@') ? this.names.address(v.slice(1)) : (th.regs[v] ?? 0);
  }

  cell(th: Thread, place: Place): string | undefined {
    const base = this.value(th, place.base);
    if (place.cell === '') return this.names.cellAt(base);
    return this.names.cellAt(base + this.names.offset(place.type, place.cell));
  }

  unsupported(what: string): never {
    throw new Error(`the oracle does not know ${what}`);
  }

  /** Whether a handler can come between any two steps of this thread. */
  isShared(th: Thread): boolean {
    return th.kind === 'task' && !th.isSetup && this.handlers().some((h) => (h.cpu ?? -1) === th.cpu);
  }

  handlers() {
    return this.program.threads.filter((t) => t.kind === 'irq' || t.kind === 'softirq');
  }

  /** Whether a thread may not sleep here. */
  isAtomic(th: Thread): boolean {
    if (th.isSetup) return false;
    if (th.kind !== 'task' && th.kind !== 'work') return true;
    const { irq, bh, preempt } = th.off;
    if (irq + bh + preempt > 0 || (th.nest[''] ?? 0) > 0) return true;
    return th.held.some((h) => SPINS.includes(h.split(' ')[0]!));
  }

  halt(th: Thread, hazard: Hazard): Hazard {
    th.state = 'halted';
    return hazard;
  }

  /** Runs what is local to the thread, up to its next event or its end. */
  settle(w: World, th: Thread): Hazard | undefined {
    for (let n = 0; n < MAX_LOCAL && th.state === 'ready' && th.phase === 'run'; n++) {
      const op = th.routine.code[th.pc];
      if (op === undefined || op.op === 'return') {
        const result = op?.op === 'return' && op.value !== undefined ? this.value(th, op.value) : 0;
        const caller = th.callers.pop();
        if (caller) {
          Object.assign(th, { routine: caller.routine, pc: caller.pc, regs: caller.regs });
          if (caller.dst !== undefined) th.regs[caller.dst] = result;
          continue;
        }
        if (result !== 0) this.unsupported('returning a pointer from a thread');
        if (this.hasEpilogue(th)) {
          th.phase = 'leave';
          return undefined;
        }
        return this.end(th);
      }
      if (op.op === 'context' && this.isShared(th)) return undefined;
      const wrong = this.local(w, th, op);
      if (wrong === EVENT) return undefined;
      if (wrong !== undefined) return wrong;
      if (th.state === 'ready') th.pc++;
    }
    return undefined;
  }

  private hasEpilogue(th: Thread): boolean {
    if (th.kind === 'callback' || th.kind === 'switch') return this.hasBarrier;
    return th.kind !== 'task';
  }

  /** The thread has ended: what it must not keep. */
  end(th: Thread): Hazard | undefined {
    th.state = 'done';
    if (th.isSetup) return undefined;
    const { irq, bh, preempt } = th.off;
    const open = irq + bh + preempt + Object.values(th.nest).reduce((a, b) => a + b, 0);
    if (th.held.length > 0 || open > 0) return this.halt(th, 'missing-unlock');
    if (Object.values(th.owns).some((k) => k > 0)) return this.halt(th, 'ref-leak');
    return undefined;
  }

  private local(_: World, th: Thread, op: Instr): Hazard | undefined | typeof EVENT {
    const jump = (to: string) => {
      th.pc = th.routine.code.findIndex((o) => o.op === 'label' && o.name === to);
    };
    switch (op.op) {
      case 'set':
        th.regs[op.dst] = this.value(th, op.value);
        return undefined;
      case 'calc': {
        const [a, b] = [this.value(th, op.a), this.value(th, op.b)];
        const results: Partial<Record<typeof op.fn, number>> = {
          add: a + b,
          sub: a - b,
          and: a & b,
          or: a | b,
          eq: Number(a === b),
          ne: Number(a !== b),
          lt: Number(a < b),
          le: Number(a <= b),
        };
        th.regs[op.dst] = results[op.fn] ?? this.unsupported(op.fn);
        return undefined;
      }
      case 'label':
        return undefined;
      case 'jump':
        jump(op.to);
        return undefined;
      case 'branch':
        if (this.value(th, op.cond) !== 0) jump(op.to);
        return undefined;
      case 'assume':
        if (this.value(th, op.cond) === 0) th.state = 'stuck';
        return undefined;
      case 'assert':
        return this.value(th, op.cond) === 0 ? this.halt(th, op.hazard) : undefined;
      case 'assert-held': {
        const c = this.cell(th, op.at);
        if (c === undefined) return undefined;
        const held = th.held.some((h) => h.endsWith(` x ${c}`) || (!op.mode && h.endsWith(` s ${c}`)));
        const shared = op.mode === 'shared' && th.held.some((h) => h.endsWith(` ${c}`));
        return (held || shared) === (op.not === true) ? this.halt(th, 'missing-lock') : undefined;
      }
      case 'container':
        th.regs[op.dst] = this.value(th, op.of) - this.names.offset(op.type, op.cell);
        return undefined;
      case 'context':
        th.off[op.what] = Math.max(0, th.off[op.what] + op.change);
        return undefined;
      case 'sleep':
        return this.isAtomic(th) ? this.halt(th, 'sleep-in-atomic') : undefined;
      case 'call':
        th.pc++;
        this.enter(
          th,
          this.names.routine(op.routine),
          op.args.map((a) => this.value(th, a)),
          op.dst,
        );
        th.pc--;
        return undefined;
      default:
        return EVENT;
    }
  }

  /** Goes into a routine; the thread comes back to where its counter is now. */
  enter(th: Thread, routine: Routine, args: number[], dst?: string): void {
    th.callers = [...th.callers, { routine: th.routine, pc: th.pc, regs: th.regs, dst }];
    th.routine = routine;
    th.pc = 0;
    th.regs = Object.fromEntries(routine.params.map((p, i) => [p, args[i] ?? 0]));
  }

  ownedByAll(w: World, o: string): number {
    let sum = 0;
    for (const th of w.threads.values()) sum += th.owns[o] ?? 0;
    return sum;
  }

  locked(w: World, c: string): { writer: boolean; readers: number } {
    let writer = false;
    let readers = 0;
    for (const th of w.threads.values())
      for (const h of th.held) {
        if (h.endsWith(` x ${c}`)) writer = true;
        if (h.endsWith(` s ${c}`)) readers++;
      }
    return { writer, readers };
  }

  /** The thread waits for itself. */
  holds(th: Thread, c: string, shared: boolean): boolean {
    return th.held.some((h) => h.endsWith(` x ${c}`) || (!shared && h.endsWith(` s ${c}`)));
  }

  enabled(w: World, t: number): boolean {
    const th = w.threads.get(t);
    if (th?.state !== 'ready') return false;
    const cpu = w.cpus[th.cpu] ?? 0;
    if (this.isShared(th) && cpu !== 0) return false;
    if (th.kind === 'softirq' && (cpu & 1) !== 0) return false;
    if (th.phase === 'start') return this.mayStart(w, t, th);
    const op = th.routine.code[th.pc];
    if (th.phase !== 'run' || op === undefined) return true;
    switch (op.op) {
      case 'lock': {
        const c = this.cell(th, op.at);
        if (c === undefined || w.life[objectOf(c)] !== 'live') return true;
        const { writer, readers } = this.locked(w, c);
        const shared = op.mode === 'shared';
        return this.holds(th, c, shared) || (!writer && (shared || readers === 0));
      }
      case 'rcu.synchronize':
        return !th.second || th.waitsFor.length === 0;
      case 'rcu.barrier':
        return !th.second || th.waitsFor.every((l) => w.threads.get(l)!.state === 'done');
      case 'wait-completion':
        return w.cells[this.cell(th, op.at)!]! > 0;
      case 'wait':
        return th.asleep === '' || th.woken;
      case 'work.flush':
      case 'timer.stop': {
        const c = this.cell(th, op.at);
        if (c === undefined || w.life[objectOf(c)] !== 'live') return true;
        const async = op.op === 'timer.stop' && !op.sync;
        const cancel = op.op === 'timer.stop' || op.cancel === true;
        return (async || w.cells[c]! >> 8 === 0) && (cancel || (w.cells[c]! & 255) === 0);
      }
      default:
        return true;
    }
  }

  private mayStart(w: World, t: number, th: Thread): boolean {
    if (th.kind === 'callback' || th.kind === 'switch') return th.waitsFor.length === 0;
    if (th.kind === 'work' || th.kind === 'timer')
      return w.life[objectOf(th.cell)] !== 'live' || w.cells[th.cell] === t + 1;
    for (const [other, info] of this.program.threads.entries()) {
      if ((info.kind ?? 'task') !== 'task' || (info.cpu ?? other) !== th.cpu) continue;
      const { irq, bh } = w.threads.get(other)!.off;
      if (irq > 0 || (th.kind === 'softirq' && bh > 0)) return false;
    }
    const cpu = w.cpus[th.cpu] ?? 0;
    return cpu === 0 || (th.kind === 'irq' && cpu === 2);
  }

  /** How many alternatives the next event has. */
  alternatives(w: World, t: number): number {
    const th = w.threads.get(t)!;
    const op = th.phase === 'run' ? th.routine.code[th.pc] : undefined;
    if (op?.op === 'unknown') return this.values(op.what).length;
    const fails =
      (op?.op === 'alloc' && op.mayFail === true) || (op?.op === 'percpu.init' && op.dst !== undefined);
    return fails && !th.second ? 2 : 1;
  }

  values(what: Unknown): number[] {
    if (typeof what === 'object') return what.among;
    if (what === 'int' || what === 'bool') return [0, 1];
    return what === 'pointer' ? [0, UNKNOWN_MEMORY] : this.unsupported(`an unknown ${what}`);
  }

  /** Does the next event of thread t, and what is local after it. */
  perform(w: World, t: number, alternative: number): Step {
    const th = w.threads.get(t)!;
    const step: Step = { touches: [] };
    // A handler takes the CPU from any step of a task there.
    if (this.isShared(th)) step.touches.push({ at: `cpu ${th.cpu}`, how: 'task' });
    if (th.phase !== 'run') prologue(this, w, t, th, step);
    else {
      const op = th.routine.code[th.pc++] as Instr;
      if (!memoryStep(this, w, t, th, op, step, alternative) && !kernelStep(this, w, t, th, op, step)) {
        this.unsupported(op.op);
      }
      if (step.stay) th.pc--;
    }
    if (step.wrong === undefined && !step.stay && th.state === 'ready') {
      const wrong = this.settle(w, th);
      if (wrong !== undefined) step.wrong = wrong;
    }
    return step;
  }

  bad(th: Thread, step: Step, hazard: Hazard): void {
    step.wrong = this.halt(th, hazard);
  }

  /** The object of a cell must be there; a place that is no object stops the thread. */
  there(
    w: World,
    th: Thread,
    step: Step,
    c: string | undefined,
    hazard: Hazard = 'use-after-free',
  ): c is string {
    if (c === undefined) {
      th.state = 'stuck';
      return false;
    }
    const o = objectOf(c);
    if (w.life[o] === 'live') return true;
    const put = (x: string | undefined) =>
      x !== undefined && x !== '' && th.hasPut[x] === true && !(th.owns[x]! > 0);
    this.bad(th, step, hazard === 'use-after-free' && (put(o) || put(w.cause[o])) ? 'use-after-put' : hazard);
    return false;
  }

  /** What storing a pointer where others can see it does to references. */
  stored(w: World, th: Thread, step: Step, into: string, v: number): void {
    if (!w.private[objectOf(into)]) this.publish(w, th, step, this.names.objectAt(v));
  }

  /** Others can see the object now, and what it points to. */
  private publish(w: World, th: Thread, step: Step, o: string | undefined): void {
    if (o === undefined) return;
    if ((th.owns[o] ?? 0) > 0) {
      th.owns[o]!--;
      const ref = this.names.refCell(o);
      if (ref !== undefined) step.touches.push({ at: `${o}.${ref}`, how: 'move' });
    }
    if (!w.private[o]) return;
    delete w.private[o];
    for (const c of this.names.cells(o)) {
      if (c.kind === 'pointer') this.publish(w, th, step, this.names.objectAt(w.cells[`${o}.${c.name}`]!));
    }
  }

  freeObject(w: World, th: Thread, step: Step, v: number): void {
    const o = this.names.objectAt(v);
    if (o === undefined) return;
    step.touches.push({ at: `${o}.`, how: 'whole' });
    if (w.life[o] !== 'live') return this.bad(th, step, 'double-free');
    for (const c of this.names.cells(o)) {
      const { writer, readers } = this.locked(w, `${o}.${c.name}`);
      if (c.kind === 'lock' && (writer || readers > 0)) return this.bad(th, step, 'lock-lifetime');
      const queued = c.kind === 'callback' || c.kind === 'work' || c.kind === 'timer';
      if (queued && w.cells[`${o}.${c.name}`] !== 0) return this.bad(th, step, 'use-after-free');
    }
    w.life[o] = 'freed';
    w.cause[o] = th.lastZero;
  }

  /** Starts a lane, which is numbered by its thread, its operation and how often that was done. */
  spawn(
    w: World,
    t: number,
    th: Thread,
    step: Step,
    kind: Kind,
    op: Instr,
    runs: string,
    arg: number,
  ): Thread {
    const at = `${t}:${th.routine.name}:${th.routine.code.indexOf(op)}`;
    let n = 0;
    while (w.threads.has(this.names.lane(`${at}:${n}`))) n++;
    const lane = this.names.lane(`${at}:${n}`);
    const empty: Routine = { name: '', params: [], code: [], sites: [] };
    const born = { ...newThread(empty, kind, -1), runs, arg, lastZero: th.lastZero };
    w.threads.set(lane, born);
    step.born = lane;
    return born;
  }

  onlyReader(w: World, c: string): boolean {
    const { writer, readers } = this.locked(w, c);
    return !writer && readers === 1;
  }

  gain(th: Thread, o: string): void {
    th.owns[o] = (th.owns[o] ?? 0) + 1;
    th.failed[o] = false;
  }

  /** How many puts like the one that comes now the count can take. */
  takes(w: World, th: Thread, c: string, count: number): number {
    const o = objectOf(c);
    if ((th.owns[o] ?? 0) > 0) return count;
    return Math.min(count, w.cells[c]! - this.ownedByAll(w, o));
  }

  /** Takes the reference that a put consumes; false when there is none. */
  lose(w: World, th: Thread, step: Step, c: string): boolean {
    const o = objectOf(c);
    const mine = (th.owns[o] ?? 0) > 0;
    if (this.takes(w, th, c, w.cells[c]!) <= 0) {
      this.bad(th, step, !mine && th.failed[o] ? 'tryget-misuse' : 'double-put');
      return false;
    }
    if (mine) th.owns[o]!--;
    th.hasPut[o] = true;
    return true;
  }
}

const EVENT = Symbol('event');
