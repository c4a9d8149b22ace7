/**
 * Runs the machine: which events can happen, what they touch, and one step at a time.
 *
 * A step is one event of a thread and the local operations after it, up to the thread's next event. `reset` brings the machine
 * to the start, `step` executes. The table of event kinds is here; each kind is implemented in the file of its primitive. Order is not chosen here.
 */
import { changeContext, maySleep } from './context.ts';
import * as deferred from './deferred.ts';
import { clearFoot, type EventKind } from './event.ts';
import { enter, leave } from './frame.ts';
import { footCpu, interrupted, irqEnter, irqLeave } from './interrupts.ts';
import * as lifetime from './lifetime.ts';
import * as locks from './lock.ts';
import {
  BH,
  DONE,
  F_OLD,
  F_OP,
  FP,
  HELD,
  IRQ,
  LANE_ROUTINE,
  LIFE,
  LIVE,
  type Machine,
  PC,
  PREEMPT,
  READY,
  SP,
  STATUS,
} from './machine.ts';
import * as memory from './memory.ts';
import * as O from './opcodes.ts';
import * as percpu from './percpu-ref.ts';
import * as rcu from './rcu.ts';
import * as refs from './refcount.ts';
import * as waiting from './wait.ts';

const MAX_LOCAL = 20_000;

const choose: EventKind = {
  foot(mc, _, at) {
    mc.foot[F_OP] = O.CHOOSE;
    mc.foot[F_OLD] = mc.c.alternatives[mc.code[at + 2]!]!.length;
  },
  run(mc, t, at) {
    const alternatives = mc.c.alternatives[mc.code[at + 2]!]!;
    const value = alternatives[mc.choice] ?? alternatives[0]!;
    const key = mc.code[at + 3]!;
    if (key >= 0) mc.put(mc.threadBase[t]! + mc.keyOffset + key, mc.choice + 1);
    mc.setRegister(t, mc.code[at + 1]!, value);
  },
};

/** A return that hands a counted reference to whoever called the thread. */
const returnOwned: EventKind = {
  foot: memory.escapes.foot,
  run: memory.escapes.run,
};

const context: EventKind = { foot() {}, run: changeContext };

const KINDS: EventKind[] = [];
KINDS[O.RETURN] = returnOwned;
KINDS[O.CONTEXT] = context;
KINDS[O.CHOOSE] = choose;
KINDS[O.LOAD] = memory.load;
KINDS[O.STORE] = memory.store;
KINDS[O.RMW] = memory.rmw;
KINDS[O.CMPXCHG] = memory.cmpxchg;
KINDS[O.COPY] = memory.copy;
KINDS[O.ACCESS] = memory.access;
KINDS[O.ALLOC] = lifetime.alloc;
KINDS[O.FREE] = lifetime.free;
KINDS[O.ESCAPE] = memory.escapes;
KINDS[O.LOCK] = locks.lock;
KINDS[O.TRYLOCK] = locks.trylock;
KINDS[O.UNLOCK] = locks.unlock;
KINDS[O.DOWNGRADE] = locks.downgrade;
KINDS[O.UPGRADE] = locks.upgrade;
KINDS[O.REF_INIT] = refs.refInit;
KINDS[O.REF_GET] = refs.refGet;
KINDS[O.REF_TRYGET] = refs.refTryget;
KINDS[O.REF_PUT] = refs.refPut;
KINDS[O.REF_READ] = refs.refRead;
KINDS[O.PERCPU_INIT] = percpu.percpuInit;
KINDS[O.PERCPU_GET] = percpu.percpuGet;
KINDS[O.PERCPU_TRYGET] = percpu.percpuTryget;
KINDS[O.PERCPU_PUT] = percpu.percpuPut;
KINDS[O.PERCPU_KILL] = percpu.percpuKill;
KINDS[O.PERCPU_REINIT] = percpu.percpuReinit;
KINDS[O.PERCPU_EXIT] = percpu.percpuExit;
KINDS[O.PERCPU_SWITCH] = percpu.percpuSwitch;
KINDS[O.RCU_ENTER] = rcu.rcuEnter;
KINDS[O.RCU_EXIT] = rcu.rcuExit;
KINDS[O.RCU_SYNC] = rcu.rcuSync;
KINDS[O.RCU_CALL] = rcu.rcuCall;
KINDS[O.RCU_BARRIER] = rcu.rcuBarrier;
KINDS[O.GRACE_END] = rcu.graceEnd;
KINDS[O.LANE_BODY] = rcu.laneBody;
KINDS[O.LANE_DONE] = rcu.laneDone;
KINDS[O.WAIT] = waiting.wait;
KINDS[O.WAKE] = waiting.wake;
KINDS[O.COMPLETE] = waiting.complete;
KINDS[O.WAIT_COMPLETION] = waiting.waitCompletion;
KINDS[O.TASK_ADD] = deferred.taskAdd;
KINDS[O.TASK_RUN] = deferred.taskRun;
KINDS[O.WORK_QUEUE] = deferred.workQueue;
KINDS[O.WORK_FLUSH] = deferred.workFlush;
KINDS[O.WORK_START] = deferred.workStart;
KINDS[O.WORK_DONE] = deferred.workDone;
KINDS[O.TIMER_START] = deferred.workQueue;
KINDS[O.TIMER_STOP] = deferred.timerStop;
KINDS[O.IRQ_ENTER] = irqEnter;
KINDS[O.IRQ_LEAVE] = irqLeave;

