/**
 * A state at an instruction of the sequential explorer: how values are read, written and learned about there, what
 * becomes of objects that are handed on, and whether a use of them is one too late.
 */
import type { CalcFn, Place, Value } from '../program.ts';
import type { Run } from './explore.ts';
import { CONTEXTS, type LockState, type RefState, type State } from './state.ts';
import { ANY, NEGATIVE, POSITIVE, refine, signOf, type ValueId, ZERO } from './values.ts';

/** Pointers are followed this far from what the routine was given; beyond, they are unknowns. */
const MAX_DEPTH = 8;
const MAX_LOOP_DEPTH = 3;

/** In place of a lock: the pointer was read inside an RCU read-side section. */
export const RCU = -1;

export function fresh(what: string, pc: number): RefState {
  return {
    cell: '',
    delta: 0,
    memory: false,
    owned: false,
    freed: false,
    gone: false,
    given: -1,
    moved: false,
    lent: [],
    tested: false,
    what,
    taken: pc,
    dropped: -1,
  };
}

/** A state at an instruction: how values are read, written and learned about there. */
export class Cursor {
  readonly state: State;
  readonly run: Run;
  readonly pc: number;
  constructor(state: State, run: Run, pc: number) {
    this.state = state;
    this.run = run;
    this.pc = pc;
  }

  value(v: Value): ValueId {
    const { compiled, values } = this.run;
    if (typeof v === 'number') return values.constant(v);
    if (v.startsWith('@')) return values.root(v);
    const id = this.state.registers.get(compiled.registers.get(v)!);
    // A register that was never written holds whatever was there: one unknown per register.
    return id ?? values.root(v);
  }

  write(register: string, value: ValueId): void {
    this.state.registers.set(this.run.compiled.registers.get(register)!, value);
  }

  /** A new unknown made here; one that this instruction made before becomes "the earlier one". */
  make(mask: number): ValueId {
    const { values, compiled } = this.run;
    const id = values.made(this.pc, mask);
    if (compiled.inLoop[this.pc] === true) this.retire(id, values.made(this.pc, mask, true));
    return id;
  }

  private retire(id: ValueId, older: ValueId): void {
    const { state } = this;
    const { values } = this.run;
    for (const [r, v] of state.registers) if (v === id) state.registers.set(r, older);
    for (const [k, m] of state.memory) {
      if (m.base === id) state.memory.delete(k);
      else if (m.value === id) state.memory.set(k, { ...m, value: older });
    }
    for (const map of [state.masks, state.equals]) {
      for (const v of [...map.keys()]) if (this.run.values.parts(v).includes(id)) map.delete(v);
    }
    const refs = state.refs.get(id);
    state.refs.delete(id);
    if (refs !== undefined) state.refs.set(older, refs);
    for (const [v, l] of [...state.locks]) {
      if (!this.run.values.parts(v).includes(id)) continue;
      state.locks.delete(v);
      const renamed = values.substitute(v, id, older);
      const kept = state.locks.get(renamed);
      // Of a third generation only that it is still held is kept.
      if (kept === undefined || kept.now === kept.entry) state.locks.set(renamed, l);
      else if (l.now !== l.entry) state.locks.set(values.address(older, '(lock)'), l);
    }
  }

  readonly mask = (id: ValueId): number => (this.state.masks.get(id) ?? ANY) & this.run.values.masks[id]!;
  readonly constant = (id: ValueId): number | undefined => {
    const known = this.run.values.constantOf(id) ?? this.state.equals.get(id);
    if (known !== undefined) return known;
    return this.mask(id) === ZERO ? 0 : undefined;
  };

  /** Records that `cond` came out as `truth`; false when that contradicts what is known. */
  learn(cond: ValueId, truth: boolean): boolean {
    const { values } = this.run;
    const mask = this.mask(cond) & (truth ? POSITIVE | NEGATIVE : ZERO);
    if (mask === 0) return false;
    if (values.constantOf(cond) === undefined) this.know(cond, mask);
    const origin = values.origins[cond]!;
    if (origin.kind !== 'calc') return true;
    const { fn, a, b } = origin;
    if (fn !== 'eq' && fn !== 'ne' && fn !== 'lt' && fn !== 'le') return true;
    const constant = this.constant(b);
    if (constant === 0) {
      const left = this.mask(a) & refine(fn, truth);
      if (left === 0) return false;
      this.know(a, left);
      // A test of a test: `!(x)` tells about x.
      if (fn === 'eq' || fn === 'ne') return this.learn(a, (fn === 'ne') === truth);
    } else if (constant !== undefined && (fn === 'eq') === truth && (fn === 'eq' || fn === 'ne')) {
      const left = this.mask(a) & signOf(constant);
      if (left === 0) return false;
      this.know(a, left);
      this.state.equals.set(a, constant);
    } else if (constant === undefined && (fn === 'eq') === truth && (fn === 'eq' || fn === 'ne')) {
      this.sameAsStatic(a, b);
      this.sameAsStatic(b, a);
      // Two unknowns found equal share what is known of either.
      const left = this.mask(a) & this.mask(b);
      if (left === 0) return false;
      this.know(a, left);
      this.know(b, left);
    }
    return true;
  }

