/** Types of expressions, as far as they are needed to name objects: which struct does this point to? */
import type { CFunction, CType, Expr } from '../c/ir.ts';

/** Where declarations are looked up; every answer may be '' (not known). */
export interface Declarations {
  /** Type of a field of `struct tag` (or `union tag`, or a typedef's name). */
  field(owner: string, name: string): CType;
  global(name: string): CType;
  returns(functionName: string): CType;
}

/** `struct mempolicy *` → `mempolicy`; '' when it is no pointer to a struct (arrays count as pointers). */
export function pointee(type: CType): string {
  const m = /^(?:const |volatile )*(?:struct|union) (\w+)(?: const| volatile)* ?[*[]/.exec(type);
  return m?.[1] ?? /^(\w+) \*/.exec(type)?.[1] ?? '';
}

/** `struct mempolicy` → `mempolicy`; '' when it is a pointer or no struct. */
export function structName(type: CType): string {
  if (/[*[]/.test(type)) return '';
  return /^(?:const |volatile )*(?:struct|union) (\w+)/.exec(type)?.[1] ?? '';
}

export function typeOf(expr: Expr, fn: CFunction, declarations: Declarations): CType {
  switch (expr.k) {
    case 'var':
      return (
        fn.params.find((p) => p.name === expr.name)?.type ??
        fn.locals.get(expr.name) ??
        declarations.global(expr.name)
      );
    case 'field': {
      const owner = typeOf(expr.of, fn, declarations);
      const tag = expr.arrow ? pointee(owner) : structName(owner);
      return tag === '' ? '' : declarations.field(tag, expr.name);
    }
    case 'addr':
      return pointerTo(typeOf(expr.of, fn, declarations));
    case 'deref':
    case 'index':
      return typeOf(expr.of, fn, declarations).replace(/ ?(\*|\[[^\]]*\])$/, '');
    case 'cast':
      return expr.type;
    case 'binary':
      return typeOf(expr.a, fn, declarations);
    default:
      return '';
  }
}

function pointerTo(type: CType): CType {
  if (type === '') return '';
  return type.endsWith('*') ? `${type}*` : `${type} *`;
}
