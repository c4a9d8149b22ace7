/**
 * One instruction of the sequential explorer.
 *
 * Each operation either changes the state in place, forks it (the other half is pushed), or ends the path.
 * A lock, like everything else that was there before, is in an unknown state until the first operation on it:
 * locking it first shows that it was free, unlocking or asserting it first shows that it was held.
 */
import type { CalcFn, LockKind, LockMode, Place, Unknown, Value } from '../program.ts';
import type { Run } from './explore.ts';
import { CONTEXTS, isRooted, type LockState, loanKey, type RefState, State } from './state.ts';
import { ANY, NEGATIVE, POSITIVE, refine, signOf, type ValueId, ZERO } from './values.ts';

/** Pointers are followed this far from what the routine was given; beyond, they are unknowns. */
const MAX_DEPTH = 8;
const MAX_LOOP_DEPTH = 3;

/** In place of a lock: the pointer was read inside an RCU read-side section. */
const RCU = -1;

const KIND_SPINS: Record<LockKind, boolean> = {
  spin: true,
  'raw-spin': true,
  rwlock: true,
  bit: true,
  seqlock: true,
  mutex: false,
  rwsem: false,
};

/** Runs the instruction at `state.pc`; the state to go on with, or null when this path ends here. */
export function step(state: State, run: Run): State | null {
  const { compiled, values } = run;
  const pc = state.pc;
  if (pc >= compiled.code.length) {
    run.end(state, values.constant(0));
    return null;
  }
  const instr = compiled.code[pc]!;
  const at = new Cursor(state, run, pc);
  switch (instr.op) {
    case 'label':
      break;
    case 'jump':
      state.pc = compiled.next[pc]![0]!;
      return state;
    case 'set':
      at.write(instr.dst, at.value(instr.value));
      break;
    case 'calc':
      at.write(instr.dst, at.calc(instr.fn, at.value(instr.a), at.value(instr.b)));
      break;
    case 'unknown':
      at.write(instr.dst, at.make(maskOfUnknown(instr.what)));
      at.find(at.value(instr.dst), false);
      break;
    case 'forget':
      break;
    case 'branch':
      return branch(at, instr.cond);
    case 'return': {
      const value = instr.value === undefined ? values.constant(0) : at.value(instr.value);
      at.move(value);
      state.note(pc);
      run.end(state, value);
      return null;
    }
    case 'assume': {
      const value = at.value(instr.cond);
      if (at.mask(value) === ZERO) return null;
      at.learn(value, true);
      break;
    }
    case 'assert': {
      const value = at.value(instr.cond);
      if (at.mask(value) === ZERO) at.fail(instr.hazard, value, -1);
      break;
    }
    case 'call':
      // Code that may do anything to locks: from here on nothing is known of them.
      state.note(pc);
      state.locks.clear();
      state.contexts.fill(0);
      state.clouded = true;
      for (const arg of instr.args) at.lend(at.value(arg), instr.routine);
      if (instr.dst !== undefined) at.write(instr.dst, at.make(ANY));
      break;
    case 'load':
      if (!at.touch(instr.from)) return null;
      at.write(instr.dst, at.load(instr.from));
      at.find(at.value(instr.dst), instr.how === 'dereference');
      break;
    case 'store': {
      if (!at.touch(instr.to)) return null;
      const value = at.value(instr.value);
      if (instr.how === 'assign' || at.ref(value) !== undefined) state.note(pc);
      at.move(value);
      at.store(instr.to, value);
      break;
    }
    case 'rmw': {
      if (!at.touch(instr.at)) return null;
      const old = at.load(instr.at);
      const operand = at.value(instr.value);
      if (instr.fn === 'xchg') at.move(operand);
      const result =
        instr.fn === 'xchg' ? operand : values.calc(instr.fn, old, operand, at.mask, at.constant);
      at.store(instr.at, result);
      if (instr.dst !== undefined) at.write(instr.dst, instr.gives === 'new' ? result : old);
      break;
    }
    case 'cmpxchg': {
      if (!at.touch(instr.at)) return null;
      at.move(at.value(instr.value));
      at.write(instr.dst, at.make(ANY));
      at.forgetCell(instr.at);
      break;
    }
    case 'copy':
      if (!at.touchObject(at.value(instr.to)) || !at.touchObject(at.value(instr.from))) return null;
      at.forgetObject(at.value(instr.to));
      break;
    case 'access':
      if (!at.touch(instr.at)) return null;
      break;
    case 'address':
      at.write(instr.dst, values.address(at.value(instr.of.base), instr.of.cell));
      break;
    case 'container':
      at.write(instr.dst, values.container(at.value(instr.of), instr.cell));
      break;
    case 'alloc': {
      if (instr.mayFail === true) {
        const failed = new State(state);
        const other = new Cursor(failed, run, pc);
        other.write(instr.dst, values.constant(0));
        failed.note(pc, 'fails');
        failed.pc = pc + 1;
        run.push(failed);
      }
      const object = at.make(POSITIVE);
      at.write(instr.dst, object);
      state.refs.set(object, { ...fresh('memory', pc), memory: true, owned: true });
      state.note(pc);
      break;
    }
    case 'free':
      if (!free(at, at.value(instr.object))) return null;
      break;
    case 'lock':
      if (!lock(at, instr.at, instr.kind, instr.mode)) return null;
      if (instr.irq !== undefined) irq(at, instr.irq, 1);
      break;
    case 'trylock': {
      const target = at.address(instr.at);
      const known = state.locks.get(target);
      const failed = new State(state);
      const other = new Cursor(failed, run, pc);
      other.write(instr.dst, values.constant(0));
      failed.note(pc, 'fails');
      failed.pc = pc + 1;
      run.push(failed);
      if (known !== undefined && known.now !== 'free' && !(known.now === 'shared' && instr.mode === 'shared'))
        return null;
      if (!lock(at, instr.at, instr.kind, instr.mode)) return null;
      at.write(instr.dst, values.constant(1));
      if (instr.irq !== undefined) irq(at, instr.irq, 1);
      break;
    }
    case 'unlock':
      if (!unlock(at, instr.at, instr.kind, instr.mode)) return null;
      if (instr.irq !== undefined) irq(at, instr.irq, -1);
      break;
    case 'downgrade': {
      const l = state.locks.get(at.address(instr.at));
      if (l !== undefined) at.setLock(instr.at, { ...l, now: 'shared', depth: 1, pc });
      else
        at.setLock(instr.at, {
          kind: instr.kind,
          entry: 'exclusive',
          now: 'shared',
          depth: 1,
          clouded: state.clouded,
          pc,
        });
      break;
    }
    case 'upgrade':
      at.write(instr.dst, at.make(ZERO | POSITIVE));
      break;
    case 'assert-held':
      assertHeld(at, instr.at, instr.mode ?? 'exclusive', instr.not === true);
      break;
    case 'ref.init':
    case 'percpu.init': {
      const object = at.value(instr.at.base);
      if (!at.touch(instr.at)) return null;
      const known = at.ref(object);
      const count = instr.op === 'ref.init' ? instr.value : 1;
      if (known?.memory === true)
        state.refs.set(object, { ...known, memory: false, delta: count, what: 'reference' });
      if (instr.op === 'percpu.init' && instr.dst !== undefined) {
        const failed = new State(state);
        if (known !== undefined) failed.refs.set(object, known);
        const other = new Cursor(failed, run, pc);
        other.write(instr.dst, other.make(NEGATIVE));
        failed.note(pc, 'fails');
        failed.pc = pc + 1;
        run.push(failed);
        at.write(instr.dst, values.constant(0));
      }
      state.note(pc);
      break;
    }
    case 'ref.get':
    case 'percpu.get':
      if (!at.touch(instr.at)) return null;
      take(at, owner(at, instr.at), false);
      break;
    case 'ref.tryget':
    case 'percpu.tryget': {
      if (!at.touch(instr.at)) return null;
      const failed = new State(state);
      new Cursor(failed, run, pc).write(instr.dst, values.constant(0));
      failed.note(pc, '= false');
      failed.pc = pc + 1;
      run.push(failed);
      take(at, owner(at, instr.at), true);
      at.write(instr.dst, values.constant(1));
      state.trail = { pc, note: '= true', prev: state.trail?.prev ?? null };
      break;
    }
    case 'ref.put':
    case 'percpu.put':
    case 'percpu.kill': {
      if (!at.touchCount(instr.at)) return null;
      const object = owner(at, instr.at);
      put(at, object);
      if (instr.op !== 'ref.put' || instr.dst === undefined) break;
      // What the caller still holds a reference to was not put for the last time.
      const isLast = !isRooted(object, values) || (at.ref(object)?.delta ?? -1) < 0;
      at.write(instr.dst, isLast ? at.make(ZERO | POSITIVE) : values.constant(0));
      break;
    }
    case 'ref.read':
      if (!at.touch(instr.at)) return null;
      at.write(instr.dst, at.make(ANY));
      break;
    case 'percpu.reinit':
    case 'percpu.exit':
      if (!at.touch(instr.at)) return null;
      break;
    case 'own': {
      const object = at.value(instr.object);
      const known = at.ref(object) ?? fresh(instr.what, pc);
      state.refs.set(object, {
        ...known,
        delta: known.delta + 1,
        owned: true,
        gone: false,
        what: instr.what,
        taken: pc,
      });
      state.note(pc);
      break;
    }
    case 'disown':
      put(at, at.value(instr.object));
      break;
    case 'rcu.enter':
    case 'rcu.exit':
      state.note(pc);
      if (instr.domain === undefined || instr.domain === '')
        at.context('rcu', instr.op === 'rcu.enter' ? 1 : -1);
      break;
    case 'rcu.call':
      at.moveAll(at.value(instr.arg));
      state.note(pc);
      break;
    case 'context':
      state.note(pc);
      at.context(instr.what, instr.change);
      break;
    case 'sleep':
    case 'rcu.synchronize':
    case 'rcu.barrier':
      sleep(at);
      break;
    case 'wait':
    case 'wait-completion':
      sleep(at);
      break;
    case 'wake':
    case 'complete':
    case 'task-work.run':
    case 'work.flush':
    case 'timer.stop':
      state.note(pc);
      break;
    case 'task-work.add':
    case 'work.queue':
      state.note(pc);
      at.move(at.value(instr.arg));
      if (instr.dst !== undefined) at.write(instr.dst, at.make(ANY));
      break;
    case 'timer.start':
      state.note(pc);
      at.move(at.value(instr.arg));
      break;
    case 'escape': {
      const value = at.value(instr.value);
      if (instr.to === undefined) at.move(value);
      else at.lend(value, instr.to);
      break;
    }
  }
  state.pc = pc + 1;
  return state;
}

