/**
 * A file as a CUnit: items from the scanner, everything else worked out when it is asked for. Function
 * bodies are tokenised, expanded, parsed and lowered on the first call of cfg().
 */
import { type Config, calculate, defaultConfig, parseInteger } from './config.ts';
import { Cursor, SYNTAX } from './cursor.ts';
import type { Choice } from './directives.ts';
import { type Expansion, expand } from './expand.ts';
import { Function_ } from './function.ts';
import { cleanupCalls } from './guards.ts';
import type { CFunction, CType, CUnit, Macro, StructDecl } from './ir.ts';
import { iteratorPlaces } from './iterator.ts';
import { Eof, Id, lex, Num, Punct } from './lex.ts';
import { declaredByMacro, expands } from './macro-policy.ts';
import { declarator, specifiers } from './parse-type.ts';
import { type Item, type MacroText, type Range, type Scan, scan } from './scan.ts';
import { Source } from './source.ts';
import { stripAttributes } from './strip.ts';
import { parseEnum, parseStruct } from './struct.ts';
import { parseTable } from './table.ts';

/** How a text is read. All fields are optional. */
export interface ParseOptions {
  config?: Config;
  /** Macros of the headers, by name. */
  macros?: (name: string) => Macro | null;
  /** Names of types that the text does not define. */
  isType?: (name: string) => boolean;
  /** Macros that must stay calls: those that the reader knows. */
  keep?: (name: string) => boolean;
  /** Enumerators and constants that the text does not define. */
  constant?: (name: string) => number | null;
  /** The text of a DEFINE_GUARD, DEFINE_FREE or DEFINE_CLASS of that class elsewhere. */
  cleanup?: (name: string) => string | null;
  /** Lines that must be read even when the configuration excludes them: those that a patch touches. */
  touched?: readonly number[];
  /** The number of the text's first line. */
  firstLine?: number;
}

/** Parses a text. Never throws: what cannot be read is in `problems` or an opaque instruction. */
export function parseUnit(text: string, path: string, options: ParseOptions = {}): Unit {
  return new Unit(new Source(text, path, options.firstLine ?? 1), options);
}

export class Unit implements CUnit {
  readonly path: string;
  readonly source: Source;
  readonly options: ParseOptions;
  readonly config: Config;
  readonly items: Item[];
  readonly includes: string[];
  readonly inactive: Range[];
  readonly texts: Map<string, MacroText>;
  readonly #pick = new Map<string, MacroText | null>();
  #functions: Function_[] | null = null;
  #byName: Map<string, Function_> | null = null;
  #structs: Map<string, StructDecl> | null = null;
  #typedefs: Map<string, CType> | null = null;
  #globals: Map<string, CType> | null = null;
  #macros: Map<string, Macro> | null = null;
  #enums: Map<string, number> | null = null;
  readonly #typeNames: Set<string>;

  /** The text's first function was entered before the text begins. */
  readonly startsInside: boolean;

  constructor(source: Source, options: ParseOptions, given: { startsInside?: boolean; scan?: Scan } = {}) {
    this.startsInside = given.startsInside ?? false;
    this.source = source;
    this.path = source.path;
    this.options = options;
    this.config = options.config ?? defaultConfig;
    const { items, macros, includes, inactive } =
      given.scan ?? scan(source.text, this.config, this.#choice());
    this.items = items;
    this.texts = macros;
    this.includes = includes;
    this.inactive = inactive;
    this.#typeNames = new Set(items.filter((i) => i.kind === 'typedef').map((i) => i.name));
  }

  #choice(): Choice {
    const { macros, touched } = this.options;
    const choice: Choice = {};
    // Headers are asked for macros; their own guards must not be answered from the tree.
    if (macros && this.path.endsWith('.c')) choice.external = (name) => macros(name)?.body ?? null;
    if (touched?.length) choice.wanted = touched.map((line) => this.source.offsetOf(line));
    return choice;
  }

  get functions(): CFunction[] {
    return this.ownFunctions;
  }

  get ownFunctions(): Function_[] {
    this.#functions ??= this.items.filter((i) => i.kind === 'function').map((i) => new Function_(this, i));
    return this.#functions;
  }

  /** The function of that name, null when there is none. */
  function(name: string): CFunction | null {
    this.#byName ??= new Map(this.ownFunctions.map((f) => [f.name, f]).reverse() as [string, Function_][]);
    return this.#byName.get(name) ?? null;
  }

