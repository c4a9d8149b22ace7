/**
 * One instruction of the sequential explorer.
 *
 * Each operation either changes the state in place, forks it (the other half is pushed), or ends the path.
 * A lock, like everything else that was there before, is in an unknown state until the first operation on it:
 * locking it first shows that it was free, unlocking or asserting it first shows that it was held.
 */
import type { Unknown, Value } from '../program.ts';
import { Cursor, fresh } from './cursor.ts';
import type { Run } from './explore.ts';
import { assertHeld, irq, lock, sleep, unlock } from './locking.ts';
import { free, owner, put, take } from './references.ts';
import { isRooted, State } from './state.ts';
import { ANY, NEGATIVE, POSITIVE, signOf, ZERO } from './values.ts';

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
