/** What a call does: its row in the vocabulary, its body, or the assumption that it is harmless. */
import type { CFunction, Expr } from '../c/index.ts';
import type { Effect, EffectPlace, VocabularyRow } from '../rules/index.ts';
import type { Place, Value } from '../sim/program.ts';
import { builtin } from './builtins.ts';
import { lowerDeferred } from './deferred.ts';
import type { Lowering } from './lower.ts';
import { emitSummary } from './summary.ts';
import { pointee } from './types.ts';

/**
 * Emits a call.
 * @param result register that is to receive the result, or null when any will do
 * @param resultType C type of what the result is assigned to, '' when it is not known, null when it is not used
 * @returns the result, or null when there is none
 */
export function lowerCall(
  at: Lowering,
  callee: string | Expr,
  args: Expr[],
  result: string | null,
  resultType: string | null,
): Value | null {
  const { context, emit } = at;
  if (typeof callee !== 'string') {
    at.value(callee);
    return unknownCall(at, 'a call through a pointer', args, result, resultType !== null);
  }
  const builtIn = builtin(callee, args.length);
  if (builtIn !== undefined) return builtIn(at, args, result);
  const row = context.vocabulary.get(callee);
  const preferred = context.prefersBody(callee, at.stack);
  const body = row === undefined || preferred ? context.body(callee, at.stack) : null;
  if (body !== null) {
    const dst = result ?? emit.temporary();
    const values = args.map((a) => at.value(a));
    if (context.isConcurrent === true)
      for (const p of body.params.slice(values.length)) values.push(unknownArgument(at, body, p));
    if (at.inline(body, values, dst, preferred)) return dst;
  }
  if (row === undefined || preferred) {
    const summary = context.summary(callee, at.stack);
    if (summary === 'opaque') emit.op({ op: 'call', routine: callee, args: [] });
    else if (summary !== null) {
      const values = args.map((a) => at.value(a));
      const dst = result ?? emit.temporary();
      emitSummary(emit, summary, values, dst);
      return dst;
    }
  }
  if (row !== undefined) return new RowCall(at, row, args, result, resultType).run();
  return unknownCall(at, callee, args, result, resultType !== null);
}

