/**
 * Deferred work: work items, timers and task work, and how an operation starts a lane.
 *
 * A lane is a thread that exists from when it is spawned. Work runs in process context on any CPU, at most once at a time per item
 * (kernel/workqueue.c, "non-reentrance"); queueing an item that is pending does nothing and gives 0. A timer runs in softirq
 * context; stopping it takes it off, and with `sync` also waits for a running one (timer_delete_sync(), kernel/time/timer.c). The
 * cell's low byte is the pending lane + 1, the next one the running lane + 1. Task work is a list per task that the task itself runs
 * last in first out (kernel/task_work.c); once it has been run with `exiting`, adding fails with -ESRCH.
 * Delays are not modelled: work and timers may run at once.
 */
import { maySleep } from './context.ts';
import { addressAt, alive, type EventKind, placeAt, slot } from './event.ts';
import { enter } from './frame.ts';
import { release } from './lifetime.ts';
import {
  DONE,
  F_OLD,
  F_OP,
  F_PARAM,
  FP,
  LANE_ARG,
  LANE_AT,
  LANE_ROUTINE,
  LAST_ZERO,
  type Machine,
  PC,
  READY,
  SP,
  STATUS,
  TASK_CAPACITY,
  TASK_WORDS,
} from './machine.ts';
import { writeMember } from './memory.ts';
import {
  M_CPU_TASK,
  M_READ,
  M_WHOLE_WRITE,
  M_WRITE,
  TASK_RUN,
  WIDTH,
  WORK_FLUSH,
  WORK_START,
} from './opcodes.ts';

const ESRCH = -3;

/** Starts the next unused lane of thread `t` for this operation; -1 when there is none left. */
export function spawn(mc: Machine, t: number, site: number, routine: number, arg: number): number {
  if (!mc.lanesCount) return -1;
  const { c } = mc;
  const counter = mc.threadBase[t]! + mc.spawnOffset + site;
  const n = mc.m[counter]!;
  if (n >= (c.laneCount[t * c.spawns + site] ?? 0)) {
    mc.overflow(t, 2);
    return -1;
  }
  mc.put(counter, n + 1);
  const lane = c.laneBase[t * c.spawns + site]! + n;
  const tb = mc.threadBase[lane]!;
  mc.put(tb + STATUS, READY);
  mc.put(tb + PC, c.threads[lane]!.entry * WIDTH);
  mc.put(tb + LANE_ROUTINE, routine);
  mc.put(tb + LANE_ARG, arg);
  mc.put(tb + LAST_ZERO, mc.m[mc.threadBase[t]! + LAST_ZERO]!);
  const frame = tb + mc.stackOffset;
  mc.put(frame + 2, -1);
  mc.put(tb + FP, frame);
  mc.put(tb + SP, frame + 3);
  mc.spawned = lane;
  return lane;
}

/** work.queue and timer.start. */
export const workQueue: EventKind = {
  foot(mc, t, at) {
    footCell(mc, addressAt(mc, t, at + 1), 0);
  },
  run(mc, t, at) {
    const { code } = mc;
    const address = placeAt(mc, t, at + 1);
    if (address < 0 || !alive(mc, t, address) || address === 0) return;
    const pending = (mc.m[address]! & 0xff) !== 0;
    if (!pending) {
      const lane = spawn(mc, t, code[at + 5]!, code[at + 3]!, mc.value(t, code[at + 4]!));
      if (lane < 0) return;
      mc.put(mc.threadBase[lane]! + LANE_AT, address);
      mc.put(address, mc.m[address]! | (lane + 1));
    }
    mc.setRegister(t, code[at + 6]!, pending ? 0 : 1);
  },
};

export const workStart: EventKind = {
  enabled(mc, t) {
    const address = mc.m[mc.threadBase[t]! + LANE_AT]!;
    return mc.m[address] === t + 1 || mc.m[mc.ghost(mc.objectOf(address))] !== 1;
  },
  foot(mc, t) {
    footCell(mc, mc.m[mc.threadBase[t]! + LANE_AT]!, WORK_START);
  },
  run(mc, t) {
    const address = mc.m[mc.threadBase[t]! + LANE_AT]!;
    mc.result = address;
    if (alive(mc, t, address)) mc.put(address, (t + 1) << 8);
  },
};

/** The work function may free its own item: then nothing is left to be marked. */
export const workDone: EventKind = {
  foot(mc, t) {
    footCell(mc, mc.m[mc.threadBase[t]! + LANE_AT]!, 0);
  },
  run(mc, t) {
    const address = mc.m[mc.threadBase[t]! + LANE_AT]!;
    if (mc.m[mc.ghost(mc.objectOf(address))] === 1) mc.put(address, mc.m[address]! & 0xff);
  },
};

/** Waits for the item to be idle; with `cancel` takes a pending one off first. Also timer.stop. */
export const workFlush: EventKind = {
  enabled(mc, t, at) {
    const address = addressAt(mc, t, at + 1);
    if (address <= 0 || mc.m[mc.ghost(mc.objectOf(address))] !== 1) return true;
    return idle(mc.m[address]!, mc.code[at + 3] === 1, mc.code[at + 4] === 1);
  },
  foot(mc, t, at) {
    footCell(mc, addressAt(mc, t, at + 1), WORK_FLUSH);
    mc.foot[12] = mc.code[at + 3]! | (mc.code[at + 4]! << 1);
  },
  run(mc, t, at) {
    flush(mc, t, at, mc.code[at + 3] === 1, true);
  },
};

