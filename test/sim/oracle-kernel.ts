/** Steps of the oracle for RCU, percpu references, waiting, deferred work and handlers, and what lanes do before and after their routine. */
import type { Instr } from '../../src/sim/program.ts';
import { objectOf, type Thread, type World } from './oracle-state.ts';
import type { Step, Steps } from './oracle-steps.ts';

const ESRCH = -3;
const PLENTY = 1 << 20;
/** A completion that stays done. */
const FOR_ALL = 1 << 20;

/** The readers that are inside, and how many sections everybody has entered. */
function beginGrace(w: World, waiter: Thread, domain: string): void {
  waiter.domain = domain;
  waiter.waitsFor = [...w.threads].flatMap(([t, th]) =>
    (th.nest[domain] ?? 0) > 0 && th !== waiter ? [t] : [],
  );
  waiter.begun = new Map([...w.threads].map(([t, th]) => [t, th.section[domain] ?? 0]));
}

/** Prologue, entry and epilogue of lanes and handlers. */
export function prologue(s: Steps, w: World, t: number, th: Thread, step: Step): void {
  const cpu = `cpu ${th.cpu}`;
  const bit = th.kind === 'irq' ? 1 : 2;
  if (th.phase === 'body') {
    th.phase = 'run';
    if (th.kind === 'irq' || th.kind === 'softirq') return;
    if (th.kind === 'switch') return percpuSwitch(s, w, th, step);
    if (th.runs === '') return s.freeObject(w, th, step, th.arg);
    s.enter(th, s.names.routine(th.runs), [th.arg]);
    return;
  }
  if (th.phase === 'start') {
    th.phase = 'body';
    step.stay = true;
    if (th.kind === 'irq' || th.kind === 'softirq') {
      step.touches.push({ at: cpu, how: 'irq' });
      w.cpus[th.cpu] = (w.cpus[th.cpu] ?? 0) | bit;
    } else if (th.kind === 'callback' || th.kind === 'switch') {
      step.touches.push({ at: `rcu ${th.domain}`, how: 'finish' });
      step.sections = th.begun;
      if (th.kind === 'switch' || th.cell === '') return;
      step.touches.push({ at: th.cell, how: 'write' });
      if (s.there(w, th, step, th.cell)) w.cells[th.cell] = 0;
    } else {
      step.touches.push({ at: th.cell, how: 'write' });
      if (s.there(w, th, step, th.cell)) w.cells[th.cell] = (t + 1) << 8;
    }
    return;
  }
  if (th.kind === 'irq' || th.kind === 'softirq') {
    step.touches.push({ at: cpu, how: 'iret' });
    w.cpus[th.cpu]! &= ~bit;
  } else if (th.kind === 'callback' || th.kind === 'switch') {
    step.touches.push({ at: `rcu ${th.domain}`, how: 'ran' });
  } else {
    step.touches.push({ at: th.cell, how: 'write' });
    if (w.life[objectOf(th.cell)] === 'live') w.cells[th.cell]! &= 255;
  }
  const wrong = s.end(th);
  if (wrong !== undefined) step.wrong = wrong;
}

function percpuSwitch(s: Steps, w: World, th: Thread, step: Step): void {
  step.touches.push({ at: th.cell, how: 'write' });
  if (!s.there(w, th, step, th.cell)) return;
  if (w.modes[th.cell] === 'exited') return s.bad(th, step, 'use-after-free');
  w.modes[th.cell] = 'atomic';
  if (w.cells[th.cell] === 0) release(s, w, th);
}

/** The count of a percpu reference was found to be zero. */
function release(s: Steps, w: World, th: Thread, cell = th.cell): void {
  th.lastZero = objectOf(cell);
  const name = w.releases[cell] ?? '';
  const at =
    s.names.address(objectOf(cell)) +
    s.names.cells(objectOf(cell)).findIndex((c) => cell.endsWith(`.${c.name}`));
  if (name !== '') s.enter(th, s.names.routine(name), [at]);
}

