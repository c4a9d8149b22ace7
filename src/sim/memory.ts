/**
 * Loads, stores, atomic read-modify-writes and copies of cells, under sequential consistency.
 *
 * Dependence: two accesses of one cell conflict when one writes; a cmpxchg that fails is a read (Abdulla et al. 2017 allow any
 * relation under which independent events commute in the state where they are taken). Members of one union are one cell with
 * a tag that remembers the member written last: reading another member is `overlay`. Storing a pointer where other threads
 * can see it moves one owned reference of the target from the thread to memory (`publish`). `stale-after-relock` and
 * weak memory are not modelled; `data-race` is detected by the explorer, which sees what is unordered.
 */
import { addressAt, alive, type EventKind, OFFSET, placeAt, slot } from './event.ts';
import { ESCAPED, F_AUX, F_OLD, F_OP, F_PARAM, type Machine, OWNED, PRIVATE } from './machine.ts';
import { CMPXCHG, M_MOVE, M_READ, M_TOUCH, M_WHOLE_READ, M_WHOLE_WRITE, M_WRITE } from './opcodes.ts';

export const load: EventKind = {
  foot(mc, t, at) {
    slot(mc, 0, addressAt(mc, t, at + 2), M_READ);
    mc.foot[F_AUX] = mc.code[at + 4] === 1 ? PLAIN : MARKED;
  },
  run(mc, t, at) {
    const { code } = mc;
    const address = placeAt(mc, t, at + 2);
    if (address < 0) return;
    if (code[at + 5] === 1 && outsideReader(mc, t) && mc.violate(t, 'missing-rcu', mc.objectOf(address)))
      return;
    if (!alive(mc, t, address) || !sameMember(mc, t, address, code[at + 3]!)) return;
    mc.setRegister(t, code[at + 1]!, address === 0 ? 0 : mc.m[address]!);
  },
};

export const store: EventKind = {
  foot(mc, t, at) {
    const address = addressAt(mc, t, at + 1);
    slot(mc, 0, address, M_WRITE);
    footOld(mc, address);
    mc.foot[F_AUX] = mc.code[at + 4] === 1 ? PLAIN : MARKED;
    footMoves(mc, t, address, mc.value(t, mc.code[at + 3]!));
  },
  run(mc, t, at) {
    const address = placeAt(mc, t, at + 1);
    if (address < 0 || !alive(mc, t, address)) return;
    write(mc, t, address, mc.code[at + 2]!, mc.value(t, mc.code[at + 3]!));
  },
};

export const rmw: EventKind = {
  foot(mc, t, at) {
    const address = addressAt(mc, t, at + 2);
    slot(mc, 0, address, M_WRITE);
    footOld(mc, address);
    mc.foot[F_AUX] = MARKED;
    if (mc.code[at + 4] === 0) footMoves(mc, t, address, mc.value(t, mc.code[at + 5]!));
  },
  run(mc, t, at) {
    const { code } = mc;
    const address = placeAt(mc, t, at + 2);
    if (address < 0 || !alive(mc, t, address)) return;
    const old = address === 0 ? 0 : mc.m[address]!;
    const v = mc.value(t, code[at + 5]!);
    const next = [v, old + v, old - v, old & v, old | v, old ^ v][code[at + 4]!]! | 0;
    write(mc, t, address, code[at + 3]!, next);
    mc.setRegister(t, code[at + 1]!, code[at + 6] === 1 ? next : old);
  },
};