  get problems(): { line: number; text: string }[] {
    const found = [];
    for (const item of this.items) {
      if (item.damaged)
        found.push({ line: this.source.lineAt(item.start), text: `unbalanced braces in ${item.name}` });
    }
    return found;
  }

  get structs(): Map<string, StructDecl> {
    if (!this.#structs) {
      this.#structs = new Map();
      for (const item of this.items) if (item.kind === 'aggregate') parseStruct(this, item, this.#structs);
    }
    return this.#structs;
  }

  get typedefs(): Map<string, CType> {
    if (!this.#typedefs) {
      this.#typedefs = new Map();
      for (const item of this.items) {
        if (item.kind !== 'typedef') continue;
        const type = this.#declaredType(item, item.name);
        if (type) this.#typedefs.set(item.name, type.replace(/^(struct|union) <\d+>/, `$1 ${item.name}`));
      }
    }
    return this.#typedefs;
  }

  get globals(): Map<string, CType> {
    if (!this.#globals) {
      this.#globals = new Map();
      for (const item of this.items) {
        if (item.kind !== 'variable' && item.kind !== 'invocation') continue;
        const found = this.#variable(item);
        if (found) this.#globals.set(found.name, found.type);
      }
    }
    return this.#globals;
  }

  /** Return types of the functions that are only declared here. */
  prototypeType(name: string): CType | null {
    const item = this.items.find((i) => i.kind === 'prototype' && i.name === name);
    return item ? this.#declaredType(item, name) : null;
  }

  get macros(): Map<string, Macro> {
    if (!this.#macros) {
      this.#macros = new Map();
      for (const m of this.texts.values())
        this.#macros.set(m.name, {
          name: m.name,
          params: m.params,
          body: m.body,
          line: this.source.lineAt(m.pos),
        });
    }
    return this.#macros;
  }

  #tables: Map<string, Map<string, string>> | null = null;

  get tables(): Map<string, Map<string, string>> {
    if (!this.#tables) {
      this.#tables = new Map();
      for (const item of this.items) {
        if (item.kind !== 'variable') continue;
        const members = parseTable(this, item);
        if (members.size) this.#tables.set(item.name, members);
      }
    }
    return this.#tables;
  }

  /** Enumerators of the file with their values, where they can be worked out. */
  get enums(): Map<string, number> {
    if (!this.#enums) {
      this.#enums = new Map();
      for (const item of this.items) if (item.kind === 'enum') parseEnum(this, item, this.#enums);
    }
    return this.#enums;
  }

  readonly isType = (name: string): boolean =>
    this.#typeNames.has(name) || (this.options.isType?.(name) ?? false);

  /** The macro to expand for a name, null when it stays. */
  readonly pick: Expansion = (name) => {
    let found = this.#pick.get(name);
    if (found === undefined) {
      found = null;
      if (!this.options.keep?.(name)) {
        const macro = this.macroText(name);
        if (macro && expands(macro)) found = macro;
      }
      this.#pick.set(name, found);
    }
    return found;
  };

  /** The calls of a guard or free class, from its definition here or elsewhere; null when there is none. */
  cleanupClass(kind: 'guard' | 'free', name: string): { enter: string; leave: string } | null {
    for (const item of this.items) {
      if (item.kind !== 'invocation' || !/^DEFINE_(?:GUARD|FREE|CLASS|LOCK_GUARD_[01])$/.test(item.name))
        continue;
      const text = this.source.text.slice(item.pos, item.end);
      if (new RegExp(`^\\w+\\(\\s*${name}\\s*,`).test(text)) {
        const calls = cleanupCalls(kind, text);
        if (calls) return calls;
      }
    }
    const text = this.options.cleanup?.(`${kind}:${name}`) ?? null;
    return text === null ? null : cleanupCalls(kind, text);
  }

  iteratorPlaces(macro: string): readonly number[] | null {
    return iteratorPlaces(macro, (name) => this.macroText(name));
  }

  readonly #external = new Map<string, MacroText | null>();

  macroText(name: string): MacroText | null {
    const own = this.texts.get(name);
    if (own) return own;
    if (!this.options.macros) return null;
    let found = this.#external.get(name);
    if (found === undefined) {
      const macro = this.options.macros(name);
      found = macro ? { name, params: macro.params, body: macro.body, pos: 0 } : null;
      this.#external.set(name, found);
    }
    return found;
  }

  readonly #constants = new Map<string, number | null>();

  /** The value of an enumerator or of a macro that is a number. */
  readonly constant = (name: string): number | null => {
    // Only names in capitals: a macro's argument may be a member that an enumerator is called like.
    if (!/^[A-Z_][A-Z0-9_]*$/.test(name) || this.options.keep?.(name)) return null;
    let value = this.#constants.get(name);
    if (value === undefined) {
      this.#constants.set(name, null);
      value = this.enums.get(name) ?? this.#macroConstant(name) ?? this.options.constant?.(name) ?? null;
      this.#constants.set(name, value);
    }
    return value;
  };

  #macroConstant(name: string): number | null {
    const macro = this.texts.get(name);
    if (!macro || macro.params || macro.body === '' || macro.body.length > 120) return null;
    return constantValue(macro.body, this.constant);
  }

  /** Tokens of a range, attributes gone, macros expanded. */
  tokens(start: number, end: number): ReturnType<typeof lex> {
    return expand(stripAttributes(lex(this.source.text, start, end, this.inactive)), this.pick);
  }

  cursor(start: number, end: number, expanded = true): Cursor {
    const tokens = expanded
      ? this.tokens(start, end)
      : stripAttributes(lex(this.source.text, start, end, this.inactive));
    return new Cursor(tokens, this.isType);
  }

  #declaredType(item: Item, name: string): CType | null {
    try {
      const c = this.cursor(item.start, item.end, false);
      const { type } = specifiers(c);
      for (;;) {
        const found = declarator(c, type, false);
        if (found.name === name) {
          if (item.kind === 'prototype' || !found.params) return found.type;
          return `${found.type} (${found.params.map((p) => p.type).join(', ')})`;
        }
        while (!c.done && !c.is(',') && !c.is(';')) {
          if (c.is('{') || c.is('(') || c.is('[')) c.at = c.afterGroup(c.at);
          else c.next();
        }
        if (!c.accept(',')) return null;
      }
    } catch (error) {
      if (error !== SYNTAX) throw error;
      return null;
    }
  }

  #variable(item: Item): { name: string; type: CType } | null {
    if (item.kind === 'variable') {
      const type = this.#declaredType(item, item.name);
      return type === null ? null : { name: item.name, type };
    }
    return invocationVariable(this, item);
  }
}

