/**
 * percpu_ref, after lib/percpu-refcount.c.
 *
 * A cell is a mode, the count and the release routine. In percpu mode gets and puts change a counter of the CPU and look at nothing:
 * the count cannot be seen to reach zero, and they commute. `kill` marks the reference dead, drops the initial reference and
 * queues the switch to atomic mode behind an RCU grace period (percpu_ref_switch_to_atomic_rcu() is a call_rcu() callback, a
 * lane of its own here); the counters keep a bias until then, so only after the switch a put, or the switch itself, finds zero and
 * calls `release` with the address of the reference. `tryget` fails when the mode is atomic and the count zero; with `live` it fails
 * as soon as the reference is dead. `exit` frees the counters: any use before the next init is `use-after-free`. `init` may sleep.
 * Owned references are counted as in `refcount.ts`, so a put of what nobody holds is `double-put` even in percpu mode.
 * Not modelled: percpu_ref_switch_to_percpu(), init flags, killing with a confirmation callback.
 */
import { maySleep } from './context.ts';
import { spawn } from './deferred.ts';
import {
  addressAt,
  alive,
  domainObject,
  type EventKind,
  placeAt,
  pseudo,
  reachedZero,
  slot,
} from './event.ts';
import { enter } from './frame.ts';
import { F_DELTA, F_OP, LANE_AT, type Machine, TRY_FAILED } from './machine.ts';
import { M_ADD, M_QUEUE_CALLBACK, M_READ, M_WRITE, PERCPU_TRYGET } from './opcodes.ts';
import { beginGrace } from './rcu.ts';
import { footPut, gain, lose, PLENTY } from './refcount.ts';

// Modes, in the first word; the count is the second (as in a plain count, so that the ledger works on both), release the third.
const UNINITIALISED = 0;
const PERCPU = 1;
const DYING = 2;
const ATOMIC = 3;
const EXITED = 4;
const COUNT = 1;
const RELEASE = 2;

export const percpuInit: EventKind = {
  foot(mc, t, at) {
    slot(mc, 0, addressAt(mc, t, at + 1), M_WRITE);
  },
  run(mc, t, at) {
    const address = placeAt(mc, t, at + 1);
    if (address < 0 || !maySleep(mc, t) || !alive(mc, t, address) || address === 0) return;
    mc.put(address, PERCPU);
    mc.put(address + COUNT, 1);
    mc.put(address + RELEASE, mc.code[at + 3]! + 1);
    gain(mc, t, address);
  },
};

export const percpuGet: EventKind = {
  foot(mc, t, at) {
    footGet(mc, addressAt(mc, t, at + 1), true);
  },
  run(mc, t, at) {
    const address = placeAt(mc, t, at + 1);
    if (address < 0 || !initialised(mc, t, address) || address === 0) return;
    if (
      mc.m[address] === ATOMIC &&
      mc.m[address + COUNT]! <= 0 &&
      mc.violate(t, 'get-on-zero', mc.objectOf(address))
    ) {
      return;
    }
    mc.put(address + COUNT, mc.m[address + COUNT]! + 1);
    gain(mc, t, address);
  },
};

export const percpuTryget: EventKind = {
  foot(mc, t, at) {
    const address = addressAt(mc, t, at + 1);
    footGet(mc, address, address <= 0 || canGet(mc, address, mc.code[at + 4] === 1));
  },
  run(mc, t, at) {
    const address = placeAt(mc, t, at + 1);
    if (address < 0 || !initialised(mc, t, address)) return;
    const hit = address === 0 || canGet(mc, address, mc.code[at + 4] === 1);
    if (hit && address > 0) {
      mc.put(address + COUNT, mc.m[address + COUNT]! + 1);
      gain(mc, t, address);
    } else if (address > 0) {
      const ledger = mc.ledger(mc.objectOf(address), t);
      mc.put(ledger, mc.m[ledger]! | TRY_FAILED);
    }
    mc.setRegister(t, mc.code[at + 3]!, hit ? 1 : 0);
  },
};

export const percpuPut: EventKind = {
  foot(mc, t, at) {
    const address = addressAt(mc, t, at + 1);
    const atomic = address > 0 && mc.m[address] === ATOMIC;
    const owner = address <= 0 || mc.owned(mc.objectOf(address), t) > 0;
    if (!atomic && owner) return footGet(mc, address, true);
    footPut(mc, t, address + COUNT, atomic ? mc.m[address + COUNT]! : PLENTY);
    mc.foot[1] = address;
  },
  run(mc, t, at) {
    const address = placeAt(mc, t, at + 1);
    if (address < 0 || !initialised(mc, t, address) || address === 0) return;
    if (!lose(mc, t, address + COUNT)) return;
    mc.put(address + COUNT, mc.m[address + COUNT]! - 1);
    if (mc.m[address] === ATOMIC && mc.m[address + COUNT] === 0) callRelease(mc, t, address);
  },
};

