/**
 * What calls that defer or wait do: task work, completions, wait queues, and the claims of hazard models.
 *
 * The function of a piece of task work is the one that the same routine put into its head; a head that was filled elsewhere is let
 * go. Waiting is an operation only where the routine runs beside others: alone it is a place that may sleep.
 */
import type { Expr } from '../c/index.ts';
import type { DeferredEffect, EffectPlace } from '../rules/index.ts';
import { HAZARDS, type Hazard, type Place, type Value } from '../sim/program.ts';
import { nameOf, textOf } from './call.ts';
import type { Lowering } from './lower.ts';

/** The call that an effect belongs to. */
export interface Call {
  at: Lowering;
  args: Expr[];
  /** Register for the result. */
  dst: string;
  value(parameter: number): Value;
  /** `lvalue`: the argument names the memory itself, as macros have it. */
  place(place: EffectPlace, lvalue?: boolean): Place;
}

/** Emits one effect; the call's result when this effect decides it. */
export function lowerDeferred(effect: DeferredEffect, call: Call): Value | null {
  const { at } = call;
  const { emit, context } = at;
  switch (effect.do) {
    case 'task-work':
      return lowerTaskWork(effect, call);
    case 'wait-completion': {
      const where = call.place(effect.at);
      if (context.isConcurrent === true && context.keeps(where))
        emit.op({ op: 'wait-completion', at: where });
      else emit.op({ op: 'sleep' });
      return null;
    }
    case 'wait-event': {
      const queue = call.place(effect.at, true);
      const wanted = comparison(call.args[effect.condition]);
      const until = wanted === null ? null : at.place(wanted.of);
      if (context.isConcurrent === true && wanted !== null && until !== null && context.keeps(queue))
        emit.op({ op: 'wait', queue, until, value: wanted.value });
      else emit.op({ op: 'sleep' });
      return null;
    }
    case 'complete': {
      const where = call.place(effect.at);
      if (context.isConcurrent === true && context.keeps(where))
        emit.op({ op: 'complete', at: where, all: effect.all });
      return null;
    }
    case 'wake': {
      const queue = call.place(effect.at);
      if (context.isConcurrent === true && context.keeps(queue)) emit.op({ op: 'wake', queue });
      return null;
    }
    case 'assume':
      emit.op({ op: 'assume', cond: call.value(effect.condition) });
      return null;
    case 'claim': {
      const hazard = literal(call.args[effect.hazard]) as Hazard;
      if (!HAZARDS.includes(hazard)) throw new Error(`"${hazard}" is no class of hazard`);
      const message = literal(call.args[effect.message]);
      emit.op({ op: 'assert', cond: call.value(effect.condition), hazard, message });
      return null;
    }
  }
}

function lowerTaskWork(
  effect: Extract<DeferredEffect, { do: 'task-work' }>,
  { at, args, dst, value, place }: Call,
): Value | null {
  const { emit, shared } = at;
  if (effect.what === 'init') {
    shared.taskWork.set(headText(args[effect.head]), nameOf(args[effect.routine]));
    return null;
  }
  const task = at.addressOf(place(effect.task));
  if (effect.what !== 'add') {
    emit.op({ op: 'task-work.run', task, ...(effect.what === 'exit' ? { exiting: true } : {}) });
    return null;
  }
  const routine = shared.taskWork.get(headText(args[effect.head]));
  const arg = value(effect.head);
  if (routine === undefined || routine === '') {
    if (typeof arg === 'string') emit.op({ op: 'escape', value: arg });
    emit.op({ op: 'unknown', dst, what: 'zero-or-error' });
    return dst;
  }
  const head = place({ root: effect.head, cells: '', deref: false });
  emit.op({ op: 'task-work.add', dst, task, routine, arg, head });
  return dst;
}

function headText(head: Expr | undefined): string {
  return head?.k === 'addr' ? textOf(head.of) : textOf(head);
}

/** The cell and the value that a condition waits for: `x`, `!x`, `x == 3`; null for any other. */
function comparison(condition: Expr | undefined): { of: Expr; value: number } | null {
  if (condition === undefined) return null;
  if (condition.k === 'field' || condition.k === 'deref') return { of: condition, value: 1 };
  if (condition.k === 'unary' && condition.op === '!') return { of: condition.of, value: 0 };
  if (condition.k === 'binary' && condition.op === '==' && condition.b.k === 'num')
    return { of: condition.a, value: condition.b.value };
  return null;
}

function literal(expr: Expr | undefined): string {
  return expr?.k === 'str' ? expr.text.replace(/^"|"$/g, '') : textOf(expr);
}
