/**
 * Turns a litmus test into a program: globals become objects of one cell, each thread a routine.
 *
 * Barriers and the annotations of accesses have no effect under sequential consistency and disappear. Locks, RCU, SRCU (a domain for each
 * `srcu_struct`) and atomic primitives become the core's operations; a primitive that is not in the tables is refused.
 */
import type { CalcFn, CellKind, Op, Place, Program, Routine, Value } from '../program.ts';
import { type Expr, LitmusError, type LitmusTest, type Statement } from './parse.ts';

const CALC: Record<string, CalcFn> = {
  '+': 'add',
  '-': 'sub',
  '*': 'mul',
  '/': 'div',
  '%': 'mod',
  '&': 'and',
  '|': 'or',
  '^': 'xor',
  '<<': 'shl',
  '>>': 'shr',
  '==': 'eq',
  '!=': 'ne',
  '<': 'lt',
  '<=': 'le',
};

const BARRIER = /^(smp_(mb|rmb|wmb)(__\w+)?|barrier|cond_resched|smp_read_barrier_depends)$/;

export interface Lowered {
  program: Program;
  /** Global variables, in order. */
  globals: string[];
  /** Registers of each thread that a condition can name. */
  registers: string[][];
}

export function lowerLitmus(test: LitmusTest): Lowered {
  const kinds = new Map<string, CellKind>();
  const kindOf = (type: string): CellKind => (/spinlock_t/.test(type) ? 'lock' : 'int');
  for (const { name, type } of test.initial) kinds.set(name, kindOf(type));
  for (const thread of test.threads) {
    for (const { name, type } of thread.params)
      if (!kinds.has(name) || kindOf(type) === 'lock') kinds.set(name, kindOf(type));
  }
  // A variable may occur only as the address that another one begins with.
  for (const { value } of test.initial)
    if (typeof value === 'string' && !kinds.has(value)) kinds.set(value, 'int');
  const globals = [...kinds.keys()];
  const setup: Routine = { name: 'initial', params: [], code: [], sites: [] };
  const numbers = new Map<string, number>();
  for (const { name, value } of test.initial) {
    if (typeof value === 'number') numbers.set(name, value);
    else
      setup.code.push({
        op: 'store',
        to: { base: `@${name}`, type: `<${name}>`, cell: 'v' },
        value: `@${value}`,
      });
  }
  const lowered = test.threads.map((thread, i) =>
    new ThreadLowering(`P${i}`, new Set(globals)).lower(thread.body),
  );
  const program: Program = {
    name: test.name,
    types: globals.map((name) => ({
      name: `<${name}>`,
      cells: [{ name: 'v', kind: kinds.get(name)!, init: numbers.get(name) ?? 0 }],
    })),
    objects: globals.map((name) => ({ name, type: `<${name}>` })),
    routines: [setup, ...lowered.map((l) => l.routine)],
    setup: 'initial',
    threads: lowered.map((l) => ({ name: l.routine.name, routine: l.routine.name, args: [] })),
  };
  return { program, globals, registers: lowered.map((l) => l.registers) };
}

class ThreadLowering {
  private readonly routine: Routine;
  private readonly globals: Set<string>;
  private readonly registers = new Set<string>();
  private temporaries = 0;

  constructor(name: string, globals: Set<string>) {
    this.routine = { name, params: [], code: [], sites: [] };
    this.globals = globals;
  }

  lower(body: Statement[]): { routine: Routine; registers: string[] } {
    for (const s of body) this.statement(s);
    return { routine: this.routine, registers: [...this.registers] };
  }

  private emit(op: Op, text: string): void {
    const site = this.routine.sites.push({ file: '', line: 0, function: this.routine.name, text }) - 1;
    this.routine.code.push({ ...op, site });
  }

  private fresh(): string {
    return `<${this.temporaries++}>`;
  }

  private label(): string {
    return `l${this.temporaries++}`;
  }

  private statement(s: Statement): void {
    switch (s.k) {
      case 'declare':
        this.registers.add(s.name);
        if (s.value) this.into(s.name, s.value);
        return;
      case 'assign':
        if (s.to.k === 'name' && !this.globals.has(s.to.name)) {
          this.registers.add(s.to.name);
          return this.into(s.to.name, s.value);
        }
        return this.emit(
          { op: 'store', to: this.place(s.to), value: this.value(s.value) },
          `${show(s.to)} = ${show(s.value)}`,
        );
      case 'do':
        this.value(s.value);
        return;
      case 'if': {
        const [skip, end] = [this.label(), this.label()];
        const cond = this.fresh();
        this.emit({ op: 'calc', dst: cond, fn: 'eq', a: this.value(s.cond), b: 0 }, '');
        this.emit({ op: 'branch', cond, to: skip }, '');
        for (const t of s.then) this.statement(t);
        this.emit({ op: 'jump', to: end }, '');
        this.emit({ op: 'label', name: skip }, '');
        for (const t of s.otherwise) this.statement(t);
        return this.emit({ op: 'label', name: end }, '');
      }
    }
  }

