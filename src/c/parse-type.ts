/**
 * Types and declarators: specifiers, pointers, arrays, functions, to normalised text (`struct foo *`).
 * Qualifiers and storage classes are dropped; bodies of structs inside declarations are passed over.
 */
import { type Cursor, SYNTAX } from './cursor.ts';
import { Eof, Id, Punct, type Token } from './lex.ts';

const BASIC = new Set(
  'void char short int long float double signed unsigned bool _Bool __signed__ __signed __int128 _Float16 _Complex __u128_unused'.split(
    ' ',
  ),
);
const QUALIFIERS = new Set(
  'const volatile register auto inline __inline __inline__ __always_inline __const __const__ __volatile__ __volatile _Atomic __thread _Thread_local constexpr'.split(
    ' ',
  ),
);
const STORAGE = new Set(['static', 'extern', 'typedef']);
const COMPOSITE = new Set(['struct', 'union', 'enum']);
const TYPEOF = new Set([
  'typeof',
  '__typeof__',
  '__typeof',
  'typeof_unqual',
  'typeof_member',
  '__unqual_scalar_typeof',
  '__unsigned_scalar_typeof',
  'unqual_non_array_typeof',
  'typeof_noderef',
]);
/** Typedefs of the kernel's base headers, known without them. */
const WELL_KNOWN =
  /^(?:__)?(?:[us](?:8|16|32|64|128)|[bl]e(?:16|32|64)|sum16|wsum)$|^(?:uint|ulong|ushort|unchar|u_char|u_short|u_int|u_long|fmode_t|__poll_t|FILE|va_list|__builtin_va_list|Elf\w+_(?:Addr|Ehdr|Phdr|Shdr|Sym|Rela?|Off|Word|Dyn|Half|Verdef|Nhdr))$|_t$/;

/** Words that can begin nothing but a declaration or a type. */
export function isTypeKeyword(word: string): boolean {
  return (
    BASIC.has(word) ||
    QUALIFIERS.has(word) ||
    STORAGE.has(word) ||
    COMPOSITE.has(word) ||
    TYPEOF.has(word) ||
    word === '__auto_type'
  );
}

/** Is `name` a type by what is known of it (and no local hides it)? */
export function isTypeName(c: Cursor, name: string): boolean {
  return !c.locals.has(name) && (WELL_KNOWN.test(name) || c.isType(name));
}

export interface Specifiers {
  type: string;
  isStatic: boolean;
  isExtern: boolean;
  isTypedef: boolean;
  isInline: boolean;
}

/** Declaration specifiers. `must` throws when there is no type at all. */
export function specifiers(c: Cursor): Specifiers {
  const result = { type: '', isStatic: false, isExtern: false, isTypedef: false, isInline: false };
  const words: string[] = [];
  for (;;) {
    const token = c.token;
    if (token.kind !== Id) break;
    const word = token.text;
    if (QUALIFIERS.has(word)) {
      if (word.includes('inline')) result.isInline = true;
      c.next();
    } else if (STORAGE.has(word)) {
      if (word === 'static') result.isStatic = true;
      else if (word === 'extern') result.isExtern = true;
      else result.isTypedef = true;
      c.next();
    } else if (BASIC.has(word)) {
      words.push(word === '_Bool' ? 'bool' : word.replaceAll('_', '').replace('int128', '__int128'));
      c.next();
    } else if (COMPOSITE.has(word)) {
      words.push(composite(c));
    } else if (TYPEOF.has(word)) {
      words.push(typeOfText(c));
    } else if (word === '__auto_type') {
      words.push('');
      c.next();
    } else if (words.length === 0 && c.ahead(1).text !== '(') {
      // A name where a type must be: a typedef, known or not.
      words.push(word);
      c.next();
    } else if (words.length === 0 && c.afterGroup(c.at + 1) < c.tokens.length - 1 && typeMacro(c)) {
      words.push(word);
      c.next();
      c.at = c.afterGroup(c.at);
    } else break;
  }
  if (words.length === 0 && !result.isStatic && !result.isExtern) throw SYNTAX;
  result.type = words.join(' ') || (words.length ? '' : 'int');
  return result;
}

/** `__percpu_type(x) name`: a macro call followed by a declarator. */
function typeMacro(c: Cursor): boolean {
  const after = c.tokens[c.afterGroup(c.at + 1)]!;
  return after.kind === Id || after.text === '*';
}

/** `struct tag`, `struct tag { … }`, `struct { … }`. */
function composite(c: Cursor): string {
  const word = c.next().text;
  let tag = '';
  if (c.token.kind === Id) tag = c.next().text;
  if (c.is('{')) {
    const open = c.token;
    c.at = c.afterGroup(c.at);
    if (!tag) tag = `<${open.pos}>`;
  }
  if (!tag) throw SYNTAX;
  return `${word} ${tag}`;
}