/** Everything that `oracle-steps.ts` does not know; false when this does not either. */
export function kernelStep(s: Steps, w: World, t: number, th: Thread, op: Instr, step: Step): boolean {
  if (op.op.startsWith('percpu.')) return percpu(s, w, t, th, op, step);
  const { touches } = step;
  switch (op.op) {
    case 'context':
      th.off[op.what] = Math.max(0, th.off[op.what] + op.change);
      return true;
    case 'rcu.enter': {
      const d = op.domain ?? '';
      th.nest[d] = (th.nest[d] ?? 0) + 1;
      if (th.nest[d] > 1) return true;
      th.section[d] = (th.section[d] ?? 0) + 1;
      touches.push({ at: `rcu ${d}`, how: 'enter' });
      return true;
    }
    case 'rcu.exit': {
      const d = op.domain ?? '';
      if ((th.nest[d] ?? 0) === 0) {
        s.bad(th, step, 'double-unlock');
        return true;
      }
      th.nest[d]!--;
      if (th.nest[d]! > 0) return true;
      touches.push({ at: `rcu ${d}`, how: 'exit' });
      step.sections = new Map([[t, th.section[d]!]]);
      for (const other of w.threads.values())
        if (other.domain === d && !isBarrier(other)) other.waitsFor = other.waitsFor.filter((x) => x !== t);
      return true;
    }
    case 'rcu.synchronize': {
      const d = op.domain ?? '';
      touches.push({ at: `rcu ${d}`, how: th.second ? 'finish' : 'begin' });
      if (th.second) {
        th.second = false;
        step.sections = th.begun;
      } else if (s.isAtomic(th)) s.bad(th, step, 'sleep-in-atomic');
      else if ((th.nest[d] ?? 0) > 0) s.bad(th, step, 'deadlock');
      else {
        beginGrace(w, th, d);
        th.second = true;
        step.stay = true;
      }
      return true;
    }
    case 'rcu.call': {
      const d = op.domain ?? '';
      const head = op.head ? s.cell(th, op.head) : undefined;
      touches.push({ at: `rcu ${d}`, how: 'queue' });
      if (head !== undefined) {
        touches.push({ at: head, how: 'write' });
        if (!s.there(w, th, step, head)) return true;
        if (w.cells[head] === 1) {
          s.bad(th, step, 'double-free');
          return true;
        }
        w.cells[head] = 1;
      }
      const lane = s.spawn(w, t, th, step, 'callback', op, op.routine, s.value(th, op.arg));
      lane.cell = head ?? '';
      beginGrace(w, lane, d);
      return true;
    }
    case 'rcu.barrier': {
      const d = op.domain ?? '';
      touches.push({ at: `rcu ${d}`, how: th.second ? 'passed' : 'barrier' });
      if (th.second) {
        th.second = false;
        step.awaited = th.waitsFor;
        th.waitsFor = [];
      } else if (s.isAtomic(th)) s.bad(th, step, 'sleep-in-atomic');
      else {
        th.waitsFor = [...w.threads].flatMap(([l, lane]) =>
          (lane.kind === 'callback' || lane.kind === 'switch') && lane.domain === d && lane.state !== 'done'
            ? [l]
            : [],
        );
        th.second = true;
        step.stay = true;
      }
      return true;
    }
    case 'complete': {
      const c = s.cell(th, op.at)!;
      touches.push({ at: c, how: 'write' });
      if (w.cells[c]! < FOR_ALL) w.cells[c] = op.all ? FOR_ALL : w.cells[c]! + 1;
      return true;
    }
    case 'wait-completion': {
      const c = s.cell(th, op.at)!;
      touches.push({ at: c, how: 'write' });
      if (s.isAtomic(th)) s.bad(th, step, 'sleep-in-atomic');
      else if (w.cells[c]! < FOR_ALL) w.cells[c]!--;
      return true;
    }
    case 'wake': {
      const c = s.cell(th, op.queue)!;
      touches.push({ at: c, how: 'write' });
      for (const other of w.threads.values()) if (other.asleep === c) other.woken = true;
      return true;
    }
    case 'wait': {
      const [queue, until] = [s.cell(th, op.queue)!, s.cell(th, op.until)!];
      touches.push({ at: queue, how: 'write' }, { at: until, how: 'read' });
      if (s.isAtomic(th)) {
        s.bad(th, step, 'sleep-in-atomic');
        return true;
      }
      th.woken = false;
      const holds = w.cells[until] === s.value(th, op.value);
      th.asleep = holds ? '' : queue;
      step.stay = !holds;
      return true;
    }
    default:
      return deferred(s, w, t, th, op, step);
  }
}

/** A barrier's list names lanes, not readers. */
function isBarrier(th: Thread): boolean {
  return th.phase === 'run' && th.routine.code[th.pc]?.op === 'rcu.barrier';
}