  /** In a loop arithmetic could go on making larger values for ever: there its result is an unknown. */
  calc(fn: CalcFn, a: ValueId, b: ValueId): ValueId {
    const { values, compiled } = this.run;
    const result = values.calc(fn, a, b, this.mask, this.constant);
    if (compiled.inLoop[this.pc] !== true) return result;
    const grows = fn === 'add' || fn === 'sub' || fn === 'mul' || fn === 'shl';
    const isConstant = values.constantOf(result) !== undefined;
    if (grows ? !isConstant && values.depth(result) <= MAX_LOOP_DEPTH : values.depth(result) < MAX_DEPTH)
      return result;
    return this.make(isConstant ? ANY : values.masks[result]!);
  }

  address(place: Place): ValueId {
    return this.run.values.address(this.value(place.base), place.cell);
  }

  private cellKey(place: Place): string {
    return String(this.address(place));
  }

  load(place: Place): ValueId {
    const key = this.cellKey(place);
    const known = this.state.memory.get(key);
    if (known !== undefined) return known.value;
    const base = this.value(place.base);
    const value = this.run.values.initial(base, place.cell);
    const most = this.run.compiled.inLoop[this.pc] === true ? MAX_LOOP_DEPTH : MAX_DEPTH;
    // What was freed is not what a list or a table still holds: somebody has taken it out.
    const object = this.ref(value);
    const isGone =
      this.run.compiled.inLoop[this.pc] === true && (object?.freed === true || object?.gone === true);
    return this.run.values.depth(value) <= most && !isGone ? value : this.make(ANY);
  }

  store(place: Place, value: ValueId): void {
    this.state.memory.set(this.cellKey(place), { base: this.value(place.base), cell: place.cell, value });
  }

  forgetCell(place: Place): void {
    this.store(place, this.make(ANY));
  }

  /** Whatever was known of an object's cells is replaced by unknowns of their own. */
  forgetObject(base: ValueId): void {
    const { values } = this.run;
    const unknown = (cell: string): ValueId => values.initial(values.made(this.pc, POSITIVE), cell);
    for (const [k, m] of this.state.memory)
      if (m.base === base) this.state.memory.set(k, { ...m, value: unknown(m.cell) });
    const origin = values.origins[base]!;
    if (origin.kind === 'root' && origin.name.startsWith('@%'))
      this.state.memory.set(String(base), { base, cell: '', value: unknown('') });
  }

  /** Remembers what a pointer was read under: the lock taken last, or the RCU section. */
  find(value: ValueId, dereferenced: boolean): void {
    const origin = this.run.values.origins[value]!;
    const { kind } = origin;
    // What a global holds is not found under the lock that happens to be held.
    if (
      origin.kind === 'initial' &&
      this.run.values.origins[origin.base]!.kind === 'root' &&
      origin.cell === ''
    )
      return;
    if ((kind !== 'initial' && kind !== 'made') || this.state.found.has(value)) return;
    if (dereferenced && this.state.contexts[CONTEXTS.indexOf('rcu')]! > 0) {
      this.state.found.set(value, { under: RCU, dropped: -1 });
      return;
    }
    let under: ValueId | null = null;
    for (const [lock, l] of this.state.locks) if (l.now !== 'free' && l.entry === 'free') under = lock;
    if (under !== null) this.state.found.set(value, { under, dropped: -1 });
  }

  /** A lock was dropped: what was found under it has lost what kept it. */
  drop(lock: ValueId): void {
    for (const [value, f] of this.state.found)
      if (f.under === lock && f.dropped < 0) this.state.found.set(value, { ...f, dropped: this.pc });
  }

  /** Something that is to keep an object from now on (a reference, a lock in it) comes when it may be gone already. */
  comesTooLate(object: ValueId): void {
    const found = this.state.found.get(object);
    const known = this.ref(object);
    if (found === undefined || found.dropped < 0 || found.under === RCU || (known?.delta ?? 0) > 0) return;
    this.run.incident(this.state, 'use-after-free', object, this.pc, found.dropped, true);
  }

  ref(object: ValueId): RefState | undefined {
    return this.state.refs.get(object);
  }

  setLock(place: Place, lock: LockState): void {
    this.state.locks.set(this.address(place), lock);
    this.state.note(this.pc);
  }

