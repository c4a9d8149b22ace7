/** Calls that C, or the kernel's most basic macros, define and that the row language cannot say. */
import type { Expr } from '../c/index.ts';
import type { Value } from '../sim/program.ts';
import type { Lowering } from './lower.ts';
import { pointee } from './types.ts';

type Builtin = (at: Lowering, args: Expr[], result: string | null) => Value | null;

/** The builtin that a call of so many arguments is, or undefined. */
export function builtin(callee: string, args: number): Builtin | undefined {
  switch (callee) {
    case 'container_of':
      return args === 3 ? containerOf : undefined;
    case 'swap':
      return args === 2 ? swap : undefined;
    case 'memcpy':
    case 'memmove':
      return args === 3 ? copyMemory : undefined;
    case 'memset':
      return args === 3 ? setMemory : undefined;
    default:
      return undefined;
  }
}

function containerOf(at: Lowering, args: Expr[], result: string | null): Value {
  const dst = result ?? at.emit.temporary();
  const type = args[1]!.k === 'opaque' ? args[1]!.text.replace(/^(struct|union) /, '') : '';
  const member = args[2]!;
  const cell = member.k === 'var' ? member.name : member.k === 'opaque' ? member.text : '';
  at.emit.op({ op: 'container', dst, of: at.value(args[0]!), type, cell });
  return dst;
}

function swap(at: Lowering, [a, b]: Expr[]): null {
  const first = at.emit.temporary();
  const second = at.emit.temporary();
  at.emit.op({ op: 'set', dst: first, value: at.value(a!) });
  at.emit.op({ op: 'set', dst: second, value: at.value(b!) });
  at.assign(a!, second);
  at.assign(b!, first);
  return null;
}

function copyMemory(at: Lowering, [to, from]: Expr[]): Value {
  const target = at.value(to!);
  const source = at.value(from!);
  const type = pointee(at.typeOf(to!));
  if (at.context.isConcurrent !== true) at.emit.op({ op: 'copy', to: target, from: source, type });
  return target;
}

function setMemory(at: Lowering, [to]: Expr[]): Value {
  const place = { base: at.value(to!), type: pointee(at.typeOf(to!)), cell: '' };
  if (at.context.isConcurrent !== true) at.emit.op({ op: 'access', at: place, write: true });
  return place.base;
}