function typeOfText(c: Cursor): string {
  const word = c.next().text;
  if (!c.is('(')) throw SYNTAX;
  const start = c.at;
  c.at = c.afterGroup(c.at);
  const inner = joinTokens(c, start + 1, c.at - 1);
  return word === 'typeof_member' ? `typeof_member(${inner})` : `typeof(${inner})`;
}

/** The text of tokens [from, to) with single spaces between words. */
export function joinTokens(c: Cursor, from: number, to: number): string {
  return joinText(c.tokens.slice(from, to));
}

/** The text of tokens with single spaces between words. */
export function joinText(tokens: readonly Token[]): string {
  let text = '';
  let wordBefore = false;
  for (const token of tokens) {
    const word = token.kind !== Punct;
    text += word && wordBefore ? ` ${token.text}` : token.text;
    wordBefore = word;
  }
  return text;
}

export interface Declarator {
  name: string;
  nameAt: number;
  type: string;
  /** Of the outermost function declarator, when the declared thing is a function. */
  params: Parameter[] | null;
}

export interface Parameter {
  name: string;
  type: string;
}

/** A declarator over `base`; the name may be missing (abstract) when `abstract`. */
export function declarator(c: Cursor, base: string, abstract: boolean): Declarator {
  return c.nested(() => {
    let type = base;
    for (;;) {
      if (c.accept('*')) type = pointerTo(type);
      else if (c.token.kind === Id && (QUALIFIERS.has(c.text) || c.text === 'const')) c.next();
      else break;
    }
    let name = '';
    let nameAt = -1;
    let inner: number | null = null;
    if (c.is('(') && innerDeclarator(c)) {
      inner = c.at;
      c.at = c.afterGroup(c.at);
    } else if (c.token.kind === Id && !isTypeKeyword(c.text)) {
      nameAt = c.at;
      name = c.next().text;
    } else if (!abstract) throw SYNTAX;
    let params: Parameter[] | null = null;
    const suffixes: string[] = [];
    for (;;) {
      if (c.is('[')) {
        c.at = c.afterGroup(c.at);
        suffixes.push('[]');
      } else if (c.is('(')) {
        const list = parameters(c);
        params ??= list;
        suffixes.push(`(${list.map((p) => p.type).join(', ')})`);
      } else break;
    }
    if (inner === null) {
      const isFunction = suffixes[0]?.startsWith('(') ?? false;
      if (isFunction) return { name, nameAt, type, params };
      return { name, nameAt, type: suffixes.length ? `${type} ${suffixes.join('')}` : type, params: null };
    }
    // `(*name)(…)`: read what is in the parentheses with the rest as its base.
    const rest = c.at;
    c.at = inner + 1;
    const result = declarator(c, '&', abstract);
    c.at = rest;
    const derived = result.type.slice(1).trim().replace(' []', '[]');
    if (derived !== '') return { ...result, type: `${type} (${derived})${suffixes.join('')}` };
    // `int (name)(void)` or `int (name)`.
    const plain = suffixes.length && !params ? `${type} ${suffixes.join('')}` : type;
    return { ...result, type: plain, params };
  });
}

/** Is the parenthesis here a declarator's and not a parameter list's? */
function innerDeclarator(c: Cursor): boolean {
  const next = c.ahead(1);
  if (next.text === '*' || next.text === '(' || next.text === '^') return true;
  return (
    next.kind === Id && c.ahead(2).text === ')' && !isTypeKeyword(next.text) && !isTypeName(c, next.text)
  );
}

/** A parenthesised parameter list. */
export function parameters(c: Cursor): Parameter[] {
  const end = c.afterGroup(c.at);
  const list: Parameter[] = [];
  c.next();
  while (c.at < end - 1 && c.token.kind !== Eof) {
    const start = c.at;
    if (c.accept('...')) {
      list.push({ name: '...', type: '...' });
    } else {
      try {
        const { type } = specifiers(c);
        const { name, type: full, params } = declarator(c, type, true);
        list.push({ name, type: params ? `${full} (*)(${params.map((p) => p.type).join(', ')})` : full });
      } catch (error) {
        if (error !== SYNTAX) throw error;
        list.push({ name: '', type: '' });
      }
    }
    while (c.at < end - 1 && !c.is(',')) {
      if (c.is('(') || c.is('[') || c.is('{')) c.at = c.afterGroup(c.at);
      else c.next();
    }
    if (!c.accept(',') && c.at === start) break;
  }
  c.at = end;
  const first = list[0];
  return list.length === 1 && first!.type === 'void' && first!.name === '' ? [] : list;
}

/** `type *`. */
export function pointerTo(type: string): string {
  if (type === '') return '';
  return type.endsWith('*') ? `${type}*` : `${type} *`;
}

/** A type name, as in a cast: specifiers and an abstract declarator. */
export function typeName(c: Cursor): string {
  const { type } = specifiers(c);
  const { type: full, params } = declarator(c, type, true);
  return params ? `${full} (${params.map((p) => p.type).join(', ')})` : full;
}
