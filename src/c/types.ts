/**
 * Types of expressions: locals, fields through structs, typedefs, callees' return types, container_of and the
 * macros that hand their argument's type on. Arithmetic conversions are not modelled; '' means not known.
 */
import type { Ast } from './ast.ts';
import { Cursor, SYNTAX } from './cursor.ts';
import type { CFunction, CType, CUnit, Expr, Field, Macro, StructDecl } from './ir.ts';
import { lex } from './lex.ts';
import { expression } from './parse-expr.ts';
import { pointerTo, typeName } from './parse-type.ts';
import type { Tree } from './tree.ts';

/** Where declarations are looked up. Every answer may be null. */
export interface TypeScope {
  /** By tag: `struct mempolicy`, `union foo`. */
  struct(tag: string): StructDecl | null;
  typedef(name: string): CType | null;
  global(name: string): CType | null;
  returnType(functionName: string): CType | null;
  macro(name: string): Macro | null;
  constant(name: string): number | null;
}

/** Looks in a unit first, then in a tree. */
export function typeScope(unit: CUnit, tree: Tree | null): TypeScope {
  const returns = new Map(unit.functions.map((f): [string, CFunction] => [f.name, f]));
  return {
    struct: (tag) => unit.structs.get(tag) ?? tree?.struct(tag, unit.path) ?? null,
    typedef: (name) => unit.typedefs.get(name) ?? tree?.typedef(name, unit.path) ?? null,
    global: (name) => unit.globals.get(name) ?? tree?.global(name, unit.path) ?? null,
    returnType: (name) =>
      returns.get(name)?.returnType ?? unit.prototypeType(name) ?? tree?.returnType(name, unit.path) ?? null,
    macro: (name) => unit.macros.get(name) ?? tree?.macro(name, unit.path) ?? null,
    constant: (name) => unit.enums.get(name) ?? tree?.constant(name, unit.path) ?? null,
  };
}

/** Variables that the architecture defines through assembly or per-CPU data. */
const WELL_KNOWN: ReadonlyMap<string, CType> = new Map([['current', 'struct task_struct *']]);

/** Macros whose result is a pointer to the type that is their argument: which argument. */
const ENTRY =
  /^(?:container_of(?:_const|_safe)?|(?:list|hlist|hlist_nulls|llist|rb|plist|interval_tree|timer_container)_?(?:\w+_)?entry(?:_\w+)?|hlist_entry_safe|rb_entry_safe|from_timer|from_tasklet)$/;

/** Macros and functions whose result has the type of their first argument. */
const SAME =
  /^(?:(?:READ|ACCESS)_ONCE|rcu_(?:dereference|access_pointer|replace_pointer|assign_pointer)\w*|srcu_dereference\w*|unrcu_pointer|smp_load_acquire|smp_cond_load_\w+|data_race|(?:this|raw|per)_cpu_ptr|per_cpu_ptr|this_cpu_read|raw_cpu_read|__this_cpu_read|u?min\w*|u?max\w*|clamp\w*|READ_ONCE_NOCHECK|no_free_ptr|lockless_dereference|ACCESS_PRIVATE|array_index_nospec|untagged_addr|PTR_ALIGN\w*|ALIGN\w*|abs|rounddown|roundup|get_cpu_ptr|per_cpu|get_cpu_var|__ptr_ring_\w+|kasan_reset_tag|ptep_get\w*_of)$/;
/** … of what their first argument points to. */
const POINTEE =
  /^(?:xchg\w*|(?:try_)?cmpxchg\w*|ptep_get|pmdp_get|pudp_get|get_unaligned\w*|smp_load_acquire_ptr)$/;

/** The type of an expression in a function, '' when it is not known. */
export function typeOf(expr: Expr, fn: CFunction, scope: TypeScope): CType {
  return new Typing(fn, scope).of(expr, 0);
}

