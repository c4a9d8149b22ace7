/** References and memory in the sequential explorer: what is taken, given up, freed, and wrong about it. */
import type { Place } from '../program.ts';
import { type Cursor, fresh, RCU } from './cursor.ts';
import { isRooted, loanKey } from './state.ts';
import { type ValueId, ZERO } from './values.ts';

/**
 * Whose references a count counts: the object that it is in, or, when another count of that object was used before,
 * the count by itself.
 */
export function owner(at: Cursor, place: Place): ValueId {
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
export function uninitialised(at: Cursor, object: ValueId): boolean {
  const known = at.ref(object);
  if (known?.memory !== true || known.lent.length > 0) return false;
  at.run.incident(at.state, 'uninit-ref', object, at.pc, known.taken);
  return true;
}

export function take(at: Cursor, object: ValueId, tried: boolean): void {
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

export function put(at: Cursor, object: ValueId): void {
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

export function free(at: Cursor, object: ValueId): boolean {
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
