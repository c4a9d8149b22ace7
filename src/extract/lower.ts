/**
 * From a C function to a routine of the core.
 *
 * The function's control-flow graph is laid out as it stands; calls are replaced by what the vocabulary says of
 * them, by their bodies where these are small and at hand, or, when nothing is known, by the assumption that
 * they are harmless: they may return anything and give back what they were lent.
 *
 * What it does not do: loops are kept as loops, and nothing is sliced away here except memory that the
 * context says is of no interest.
 */
import type { CFunction, CNode, Expr } from '../c/index.ts';
import type { Vocabulary } from '../rules/index.ts';
import type { Place, Routine, Site, Value } from '../sim/program.ts';
import { lowerCall } from './call.ts';
import { emitContracts } from './contracts.ts';
import { Emitter } from './emit.ts';
import { children, expressionsOf, rootVariable } from './expressions.ts';
import type { Summary } from './summary.ts';
import { type Declarations, pointee, structName, typeOf } from './types.ts';

export interface LowerContext {
  vocabulary: Vocabulary;
  declarations: Declarations;
  /** The body of a function that is to stand in for its call inside `callers` (outermost first), or null. */
  body(name: string, callers: readonly string[]): CFunction | null;
  /** What is known of a call of this function from looking at its body, or null. */
  summary(name: string, callers: readonly string[]): Summary | 'opaque' | null;
  /** Names whose body goes before their row: the patch changed them. */
  prefersBody(name: string, callers: readonly string[]): boolean;
  /** True for a cell that is not kept, of an object whose life matters. */
  touches?(place: Place): boolean;
  /** False for cells that cannot matter: loads of them are unknown, stores to them dropped. */
  keeps(place: Place): boolean;
  /** Whether this GFP expression allows sleeping; null when it cannot be told. */
  gfpSleeps(text: string): boolean | null;
  /** Whether this global is an object of the program; a path that needs the address of another leaves it. */
  hasObject(name: string): boolean;
  /** Whether a cell counts references, rather than something else. */
  isCount(place: Place): boolean;
  /** Whether the operations of an inlined body keep their own sites; else they are those of the call. */
  shows(fn: CFunction): boolean;
  /** The value of an error constant, or null. */
  errno(name: string): number | null;
  /** The same, as a function in that file sees it: its own static functions, types and variables. */
  within?(file: string): LowerContext;
  /** The task that runs the routine, where that is an object of the program. */
  current?: Value | undefined;
  /** The routine will run beside others: waiting and copying are then operations of it, not only sleeping and assigning. */
  isConcurrent?: boolean;
  /** What is passed to functions that are not known is still there afterwards. */
  lends?: boolean;
}

export interface Lowered {
  routine: Routine;
  /** Locals whose address is taken: objects of this routine, by the name that the operations use. */
  locals: { name: string; type: string }[];
  /** Calls about which nothing was known. */
  unknownCalls: string[];
}

/** Expressions that may name a structure in memory. */
const LVALUES = new Set<Expr['k']>(['var', 'field', 'deref', 'index']);

/** Bodies go in the place of their calls up to this depth, this size each, and this much in one routine. */
const MAX_INLINE_DEPTH = 4;
const MAX_INLINE_NODES = 60;
const MAX_INLINED_NODES = 240;
/** A body that its context does not ask for is worth it only when it is a mere wrapper. */
const MAX_WRAPPER_NODES = 14;

/** Turns `fn` into a routine named after it, its parameters registers of the same names. */
export function lower(fn: CFunction, context: LowerContext): Lowered {
  const emit = new Emitter(
    fn.name,
    fn.params.map((p) => p.name),
  );
  const lowering = new Lowering(emit, context, fn, '', null, []);
  lowering.run(null, '');
  return {
    routine: emit.routine,
    locals: lowering.shared.locals,
    unknownCalls: [...new Set(lowering.shared.unknownCalls)].sort(),
  };
}