function deferred(s: Steps, w: World, t: number, th: Thread, op: Instr, step: Step): boolean {
  const { touches } = step;
  switch (op.op) {
    case 'task-work.add':
    case 'task-work.run': {
      const task = s.names.objectAt(s.value(th, op.task));
      if (task === undefined) {
        th.state = 'stuck';
        return true;
      }
      touches.push({ at: `${task}.<task>`, how: 'write' });
      if (!s.there(w, th, step, `${task}.<task>`)) return true;
      w.tasks[task] ??= { items: [], exiting: false };
      const queue = w.tasks[task];
      if (op.op === 'task-work.add') {
        if (op.dst !== undefined) th.regs[op.dst] = queue.exiting ? ESRCH : 0;
        if (!queue.exiting) queue.items.push({ routine: op.routine, arg: s.value(th, op.arg) });
        return true;
      }
      const item = queue.items.pop();
      if (item === undefined) {
        queue.exiting ||= op.exiting === true;
        return true;
      }
      // The thread comes back for the next piece.
      th.pc--;
      if (item.routine === '') s.freeObject(w, th, step, item.arg);
      else s.enter(th, s.names.routine(item.routine), [item.arg]);
      return true;
    }
    case 'work.queue':
    case 'timer.start': {
      const c = s.cell(th, op.at);
      if (c !== undefined) touches.push({ at: c, how: 'write' });
      if (!s.there(w, th, step, c)) return true;
      const pending = (w.cells[c]! & 255) !== 0;
      if (!pending) {
        const kind = op.op === 'work.queue' ? 'work' : 'timer';
        const lane = s.spawn(w, t, th, step, kind, op, op.routine, s.value(th, op.arg));
        lane.cell = c;
        w.cells[c]! |= step.born! + 1;
      }
      if (op.op === 'work.queue' && op.dst !== undefined) th.regs[op.dst] = Number(!pending);
      return true;
    }
    case 'work.flush':
    case 'timer.stop': {
      const c = s.cell(th, op.at);
      if (c !== undefined) touches.push({ at: c, how: 'write' });
      if (op.op === 'work.flush' && s.isAtomic(th)) {
        s.bad(th, step, 'sleep-in-atomic');
        return true;
      }
      if (!s.there(w, th, step, c)) return true;
      const pending = w.cells[c]! & 255;
      if (pending !== 0 && (op.op === 'timer.stop' || op.cancel)) {
        w.threads.get(pending - 1)!.state = 'done';
        w.cells[c]! &= ~255;
      }
      return true;
    }
    default:
      return false;
  }
}

function percpu(s: Steps, w: World, t: number, th: Thread, op: Instr, step: Step): boolean {
  if (!('at' in op)) return false;
  const c = s.cell(th, op.at);
  const touch = (how: string) => {
    if (c !== undefined) step.touches.push({ at: c, how });
  };
  const mode = c === undefined ? undefined : w.modes[c];
  const count = c === undefined ? 0 : w.cells[c]!;
  const usable = (): boolean => {
    if (!s.there(w, th, step, c)) return false;
    if (mode === undefined) s.bad(th, step, 'uninit-ref');
    else if (mode === 'exited') s.bad(th, step, 'use-after-free');
    return step.wrong === undefined;
  };
  switch (op.op) {
    case 'percpu.init':
      touch('write');
      if (c !== undefined && s.isAtomic(th)) s.bad(th, step, 'sleep-in-atomic');
      else if (s.there(w, th, step, c)) {
        w.modes[c] = 'percpu';
        w.cells[c] = 1;
        w.releases[c] = op.release;
        s.gain(th, objectOf(c));
        if (op.dst !== undefined) th.regs[op.dst] = 0;
      }
      return true;
    case 'percpu.get':
      touch(mode === 'atomic' && count <= 0 ? 'write' : 'add');
      if (!usable()) return true;
      if (mode === 'atomic' && count <= 0) s.bad(th, step, 'get-on-zero');
      else {
        w.cells[c!]!++;
        s.gain(th, objectOf(c!));
      }
      return true;
    case 'percpu.tryget': {
      const hit = op.live ? mode === 'percpu' : mode === 'percpu' || mode === 'dying' || count > 0;
      touch(!hit ? 'read' : mode === 'atomic' && count <= 0 ? 'write' : 'add');
      if (!usable()) return true;
      if (hit) {
        w.cells[c!]!++;
        s.gain(th, objectOf(c!));
      } else th.failed[objectOf(c!)] = true;
      th.regs[op.dst] = Number(hit);
      return true;
    }
    case 'percpu.put': {
      const owner = c !== undefined && (th.owns[objectOf(c)] ?? 0) > 0;
      if (c !== undefined) {
        if (mode !== 'atomic' && owner) touch('add');
        else touch(s.takes(w, th, c, mode === 'atomic' ? count : PLENTY) > 1 ? 'dec' : 'last');
      }
      if (!usable() || !s.lose(w, th, step, c!)) return true;
      w.cells[c!]!--;
      if (mode === 'atomic' && w.cells[c!] === 0) release(s, w, th, c!);
      return true;
    }
    case 'percpu.kill': {
      touch('write');
      step.touches.push({ at: 'rcu ', how: 'queue' });
      if (!usable()) return true;
      if (mode !== 'percpu') {
        s.bad(th, step, 'double-put');
        return true;
      }
      if (!s.lose(w, th, step, c!)) return true;
      w.cells[c!]!--;
      w.modes[c!] = 'dying';
      const lane = s.spawn(w, t, th, step, 'switch', op, '', 0);
      lane.cell = c!;
      beginGrace(w, lane, '');
      return true;
    }
    case 'percpu.reinit':
      touch('write');
      if (!usable()) return true;
      if (mode !== 'atomic' || count !== 0) s.bad(th, step, 'uninit-ref');
      else {
        w.modes[c!] = 'percpu';
        w.cells[c!] = 1;
        s.gain(th, objectOf(c!));
      }
      return true;
    case 'percpu.exit':
      touch('write');
      if (s.there(w, th, step, c) && mode !== undefined) w.modes[c] = 'exited';
      return true;
    default:
      return false;
  }
}