  context(what: (typeof CONTEXTS)[number], change: number): void {
    this.state.contexts[CONTEXTS.indexOf(what)]! += change;
  }

  move(value: ValueId): void {
    for (const part of this.run.values.pointsInto(value)) {
      const known = this.ref(part);
      if (known !== undefined && (known.delta > 0 || known.memory))
        this.state.refs.set(part, { ...known, moved: true, memory: false });
    }
  }

  /** Hands an object to a callback that will free it or put it: its owner here has nothing to give up any more. */
  moveAll(value: ValueId): void {
    for (const part of this.run.values.pointsInto(value)) {
      if (this.run.values.constantOf(part) !== undefined) continue;
      this.state.refs.set(part, {
        ...(this.ref(part) ?? fresh('memory', this.pc)),
        moved: true,
        memory: false,
      });
    }
  }

  /** Hands `value` to code that is not seen: it is assumed to give back what it was lent. */
  lend(value: ValueId, to: string): void {
    this.forgetObject(value);
    const site = this.run.compiled.code[this.pc]?.site ?? -1;
    for (const part of this.run.values.parts(value)) {
      const known = this.ref(part);
      if (known === undefined || known.lent.some((l) => l.to === to) || !(known.delta > 0 || known.memory))
        continue;
      this.state.refs.set(part, { ...known, lent: [...known.lent, { to, site, result: 0 }] });
    }
  }

  /** An object that turns out to be a static one is nobody's to give up. */
  private sameAsStatic(object: ValueId, other: ValueId): void {
    const origin = this.run.values.origins[other]!;
    if (origin.kind === 'root' && /^@[^%]/.test(origin.name)) this.state.refs.delete(object);
  }

  /** What is learnt of a call's result is learnt of the loans that the call was. */
  private judgeLoans(value: ValueId, mask: number): void {
    const origin = this.run.values.origins[value]!;
    if (origin.kind !== 'made') return;
    const site = this.run.compiled.code[origin.pc]?.site ?? -1;
    for (const [object, known] of this.state.refs) {
      if (!known.lent.some((l) => l.site === site)) continue;
      const lent = known.lent.map((l) => (l.site === site ? { ...l, result: mask } : l));
      this.state.refs.set(object, { ...known, lent });
    }
  }

  private know(value: ValueId, mask: number): void {
    this.state.masks.set(value, mask);
    this.judgeLoans(value, mask);
  }

  /** A test of an object's own state may well decide who gives it up: from then on that is not known. */
  dependsOnOwn(cond: ValueId): void {
    const { values } = this.run;
    for (const part of values.parts(cond)) {
      const origin = values.origins[part]!;
      if (origin.kind !== 'initial') continue;
      const known = this.ref(origin.base);
      if (known !== undefined && !known.tested) this.state.refs.set(origin.base, { ...known, tested: true });
    }
  }

  fail(hazard: Parameters<Run['incident']>[1], value: ValueId, because: number): void {
    this.state.note(this.pc);
    this.run.incident(this.state, hazard, value, this.pc, because);
  }

  touch(place: Place): boolean {
    const base = this.value(place.base);
    // Whoever looks behind a pointer knows that it is one.
    if (
      this.run.values.constantOf(base) === undefined &&
      this.mask(base) !== POSITIVE &&
      (this.mask(base) & POSITIVE) !== 0
    )
      this.know(base, POSITIVE);
    return this.touchObject(base);
  }

  /** As `touch`, for an operation on a count: whether that is one too many is for the operation to say. */
  touchCount(place: Place): boolean {
    const object = this.ref(this.value(place.base));
    return object?.gone === true || (object?.given ?? -1) >= 0 ? true : this.touch(place);
  }

  /** False, and an incident, when the object is gone. */
  touchObject(base: ValueId): boolean {
    for (const part of this.run.values.parts(base)) {
      const origin = this.run.values.origins[part]!;
      // What an object pointed to may well outlive it.
      if (part !== base && origin.kind !== 'address') {
        if (this.run.values.origins[base]!.kind !== 'address') break;
      }
      const known = this.ref(part);
      if (known?.freed === true) {
        this.fail('use-after-free', part, known.dropped);
        return false;
      }
      if (
        known !== undefined &&
        known.given >= 0 &&
        known.given !== this.pc &&
        this.state.contexts[CONTEXTS.indexOf('rcu')]! <= 0
      )
        this.run.incident(this.state, 'use-after-put', part, this.pc, known.given, true);
      if (known?.gone === true && this.state.contexts[CONTEXTS.indexOf('rcu')]! <= 0) {
        this.fail('use-after-put', part, known.dropped);
        return false;
      }
    }
    return true;
  }
}