interface Shared {
  locals: { name: string; type: string }[];
  unknownCalls: string[];
  /** The function that was put into a callback head, by how the head is written. */
  taskWork: Map<string, string>;
  instances: number;
  /** Nodes of bodies that were put in the place of calls. */
  inlinedNodes: number;
}

/** The lowering of one function body, at the top or in the place of a call. */
export class Lowering {
  readonly emit: Emitter;
  readonly context: LowerContext;
  readonly fn: CFunction;
  readonly shared: Shared;
  private readonly prefix: string;
  /** This function and those that it is inlined in, outermost first. */
  readonly stack: readonly string[];
  private readonly paramNames: Set<string>;
  private readonly inMemory: Set<string>;
  private readonly isInlined: boolean;
  /** Its operations carry sites of their own, rather than that of the call. */
  readonly ownSites: boolean;

  constructor(
    emit: Emitter,
    context: LowerContext,
    fn: CFunction,
    prefix: string,
    shared: Shared | null,
    stack: readonly string[],
  ) {
    this.emit = emit;
    this.context = context;
    this.fn = fn;
    this.prefix = prefix;
    this.shared = shared ?? {
      locals: [],
      unknownCalls: [],
      taskWork: new Map(),
      instances: 0,
      inlinedNodes: 0,
    };
    this.stack = [...stack, fn.name];
    this.isInlined = prefix !== '';
    this.ownSites = !this.isInlined || context.shows(fn);
    this.paramNames = new Set(fn.params.map((p) => p.name));
    this.inMemory = this.localsInMemory();
  }

  /**
   * Emits the body. At the top a return ends the routine; inlined, it writes `result` (when there is one)
   * and goes to `end`.
   */
  run(result: string | null, end: string): void {
    for (const name of this.inMemory) {
      const type = this.fn.locals.get(name) ?? this.fn.params.find((p) => p.name === name)?.type ?? '';
      this.shared.locals.push({ name: this.prefix + name, type });
      if (this.fn.params.some((p) => p.name === name)) {
        this.emit.op({
          op: 'store',
          to: { base: `@%${this.prefix}${name}`, type: '', cell: '' },
          value: this.register(name),
        });
      }
    }
    if (this.fn.contracts.length > 0) emitContracts(this);
    const { nodes, entry } = this.fn.cfg();
    const labels = nodes.map(() => this.emit.label());
    const placed = new Set<number>();
    const pending = [entry];
    while (pending.length > 0) {
      let at = pending.pop()!;
      while (!placed.has(at)) {
        placed.add(at);
        this.emit.place(labels[at]!);
        const node = nodes[at]!;
        if (this.ownSites) this.emit.at(this.site(node));
        const onward = this.node(node, labels, result, end);
        if (onward === null) break;
        for (const n of node.next) if (n !== onward && !placed.has(n)) pending.push(n);
        at = onward;
        if (placed.has(at)) this.emit.op({ op: 'jump', to: labels[at]! });
      }
    }
  }

  private site(node: CNode): Site {
    return { file: this.fn.file, line: node.line, function: this.fn.name, text: node.text };
  }

