/**
 * Abstract values of the sequential explorer: interned, so that equal values are equal integers.
 *
 * A value is a constant, a symbol (something the routine was given or was told by code that is not shown), the
 * address of a cell, or an operation on values. Because operations are interned too, a condition that is
 * computed twice from unchanged inputs is one value, and keeps the answer it was given the first time.
 * What is known of a value on a path is a sign mask; relations between symbols are not tracked.
 */
import type { CalcFn } from '../program.ts';

/** Sign masks: which of these a value may be. */
export const ZERO = 1;
export const POSITIVE = 2;
export const NEGATIVE = 4;
export const ANY = ZERO | POSITIVE | NEGATIVE;

export type ValueId = number;

export type Origin =
  | { kind: 'constant'; value: number }
  /** A parameter, or `@name`. */
  | { kind: 'root'; name: string }
  /** What a cell held when the routine began. */
  | { kind: 'initial'; base: ValueId; cell: string }
  /** What the instruction at `pc` produced; `older` when the same instruction has produced a newer one since. */
  | { kind: 'made'; pc: number; older: boolean }
  | { kind: 'address'; base: ValueId; cell: string }
  | { kind: 'calc'; fn: CalcFn; a: ValueId; b: ValueId };

export function signOf(n: number): number {
  return n === 0 ? ZERO : n > 0 ? POSITIVE : NEGATIVE;
}

export class Values {
  readonly origins: Origin[] = [{ kind: 'constant', value: 0 }];
  readonly masks: number[] = [ZERO];
  private readonly depths: number[] = [0];
  private readonly ids = new Map<string, ValueId>([['c0', 0]]);

  private intern(key: string, origin: Origin, mask: number): ValueId {
    const known = this.ids.get(key);
    if (known !== undefined) return known;
    const id = this.origins.length;
    this.ids.set(key, id);
    this.origins.push(origin);
    this.masks.push(mask);
    this.depths.push(this.depthOf(origin));
    return id;
  }

  private depthOf(origin: Origin): number {
    if (origin.kind === 'calc') return 1 + Math.max(this.depth(origin.a), this.depth(origin.b));
    if (origin.kind === 'initial' || origin.kind === 'address') return 1 + this.depth(origin.base);
    return 0;
  }

  /** How many steps a value is away from constants, parameters and unknowns. */
  depth(id: ValueId): number {
    return this.depths[id]!;
  }

  constant(value: number): ValueId {
    return this.intern(`c${value}`, { kind: 'constant', value }, signOf(value));
  }

  /** A parameter may be anything; the address of a declared object is never NULL. */
  root(name: string): ValueId {
    return this.intern(`r${name}`, { kind: 'root', name }, name.startsWith('@') ? POSITIVE : ANY);
  }

  initial(base: ValueId, cell: string): ValueId {
    return this.intern(`i${base}.${cell}`, { kind: 'initial', base, cell }, ANY);
  }

  made(pc: number, mask: number, older = false): ValueId {
    return this.intern(`m${pc}:${mask}${older ? 'o' : ''}`, { kind: 'made', pc, older }, mask);
  }

  address(base: ValueId, cell: string): ValueId {
    if (cell === '') return base;
    const origin = this.origins[base]!;
    if (origin.kind === 'address') return this.address(origin.base, `${origin.cell}.${cell}`);
    return this.intern(`a${base}.${cell}`, { kind: 'address', base, cell }, POSITIVE);
  }

  /** The inverse of `address`; an address made elsewhere gives the same object each time it is asked. */
  container(of: ValueId, cell: string): ValueId {
    const origin = this.origins[of]!;
    if (origin.kind === 'address') {
      if (origin.cell === cell) return origin.base;
      if (origin.cell.endsWith(`.${cell}`))
        return this.address(origin.base, origin.cell.slice(0, -cell.length - 1));
    }
    if (cell === '') return of;
    return this.intern(`k${of}.${cell}`, { kind: 'initial', base: of, cell: `container(${cell})` }, POSITIVE);
  }

  constantOf(id: ValueId): number | undefined {
    const origin = this.origins[id]!;
    return origin.kind === 'constant' ? origin.value : undefined;
  }

