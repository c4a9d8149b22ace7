/**
 * The state of lowering one function: scopes, names, temporaries, loop targets, cleanups. The work is in
 * lower-expr.ts (values and conditions), lower-stmt.ts (control flow) and lower-cleanup.ts (scope exits).
 */
import type { Ast, Stmt } from './ast.ts';
import { Builder, type End, type Node, type Span } from './builder.ts';
import type { Config } from './config.ts';
import type { Cfg, CType, Expr } from './ir.ts';
import type { Cleanup } from './lower-cleanup.ts';
import { lowerStatement } from './lower-stmt.ts';
import type { Source } from './source.ts';

export interface Scope {
  names: Map<string, string>;
  cleanups: Cleanup[];
  block: Stmt | null;
}

/** Where break or continue goes, and how many scopes are open there. */
export interface Target {
  node: Node;
  depth: number;
}

/** What the lowering asks of the file around the function. */
export interface Surroundings {
  config: Config;
  /** The value of an enumerator or constant macro, null when it is none. */
  constant(name: string): number | null;
  /** Which arguments of an iterator macro are set on each round, from its definition; null when it is not known. */
  iteratorPlaces(macro: string): readonly number[] | null;
  /** A guard or free class defined in the source, as written there. */
  cleanupClass(kind: 'guard' | 'free', name: string): { enter: string; leave: string } | null;
}

export class Lowering {
  readonly b: Builder;
  readonly around: Surroundings;
  readonly locals: Map<string, CType>;
  readonly scopes: Scope[] = [];
  readonly breaks: Target[] = [];
  readonly continues: Target[] = [];
  readonly labels: Map<string, Node> = new Map();
  /** Labels that were met; a goto to another one leads out of the text. */
  readonly landed: Set<string> = new Set();
  /** For gotos out of scopes with cleanups: where each label is, null in functions without cleanups. */
  labelPlaces: Map<string, { around: Stmt[]; pos: number }> | null = null;
  /** The joins of the case labels of the switches being lowered. */
  readonly cases: Map<Stmt, Node> = new Map();
  /** Temporaries made so far. */
  temps = 0;

  constructor(source: Source, around: Surroundings, locals: Map<string, CType>, start: Span) {
    this.b = new Builder(source, start);
    this.around = around;
    this.locals = locals;
  }

  /** A new temporary: `$1`, `$2`, … */
  temp(): Expr {
    const name = `$${++this.temps}`;
    this.locals.set(name, '');
    return { k: 'var', name };
  }

  /** Declares a local in the innermost scope; a shadowing one gets a suffix. */
  declare(name: string, type: CType, params: ReadonlySet<string>): string {
    let unique = name;
    for (let n = 2; this.locals.has(unique) || params.has(unique); n++) unique = `${name}#${n}`;
    this.locals.set(unique, type);
    this.scopes[this.scopes.length - 1]!.names.set(name, unique);
    return unique;
  }

  /** The unique name of a local, null for what is not one. */
  resolve(name: string): string | null {
    for (let i = this.scopes.length - 1; i >= 0; i--) {
      const found = this.scopes[i]!.names.get(name);
      if (found !== undefined) return found;
    }
    return null;
  }

  params: ReadonlySet<string> = new Set();

  label(name: string, span: Span): Node {
    let node = this.labels.get(name);
    if (!node) {
      node = this.b.join(span);
      this.labels.set(name, node);
    }
    return node;
  }

  /** Runs `f` with the given open ends, returns the ends after it. */
  from(ends: End[], f: () => void): End[] {
    this.b.ends = ends;
    f();
    return this.b.ends;
  }
}

/** Lowers a function's body. `locals` is filled with its locals and temporaries. */
export function lower(
  body: Stmt,
  source: Source,
  params: readonly string[],
  locals: Map<string, CType>,
  around: Surroundings,
  shape: { hasCleanups: boolean; cut: boolean },
): Cfg {
  const l = new Lowering(source, around, locals, body);
  l.params = new Set(params);
  const names = new Map(params.map((p): [string, string] => [p, p]));
  l.scopes.push({ names, cleanups: [], block: null });
  if (shape.hasCleanups) {
    l.labelPlaces = new Map();
    collectLabels(body, [], l.labelPlaces);
  }
  lowerStatement(l, body);
  for (const [name, node] of l.labels) {
    if (!l.landed.has(name)) node.instr = { k: 'opaque', text: `goto ${name}` };
  }
  return l.b.finish(body, shape.cut);
}

function collectLabels(stmt: Stmt, around: Stmt[], out: Map<string, { around: Stmt[]; pos: number }>): void {
  switch (stmt.k) {
    case 'label':
      out.set(stmt.name, { around, pos: stmt.a.pos });
      return;
    case 'block':
      for (const s of stmt.items) collectLabels(s, [...around, stmt], out);
      return;
    case 'group':
      for (const s of stmt.items) collectLabels(s, around, out);
      return;
    case 'if':
      collectLabels(stmt.yes, around, out);
      if (stmt.no) collectLabels(stmt.no, around, out);
      return;
    case 'for':
      collectLabels(stmt.body, [...around, stmt], out);
      return;
    case 'guard':
      if (stmt.body) collectLabels(stmt.body, [...around, stmt], out);
      return;
    case 'while':
    case 'do':
    case 'switch':
    case 'iterate':
    case 'maybe':
      collectLabels(stmt.body, around, out);
  }
}

/** The callee's name when a call names one. */
export function calleeName(e: Ast): string {
  return e.k === 'call' && e.fn.k === 'id' ? e.fn.name : '';
}
