/** What the sequential explorer knows at a point of a path, and when two points are the same. */
import type { LockKind } from '../program.ts';
import type { Compiled } from './compile.ts';
import { lockKey, testKey } from './compile.ts';
import type { ValueId, Values } from './values.ts';

/** A lock as the path has seen it: who held it at the start is decided by the first operation on it. */
export interface LockState {
  kind: LockKind;
  entry: 'free' | 'exclusive' | 'shared';
  now: 'free' | 'exclusive' | 'shared';
  /** Nesting of shared acquisitions. */
  depth: number;
  /** First seen after code that may do anything to locks: how it was at the start is not known. */
  clouded: boolean;
  /** Instruction that acquired or released it last. */
  pc: number;
}

/** The references a path has taken and given up on one object, and what has become of the object. */
export interface RefState {
  /** The count that this is about; an object may have several. '' while only the object is known. */
  cell: string;
  /** References taken minus references put since the start. */
  delta: number;
  /** Allocated here and not yet freed or counted. */
  memory: boolean;
  /** The path was handed a reference or the memory (`own`, `alloc`, `ref.init`, a successful tryget). */
  owned: boolean;
  freed: boolean;
  /** The last own reference was put, nothing else is known to keep the object. */
  gone: boolean;
  /** A reference was put and none is known to be left; -1, or where. */
  given: number;
  /** Ownership was moved: stored, returned or handed to code that keeps it. */
  moved: boolean;
  /** Functions that were lent the object and may have kept it. */
  lent: Loan[];
  /** The path depends on a test of the object's own state, which may say who is to give it up. */
  tested: boolean;
  what: string;
  /** Instruction that took the reference, and the one that gave it up or freed the object. */
  taken: number;
  dropped: number;
}

/** A function that was lent an object; what it returned matters, because it may keep the object on success alone. */
export interface Loan {
  to: string;
  /** Site of the call. */
  site: number;
  /** Signs that its result is known to have, 0 while it was not tested. */
  result: number;
}

/** How a loan is known to whoever compares paths: by the function and what it returned. */
export function loanKey(loan: Loan): string {
  return loan.result === 0 ? loan.to : `${loan.to}=${loan.result}`;
}

/** A path, last instruction first. */
export interface Trail {
  pc: number;
  /** What came out, for tests and tries: `= true`, `= false`, `fails`. */
  note: string;
  prev: Trail | null;
}

/** Whether a value's name begins at a parameter or a global. */
export function isRooted(id: ValueId, values: Values): boolean {
  const origin = values.origins[id]!;
  if (origin.kind === 'root') return true;
  if (origin.kind === 'initial' || origin.kind === 'address') return isRooted(origin.base, values);
  return false;
}

/** How a pointer was come by. */
export interface Found {
  /** The lock that was held, or -1 for RCU. */
  under: ValueId;
  /** Where the lock was dropped, or -1 while it is held. */
  dropped: number;
}

export const CONTEXTS = ['irq', 'bh', 'preempt', 'pagefault', 'rcu'] as const;

export class State {
  pc: number;
  registers: Map<number, ValueId>;
  memory: Map<string, { base: ValueId; cell: string; value: ValueId }>;
  masks: Map<ValueId, number>;
  equals: Map<ValueId, number>;
  locks: Map<ValueId, LockState>;
  refs: Map<ValueId, RefState>;
  /** Depths relative to the start, in the order of CONTEXTS. */
  contexts: number[];
  /** Pointers that were read while a lock was held, or inside an RCU section: by what, and whether it still holds. */
  found: Map<ValueId, Found>;
  slept: boolean;
  /** Code that may do anything to locks was called. */
  clouded: boolean;
  trail: Trail | null;
  length: number;

  constructor(from: State | null) {
    this.pc = from?.pc ?? 0;
    this.registers = new Map(from?.registers);
    this.memory = new Map(from?.memory);
    this.masks = new Map(from?.masks);
    this.equals = new Map(from?.equals);
    this.locks = new Map(from?.locks);
    this.refs = new Map(from?.refs);
    this.contexts = from === null ? CONTEXTS.map(() => 0) : [...from.contexts];
    this.found = new Map(from?.found);
    this.slept = from?.slept ?? false;
    this.clouded = from?.clouded ?? false;
    this.trail = from?.trail ?? null;
    this.length = from?.length ?? 0;
  }

  note(pc: number, note = ''): void {
    this.trail = { pc, note, prev: this.trail };
    this.length++;
  }

  /** Forgets what nobody will look at again, so that states that differ in nothing else become equal. */
  prune(compiled: Compiled, values: Values): void {
    const live = compiled.live[this.pc]!;
    const later = compiled.later[this.pc]!;
    for (const r of this.registers.keys()) if (!live.has(r)) this.registers.delete(r);
    for (const [key, entry] of this.memory) if (!later.has(entry.cell)) this.memory.delete(key);
    // A lock that was taken and given back is of interest only to those who touch it again.
    for (const [v, l] of this.locks) {
      if (l.entry !== 'free' || l.now !== 'free' || later.has(lockKey(''))) continue;
      const origin = values.origins[v]!;
      if (!later.has(lockKey(origin.kind === 'address' ? origin.cell : ''))) this.locks.delete(v);
    }
    const used = new Set<ValueId>();
    for (const v of this.registers.values()) used.add(v);
    for (const m of this.memory.values()) used.add(m.value);
    for (const [v, r] of this.refs) {
      const owes = r.owned && !r.moved && (r.delta > 0 || r.memory);
      // What was given up, and cannot be named any more, cannot be misused either.
      if (!owes && !used.has(v) && !isRooted(v, values)) this.refs.delete(v);
      else if (r.delta === 0 && !r.memory && !r.freed && !r.gone && !r.moved && r.lent.length === 0)
        this.refs.delete(v);
      else used.add(v);
    }
    const nameable = (v: ValueId): boolean => {
      if (used.has(v)) return true;
      const origin = values.origins[v]!;
      switch (origin.kind) {
        case 'initial':
          return later.has(origin.cell) && nameable(origin.base);
        case 'address':
          return nameable(origin.base);
        case 'calc':
          return (
            later.has(testKey(origin.fn, values.constantOf(origin.b) ?? 'x')) &&
            nameable(origin.a) &&
            nameable(origin.b)
          );
        default:
          return origin.kind !== 'made';
      }
    };
    for (const v of this.found.keys()) if (!nameable(v)) this.found.delete(v);
    for (const v of this.masks.keys()) if (!nameable(v)) this.masks.delete(v);
    for (const v of this.equals.keys()) if (!nameable(v)) this.equals.delete(v);
  }

  /** Equal keys mean that nothing that can still be observed differs. */
  key(): string {
    const part = <T>(map: Map<number | string, T>, show: (value: T) => string): string =>
      [...map]
        .map(([k, v]) => `${k}=${show(v)}`)
        .sort()
        .join(' ');
    return [
      this.pc,
      part(this.registers, String),
      part(this.memory, (m) => String(m.value)),
      part(this.masks, String),
      part(this.equals, String),
      part(this.locks, (l) => `${l.entry}${l.now}${l.depth}`),
      part(
        this.refs,
        (r) =>
          `${r.delta}${+r.memory}${+r.owned}${+r.freed}${+r.gone}${+r.moved}${+(r.given >= 0)}${+(r.lent.length > 0)}${+r.tested}`,
      ),
      this.contexts.join(),
      part(this.found, (f) => `${f.under}:${f.dropped}`),
      this.slept,
      this.clouded,
    ].join('|');
  }
}