export const cmpxchg: EventKind = {
  foot(mc, t, at) {
    const address = addressAt(mc, t, at + 2);
    const expect = mc.value(t, mc.code[at + 4]!);
    const hit = address > 0 && mc.m[address] === expect;
    slot(mc, 0, address, hit ? M_WRITE : M_READ);
    mc.foot[F_OP] = CMPXCHG;
    mc.foot[F_OLD] = address > 0 ? mc.m[address]! : 0;
    mc.foot[F_PARAM] = expect;
    mc.foot[F_AUX] = MARKED;
    if (hit) footMoves(mc, t, address, mc.value(t, mc.code[at + 5]!));
  },
  run(mc, t, at) {
    const { code } = mc;
    const address = placeAt(mc, t, at + 2);
    if (address < 0 || !alive(mc, t, address)) return;
    const old = address === 0 ? 0 : mc.m[address]!;
    const next = mc.value(t, code[at + 5]!);
    if (old === mc.value(t, code[at + 4]!)) write(mc, t, address, code[at + 3]!, next);
    mc.setRegister(t, code[at + 1]!, old);
  },
};

export const access: EventKind = {
  foot(mc, t, at) {
    const whole = mc.code[at + 4] === 1;
    footOld(mc, addressAt(mc, t, at + 1));
    mc.foot[F_AUX] = whole ? 0 : PLAIN;
    slot(mc, 0, addressAt(mc, t, at + 1), whole ? M_TOUCH : mc.code[at + 3] === 1 ? M_WRITE : M_READ);
  },
  run(mc, t, at) {
    const address = placeAt(mc, t, at + 1);
    if (address < 0 || !alive(mc, t, address)) return;
    const writes = mc.code[at + 3] === 1;
    if (writes) setMember(mc, address, mc.code[at + 2]!);
    else sameMember(mc, t, address, mc.code[at + 2]!);
  },
};

/** `*to = *from`: locks arrive free, counts arrive uninitialised (a copied count is nobody's count). */
export const copy: EventKind = {
  foot(mc, t, at) {
    slot(mc, 0, mc.value(t, mc.code[at + 1]!), M_WHOLE_WRITE);
    slot(mc, 1, mc.value(t, mc.code[at + 2]!), M_WHOLE_READ);
  },
  run(mc, t, at) {
    const to = mc.objectOf(mc.value(t, mc.code[at + 1]!));
    const from = mc.objectOf(mc.value(t, mc.code[at + 2]!));
    if (to < 0 || from < 0) return mc.stick(t);
    if (!alive(mc, t, mc.base[to]!) || !alive(mc, t, mc.base[from]!)) return;
    const type = mc.c.memory.objects[from]!.type;
    for (let i = 0; i < Math.min(mc.size[to]!, mc.size[from]!); i++) {
      mc.put(mc.base[to]! + i, mc.m[mc.base[from]! + i]!);
    }
    for (const cell of type.cells) {
      if (cell.kind === 'int' || cell.kind === 'pointer') continue;
      const value = cell.kind === 'ref' || cell.kind === 'percpu-ref' ? 1 : 0;
      for (let i = value; i < cell.words; i++) mc.put(mc.base[to]! + cell.offset + i, 0);
      if (cell.kind === 'percpu-ref') mc.put(mc.base[to]! + cell.offset, 0);
    }
  },
};

/** The pointer leaves what can be seen: a reference of it goes with it, and it is no leak any more. */
export const escapes: EventKind = {
  foot(mc, t, at) {
    footMoves(mc, t, 0, mc.value(t, mc.code[at + 1]!));
  },
  run(mc, t, at) {
    letGo(mc, t, mc.value(t, mc.code[at + 1]!));
  },
};

/** True when letting this value go is an event of its own, because it moves a counted reference. */
export function moves(mc: Machine, t: number, value: number): boolean {
  const object = mc.objectOf(value);
  return object >= 0 && mc.refAt[object]! >= 0 && mc.owned(object, t) > 0;
}

export function letGo(mc: Machine, t: number, value: number): void {
  const object = mc.objectOf(value);
  if (object < 0) return;
  mc.put(mc.ghost(object) + ESCAPED, 1);
  publish(mc, t, object);
}