  /** Emits one node; the node to go on with directly, or null when control does not fall through. */
  private node(node: CNode, labels: string[], result: string | null, end: string): number | null {
    const { instr } = node;
    switch (instr.k) {
      case 'nop':
      case 'declare':
      case 'opaque':
        break;
      case 'set':
        if (!this.copies(instr.dst, instr.value)) this.assign(instr.dst, this.value(instr.value));
        break;
      case 'call': {
        // A call that does not come back: nothing that it does matters.
        if (node.next.length === 0) {
          this.emit.op({ op: 'assume', cond: 0 });
          return null;
        }
        const dst = lowerCall(
          this,
          instr.callee,
          instr.args,
          instr.dst === null ? null : this.resultRegister(instr.dst),
          instr.dst === null ? null : this.typeOf(instr.dst),
        );
        if (instr.dst !== null && dst !== null) this.assign(instr.dst, dst);
        break;
      }
      case 'branch': {
        const [yes, no] = node.next;
        if (yes === undefined) return null;
        if (no === undefined || yes === no) return yes;
        this.emit.op({ op: 'branch', cond: this.value(instr.cond), to: labels[yes]! });
        return no;
      }
      case 'iterate': {
        const more = this.emit.temporary();
        this.emit.op({ op: 'unknown', dst: more, what: 'bool' });
        const [body, after] = node.next;
        if (body === undefined) return null;
        if (after === undefined) return body;
        const out = this.emit.temporary();
        this.emit.op({ op: 'calc', dst: out, fn: 'eq', a: more, b: 0 });
        this.emit.op({ op: 'branch', cond: out, to: labels[after]! });
        for (const dst of instr.dsts) {
          const value = this.emit.temporary();
          this.emit.op({ op: 'unknown', dst: value, what: 'nonnull' });
          this.assign(dst, value);
        }
        return body;
      }
      case 'return': {
        const value = instr.value === null ? null : this.value(instr.value);
        if (!this.isInlined) {
          this.emit.op(value === null ? { op: 'return' } : { op: 'return', value });
        } else {
          if (result !== null) this.emit.op({ op: 'set', dst: result, value: value ?? 0 });
          this.emit.op({ op: 'jump', to: end });
        }
        return null;
      }
    }
    const next = node.next[0];
    if (next !== undefined) return next;
    // The end of the body without a return.
    if (this.isInlined) this.emit.op({ op: 'jump', to: end });
    else this.emit.op({ op: 'return' });
    return null;
  }

  /** The register a call's result can go to directly, or null when it must be assigned. */
  private resultRegister(dst: Expr): string | null {
    return dst.k === 'var' && this.isRegister(dst.name) ? this.register(dst.name) : null;
  }

  assign(dst: Expr, value: Value): void {
    if (dst.k === 'var' && this.isRegister(dst.name)) {
      if (value !== this.register(dst.name)) this.emit.op({ op: 'set', dst: this.register(dst.name), value });
      return;
    }
    const to = this.place(dst);
    if (to !== null && this.context.keeps(to)) this.emit.op({ op: 'store', to, value });
    else if (to !== null && this.context.touches?.(to) === true) this.touch(to, true);
    else if (to !== null && typeof value === 'string') this.emit.op({ op: 'escape', value });
  }

  /** `*to = *from` for whole structures: locks and counts go with them. */
  private copies(dst: Expr, value: Expr): boolean {
    const type = structName(this.typeOf(dst));
    if (type === '' || !LVALUES.has(value.k)) return false;
    const [to, from] = [this.place(dst), this.place(value)];
    if (to === null || from === null) return false;
    if (this.context.isConcurrent === true && (dst.k === 'var' || to.cell !== '' || from.cell !== ''))
      return false;
    this.emit.op({ op: 'copy', to: this.addressOf(to), from: this.addressOf(from), type });
    return true;
  }

  private isLocal(name: string): boolean {
    return this.fn.locals.has(name) || this.paramNames.has(name);
  }

  private isRegister(name: string): boolean {
    return this.isLocal(name) && !this.inMemory.has(name);
  }

  private register(name: string): string {
    return this.prefix + name;
  }

  /** The value of an expression, computed into a register when it is not one already. */
  value(expr: Expr): Value {
    switch (expr.k) {
      case 'num':
        return expr.value;
      case 'var': {
        if (expr.name === 'NULL' || expr.name === 'false') return 0;
        if (expr.name === 'true') return 1;
        if (this.isRegister(expr.name)) return this.register(expr.name);
        if (expr.name === 'current' && this.context.current !== undefined) return this.context.current;
        const errno = this.context.errno(expr.name);
        if (errno !== null) return errno;
        // A local array or structure stands for its address, as C has it.
        const type = this.fn.locals.get(expr.name) ?? '';
        if (this.isLocal(expr.name) && (type.endsWith(']') || structName(type) !== ''))
          return `@%${this.prefix}${expr.name}`;
        return this.load(this.place(expr));
      }
      case 'field':
      case 'deref':
        return this.load(this.place(expr));
      case 'index':
        return this.load(this.place(expr));
      case 'addr':
        return this.address(expr.of);
      case 'cast':
        return this.value(expr.of);
      case 'unary': {
        const of = this.value(expr.of);
        if (expr.op === '!') return this.calc('eq', of, 0);
        if (expr.op === '-') return typeof of === 'number' ? -of : this.calc('sub', 0, of);
        return this.calc('xor', of, -1);
      }
      case 'binary':
        return this.binary(expr.op, this.value(expr.a), this.value(expr.b));
      default: {
        const dst = this.emit.temporary();
        this.emit.op({ op: 'unknown', dst, what: 'int' });
        return dst;
      }
    }
  }