  /** The value of `fn(a, b)`, given what the path knows of signs (`maskOf`) and of equality with constants. */
  calc(
    fn: CalcFn,
    a: ValueId,
    b: ValueId,
    maskOf: (id: ValueId) => number,
    knownConstant: (id: ValueId) => number | undefined,
  ): ValueId {
    const x = knownConstant(a);
    const y = knownConstant(b);
    if (x !== undefined && y !== undefined) return this.constant(evaluate(fn, x, y));
    if (fn === 'eq' || fn === 'ne' || fn === 'lt' || fn === 'le') {
      const decided = compare(fn, a, b, maskOf(a), maskOf(b), y);
      if (decided !== undefined) return this.constant(decided ? 1 : 0);
      // "Not equal" is "equal" turned round, so that either test answers the other.
      if (fn === 'ne' && y !== 0)
        return this.calc('eq', this.calc('eq', a, b, maskOf, knownConstant), 0, maskOf, knownConstant);
      return this.intern(`${fn}(${a},${b})`, { kind: 'calc', fn, a, b }, ZERO | POSITIVE);
    }
    if (fn === 'and' && (x === 0 || y === 0)) return this.constant(0);
    if (
      (fn === 'add' || fn === 'or' || fn === 'xor' || fn === 'sub' || fn === 'shl' || fn === 'shr') &&
      y === 0
    )
      return a;
    if ((fn === 'add' || fn === 'or') && x === 0) return b;
    let mask = ANY;
    if (fn === 'or' && ((maskOf(a) & ZERO) === 0 || (maskOf(b) & ZERO) === 0)) mask = POSITIVE | NEGATIVE;
    // Pointer arithmetic on something that is not NULL gives something that is not NULL.
    if (fn === 'add' && (maskOf(a) === POSITIVE || this.origins[a]!.kind === 'address')) mask = POSITIVE;
    return this.intern(`${fn}(${a},${b})`, { kind: 'calc', fn, a, b }, mask);
  }

  readonly #parts: (readonly ValueId[] | undefined)[] = [];

  /** The objects that a pointer may point into: what it is, what it is the address in, what it was computed from. */
  *pointsInto(id: ValueId): Generator<ValueId> {
    yield id;
    const origin = this.origins[id]!;
    if (origin.kind === 'address') yield* this.pointsInto(origin.base);
    else if (origin.kind === 'calc' && !isComparison(origin.fn)) {
      yield* this.pointsInto(origin.a);
      yield* this.pointsInto(origin.b);
    }
  }

  /** The value that `id` would be if `to` stood wherever `from` does in what it was made from. */
  substitute(id: ValueId, from: ValueId, to: ValueId): ValueId {
    if (id === from) return to;
    const origin = this.origins[id]!;
    const inner = (part: ValueId): ValueId => this.substitute(part, from, to);
    if (origin.kind === 'address') return this.address(inner(origin.base), origin.cell);
    if (origin.kind === 'initial') return this.initial(inner(origin.base), origin.cell);
    if (origin.kind !== 'calc') return id;
    const [a, b] = [inner(origin.a), inner(origin.b)];
    return a === origin.a && b === origin.b
      ? id
      : this.intern(`${origin.fn}(${a},${b})`, { kind: 'calc', fn: origin.fn, a, b }, this.masks[id]!);
  }

  /** The values that `id` was made from, itself included. */
  parts(id: ValueId): readonly ValueId[] {
    let parts = this.#parts[id];
    if (parts === undefined) {
      const origin = this.origins[id]!;
      const from =
        origin.kind === 'calc'
          ? [...this.parts(origin.a), ...this.parts(origin.b)]
          : origin.kind === 'initial' || origin.kind === 'address'
            ? this.parts(origin.base)
            : [];
      parts = [...new Set([id, ...from])];
      this.#parts[id] = parts;
    }
    return parts;
  }
}

function isComparison(fn: CalcFn): boolean {
  return fn === 'eq' || fn === 'ne' || fn === 'lt' || fn === 'le';
}

function evaluate(fn: CalcFn, x: number, y: number): number {
  switch (fn) {
    case 'add':
      return (x + y) | 0;
    case 'sub':
      return (x - y) | 0;
    case 'mul':
      return Math.imul(x, y);
    case 'div':
      return y === 0 ? 0 : Math.trunc(x / y);
    case 'mod':
      return y === 0 ? 0 : x % y;
    case 'and':
      return x & y;
    case 'or':
      return x | y;
    case 'xor':
      return x ^ y;
    case 'shl':
      return x << y;
    case 'shr':
      return x >> y;
    case 'eq':
      return x === y ? 1 : 0;
    case 'ne':
      return x !== y ? 1 : 0;
    case 'lt':
      return x < y ? 1 : 0;
    case 'le':
      return x <= y ? 1 : 0;
  }
}

/** The outcome of a comparison when the signs alone decide it, else undefined. */
function compare(
  fn: 'eq' | 'ne' | 'lt' | 'le',
  a: ValueId,
  b: ValueId,
  ma: number,
  mb: number,
  y?: number,
): boolean | undefined {
  if (a === b) return fn === 'eq' || fn === 'le';
  if (fn === 'eq' || fn === 'ne') {
    if ((ma & mb) === 0) return fn === 'ne';
    if (ma === ZERO && mb === ZERO) return fn === 'eq';
    return undefined;
  }
  if (y === 0) {
    if (fn === 'lt') return ma === NEGATIVE ? true : (ma & NEGATIVE) === 0 ? false : undefined;
    return (ma & POSITIVE) === 0 ? true : ma === POSITIVE ? false : undefined;
  }
  return undefined;
}

/** What a test of `fn(x, 0)` leaves of x's mask on the side where the test came out as `truth`. */
export function refine(fn: 'eq' | 'ne' | 'lt' | 'le', truth: boolean): number {
  const when =
    fn === 'eq' ? ZERO : fn === 'ne' ? POSITIVE | NEGATIVE : fn === 'lt' ? NEGATIVE : ZERO | NEGATIVE;
  return truth ? when : ANY & ~when;
}