/** A type with its typedefs replaced as far as they are known. */
export function resolveType(type: CType, scope: TypeScope): CType {
  let at = type;
  for (let round = 0; round < 8; round++) {
    const match = /^(\w+)( ?[*[(].*)?$/.exec(at);
    if (!match || /^(?:struct|union|enum|unsigned|int|char|long|short|void|bool)$/.test(match[1]!)) return at;
    const target = scope.typedef(match[1]!);
    if (target === null || target === at) return at;
    const suffix = match[2] ?? '';
    at = suffix
      ? suffix.trim().startsWith('*') && target.endsWith('*')
        ? `${target}${suffix.trim()}`
        : `${target} ${suffix.trim()}`
      : target;
  }
  return at;
}

/** The field of that name in a struct, its anonymous members included; null when it is not known. */
export function fieldOf(type: CType, name: string, scope: TypeScope): Field | null {
  const tag = resolveType(type, scope).replace(/^(?:const|volatile) /, '');
  const struct = scope.struct(tag);
  return struct?.fields.find((f) => f.name === name) ?? null;
}

/** What a pointer or array points to, '' when it is neither. */
export function pointedTo(type: CType): CType {
  if (type.endsWith('*')) return type.slice(0, -1).trimEnd();
  const table = /^(.*\(\*+)\[\](\).*)$/.exec(type);
  if (table) return table[1]! + table[2]!;
  const array = /^(.*?)\s*\[\](.*)$/.exec(type);
  return array ? (array[1]! + (array[2] ? ` ${array[2]}` : '')).trimEnd() : '';
}

class Typing {
  readonly #fn: CFunction;
  readonly #scope: TypeScope;

  constructor(fn: CFunction, scope: TypeScope) {
    this.#fn = fn;
    this.#scope = scope;
  }

  of(e: Expr, depth: number): CType {
    if (depth > 24) return '';
    switch (e.k) {
      case 'var':
        return this.#variable(e.name, depth);
      case 'num':
        return 'int';
      case 'str':
        return 'char *';
      case 'field': {
        const base = this.of(e.of, depth + 1);
        const owner = e.arrow ? pointedTo(resolveType(base, this.#scope)) : base;
        return owner === '' ? '' : (fieldOf(owner, e.name, this.#scope)?.type ?? '');
      }
      case 'index':
      case 'deref': {
        const of = resolveType(this.of(e.of, depth + 1), this.#scope);
        return /\(\*\)\(/.test(of) ? of : pointedTo(of);
      }
      case 'addr':
        return pointerTo(this.of(e.of, depth + 1));
      case 'unary':
        return e.op === '!' ? 'int' : this.of(e.of, depth + 1);
      case 'cast':
        return this.#normal(e.type, depth);
      case 'binary': {
        if (/^(?:[=!<>]=|[<>]|&&|\|\|)$/.test(e.op)) return 'int';
        const a = this.of(e.a, depth + 1);
        const b = a.endsWith('*') || a.endsWith(']') ? a : this.of(e.b, depth + 1);
        return b.endsWith('*') ? b : a || b;
      }
      case 'opaque':
        return '';
    }
  }

  #variable(name: string, depth: number): CType {
    const param = this.#fn.params.find((p) => p.name === name);
    if (param) return this.#normal(param.type, depth);
    const local = this.#fn.locals.get(name);
    if (local) return this.#normal(local, depth);
    if (local === '') return this.#defined(name, depth);
    return this.#scope.global(name) ?? WELL_KNOWN.get(name) ?? '';
  }

  /** `typeof(x)` is worked out, all other types are as they are. */
  #normal(type: CType, depth: number): CType {
    const match = /^typeof\((.*)\)( ?[*[].*)?$/.exec(type);
    if (!match) return type;
    const of = this.#text(match[1]!, depth + 1);
    return of === '' ? '' : match[2] ? (of.endsWith('*') ? of + match[2].trim() : of + match[2]) : of;
  }

  #text(text: string, depth: number): CType {
    const c = new Cursor(lex(text, 0, text.length), () => false);
    try {
      if (/^(?:struct|union|enum|unsigned|const)\b/.test(text)) return typeName(c);
      return this.#ast(expression(c), new Map(), depth);
    } catch (error) {
      if (error !== SYNTAX) throw error;
      return '';
    }
  }

  /** The type of a syntax tree; `given` has the types of a macro's parameters. */
  #ast(e: Ast, given: ReadonlyMap<string, CType>, depth: number): CType {
    if (depth > 24) return '';
    const inner = (of: Ast): CType => this.#ast(of, given, depth + 1);
    switch (e.k) {
      case 'id':
        return given.get(e.name) ?? this.#variable(e.name, depth);
      case 'num':
        return 'int';
      case 'str':
        return 'char *';
      case 'member': {
        const owner = e.arrow ? pointedTo(resolveType(inner(e.of), this.#scope)) : inner(e.of);
        return owner === '' ? '' : (fieldOf(owner, e.name, this.#scope)?.type ?? '');
      }
      case 'index':
        return pointedTo(resolveType(inner(e.of), this.#scope));
      case 'unary':
        if (e.op === '*') return pointedTo(resolveType(inner(e.of), this.#scope));
        return e.op === '&' ? pointerTo(inner(e.of)) : inner(e.of);
      case 'cast':
        return e.type;
      case 'binary': {
        const x = inner(e.x);
        return x.endsWith('*') || x.endsWith(']') ? x : inner(e.y) || x;
      }
      case 'cond':
        return (e.x && inner(e.x)) || inner(e.y);
      case 'comma':
        return inner(e.y);
      case 'call': {
        if (e.fn.k !== 'id') return '';
        const type = e.args.find((a) => a.k === 'type');
        if (ENTRY.test(e.fn.name) && type?.k === 'type') return pointerTo(type.type);
        if (SAME.test(e.fn.name) && e.args[0]) return inner(e.args[0]);
        return this.#scope.returnType(e.fn.name) ?? this.#macro(e.fn.name, e.args.map(inner), depth + 1);
      }
      default:
        return '';
    }
  }

  /** The type of a call of a macro that is an expression. */
  #macro(name: string, types: readonly CType[], depth: number): CType {
    const macro = depth > 12 ? null : this.#scope.macro(name);
    if (!macro?.params || macro.body === '' || macro.body.length > 200) return '';
    const given = new Map(macro.params.map((p, i): [string, CType] => [p, types[i] ?? '']));
    const c = new Cursor(lex(macro.body, 0, macro.body.length), () => false);
    try {
      return this.#ast(expression(c), given, depth + 1);
    } catch (error) {
      if (error !== SYNTAX) throw error;
      return '';
    }
  }

  /** A temporary or untyped local: the type of what is first stored in it. */
  #defined(name: string, depth: number): CType {
    let number = false;
    for (const { instr } of this.#fn.cfg().nodes) {
      if (instr.k === 'set' && instr.dst.k === 'var' && instr.dst.name === name) {
        const type = this.of(instr.value, depth + 1);
        if (type && type !== 'int') return type;
        number = type === 'int';
      }
      if (instr.k === 'call' && instr.dst?.k === 'var' && instr.dst.name === name)
        return this.#result(instr.callee, instr.args, depth + 1);
    }
    return number ? 'int' : '';
  }

  #result(callee: string | Expr, args: readonly Expr[], depth: number): CType {
    if (typeof callee !== 'string') {
      const pointer = resolveType(this.of(callee, depth), this.#scope);
      return /^(.*?) ?\(\*+\)\(/.exec(pointer)?.[1] ?? '';
    }
    const first = args[0];
    if (ENTRY.test(callee)) {
      const type = args.find((a) => a.k === 'opaque' && /^(?:struct|union|\w+$)/.test(a.text));
      if (type?.k === 'opaque') return pointerTo(type.text);
      if (/^(?:from_timer|from_tasklet)$/.test(callee) && first) return this.of(first, depth);
    }
    if (first && SAME.test(callee)) return this.of(first, depth);
    if (first && POINTEE.test(callee)) {
      const of = pointedTo(resolveType(this.of(first, depth), this.#scope));
      if (of) return of;
    }
    const types = (): CType[] => args.map((a) => this.of(a, depth + 1));
    return this.#scope.returnType(callee) ?? this.#macro(callee, types(), depth + 1);
  }
}