export const timerStop: EventKind = {
  enabled(mc, t, at) {
    const address = addressAt(mc, t, at + 1);
    if (address <= 0 || mc.m[mc.ghost(mc.objectOf(address))] !== 1) return true;
    return idle(mc.m[address]!, true, mc.code[at + 3] === 0);
  },
  foot(mc, t, at) {
    footCell(mc, addressAt(mc, t, at + 1), WORK_FLUSH);
    mc.foot[12] = 1 | (mc.code[at + 3] === 0 ? 2 : 0);
  },
  run(mc, t, at) {
    flush(mc, t, at, true, false);
  },
};

/** Whether a flush can go on: nothing runs (unless it need not wait), nothing is pending (unless it cancels). */
export function idle(word: number, cancel: boolean, async: boolean): boolean {
  return (async || word >> 8 === 0) && (cancel || (word & 0xff) === 0);
}

function flush(mc: Machine, t: number, at: number, cancel: boolean, sleeps: boolean): void {
  const address = placeAt(mc, t, at + 1);
  if (address < 0 || (sleeps && !maySleep(mc, t)) || !alive(mc, t, address) || address === 0) return;
  const pending = mc.m[address]! & 0xff;
  if (!cancel || pending === 0) return;
  mc.put(mc.threadBase[pending - 1]! + STATUS, DONE);
  mc.put(address, mc.m[address]! & ~0xff);
}

function footCell(mc: Machine, address: number, op: number): void {
  slot(mc, 0, address, M_WRITE);
  mc.foot[F_OP] = op;
  mc.foot[F_OLD] = address > 0 ? mc.m[address]! : 0;
}

/** The list of work of a task is a location of the task's object, beyond its cells. */
function queueOf(mc: Machine, task: number): number {
  return mc.taskBase + task * TASK_WORDS;
}

/** Also what running the latest piece of work would touch now: its head, and what it frees. */
function footQueue(mc: Machine, task: number): void {
  mc.foot[0] = task;
  mc.foot[1] = mc.ghostBase + task;
  mc.foot[2] = task < 0 ? 0 : M_WRITE;
  const n = task < 0 ? 0 : mc.m[queueOf(mc, task)]!;
  if (n === 0) return;
  const entry = queueOf(mc, task) + 2 + 3 * (n - 1);
  mc.foot[F_OLD] = mc.m[entry + 2]!;
  mc.foot[F_PARAM] = mc.m[entry]! < 0 ? mc.m[entry + 1]! : 0;
}

/** The second and third location of running the latest piece of work. */
export function footRun(mc: Machine, foot: Int32Array, head: number, freed: number): void {
  for (const [k, address, mode] of [
    [3, head, M_WRITE],
    [6, freed, M_WHOLE_WRITE],
  ] as const) {
    // The third is the CPU, for a thread whose CPU has a handler.
    if (foot[k + 2] === M_CPU_TASK) continue;
    const object = mc.objectOf(address);
    foot[k] = object;
    foot[k + 1] = address;
    foot[k + 2] = object < 0 ? 0 : mode;
  }
}

export const taskAdd: EventKind = {
  foot(mc, t, at) {
    footQueue(mc, mc.objectOf(mc.value(t, mc.code[at + 2]!)));
    if (mc.code[at + 5] !== 0) slot(mc, 1, addressAt(mc, t, at + 5), M_WRITE);
  },
  run(mc, t, at) {
    const { code } = mc;
    const task = mc.objectOf(mc.value(t, code[at + 2]!));
    if (task < 0) return mc.stick(t);
    if (!alive(mc, t, mc.base[task]!)) return;
    const queue = queueOf(mc, task);
    if (mc.m[queue + 1] !== 0) return mc.setRegister(t, code[at + 1]!, ESRCH);
    const n = mc.m[queue]!;
    if (n >= TASK_CAPACITY) return mc.overflow(t, 6);
    const head = code[at + 5] === 0 ? 0 : addressAt(mc, t, at + 5);
    if (head > 0) {
      if (!alive(mc, t, head)) return;
      writeMember(mc, head, code[at + 6]!);
      mc.put(head, 1);
    }
    mc.put(queue + 2 + 3 * n, code[at + 3]!);
    mc.put(queue + 3 + 3 * n, mc.value(t, code[at + 4]!));
    mc.put(queue + 4 + 3 * n, head);
    mc.put(queue, n + 1);
    mc.setRegister(t, code[at + 1]!, 0);
  },
};

/** Runs one piece of work and comes back until the list is empty. */
export const taskRun: EventKind = {
  foot(mc, t, at) {
    footQueue(mc, mc.objectOf(mc.value(t, mc.code[at + 1]!)));
    mc.foot[F_OP] = TASK_RUN;
    footRun(mc, mc.foot, mc.foot[F_OLD]!, mc.foot[F_PARAM]!);
  },
  run(mc, t, at) {
    const task = mc.objectOf(mc.value(t, mc.code[at + 1]!));
    if (task < 0) return mc.stick(t);
    if (!alive(mc, t, mc.base[task]!)) return;
    const queue = queueOf(mc, task);
    const n = mc.m[queue]!;
    if (n === 0) {
      if (mc.code[at + 2] === 1) mc.put(queue + 1, 1);
      return;
    }
    const entry = queue + 2 + 3 * (n - 1);
    const [routine, arg, head] = [mc.m[entry]!, mc.m[entry + 1]!, mc.m[entry + 2]!];
    for (let i = 0; i < 3; i++) mc.put(entry + i, 0);
    mc.put(queue, n - 1);
    mc.stay = true;
    if (head > 0) {
      if (!alive(mc, t, head)) return;
      mc.put(head, 0);
    }
    if (routine < 0) release(mc, t, arg);
    else enter(mc, t, routine, [arg], -1);
  },
};

export { M_READ };