/** Brings the machine to the start: objects live, setup run, every declared thread at its first event. */
export function reset(mc: Machine): void {
  mc.m.fill(0);
  mc.logged = 0;
  mc.limit = 0;
  mc.violation = -1;
  mc.c.memory.objects.forEach((o, i) => {
    if (!o.declared) return;
    mc.m[mc.ghost(i) + LIFE] = LIVE;
    for (const cell of o.type.cells) {
      if (cell.init === undefined) continue;
      if (cell.kind === 'percpu-ref') {
        mc.m[o.address + cell.offset] = 1;
        mc.m[o.address + cell.offset + 1] = cell.init;
      } else mc.m[o.address + cell.offset] = cell.init;
      if (cell.kind === 'ref') mc.m[o.address + cell.offset + 1] = 1;
    }
  });
  const { setup } = mc.c;
  if (setup >= 0) {
    begin(mc, setup);
    for (let n = 0; mc.statusOf(setup) === READY; n++) {
      if (n > MAX_LOCAL || !enabled(mc, setup)) throw new Error('the setup routine does not end');
      step(mc, setup, 0);
    }
    if (mc.violation >= 0) throw new Error('the setup routine violates a property by itself');
    forgetOwner(mc, setup);
  }
  // A thread may go wrong before its first event; the first of them is reported.
  let wrong: [number, number, number, number, number] | undefined;
  for (let t = 0; t < mc.c.declared; t++) {
    mc.violation = -1;
    begin(mc, t);
    if (mc.violation >= 0) wrong ??= [mc.violation, mc.violator, mc.about, mc.where, mc.claim];
  }
  if (wrong) [mc.violation, mc.violator, mc.about, mc.where, mc.claim] = wrong;
  else mc.violation = -1;
  mc.logged = 0;
}

/** What setup owned is what memory holds at the start. */
function forgetOwner(mc: Machine, t: number): void {
  mc.c.memory.objects.forEach((_, o) => {
    if (mc.c.usesRefs) mc.m[mc.ledger(o, t)] = 0;
    if (mc.m[mc.ghost(o) + 1] === t + 1) mc.m[mc.ghost(o) + 1] = 0;
  });
}

function begin(mc: Machine, t: number): void {
  const info = mc.c.threads[t]!;
  const tb = mc.threadBase[t]!;
  const frame = tb + mc.stackOffset;
  mc.put(tb + STATUS, READY);
  mc.put(tb + PC, info.entry * O.WIDTH);
  mc.put(tb + FP, frame);
  mc.put(tb + SP, frame + (mc.handler[t] === 0 ? info.frame : 3));
  mc.put(frame + 2, -1);
  if (mc.handler[t] !== 0) mc.put(tb + LANE_ROUTINE, info.args[0]!);
  else for (let i = 1; i < info.args.length; i++) mc.put(frame + 2 + i, info.args[i]!);
  advance(mc, t);
}

/** Whether the next event of `t` can happen. */
export function enabled(mc: Machine, t: number): boolean {
  const tb = mc.threadBase[t]!;
  if (mc.m[tb + STATUS] !== READY || interrupted(mc, t)) return false;
  const at = mc.m[tb + PC]!;
  const kind = KINDS[mc.code[at]!]!;
  return kind.enabled === undefined || kind.enabled(mc, t, at);
}