  private into(dst: string, e: Expr): void {
    const value = this.value(e, dst);
    if (value !== dst) this.emit({ op: 'set', dst, value }, '');
  }

  /** The place that `*e` or a primitive's pointer argument names. */
  private place(e: Expr): Place {
    const pointer = e.k === 'deref' ? e.of : e;
    if (pointer.k === 'name' && this.globals.has(pointer.name)) return this.global(pointer.name);
    if (pointer.k === 'address') return this.global(pointer.name);
    if (pointer.k === 'deref') {
      const base = this.fresh();
      this.emit({ op: 'load', dst: base, from: this.place(pointer) }, show(pointer));
      return { base, type: '', cell: '' };
    }
    return { base: this.value(pointer), type: '', cell: '' };
  }

  private global(name: string): Place {
    return { base: `@${name}`, type: `<${name}>`, cell: 'v' };
  }

  /** Emits what computes `e`; the result is in `dst` when it needs a register. */
  private value(e: Expr, dst: string = this.fresh()): Value {
    switch (e.k) {
      case 'number':
        return e.value;
      case 'name':
        return this.globals.has(e.name) ? `@${e.name}` : e.name;
      case 'address':
        return `@${e.name}`;
      case 'deref':
        this.emit({ op: 'load', dst, from: this.place(e) }, `${dst} = ${show(e)}`);
        return dst;
      case 'not':
        this.emit({ op: 'calc', dst, fn: 'eq', a: this.value(e.of), b: 0 }, '');
        return dst;
      case 'binary':
        return this.binary(e.op, e.a, e.b, dst);
      case 'call':
        return this.call(e.name, e.args, dst, show(e));
    }
  }

  private binary(op: string, a: Expr, b: Expr, dst: string): Value {
    const [x, y] =
      op === '>' || op === '>=' ? [this.value(b), this.value(a)] : [this.value(a), this.value(b)];
    const fn = CALC[op === '>' ? '<' : op === '>=' ? '<=' : op === '&&' ? '&' : op === '||' ? '|' : op];
    if (!fn) throw new LitmusError(`operator ${op} is not supported`);
    if (op !== '&&' && op !== '||') {
      this.emit({ op: 'calc', dst, fn, a: x, b: y }, '');
      return dst;
    }
    const [p, q] = [this.fresh(), this.fresh()];
    this.emit({ op: 'calc', dst: p, fn: 'ne', a: x, b: 0 }, '');
    this.emit({ op: 'calc', dst: q, fn: 'ne', a: y, b: 0 }, '');
    this.emit({ op: 'calc', dst, fn, a: p, b: q }, '');
    return dst;
  }