  private binary(op: string, a: Value, b: Value): Value {
    switch (op) {
      case '==':
        return this.calc('eq', a, b);
      case '!=':
        return this.calc('ne', a, b);
      case '<':
        return this.calc('lt', a, b);
      case '<=':
        return this.calc('le', a, b);
      case '>':
        return this.calc('eq', this.calc('le', a, b), 0);
      case '>=':
        return this.calc('eq', this.calc('lt', a, b), 0);
      case '+':
        return this.calc('add', a, b);
      case '-':
        return this.calc('sub', a, b);
      case '*':
        return this.calc('mul', a, b);
      case '/':
        return this.calc('div', a, b);
      case '%':
        return this.calc('mod', a, b);
      case '&':
        return this.calc('and', a, b);
      case '|':
        return this.calc('or', a, b);
      case '^':
        return this.calc('xor', a, b);
      case '<<':
        return this.calc('shl', a, b);
      case '>>':
        return this.calc('shr', a, b);
    }
    const dst = this.emit.temporary();
    this.emit.op({ op: 'unknown', dst, what: 'int' });
    return dst;
  }

  calc(fn: Extract<Routine['code'][number], { op: 'calc' }>['fn'], a: Value, b: Value): Value {
    const dst = this.emit.temporary();
    this.emit.op({ op: 'calc', dst, fn, a, b });
    return dst;
  }

  load(from: Place | null, how: 'plain' | 'once' | 'acquire' | 'dereference' = 'plain'): Value {
    const dst = this.emit.temporary();
    const touches = from !== null && this.context.touches?.(from) === true;
    if (touches) this.touch(from, false);
    // A pointer that nobody follows leads somewhere.
    const isPointer = touches && /\*$/.test(this.context.declarations.field(from.type, from.cell));
    if (from === null || !this.context.keeps(from))
      this.emit.op({ op: 'unknown', dst, what: isPointer ? 'nonnull' : 'int' });
    else this.emit.op({ op: 'load', dst, from, how });
    return dst;
  }

  /** A use of an object without a cell that anybody follows. */
  private touch({ base, type }: Place, write: boolean): void {
    this.emit.op({ op: 'access', at: { base, type, cell: '' }, write });
  }

  /** Memory that is none of the program's. */
  private stranger(): Value {
    const dst = this.emit.temporary();
    this.emit.op({ op: 'unknown', dst, what: 'nonnull' });
    return dst;
  }

  address(of: Expr): Value {
    const place = this.place(of);
    if (place === null) return this.value(of);
    return this.addressOf(place);
  }

  addressOf(place: Place): Value {
    if (
      typeof place.base === 'string' &&
      /^@[^%]/.test(place.base) &&
      !this.context.hasObject(place.base.slice(1))
    ) {
      if (this.context.lends === true) return this.stranger();
      this.emit.op({ op: 'assume', cond: 0 });
      return 0;
    }
    if (place.cell === '') return place.base;
    // A part of an object that the model does not have stands for the object.
    if (this.context.touches !== undefined && !this.context.keeps(place)) return place.base;
    const dst = this.emit.temporary();
    this.emit.op({ op: 'address', dst, of: place });
    return dst;
  }