/** Whether lane `t` was taken off before it started. */
export function isCancelled(mc: Machine, t: number): boolean {
  const tb = mc.threadBase[t]!;
  return mc.m[tb + STATUS] === DONE && mc.code[mc.m[tb + PC]!] === O.WORK_START;
}

/** Number of alternatives of the next event of `t`: more than one only for an unknown. */
export function alternatives(mc: Machine, t: number): number {
  const at = mc.m[mc.threadBase[t]! + PC]!;
  return mc.code[at] === O.CHOOSE ? mc.c.alternatives[mc.code[at + 2]!]!.length : 1;
}

/** Writes into `mc.foot` what the next event of `t` touches. */
export function footprint(mc: Machine, t: number): void {
  clearFoot(mc);
  const at = mc.m[mc.threadBase[t]! + PC]!;
  KINDS[mc.code[at]!]!.foot(mc, t, at);
  footCpu(mc, t);
}

/** Executes the next event of `t` and the local operations after it. */
export function step(mc: Machine, t: number, choice: number): void {
  const tb = mc.threadBase[t]!;
  const at = mc.m[tb + PC]!;
  const op = mc.code[at]!;
  mc.violation = -1;
  mc.stay = false;
  mc.spawned = -1;
  mc.choice = choice;
  mc.result = 0;
  // The program counter moves first, so that an event may call; a violation puts it back for the report.
  const fp = mc.m[tb + FP]!;
  mc.eventAt = at;
  const racing = mc.seeRaces && races(mc, t);
  mc.put(tb + PC, at + O.WIDTH);
  if (!racing) KINDS[op]!.run(mc, t, at);
  if (mc.watch) mc.watch(t, at, mc.violation);
  if (mc.violation >= 0) return;
  if (mc.m[tb + STATUS] !== READY) return;
  if (mc.stay && mc.m[tb + FP] === fp) mc.put(tb + PC, at);
  else if (mc.stay) mc.put(mc.m[tb + FP]!, at);
  if (op === O.RETURN) end(mc, t);
  else advance(mc, t);
}

/** Whether the next event of `t` races with one that could happen at the same time. */
function races(mc: Machine, t: number): boolean {
  footprint(mc, t);
  const mine = mc.foot.slice();
  for (let q = 0; q < mc.threads; q++) {
    if (q === t || !enabled(mc, q)) continue;
    footprint(mc, q);
    if (memory.isDataRace(mine, 0, mc.foot, 0)) return mc.violate(t, 'data-race', mine[0]!);
  }
  return false;
}

/** Runs the local operations of `t`, until its next event or its end. */
function advance(mc: Machine, t: number): void {
  const { code, m } = mc;
  const tb = mc.threadBase[t]!;
  for (let n = 0; m[tb + STATUS] === READY; n++) {
    const at = m[tb + PC]!;
    const op = code[at]!;
    if (op > O.LAST_LOCAL || (op === O.CONTEXT && mc.shared[t] === 1)) {
      if (op !== O.CHOOSE) return;
      const key = code[at + 3]!;
      const known = key < 0 ? 0 : m[tb + mc.keyOffset + key]!;
      const among = mc.c.alternatives[code[at + 2]!]!;
      if (known === 0 && among.length > 1) return;
      mc.setRegister(t, code[at + 1]!, among[Math.max(0, known - 1)]!);
      mc.put(tb + PC, at + O.WIDTH);
      continue;
    }
    if (n > MAX_LOCAL) return mc.overflow(t, 4);
    mc.eventAt = at;
    if (op === O.RETURN && m[m[tb + FP]! + 1] === 0) {
      const value = code[at + 2] === 1 ? mc.value(t, code[at + 1]!) : 0;
      if (memory.moves(mc, t, value)) return;
      if (value !== 0) memory.letGo(mc, t, value);
      return end(mc, t);
    }
    mc.put(tb + PC, at + O.WIDTH);
    local(mc, t, at, op);
    if (mc.watch) mc.watch(t, at, mc.violation);
    if (mc.violation >= 0) return;
  }
}