/** What a model does not pass: any pointer, and of other values one that is known to be needed. */
function unknownArgument(at: Lowering, body: CFunction, param: CFunction['params'][number]): Value {
  const decides = body
    .cfg()
    .nodes.some((n) => n.instr.k === 'branch' && new RegExp(`\\b${param.name}\\b`).test(n.text));
  const isPointer = /[*[]/.test(param.type);
  if (!isPointer && !decides) return 0;
  const dst = at.emit.temporary();
  at.emit.op({ op: 'unknown', dst, what: isPointer ? 'nonnull' : 'bool' });
  return dst;
}

function unknownCall(
  at: Lowering,
  name: string,
  args: Expr[],
  result: string | null,
  wanted: boolean,
): Value | null {
  at.shared.unknownCalls.push(name);
  for (const arg of args) {
    if (at.context.isConcurrent === true && (arg.k === 'opaque' || arg.k === 'str')) continue;
    const value = at.value(arg);
    if (typeof value === 'string' && at.context.lends !== true) at.emit.op({ op: 'escape', value, to: name });
  }
  if (!wanted) return null;
  const dst = result ?? at.emit.temporary();
  at.emit.op({ op: 'unknown', dst, what: 'int' });
  return dst;
}

/** Effects on counts, and what is known of their results. */
const UNCOUNTED: Partial<Record<Effect['do'], 'bool' | 'int' | 'zero-or-error' | ''>> = {
  init: '',
  get: '',
  put: '',
  'put-test': 'bool',
  read: 'int',
  tryget: 'bool',
  'percpu-init': 'zero-or-error',
  'percpu-get': '',
  'percpu-put': '',
  'percpu-kill': '',
  'percpu-exit': '',
  'percpu-reinit': '',
  'percpu-tryget': 'bool',
};

/** A call whose effects the vocabulary states. */
class RowCall {
  private readonly at: Lowering;
  private readonly row: VocabularyRow;
  private readonly args: Expr[];
  private readonly dst: string;
  private readonly resultType: string;
  private readonly wanted: boolean;
  private readonly values = new Map<number, Value>();

  constructor(
    at: Lowering,
    row: VocabularyRow,
    args: Expr[],
    result: string | null,
    resultType: string | null,
  ) {
    this.at = at;
    this.row = row;
    this.args = args;
    this.dst = result ?? at.emit.temporary();
    this.resultType = resultType ?? '';
    this.wanted = resultType !== null;
  }

  run(): Value | null {
    let result: Value | null = null;
    for (const effect of this.row.effects) result = this.effect(effect) ?? result;
    if (result !== null || !this.wanted) return result;
    this.at.emit.op({ op: 'unknown', dst: this.dst, what: 'int' });
    return this.dst;
  }

  private value(n: number): Value {
    let value = this.values.get(n);
    if (value === undefined) {
      const arg = this.args[n];
      value = arg === undefined ? 0 : this.at.value(arg);
      this.values.set(n, value);
    }
    return value;
  }

  /** The memory an effect names; `lvalue`: a parameter alone is what it names, not what it points to. */
  private place(place: EffectPlace, lvalue = false): Place {
    const { at } = this;
    if (typeof place.root === 'string') {
      const base =
        place.root === 'ret'
          ? this.dst
          : place.root === 'current'
            ? at.value({ k: 'var', name: 'current' })
            : place.root;
      return { base, type: '', cell: place.cells };
    }
    const arg = this.args[place.root];
    if (arg === undefined) return { base: 0, type: '', cell: place.cells };
    if (place.deref) {
      const inner = at.place({ k: 'deref', of: arg }) ?? { base: this.value(place.root), type: '', cell: '' };
      if (lvalue) return join(inner, place.cells);
      return { base: at.load(inner), type: '', cell: place.cells };
    }
    if (lvalue)
      return join(at.place(arg) ?? { base: this.value(place.root), type: '', cell: '' }, place.cells);
    // `&object->cell` names the cell itself, so that the object it is in is known.
    if (arg.k === 'addr') {
      const inner = at.place(arg.of);
      if (inner !== null) return join(inner, place.cells);
    }
    return { base: this.value(place.root), type: pointee(at.typeOf(arg)), cell: place.cells };
  }

  /** Emits one effect; the call's result when this effect decides it. */
  private effect(effect: Effect): Value | null {
    const { emit, context } = this.at;
    const ignored = this.ignored(effect);
    if (ignored !== undefined) return ignored;
    switch (effect.do) {
      case 'lock':
      case 'unlock': {
        const place = this.place(effect.at);
        if (context.keeps(place))
          emit.op({ op: effect.do, at: place, kind: effect.kind, mode: effect.mode, irq: effect.irq });
        return null;
      }
      case 'lock-if-nonnull': {
        const place = this.place(effect.at);
        if (!context.keeps(place)) return null;
        // NULL and error pointers alike.
        const none = this.at.calc('le', this.dst, 0);
        const end = emit.label();
        emit.op({ op: 'branch', cond: none, to: end });
        emit.op({ op: 'lock', at: place, kind: effect.kind, mode: 'exclusive' });
        emit.place(end);
        return null;
      }
      case 'trylock': {
        const at = this.place(effect.at);
        return this.attempt(
          effect.when,
          context.keeps(at)
            ? (dst) => {
                emit.op({ op: 'trylock', dst, at, kind: effect.kind, mode: effect.mode, irq: effect.irq });
              }
            : null,
        );
      }
      case 'downgrade':
        emit.op({ op: 'downgrade', at: this.place(effect.at), kind: effect.kind });
        return null;
      case 'held': {
        const at = this.place(effect.at);
        if (context.keeps(at)) emit.op({ op: 'assert-held', at, mode: effect.mode });
        return null;
      }
      case 'init':
        if (!this.counts(effect)) return null;
        emit.op({
          op: 'ref.init',
          at: this.place(effect.at),
          value: this.initialCount(effect.of) ?? effect.value,
          flavour: effect.flavour,
        });
        return null;
      case 'get':
        if (!this.counts(effect)) return null;
        emit.op({ op: 'ref.get', at: this.place(effect.at), flavour: effect.flavour });
        return null;
      case 'put':
        if (!this.counts(effect)) return null;
        emit.op({ op: 'ref.put', at: this.place(effect.at), flavour: effect.flavour });
        return null;
      case 'put-test':
        emit.op({ op: 'ref.put', at: this.place(effect.at), flavour: effect.flavour, dst: this.dst });
        return this.dst;
      case 'read':
        emit.op({ op: 'ref.read', dst: this.dst, at: this.place(effect.at), flavour: effect.flavour });
        return this.dst;
      case 'tryget': {
        const at = this.place(effect.at);
        return this.attempt(effect.when, (dst) => {
          emit.op({ op: 'ref.tryget', dst, at, flavour: effect.flavour });
        });
      }
      case 'percpu-init':
        emit.op({
          op: 'percpu.init',
          at: this.place(effect.at),
          release: nameOf(this.args[effect.release]),
          dst: this.dst,
        });
        return this.dst;
      case 'percpu-tryget':
        emit.op({ op: 'percpu.tryget', dst: this.dst, at: this.place(effect.at), live: effect.live });
        return this.dst;
      case 'percpu-get':
        emit.op({ op: 'percpu.get', at: this.place(effect.at) });
        return null;
      case 'percpu-put':
        emit.op({ op: 'percpu.put', at: this.place(effect.at) });
        return null;
      case 'percpu-kill':
        emit.op({ op: 'percpu.kill', at: this.place(effect.at) });
        return null;
      case 'percpu-exit':
        emit.op({ op: 'percpu.exit', at: this.place(effect.at) });
        return null;
      case 'percpu-reinit':
        emit.op({ op: 'percpu.reinit', at: this.place(effect.at) });
        return null;
      case 'returns':
        return this.returns(effect);
      case 'returns-value':
        emit.op({ op: 'unknown', dst: this.dst, what: effect.what });
        return this.dst;
      case 'returns-argument':
        return this.value(effect.of);
      case 'free':
        emit.op({ op: 'free', object: this.addressed(effect.at) });
        return null;
      case 'free-rcu': {
        const object = this.place(effect.at);
        const field = this.args[1];
        const head = field === undefined ? {} : { head: { ...object, cell: textOf(field) } };
        emit.op({ op: 'rcu.call', routine: '', arg: this.at.addressOf(object), ...head });
        return null;
      }
      case 'move':
        emit.op({ op: 'escape', value: this.addressed(effect.at) });
        return null;
      case 'sleep':
        emit.op({ op: 'sleep' });
        return null;
      case 'sleep-if-gfp':
        if (context.gfpSleeps(textOf(this.args[effect.of])) === true) emit.op({ op: 'sleep' });
        return null;
      case 'context':
        emit.op({ op: 'context', what: effect.what, change: effect.change });
        return null;
      case 'rcu': {
        const domain = effect.domain === '' ? {} : { domain: effect.domain };
        const op = (
          {
            enter: 'rcu.enter',
            exit: 'rcu.exit',
            synchronize: 'rcu.synchronize',
            barrier: 'rcu.barrier',
          } as const
        )[effect.what];
        emit.op({ op, ...domain });
        return null;
      }
      case 'rcu-call': {
        const head = this.place({ root: effect.head, cells: '', deref: false });
        emit.op({
          op: 'rcu.call',
          routine: nameOf(this.args[effect.routine]),
          arg: this.value(effect.head),
          head,
        });
        return null;
      }
      case 'load': {
        const from = this.place(effect.at, true);
        if (!context.keeps(from)) return null;
        emit.op({ op: 'load', dst: this.dst, from, how: effect.how });
        return this.dst;
      }
      case 'store': {
        const to = this.place(effect.at, true);
        if (context.keeps(to)) emit.op({ op: 'store', to, value: this.value(effect.value), how: effect.how });
        return null;
      }
      case 'exchange':
        emit.op({
          op: 'rmw',
          at: this.place(effect.at, true),
          fn: 'xchg',
          value: this.value(effect.value),
          dst: this.dst,
          gives: 'old',
        });
        return this.dst;
      case 'test': {
        if (effect.what === 'nothing') return 0;
        return this.at.calc(effect.what === 'error' ? 'lt' : 'le', this.value(effect.of), 0);
      }
      case 'may-unlock':
        if (context.isConcurrent !== true) emit.op({ op: 'call', routine: this.row.name, args: [] });
        return null;
      case 'sets': {
        const pointer = emit.temporary();
        emit.op({ op: 'unknown', dst: pointer, what: 'nonnull' });
        const to = { base: this.value(effect.at.root as number), type: '', cell: '' };
        if (context.keeps(to)) emit.op({ op: 'store', to, value: pointer });
        return null;
      }
      case 'task-work':
      case 'wait-completion':
      case 'wait-event':
      case 'complete':
      case 'wake':
      case 'assume':
      case 'claim':
        return lowerDeferred(effect, {
          at: this.at,
          args: this.args,
          dst: this.dst,
          value: (n) => this.value(n),
          place: (where, lvalue) => this.place(where, lvalue),
        });
      case 'writes': {
        const place = this.place(effect.at);
        if (context.isConcurrent === true && context.keeps(place))
          emit.op({ op: 'access', at: place, write: true });
        return null;
      }
      case 'harmless':
        return null;
    }
  }

  /** A count that is none of the program's does nothing in it; undefined for every other effect. */
  private ignored(effect: Effect): Value | null | undefined {
    const result = UNCOUNTED[effect.do];
    if (this.at.context.isConcurrent !== true || result === undefined || !('at' in effect)) return undefined;
    if (this.at.context.keeps(this.place(effect.at))) return undefined;
    if (result === '') return null;
    const what = 'when' in effect && effect.when === 'zero' ? 'zero-or-error' : result;
    this.at.emit.op({ op: 'unknown', dst: this.dst, what });
    return this.dst;
  }

  /** An atomic_t counts references only where the rules say so; the other counts do nothing else. */
  private counts(effect: Extract<Effect, { flavour: unknown }>): boolean {
    return effect.flavour === 'refcount' || this.at.context.isCount(this.place(effect.at));
  }

  /** What a count starts with; alone, all that matters is that there is a reference. */
  private initialCount(of: number | undefined): number | null {
    const count = of === undefined ? undefined : this.args[of];
    return this.at.context.isConcurrent === true && count?.k === 'num' ? count.value : null;
  }

  private addressed(place: EffectPlace): Value {
    return this.at.addressOf(this.place(place));
  }

  /** An attempt: `emitTry` sets a register to 1 or 0 (null: nothing is known), turned into what the function returns. */
  private attempt(when: 'nonzero' | 'zero' | 'nonnull', emitTry: ((dst: string) => void) | null): Value {
    const { emit } = this.at;
    if (emitTry === null) {
      emit.op({ op: 'unknown', dst: this.dst, what: when === 'zero' ? 'zero-or-error' : 'bool' });
      return this.dst;
    }
    if (when !== 'zero') {
      emitTry(this.dst);
      return this.dst;
    }
    const done = emit.temporary();
    const yes = emit.label();
    const end = emit.label();
    emitTry(done);
    emit.op({ op: 'branch', cond: done, to: yes });
    emit.op({ op: 'set', dst: this.dst, value: -4 });
    emit.op({ op: 'jump', to: end });
    emit.place(yes);
    emit.op({ op: 'set', dst: this.dst, value: 0 });
    emit.place(end);
    return this.dst;
  }

  private returns(effect: Extract<Effect, { do: 'returns' }>): Value {
    const { emit } = this.at;
    const { dst } = this;
    if (effect.what === 'borrowed') {
      emit.op({
        op: 'unknown',
        dst,
        what:
          effect.fails === 'never'
            ? 'nonnull'
            : effect.fails === 'error'
              ? 'pointer-or-error'
              : effect.fails === 'null'
                ? 'pointer'
                : 'int',
      });
      return dst;
    }
    const end = emit.label();
    const mustSucceed = this.args.some((arg) => textOf(arg).includes('__GFP_NOFAIL'));
    for (const [fails, value] of [
      ['null', 0],
      ['error', -12],
    ] as const) {
      if ((effect.fails !== fails && effect.fails !== 'either') || mustSucceed) continue;
      const failed = emit.temporary();
      const next = emit.label();
      const not = emit.temporary();
      emit.op({ op: 'unknown', dst: failed, what: 'bool' });
      emit.op({ op: 'calc', dst: not, fn: 'eq', a: failed, b: 0 });
      emit.op({ op: 'branch', cond: not, to: next });
      emit.op({ op: 'set', dst, value });
      emit.op({ op: 'jump', to: end });
      emit.place(next);
    }
    if (effect.what === 'alloc') {
      emit.op({ op: 'alloc', dst, type: pointee(this.resultType) });
    } else {
      emit.op({ op: 'unknown', dst, what: 'nonnull' });
      emit.op({ op: 'own', object: dst, what: effect.name });
    }
    emit.place(end);
    return dst;
  }
}

function join(place: Place, cells: string): Place {
  if (cells === '') return place;
  return { ...place, cell: place.cell === '' ? cells : `${place.cell}.${cells}` };
}

export function nameOf(expr: Expr | undefined): string {
  if (expr?.k === 'var') return expr.name;
  if (expr?.k === 'addr' || expr?.k === 'cast') return nameOf(expr.of);
  return '';
}

/** The names and operators of an expression, for looking at flags. */
export function textOf(expr: Expr | undefined): string {
  if (expr === undefined) return '';
  switch (expr.k) {
    case 'var':
      return expr.name;
    case 'num':
      return String(expr.value);
    case 'binary':
      return `${textOf(expr.a)} ${expr.op} ${textOf(expr.b)}`;
    case 'unary':
      return `${expr.op}${textOf(expr.of)}`;
    case 'cast':
      return textOf(expr.of);
    case 'field':
      return `${textOf(expr.of)}.${expr.name}`;
    case 'opaque':
      return expr.text;
    default:
      return '';
  }
}