/** Stores a value, remembers the union's member, and publishes what it points to. */
export function write(mc: Machine, t: number, address: number, packed: number, value: number): void {
  if (address === 0) return;
  setMember(mc, address, packed);
  mc.put(address, value);
  const target = mc.objectOf(value);
  if (target >= 0 && mc.m[mc.ghost(mc.objectOf(address)) + PRIVATE] === 0) publish(mc, t, target);
}

/** Other threads can see `object` from now on, and what it points to; owned references move to memory. */
function publish(mc: Machine, t: number, object: number): void {
  moveOne(mc, t, object);
  if (mc.m[mc.ghost(object) + PRIVATE] === 0) return;
  mc.put(mc.ghost(object) + PRIVATE, 0);
  for (let i = 0; i < mc.size[object]!; i++) {
    const inner = mc.objectOf(mc.m[mc.base[object]! + i]!);
    if (inner >= 0) publish(mc, t, inner);
  }
}

function moveOne(mc: Machine, t: number, object: number): void {
  if (mc.c.usesRefs) {
    const at = mc.ledger(object, t);
    const word = mc.m[at]!;
    if (word & OWNED) mc.put(at, word - 1);
    else if ((word >> 12) & OWNED) mc.put(at, word - (1 << 12));
  }
}

/** The references that a store moves are a change that a put by a thread without one can notice. */
function footMoves(mc: Machine, t: number, address: number, value: number): void {
  const target = mc.objectOf(value);
  if (target < 0 || !mc.c.usesRefs) return;
  if (address > 0 && mc.m[mc.ghost(mc.objectOf(address)) + PRIVATE] !== 0) return;
  if (moves(mc, t, value)) slot(mc, 1, mc.refAt[target]!, M_MOVE);
  if (mc.m[mc.ghost(target) + PRIVATE] === 0) return;
  for (let i = 0; i < mc.size[target]!; i++) {
    const inner = mc.m[mc.base[target]! + i]!;
    if (moves(mc, t, inner)) return slot(mc, 2, mc.refAt[mc.objectOf(inner)]!, M_MOVE);
  }
}

/** The value before a write: what a cmpxchg that is moved before it finds. */
function footOld(mc: Machine, address: number): void {
  mc.foot[F_OLD] = address > 0 ? mc.m[address]! : 0;
}

function setMember(mc: Machine, address: number, packed: number): void {
  const member = (packed >> 12) & 0xff;
  if (member > 0) mc.put(address - (packed & OFFSET) + (packed >>> 20), member);
}

function sameMember(mc: Machine, t: number, address: number, packed: number): boolean {
  const member = (packed >> 12) & 0xff;
  if (member === 0 || address === 0) return true;
  const last = mc.m[address - (packed & OFFSET) + (packed >>> 20)]!;
  return last === 0 || last === member || !mc.violate(t, 'overlay', mc.objectOf(address));
}

/** Marks the member of a union that other primitives write (callback heads). */
export const writeMember = setMember;

/** What a footprint says of an access that can race: plain, or marked (READ_ONCE and the like, atomic). */
const PLAIN = 2;
const MARKED = 3;

/** Whether two footprints of unordered events are a data race: they conflict, and one is plain. */
export function isDataRace(a: Int32Array, i: number, b: Int32Array, j: number): boolean {
  if (a[i + 1] !== b[j + 1] || a[i]! < 0) return false;
  if (a[i + 2] !== M_WRITE && b[j + 2] !== M_WRITE) return false;
  const [x, y] = [a[i + F_AUX]!, b[j + F_AUX]!];
  return (x === PLAIN && (y === PLAIN || y === MARKED)) || (y === PLAIN && x === MARKED);
}

function outsideReader(mc: Machine, t: number): boolean {
  if (t === mc.c.setup) return false;
  for (let d = 0; d < mc.c.domains.length; d++)
    if (mc.m[mc.threadBase[t]! + mc.nestOffset + d]! > 0) return false;
  return mc.m[mc.threadBase[t]! + 8] === 0;
}