export const percpuKill: EventKind = {
  foot(mc, t, at) {
    slot(mc, 0, addressAt(mc, t, at + 1), M_WRITE);
    pseudo(mc, 1, domainObject(mc, mc.code[at + 3]!), M_QUEUE_CALLBACK);
  },
  run(mc, t, at) {
    const address = placeAt(mc, t, at + 1);
    if (address < 0 || !initialised(mc, t, address) || address === 0) return;
    const killed = mc.m[address] !== PERCPU;
    if (killed && mc.violate(t, 'double-put', mc.objectOf(address))) return;
    if (!lose(mc, t, address + COUNT)) return;
    mc.put(address + COUNT, mc.m[address + COUNT]! - 1);
    mc.put(address, DYING);
    const lane = spawn(mc, t, mc.code[at + 4]!, -1, address);
    if (lane < 0) return;
    mc.put(mc.threadBase[lane]! + LANE_AT, address);
    beginGrace(mc, lane, mc.code[at + 3]!);
  },
};

/** The switch to atomic mode, in the callback: takes the bias away and may find that zero was reached. */
export const percpuSwitch: EventKind = {
  foot(mc, t) {
    slot(mc, 0, mc.m[mc.threadBase[t]! + LANE_AT]!, M_WRITE);
  },
  run(mc, t) {
    const address = mc.m[mc.threadBase[t]! + LANE_AT]!;
    mc.result = address;
    if (!alive(mc, t, address)) return;
    if (mc.m[address] === EXITED) {
      mc.violate(t, 'use-after-free', mc.objectOf(address));
      return;
    }
    mc.put(address, ATOMIC);
    if (mc.m[address + COUNT] === 0) callRelease(mc, t, address);
  },
};

export const percpuReinit: EventKind = {
  foot(mc, t, at) {
    slot(mc, 0, addressAt(mc, t, at + 1), M_WRITE);
  },
  run(mc, t, at) {
    const address = placeAt(mc, t, at + 1);
    if (address < 0 || !initialised(mc, t, address) || address === 0) return;
    const idle = mc.m[address] === ATOMIC && mc.m[address + COUNT] === 0;
    if (!idle && mc.violate(t, 'uninit-ref', mc.objectOf(address))) return;
    mc.put(address, PERCPU);
    mc.put(address + COUNT, 1);
    gain(mc, t, address);
  },
};

export const percpuExit: EventKind = {
  foot(mc, t, at) {
    slot(mc, 0, addressAt(mc, t, at + 1), M_WRITE);
  },
  run(mc, t, at) {
    const address = placeAt(mc, t, at + 1);
    if (address < 0 || !alive(mc, t, address) || address === 0) return;
    if (mc.m[address] !== UNINITIALISED) mc.put(address, EXITED);
  },
};

function canGet(mc: Machine, address: number, live: boolean): boolean {
  const mode = mc.m[address]!;
  if (live) return mode === PERCPU;
  return mode === PERCPU || mode === DYING || mc.m[address + COUNT]! > 0;
}

function footGet(mc: Machine, address: number, hit: boolean): void {
  const atomic = address > 0 && mc.m[address] === ATOMIC;
  const blind = hit && !(atomic && mc.m[address + COUNT]! <= 0);
  slot(mc, 0, address, blind ? M_ADD : hit ? M_WRITE : M_READ);
  mc.foot[F_OP] = PERCPU_TRYGET;
  mc.foot[F_DELTA] = hit ? 1 : 0;
}

function initialised(mc: Machine, t: number, address: number): boolean {
  if (!alive(mc, t, address)) return false;
  if (address === 0) return true;
  if (mc.m[address] === UNINITIALISED) return !mc.violate(t, 'uninit-ref', mc.objectOf(address));
  if (mc.m[address] === EXITED) return !mc.violate(t, 'use-after-free', mc.objectOf(address));
  return true;
}

function callRelease(mc: Machine, t: number, address: number): void {
  reachedZero(mc, t, mc.objectOf(address));
  const routine = mc.m[address + RELEASE]! - 1;
  if (routine >= 0) enter(mc, t, routine, [address], -1);
}