  /** The memory an lvalue names; null when the expression is no lvalue that can be named. */
  place(expr: Expr): Place | null {
    switch (expr.k) {
      case 'var': {
        const base = this.isLocal(expr.name) ? `@%${this.prefix}${expr.name}` : `@${expr.name}`;
        return { base, type: structName(this.typeOf(expr)), cell: '' };
      }
      case 'field': {
        if (expr.arrow) {
          return { base: this.value(expr.of), type: pointee(this.typeOf(expr.of)), cell: expr.name };
        }
        const outer = this.place(expr.of);
        if (outer === null) return null;
        if (outer.cell === '')
          return { ...outer, type: outer.type || structName(this.typeOf(expr.of)), cell: expr.name };
        return { ...outer, cell: `${outer.cell}.${expr.name}` };
      }
      case 'deref':
        return { base: this.value(expr.of), type: pointee(this.typeOf(expr.of)), cell: '' };
      case 'index': {
        const array = this.typeOf(expr.of).endsWith(']') ? this.address(expr.of) : this.value(expr.of);
        const index = this.value(expr.index);
        const base = index === 0 ? array : this.calc('add', array, index);
        return { base, type: pointee(this.typeOf(expr.of)), cell: '' };
      }
      case 'cast':
        return this.place(expr.of);
      default:
        return null;
    }
  }

  typeOf(expr: Expr): string {
    return typeOf(expr, this.fn, this.context.declarations);
  }

  /**
   * Puts the body of `callee` in the place of a call when that is allowed and small.
   * @param preferred the context asks for the body rather than for what else is known of the function
   * @returns whether it was done
   */
  inline(callee: CFunction, args: Value[], result: string | null, preferred: boolean): boolean {
    if (this.stack.length > MAX_INLINE_DEPTH || this.stack.includes(callee.name)) return false;
    if (!callee.complete || callee.macro !== '') return false;
    const { nodes } = callee.cfg();
    if (!preferred && !this.isUnderstood(nodes)) return false;
    const size = nodes.length;
    const most = preferred ? MAX_INLINE_NODES : MAX_WRAPPER_NODES;
    const fits = size <= most && this.shared.inlinedNodes + size <= MAX_INLINED_NODES;
    if (!fits && !this.context.shows(callee)) return false;
    this.shared.inlinedNodes += size;
    const prefix = `${callee.name}#${this.shared.instances++}.`;
    const context =
      callee.file === this.fn.file ? this.context : (this.context.within?.(callee.file) ?? this.context);
    const inner = new Lowering(this.emit, context, callee, prefix, this.shared, this.stack);
    callee.params.forEach((p, i) => {
      this.emit.op({ op: 'set', dst: prefix + p.name, value: args[i] ?? 0 });
    });
    const end = this.emit.label();
    const site = this.emit.currentSite;
    inner.run(result, end);
    this.emit.resume(site);
    this.emit.place(end);
    return true;
  }

  /** Whether everything that a body calls is known: half a body is worse than none. */
  private isUnderstood(nodes: CNode[]): boolean {
    return nodes.every(({ instr }) => {
      if (instr.k !== 'call') return true;
      if (typeof instr.callee !== 'string') return false;
      return this.context.vocabulary.has(instr.callee) || instr.callee === 'container_of';
    });
  }

  /** Locals that cannot live in a register: their address is taken, or they are structures. */
  private localsInMemory(): Set<string> {
    const out = new Set<string>();
    for (const [name, type] of this.fn.locals)
      if (structName(type) !== '' || type.endsWith(']')) out.add(name);
    const isArray = (of: Expr): boolean => !this.typeOf(of).endsWith('*');
    const look = (expr: Expr): void => {
      if (expr.k === 'addr') {
        const root = rootVariable(expr.of, isArray);
        if (root !== null && this.isLocal(root)) out.add(root);
      }
      for (const inner of children(expr)) look(inner);
    };
    for (const node of this.fn.cfg().nodes) for (const e of expressionsOf(node)) look(e);
    return out;
  }
}
