/**
 * One function of a unit: its head read at once, its body on demand. Heads made by macros (SYSCALL_DEFINEn
 * and its like) take their name from the first argument. Damaged heads keep what can be read of them.
 */
import type { Stmt } from './ast.ts';
import { bodyContracts, commentContracts, headContracts } from './contracts.ts';
import { Cursor, SYNTAX } from './cursor.ts';
import type { CFunction, Cfg, Contract, CType } from './ir.ts';
import { Id, lex, type Token } from './lex.ts';
import { lower } from './lower.ts';
import { statement } from './parse-stmt.ts';
import { declarator, type Parameter, parameters, specifiers } from './parse-type.ts';
import type { Item } from './scan.ts';
import { stripAttributes } from './strip.ts';
import type { Unit } from './unit.ts';

/** A head's name in capitals is a macro's. */
const MACRO_NAME = /^[A-Z][A-Z0-9_]+$/;
const SYSCALL = /^(?:COMPAT_)?SYSCALL(?:32)?_DEFINE[0-6]$/;

interface Head {
  name: string;
  returnType: CType;
  params: { name: string; type: CType }[];
  isStatic: boolean;
  isInline: boolean;
  macro: string;
}

export class Function_ implements CFunction {
  readonly file: string;
  readonly line: number;
  readonly endLine: number;
  /** Offset of the head in the unit's text. */
  readonly item: Item;
  readonly unit: Unit;
  readonly complete: boolean;
  /** The text ends before the function does. */
  readonly cut: boolean;
  #head: Head | null = null;
  #contracts: Contract[] | null = null;
  #locals: Map<string, CType> = new Map();
  #cfg: Cfg | null = null;
  #body: Stmt | null = null;
  #counts = { statements: 0, opaque: 0 };

  constructor(unit: Unit, item: Item) {
    this.unit = unit;
    this.item = item;
    this.file = unit.path;
    const { before, end } = unit.source;
    this.cut = item.end > end;
    // A head that comes from a hunk's heading is known; what lies between it and the text is not.
    this.complete = !this.cut && !(item.body < before && unit.startsInside);
    this.line = unit.source.lineAt(Math.max(item.pos, before));
    this.endLine = unit.source.lineAt(Math.max(item.start, item.end - 1));
  }

  get name(): string {
    // Only a head that is a macro's call has to be read for its name.
    return MACRO_NAME.test(this.item.name) ? this.#read().name : this.item.name;
  }

  /** The macro whose call is the head (`SYSCALL_DEFINE3`), '' for an ordinary function. */
  get macro(): string {
    return MACRO_NAME.test(this.item.name) ? this.#read().macro : '';
  }

  /** The head's first line as git shows it in a hunk's heading. */
  get heading(): string {
    const { source } = this.unit;
    const end = source.text.indexOf('\n', this.item.start);
    return source.text.slice(this.item.start, end < 0 ? this.item.body : end).trimEnd();
  }

  get damaged(): boolean {
    return this.item.damaged;
  }

  get returnType(): CType {
    return this.#read().returnType;
  }

  get params(): { name: string; type: CType }[] {
    return this.#read().params;
  }

  get isStatic(): boolean {
    return this.#read().isStatic;
  }

  get isInline(): boolean {
    return this.#read().isInline;
  }

  get contracts(): Contract[] {
    if (!this.#contracts) {
      const { unit, item } = this;
      const head = lex(unit.source.text, item.start, item.body, unit.inactive);
      const comment = commentBefore(unit.source.text, item.start);
      this.#contracts = [
        ...headContracts(head, unit.source),
        ...bodyContracts(this.body(), unit.source),
        ...(comment ? commentContracts(comment.text, unit.source.lineAt(comment.start)) : []),
      ];
    }
    return this.#contracts;
  }

  get locals(): Map<string, CType> {
    this.cfg();
    return this.#locals;
  }

  /** Statements of the body, and how many of them could not be read. */
  counts(): { statements: number; opaque: number } {
    this.body();
    return this.#counts;
  }

  /** The body's syntax tree. */
  body(): Stmt {
    if (!this.#body) {
      const { unit, item } = this;
      const c = unit.cursor(item.body, item.end);
      for (const p of this.params) c.locals.add(p.name);
      this.#body = statement(c);
      this.#counts = { statements: c.statements, opaque: c.opaque };
    }
    return this.#body;
  }

  cfg(): Cfg {
    if (!this.#cfg) {
      const { unit } = this;
      this.#locals = new Map();
      const text = unit.source.text.slice(this.item.body, this.item.end);
      const cleanups = /\b(?:guard|scoped_\w*guard|CLASS|__free|__cleanup)\b/.test(text);
      const names = this.params.map((p) => p.name).filter(Boolean);
      this.#cfg = lower(this.body(), unit.source, names, this.#locals, unit, {
        hasCleanups: cleanups,
        cut: this.cut,
      });
    }
    return this.#cfg;
  }

  #read(): Head {
    this.#head ??= readHead(this.unit, this.item);
    return this.#head;
  }
}

