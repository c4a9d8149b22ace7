/**
 * One step of a thread as the oracle understands it: what it touches, what it changes, whether it goes wrong.
 *
 * `Steps` knows when a thread can go on, runs local operations, and keeps what several operations need: liveness, references, freeing,
 * lanes. Memory, locks and plain counts are here; what is deferred or per CPU is in `oracle-kernel.ts`. An operation that neither knows is
 * an error of the test.
 */
import type { Hazard, Instr, Place, Program, Routine, Value } from '../../src/sim/program.ts';
import { kernelStep, prologue } from './oracle-kernel.ts';
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
const SPINS = ['spin', 'raw-spin', 'rwlock', 'bit', 'seqlock'];

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
          eq: Number(a === b),
          ne: Number(a !== b),
          lt: Number(a < b),
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
  private holds(th: Thread, c: string, shared: boolean): boolean {
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
    if (op?.op === 'unknown') return 2;
    const fails =
      (op?.op === 'alloc' && op.mayFail === true) || (op?.op === 'percpu.init' && op.dst !== undefined);
    return fails && !th.second ? 2 : 1;
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
      if (!this.memory(w, t, th, op, step, alternative) && !kernelStep(this, w, t, th, op, step)) {
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
  private stored(w: World, th: Thread, step: Step, into: string, v: number): void {
    const target = this.names.objectAt(v);
    if (target === undefined || w.private[objectOf(into)]) return;
    if ((th.owns[target] ?? 0) > 0) {
      th.owns[target]!--;
      const ref = this.names.refCell(target);
      if (ref !== undefined) step.touches.push({ at: `${target}.${ref}`, how: 'move' });
    }
    delete w.private[target];
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

  /** Memory, locks and plain counts; false for anything else. */
  private memory(w: World, t: number, th: Thread, op: Instr, step: Step, alternative: number): boolean {
    const { touches } = step;
    const touch = (c: string | undefined, how: string) => {
      if (c !== undefined) touches.push({ at: c, how });
    };
    const there = (c: string | undefined, hazard?: Hazard): c is string => this.there(w, th, step, c, hazard);
    switch (op.op) {
      case 'unknown':
        th.regs[op.dst] = alternative;
        return true;
      case 'load': {
        const c = this.cell(th, op.from);
        touch(c, 'read');
        if (there(c)) th.regs[op.dst] = w.cells[c]!;
        return true;
      }
      case 'access': {
        const c = this.cell(th, op.at);
        touch(c, op.write ? 'write' : 'read');
        there(c);
        return true;
      }
      case 'store': {
        const c = this.cell(th, op.to);
        touch(c, 'write');
        if (there(c)) {
          const v = this.value(th, op.value);
          w.cells[c] = v;
          this.stored(w, th, step, c, v);
        }
        return true;
      }
      case 'rmw': {
        const c = this.cell(th, op.at);
        touch(c, 'write');
        if (there(c)) {
          const old = w.cells[c]!;
          const v = this.value(th, op.value);
          w.cells[c] = op.fn === 'xchg' ? v : op.fn === 'add' ? old + v : this.unsupported(op.fn);
          if (op.fn === 'xchg') this.stored(w, th, step, c, v);
          if (op.dst) th.regs[op.dst] = op.gives === 'new' ? w.cells[c]! : old;
        }
        return true;
      }
      case 'cmpxchg': {
        const c = this.cell(th, op.at);
        const hit = c !== undefined && w.cells[c] === this.value(th, op.expect);
        touch(c, hit ? 'write' : 'read');
        if (there(c)) {
          const old = w.cells[c]!;
          if (hit) {
            w.cells[c] = this.value(th, op.value);
            this.stored(w, th, step, c, w.cells[c]!);
          }
          th.regs[op.dst] = old;
        }
        return true;
      }
      case 'alloc': {
        if (op.mayFail && !th.second && !th.isSetup) {
          th.second = alternative === 0;
          step.stay = th.second;
          if (!th.second) th.regs[op.dst] = 0;
          return true;
        }
        th.second = false;
        const site = th.routine.code.indexOf(op);
        const n = th.allocs[site] ?? 0;
        th.allocs[site] = n + 1;
        const o = `${op.type}#${th.isSetup ? 'setup' : t}.${th.routine.name}.${site}.${n}`;
        this.names.add(o, op.type);
        w.life[o] = 'live';
        w.private[o] = true;
        for (const c of this.names.cells(o)) w.cells[`${o}.${c.name}`] = 0;
        th.regs[op.dst] = this.names.address(o);
        return true;
      }
      case 'free':
        this.freeObject(w, th, step, this.value(th, op.object));
        return true;
      case 'lock':
      case 'trylock': {
        const c = this.cell(th, op.at);
        if (c === undefined) {
          th.state = 'stuck';
          return true;
        }
        const shared = op.mode === 'shared';
        const { writer, readers } = this.locked(w, c);
        const mine = op.op === 'lock' && this.holds(th, c, shared);
        const hit = op.op === 'lock' || (!writer && (shared || readers === 0));
        touch(c, mine ? 'touch' : hit ? (shared ? 'rlock' : 'lock') : 'seen');
        if (op.op === 'lock' && !SPINS.includes(op.kind) && this.isAtomic(th)) {
          this.bad(th, step, 'sleep-in-atomic');
        } else if (there(c, 'lock-lifetime')) {
          if (mine) this.bad(th, step, 'double-lock');
          else if (hit) {
            th.held.push(`${op.kind} ${shared ? 's' : 'x'} ${c}`);
            if (op.irq === 'bh') th.off.bh++;
            else if (op.irq === 'irq' || op.irq === 'irqsave') th.off.irq++;
          }
          if (op.op === 'trylock') th.regs[op.dst] = Number(hit);
        }
        return true;
      }
      case 'unlock': {
        const c = this.cell(th, op.at);
        const shared = op.mode === 'shared';
        touch(c, th.second ? 'touch' : shared ? 'runlock' : 'unlock');
        if (!there(c, 'lock-lifetime')) return true;
        if (th.second) {
          th.second = false;
          return true;
        }
        const held = th.held.findLastIndex((h) => h.endsWith(` ${shared ? 's' : 'x'} ${c}`));
        if (held < 0) {
          this.bad(th, step, 'double-unlock');
          return true;
        }
        th.held.splice(held, 1);
        if (op.irq === 'bh') th.off.bh = Math.max(0, th.off.bh - 1);
        else if (op.irq === 'irq' || op.irq === 'irqsave') th.off.irq = Math.max(0, th.off.irq - 1);
        th.second = !SPINS.includes(op.kind);
        step.stay = th.second;
        return true;
      }
      case 'downgrade':
      case 'upgrade': {
        const c = this.cell(th, op.at);
        const hit = op.op === 'downgrade' || (c !== undefined && this.onlyReader(w, c));
        touch(c, op.op === 'downgrade' ? 'unlock' : hit ? 'lock' : 'seen');
        if (!there(c, 'lock-lifetime')) return true;
        const [from, to] = op.op === 'downgrade' ? ['x', 's'] : ['s', 'x'];
        const held = th.held.findLastIndex((h) => h.endsWith(` ${from} ${c}`));
        if (held < 0) {
          this.bad(th, step, 'missing-lock');
          return true;
        }
        if (hit) th.held[held] = `${op.kind} ${to} ${c}`;
        if (op.op === 'upgrade') th.regs[op.dst] = Number(hit);
        return true;
      }
      case 'ref.init': {
        const c = this.cell(th, op.at);
        touch(c, 'write');
        if (there(c)) {
          w.cells[c] = op.value;
          w.initialised[c] = true;
          if (op.value > 0) this.gain(th, objectOf(c));
        }
        return true;
      }
      case 'ref.get':
      case 'ref.tryget': {
        const c = this.cell(th, op.at);
        const positive = c !== undefined && w.cells[c]! > 0;
        touch(c, positive ? 'add' : op.op === 'ref.get' ? 'write' : 'read');
        if (!there(c)) return true;
        if (!w.initialised[c]) this.bad(th, step, 'uninit-ref');
        else if (positive) {
          w.cells[c]!++;
          this.gain(th, objectOf(c));
        } else if (op.op === 'ref.get') this.bad(th, step, 'get-on-zero');
        else th.failed[objectOf(c)] = true;
        if (op.op === 'ref.tryget') th.regs[op.dst] = Number(positive);
        return true;
      }
      case 'ref.put': {
        const c = this.cell(th, op.at);
        if (c !== undefined) touch(c, this.takes(w, th, c, w.cells[c]!) > 1 ? 'dec' : 'last');
        if (!there(c)) return true;
        if (!w.initialised[c]) {
          this.bad(th, step, 'uninit-ref');
          return true;
        }
        if (!this.lose(w, th, step, c)) return true;
        w.cells[c]!--;
        if (w.cells[c] === 0) th.lastZero = objectOf(c);
        if (op.dst) th.regs[op.dst] = Number(w.cells[c] === 0);
        return true;
      }
      default:
        return false;
    }
  }

  private onlyReader(w: World, c: string): boolean {
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