function local(mc: Machine, t: number, at: number, op: number): void {
  const { code } = mc;
  const tb = mc.threadBase[t]!;
  switch (op) {
    case O.SET:
      return mc.setRegister(t, code[at + 1]!, mc.value(t, code[at + 2]!));
    case O.CALC:
      return mc.setRegister(
        t,
        code[at + 1]!,
        calc(code[at + 2]!, mc.value(t, code[at + 3]!), mc.value(t, code[at + 4]!)),
      );
    case O.JUMP:
      return mc.put(tb + PC, code[at + 1]! * O.WIDTH);
    case O.BRANCH:
      if (mc.value(t, code[at + 2]!) !== 0) mc.put(tb + PC, code[at + 1]! * O.WIDTH);
      return;
    case O.CALL: {
      const n = code[at + 3]!;
      const args: number[] = [];
      for (let i = 0; i < n; i++)
        args.push(mc.value(t, code[at + O.WIDTH + Math.floor(i / O.SOURCE) * O.WIDTH + (i % O.SOURCE)]!));
      mc.put(tb + PC, at + O.WIDTH * (1 + Math.ceil(n / O.SOURCE)));
      return enter(mc, t, code[at + 1]!, args, code[at + 2]!);
    }
    case O.RETURN:
      leave(mc, t, mc.value(t, code[at + 1]!));
      return;
    case O.ASSUME:
      if (mc.value(t, code[at + 1]!) === 0) mc.stick(t);
      return;
    case O.ASSERT: {
      const { hazard } = mc.c.asserts[code[at + 2]!]!;
      if (mc.value(t, code[at + 1]!) !== 0 || !(mc.wanted & (1 << hazard))) return;
      mc.record(t, hazard, -1);
      mc.claim = code[at + 2]!;
      return;
    }
    case O.CONTAINER: {
      const of = mc.value(t, code[at + 2]!);
      return mc.setRegister(t, code[at + 1]!, of - code[at + 3]!);
    }
    case O.FORGET:
      return mc.put(tb + mc.keyOffset + code[at + 1]!, 0);
    case O.ASSERT_HELD:
      return locks.assertHeld(mc, t, at);
    case O.OWN:
      return refs.own(mc, t, mc.value(t, code[at + 1]!), 1);
    case O.DISOWN:
      return refs.own(mc, t, mc.value(t, code[at + 1]!), -1);
    case O.CONTEXT:
      return changeContext(mc, t, at);
    case O.SLEEP:
      maySleep(mc, t);
      return;
    case O.RCU_ENTER_QUIET:
      return rcu.changeNest(mc, t, code[at + 1]!, 1);
    case O.RCU_EXIT_QUIET:
      return rcu.changeNest(mc, t, code[at + 1]!, -1);
  }
}

/** Arithmetic on 32-bit integers, as C has it for int; division by zero gives 0. */
export function calc(fn: number, a: number, b: number): number {
  switch (fn) {
    case 0:
      return (a + b) | 0;
    case 1:
      return (a - b) | 0;
    case 2:
      return Math.imul(a, b);
    case 3:
      return b === 0 ? 0 : (a / b) | 0;
    case 4:
      return b === 0 ? 0 : (a % b) | 0;
    case 5:
      return a & b;
    case 6:
      return a | b;
    case 7:
      return a ^ b;
    case 8:
      return a << b;
    case 9:
      return a >> b;
    case 10:
      return a === b ? 1 : 0;
    case 11:
      return a !== b ? 1 : 0;
    case 12:
      return a < b ? 1 : 0;
    default:
      return a <= b ? 1 : 0;
  }
}

/** The thread has returned: it must not keep a lock, a context or a reference. */
function end(mc: Machine, t: number): void {
  const { m } = mc;
  const tb = mc.threadBase[t]!;
  mc.put(tb + STATUS, DONE);
  if (t === mc.c.setup) return;
  if (m[tb + HELD]! > 0 && mc.violate(t, 'missing-unlock', mc.objectOf(m[tb + mc.heldOffset]!))) return;
  let open = m[tb + IRQ]! + m[tb + BH]! + m[tb + PREEMPT]!;
  for (let d = 0; d < mc.c.domains.length; d++) open += m[tb + mc.nestOffset + d]!;
  if (open > 0 && mc.violate(t, 'missing-unlock')) return;
  const owned = refs.stillOwns(mc, t);
  if (owned >= 0) mc.violate(t, 'ref-leak', owned);
}