/** `DEFINE_SPINLOCK(x)` and its like at file level. */
function invocationVariable(unit: Unit, item: Item): { name: string; type: CType } | null {
  return declaredByMacro(unit.cursor(item.start, item.end, false));
}

/** The value of a constant expression, null when a name in it is not known. */
export function constantValue(body: string, constant: (name: string) => number | null): number | null {
  const tokens = lex(body, 0, body.length);
  let at = 0;
  const primary = (): number | null => {
    const token = tokens[at]!;
    if (token.kind === Eof) return null;
    at++;
    if (token.kind === Num) return /^[\dxa-fA-FuUlL]+$/.test(token.text) ? parseInteger(token.text) : null;
    if (token.kind === Id) return tokens[at]!.text === '(' ? null : constant(token.text);
    if (token.kind !== Punct) return null;
    if (token.text === '(') {
      const inner = binary(0);
      if (tokens[at]!.text !== ')') return null;
      at++;
      return inner;
    }
    const of = token.text === '-' || token.text === '~' || token.text === '!' ? primary() : null;
    if (of === null) return null;
    return token.text === '-' ? -of : token.text === '~' ? -of - 1 : of ? 0 : 1;
  };
  const binary = (least: number): number | null => {
    let left = primary();
    while (left !== null) {
      const op = tokens[at]!.text;
      const priority = PRIORITY.get(op) ?? 0;
      if (priority <= least) return left;
      at++;
      const right = binary(priority);
      if (right === null) return null;
      left = calculate(op, left, right);
    }
    return null;
  };
  const result = binary(0);
  return result !== null && at === tokens.length - 1 && Number.isSafeInteger(result) ? result : null;
}

const PRIORITY: ReadonlyMap<string, number> = new Map(
  Object.entries({
    '*': 10,
    '/': 10,
    '%': 10,
    '+': 9,
    '-': 9,
    '<<': 8,
    '>>': 8,
    '<': 7,
    '>': 7,
    '<=': 7,
    '>=': 7,
    '==': 6,
    '!=': 6,
    '&': 5,
    '^': 4,
    '|': 3,
    '&&': 2,
    '||': 1,
  }),
);