function readHead(unit: Unit, item: Item): Head {
  const tokens = stripAttributes(lex(unit.source.text, item.start, item.body, unit.inactive));
  const words = (t: readonly Token[]): Set<string> => new Set(t.map((x) => x.text));
  const c = new Cursor(tokens, unit.isType);
  const at = tokens.findIndex((t) => t.pos >= item.pos);
  const all = words(tokens.slice(0, Math.max(0, at)));
  const isStatic = all.has('static');
  const isInline = [...all].some((w) => w.includes('inline'));
  if (SYSCALL.test(item.name) && tokens[at + 1]?.text === '(') return syscall(c, at, item.name);
  try {
    const spec = specifiers(c);
    const found = declarator(c, spec.type, false);
    if (found.name === item.name && found.params)
      return {
        name: found.name,
        returnType: found.type,
        params: found.params,
        isStatic,
        isInline,
        macro: '',
      };
  } catch (error) {
    if (error !== SYNTAX) throw error;
  }
  // A damaged or unusual head: the name and its parameter list are known from the scanner.
  let params: Parameter[] = [];
  if (tokens[at + 1]?.text === '(') {
    c.at = at + 1;
    params = parameters(c);
  }
  const before = tokens.slice(0, Math.max(0, at)).filter((t) => t.text !== 'static' && t.text !== 'extern');
  const stars = before.filter((t) => t.text === '*').length;
  const type = before.filter((t) => t.kind === Id && !/inline|^__/.test(t.text)).map((t) => t.text);
  const returnType = type.length ? type.slice(-2).join(' ') + (stars ? ` ${'*'.repeat(stars)}` : '') : '';
  const macro = MACRO_NAME.test(item.name) ? item.name : '';
  if (!macro) return { name: item.name, returnType, params, isStatic, isInline, macro };
  // BPF_CALL_2(name, …), DEFINE_IDTENTRY(name): the macro's first argument is the name.
  const named = tokens[at + 2];
  return {
    name: named?.kind === Id ? named.text : item.name,
    returnType,
    params: [],
    isStatic,
    isInline,
    macro,
  };
}

/** SYSCALL_DEFINE3(name, type, param, …) */
function syscall(c: Cursor, at: number, macro: string): Head {
  c.at = at + 1;
  const end = c.afterGroup(c.at) - 1;
  c.next();
  const name = c.token.kind === Id ? c.next().text : macro;
  const params: Parameter[] = [];
  while (c.at < end && c.accept(',')) {
    try {
      const { type } = specifiers(c);
      const full = declarator(c, type, true);
      if (!c.accept(',')) break;
      params.push({ type: full.type, name: c.name().text });
    } catch (error) {
      if (error !== SYNTAX) throw error;
      break;
    }
  }
  return { name, returnType: 'long', params, isStatic: false, isInline: false, macro };
}

/** The comment that ends directly above an offset, white space apart. */
function commentBefore(text: string, offset: number): { text: string; start: number } | null {
  let end = offset;
  while (end > 0 && /\s/.test(text[end - 1]!)) end--;
  if (text.slice(end - 2, end) !== '*/' || text.slice(end, offset).split('\n').length > 2) return null;
  const start = text.lastIndexOf('/*', end - 3);
  return start < 0 ? null : { text: text.slice(start, end), start };
}