  private call(name: string, args: Expr[], dst: string, text: string): Value {
    if (BARRIER.test(name)) return 0;
    const at = () => this.place(args[0]!);
    const v = (n: number) => this.value(args[n]!);
    const emit = (op: Op): Value => {
      this.emit(op, text);
      return 'dst' in op && op.dst ? op.dst : 0;
    };
    const base = name.replace(/_(relaxed|acquire|release)$/, '');
    switch (base) {
      case 'READ_ONCE':
      case 'smp_load':
      case 'rcu_dereference':
      case 'atomic_read':
        return emit({
          op: 'load',
          dst,
          from: at(),
          how: base === 'rcu_dereference' ? 'dereference' : 'once',
        });
      case 'WRITE_ONCE':
      case 'smp_store':
      case 'smp_store_mb':
      case 'rcu_assign_pointer':
      case 'atomic_set':
        return emit({
          op: 'store',
          to: at(),
          value: v(1),
          how: base === 'rcu_assign_pointer' ? 'assign' : 'once',
        });
      case 'xchg':
      case 'atomic_xchg':
        return emit({ op: 'rmw', at: at(), fn: 'xchg', value: v(1), dst });
      case 'cmpxchg':
      case 'atomic_cmpxchg':
        return emit({ op: 'cmpxchg', dst, at: at(), expect: v(1), value: v(2) });
      case 'spin_lock':
        return emit({ op: 'lock', at: at(), kind: 'spin', mode: 'exclusive' });
      case 'spin_unlock':
        return emit({ op: 'unlock', at: at(), kind: 'spin', mode: 'exclusive' });
      case 'spin_trylock':
        return emit({ op: 'trylock', dst, at: at(), kind: 'spin', mode: 'exclusive' });
      case 'spin_is_locked': {
        const word = this.fresh();
        emit({ op: 'load', dst: word, from: at(), how: 'once' });
        return emit({ op: 'calc', dst, fn: 'ne', a: word, b: 0 });
      }
      case 'rcu_read_lock':
      case 'rcu_read_unlock':
        return emit({ op: base === 'rcu_read_lock' ? 'rcu.enter' : 'rcu.exit' });
      case 'synchronize_rcu':
      case 'synchronize_rcu_expedited':
        return emit({ op: 'rcu.synchronize' });
      case 'srcu_read_lock':
      case 'srcu_read_unlock':
        return emit({
          op: base === 'srcu_read_lock' ? 'rcu.enter' : 'rcu.exit',
          domain: this.domain(args[0]!),
        });
      case 'synchronize_srcu':
        return emit({ op: 'rcu.synchronize', domain: this.domain(args[0]!) });
      case 'atomic_add_unless':
        return this.addUnless(args, dst, text);
      default:
        return this.atomic(base, args, dst, emit);
    }
  }

  /** `atomic_{add,sub,inc,dec}[_return]`, `atomic_fetch_…` and `…_and_test`. */
  private atomic(name: string, args: Expr[], dst: string, emit: (op: Op) => Value): Value {
    const match = /^atomic_(fetch_)?(add|sub|inc|dec|and|or|xor)(_return|_and_test)?$/.exec(name);
    if (!match) throw new LitmusError(`${name}() is not supported`);
    const [, fetch, verb, tail] = match;
    const counts = verb === 'inc' || verb === 'dec';
    const fn =
      verb === 'inc' ? 'add' : verb === 'dec' ? 'sub' : (verb as 'add' | 'sub' | 'and' | 'or' | 'xor');
    // The value comes first: atomic_add(2, v).
    const value = counts ? 1 : this.value(args[0]!);
    const at = this.place(args[counts ? 0 : 1]!);
    if (!fetch && !tail) return emit({ op: 'rmw', at, fn, value });
    emit({ op: 'rmw', at, fn, value, dst, gives: fetch ? 'old' : 'new' });
    return tail === '_and_test' ? emit({ op: 'calc', dst, fn: 'eq', a: dst, b: 0 }) : dst;
  }

  /** Adds unless the value is the given one; tries again when somebody else was faster. */
  private addUnless(args: Expr[], dst: string, text: string): Value {
    const [old, sum, found, equal] = [this.fresh(), this.fresh(), this.fresh(), this.fresh()];
    const [again, end] = [this.label(), this.label()];
    const at = this.place(args[0]!);
    const [by, unless] = [this.value(args[1]!), this.value(args[2]!)];
    this.emit({ op: 'label', name: again }, '');
    this.emit({ op: 'set', dst, value: 0 }, '');
    this.emit({ op: 'load', dst: old, from: at, how: 'once' }, text);
    this.emit({ op: 'calc', dst: equal, fn: 'eq', a: old, b: unless }, '');
    this.emit({ op: 'branch', cond: equal, to: end }, '');
    this.emit({ op: 'calc', dst: sum, fn: 'add', a: old, b: by }, '');
    this.emit({ op: 'cmpxchg', dst: found, at, expect: old, value: sum }, text);
    this.emit({ op: 'calc', dst: equal, fn: 'ne', a: found, b: old }, '');
    this.emit({ op: 'branch', cond: equal, to: again }, '');
    this.emit({ op: 'set', dst, value: 1 }, '');
    this.emit({ op: 'label', name: end }, '');
    return dst;
  }

  private domain(e: Expr): string {
    return e.k === 'name' || e.k === 'address' ? e.name : 'srcu';
  }
}

function show(e: Expr): string {
  switch (e.k) {
    case 'number':
      return `${e.value}`;
    case 'name':
      return e.name;
    case 'address':
      return `&${e.name}`;
    case 'deref':
      return `*${show(e.of)}`;
    case 'not':
      return `!${show(e.of)}`;
    case 'binary':
      return `${show(e.a)} ${e.op} ${show(e.b)}`;
    case 'call':
      return `${e.name}(${e.args.map(show).join(', ')})`;
  }
}