function maskOfUnknown(what: Unknown): number {
  if (typeof what === 'object') return what.among.reduce((mask, n) => mask | signOf(n), 0);
  switch (what) {
    case 'int':
      return ANY;
    case 'bool':
      return ZERO | POSITIVE;
    case 'pointer':
      return ZERO | POSITIVE;
    case 'pointer-or-error':
      return POSITIVE | NEGATIVE;
    case 'zero-or-error':
      return ZERO | NEGATIVE;
    case 'nonnull':
      return POSITIVE;
  }
}

function fresh(what: string, pc: number): RefState {
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
class Cursor {
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
      if (l.now !== l.entry) state.locks.set(this.run.values.address(older, '(lock)'), l);
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
    const { kind } = this.run.values.origins[value]!;
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
    return object?.gone === true ? true : this.touch(place);
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

function branch(at: Cursor, cond: Value): State | null {
  const { state, run, pc } = at;
  const value = at.value(cond);
  const [fall, taken] = run.compiled.next[pc] as [number, number];
  const mask = at.mask(value);
  if ((mask & ZERO) === 0 || mask === ZERO) {
    state.note(pc, mask === ZERO ? 'no' : 'yes');
    state.pc = mask === ZERO ? fall : taken;
    return state;
  }
  const other = new State(state);
  const yes = new Cursor(other, run, pc);
  yes.dependsOnOwn(value);
  if (yes.learn(value, true)) {
    other.note(pc, 'yes');
    other.pc = taken;
    run.push(other);
  }
  at.dependsOnOwn(value);
  if (!at.learn(value, false)) return null;
  state.note(pc, 'no');
  state.pc = fall;
  return state;
}

function lock(at: Cursor, place: Place, kind: LockKind, mode: LockMode): boolean {
  if (!at.touch(place)) return false;
  for (const part of at.run.values.parts(at.value(place.base))) at.comesTooLate(part);
  const target = at.address(place);
  const known = at.state.locks.get(target);
  if (known !== undefined && known.now !== 'free') {
    if (!(mode === 'shared' && known.now === 'shared')) {
      at.fail('double-lock', target, known.pc);
      return false;
    }
    at.setLock(place, { ...known, depth: known.depth + 1 });
    return true;
  }
  if (known === undefined && !at.state.clouded && place.cell !== '')
    at.run.takenFirst.add(place.cell.split('.').at(-1)!);
  at.setLock(place, {
    kind,
    entry: known?.entry ?? 'free',
    now: mode,
    depth: 1,
    clouded: known?.clouded ?? at.state.clouded,
    pc: at.pc,
  });
  if (KIND_SPINS[kind]) at.context('preempt', 1);
  return true;
}

function unlock(at: Cursor, place: Place, kind: LockKind, mode: LockMode): boolean {
  if (!at.touch(place)) return false;
  const target = at.address(place);
  at.drop(target);
  const known = at.state.locks.get(target);
  if (known === undefined) {
    at.setLock(place, { kind, entry: mode, now: 'free', depth: 0, clouded: at.state.clouded, pc: at.pc });
  } else if (known.now === 'free' || (known.now !== mode && known.entry === 'free')) {
    // Not held, or held by this path in the other mode.
    at.fail('double-unlock', target, known.pc);
    return false;
  } else if (known.depth > 1) {
    at.setLock(place, { ...known, depth: known.depth - 1, pc: at.pc });
    return true;
  } else {
    // An assertion did not say what kind of lock it is.
    at.setLock(place, { ...known, kind, now: 'free', depth: 0, pc: at.pc });
  }
  if (KIND_SPINS[kind]) at.context('preempt', -1);
  return true;
}

function irq(at: Cursor, flavour: 'plain' | 'irq' | 'irqsave' | 'bh', change: 1 | -1): void {
  if (flavour === 'bh') at.context('bh', change);
  else if (flavour !== 'plain') at.context('irq', change);
}

function assertHeld(at: Cursor, place: Place, mode: LockMode, not: boolean): void {
  const target = at.address(place);
  const known = at.state.locks.get(target);
  if (known === undefined) {
    if (!not)
      at.state.locks.set(target, {
        kind: 'mutex',
        entry: mode,
        now: mode,
        depth: 1,
        clouded: at.state.clouded,
        pc: at.pc,
      });
    return;
  }
  if (!not && known.now === 'free') at.fail('missing-lock', target, known.pc);
}

/**
 * Whose references a count counts: the object that it is in, or, when another count of that object was used before,
 * the count by itself.
 */
function owner(at: Cursor, place: Place): ValueId {
  const { values } = at.run;
  let object = at.value(place.base);
  let cell = place.cell;
  const origin = values.origins[object]!;
  if (at.ref(object) === undefined && origin.kind === 'address' && at.ref(origin.base) !== undefined) {
    object = origin.base;
    cell = cell === '' ? origin.cell : `${origin.cell}.${cell}`;
  }
  const known = at.ref(object);
  if (known === undefined || known.cell === '' || cell === '' || known.cell === cell) {
    if (known !== undefined && known.cell === '' && cell !== '')
      at.state.refs.set(object, { ...known, cell });
    else if (known === undefined && cell !== '' && values.constantOf(object) === undefined)
      at.state.refs.set(object, { ...fresh('reference', at.pc), cell });
    return object;
  }
  return values.address(object, cell);
}

/** Counting on memory that was allocated here, and whose count nobody can have set yet. */
function uninitialised(at: Cursor, object: ValueId): boolean {
  const known = at.ref(object);
  if (known?.memory !== true || known.lent.length > 0) return false;
  at.run.incident(at.state, 'uninit-ref', object, at.pc, known.taken);
  return true;
}

function take(at: Cursor, object: ValueId, tried: boolean): void {
  const known = at.ref(object) ?? fresh('reference', at.pc);
  uninitialised(at, object);
  if (!tried && known.delta <= 0 && at.state.found.get(object)?.under === RCU)
    at.run.incident(at.state, 'get-on-zero', object, at.pc, -1, true);
  at.comesTooLate(object);
  // Counting further than this tells nothing new, and a loop must come to an end.
  const delta = Math.min(known.delta + 1, 3);
  at.state.refs.set(object, {
    ...known,
    delta,
    owned: known.owned || tried,
    gone: false,
    given: -1,
    moved: false,
    taken: at.pc,
  });
  at.state.note(at.pc);
}

function put(at: Cursor, object: ValueId): void {
  const { state, pc } = at;
  if (at.mask(object) === ZERO) return;
  const known = at.ref(object) ?? fresh('reference', pc);
  for (const loan of known.lent) at.run.givenBack.add(loanKey(loan));
  state.note(pc);
  if (uninitialised(at, object)) {
    state.refs.set(object, { ...known, memory: false, moved: true });
    return;
  }
  if (known.gone) {
    at.run.incident(state, 'double-put', object, pc, known.dropped);
    return;
  }
  const delta = Math.max(known.delta - 1, -3);
  // Only a reference that was handed to this path alone is known to be the one that kept the object.
  const gone = known.owned && !known.moved && delta === 0 && !isRooted(object, at.run.values);
  // A pointer that was handed on with this reference is left without it.
  if (known.owned && known.moved && delta === 0)
    at.run.incident(state, 'use-after-put', object, pc, known.taken, true);
  const given = !gone && delta <= 0 && !known.moved ? pc : -1;
  state.refs.set(object, { ...known, delta, gone, given, memory: false, dropped: pc });
}

function free(at: Cursor, object: ValueId): boolean {
  const { state, pc } = at;
  if (at.mask(object) === ZERO) return true;
  const known = at.ref(object) ?? fresh('memory', pc);
  for (const loan of known.lent) at.run.givenBack.add(loanKey(loan));
  if (known.freed) {
    at.fail('double-free', object, known.dropped);
    return false;
  }
  state.refs.set(object, { ...known, freed: true, memory: false, delta: 0, lent: [], dropped: pc });
  state.note(pc);
  return true;
}

function sleep(at: Cursor): void {
  const { state } = at;
  state.note(at.pc);
  // A function that drops what its caller holds before it sleeps does not sleep in its caller's atomic context.
  const dropped = [...state.locks.values()].some((l) => l.entry !== 'free' && l.now === 'free');
  if (!dropped && !state.clouded && state.contexts.every((c) => c >= 0)) state.slept = true;
  const depth = (what: (typeof CONTEXTS)[number]): number => state.contexts[CONTEXTS.indexOf(what)]!;
  if (depth('irq') <= 0 && depth('bh') <= 0 && depth('preempt') <= 0 && depth('rcu') <= 0) return;
  let because = -1;
  let what: ValueId = at.run.values.constant(0);
  for (const [v, l] of state.locks) {
    if (KIND_SPINS[l.kind] && l.now !== 'free' && l.entry === 'free') {
      because = l.pc;
      what = v;
    }
  }
  at.run.incident(state, 'sleep-in-atomic', what, at.pc, because);
}
