/**
 * Builds a control-flow graph node by node: open ends wait for the node that comes next. Nodes without a way
 * in are dropped and empty joins are skipped when the graph is finished. It knows no statements.
 */
import type { Cfg, CInstr, CNode } from './ir.ts';
import type { Token } from './lex.ts';
import type { Source } from './source.ts';

/** An edge that leads nowhere yet: slot `slot` of node `node`. */
export interface End {
  node: Node;
  slot: number;
}

/** What a node covers in the text. */
export interface Span {
  a: Token;
  b: Token;
}

/** Orders the nodes of a graph; only differences within one graph matter. */
let serials = 0;

/** A node under construction; its place in the text is worked out when asked for. */
export class Node implements CNode {
  instr: CInstr;
  next: number[] = [];
  /** Successors while building, and the index in the finished graph. */
  to: (Node | null)[] = [];
  index = -1;
  readonly serial: number;
  readonly #source: Source;
  readonly #start: number;
  readonly #end: number;
  readonly #synthetic: boolean;

  constructor(instr: CInstr, source: Source, start: number, end: number, synthetic: boolean) {
    this.serial = serials++;
    this.instr = instr;
    this.#source = source;
    this.#start = start;
    this.#end = end;
    this.#synthetic = synthetic;
  }

  get line(): number {
    return this.#source.lineAt(this.#start);
  }

  get column(): number {
    return this.#source.columnAt(this.#start);
  }

  get endLine(): number {
    return this.#source.lineAt(Math.max(this.#start, this.#end - 1));
  }

  get text(): string {
    return this.#synthetic ? '' : this.#source.slice(this.#start, this.#end);
  }
}

export class Builder {
  readonly source: Source;
  /** Open ends; empty where nothing can arrive. */
  ends: End[] = [];
  readonly #entry: Node;

  constructor(source: Source, start: Span) {
    this.source = source;
    this.#entry = new Node({ k: 'nop' }, source, start.a.pos, start.a.end, true);
    this.ends = [{ node: this.#entry, slot: 0 }];
  }

  /** Can the next node be reached, as far as is known? */
  get live(): boolean {
    return this.ends.length > 0;
  }

  /** A node after the open ends. Nothing is added where nothing can arrive. */
  emit(instr: CInstr, span: Span, synthetic = false): Node {
    const { start, end } = range(span);
    const node = new Node(instr, this.source, start, end, synthetic);
    if (this.ends.length === 0) return node;
    for (const { node: before, slot } of this.ends) before.to[slot] = node;
    this.ends = instr.k === 'return' ? [] : [{ node, slot: 0 }];
    return node;
  }

  /** A join, not connected yet. */
  join(span: Span): Node {
    return new Node({ k: 'nop' }, this.source, span.a.pos, span.a.end, true);
  }

  /** Goes to `node`; nothing arrives after this. */
  jump(node: Node): void {
    for (const { node: before, slot } of this.ends) before.to[slot] = node;
    this.ends = [];
  }

  /** Goes to `node` and on from it. */
  land(node: Node): void {
    for (const { node: before, slot } of this.ends) before.to[slot] = node;
    this.ends = [{ node, slot: 0 }];
  }

  /** Ends the graph: open ends return nothing, or lead out of the text when that is cut off. */
  finish(span: Span, cut: boolean): Cfg {
    const last: CInstr = cut ? { k: 'opaque', text: '…' } : { k: 'return', value: null };
    if (this.ends.length) this.emit(last, { a: span.b, b: span.b }, true);
    this.ends = [];
    const entry = reached(this.#entry.to[0] ?? this.#entry);
    // In the order in which they were made: the text's, as far as it has one.
    const sorted = reachable(entry).sort((x, y) => x.serial - y.serial);
    for (let i = 0; i < sorted.length; i++) sorted[i]!.index = i;
    for (const node of sorted) {
      node.next = node.to.map((n) => (n ? n.index : -1));
      // A way that the lowering left open is a dead end.
      if (node.next.includes(-1)) node.next = node.next.filter((n) => n >= 0);
    }
    return { nodes: sorted, entry: entry.index };
  }
}

/** Skips empty joins, except one that loops to itself. */
function reached(from: Node): Node {
  let node = from;
  let seen: Set<Node> | null = null;
  while (node.instr.k === 'nop' && node.to.length === 1 && node.to[0] && !seen?.has(node)) {
    seen ??= new Set();
    seen.add(node);
    node = node.to[0];
  }
  return node;
}

/** The nodes that can be arrived at; edges to empty joins are moved to what follows them. */
function reachable(entry: Node): Node[] {
  const order: Node[] = [];
  const stack = [entry];
  const seen = new Set<Node>();
  while (stack.length) {
    const node = stack.pop()!;
    if (seen.has(node)) continue;
    seen.add(node);
    order.push(node);
    for (let slot = node.to.length - 1; slot >= 0; slot--) {
      const to = node.to[slot];
      if (!to) continue;
      const target = reached(to);
      node.to[slot] = target;
      if (!seen.has(target)) stack.push(target);
    }
  }
  return order;
}

/** The text range of a span, widened to a macro's whole call where only a part of its expansion is covered. */
export function range(span: Span): { start: number; end: number } {
  const { a, b } = span;
  if (b.from && !(a.from === b.from && a.arg && b.arg)) {
    const start = a.from === b.from ? (a.arg ? Math.min(a.pos, b.from.pos) : b.from.pos) : a.pos;
    return { start: Math.min(start, b.from.pos), end: b.from.end };
  }
  if (a.from && !a.arg) return { start: a.from.pos, end: Math.max(a.from.end, b.end) };
  return { start: Math.min(a.pos, b.pos), end: Math.max(a.end, b.end) };
}
