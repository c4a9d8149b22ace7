/**
 * What the C front end hands on: functions as control-flow graphs over pure expressions.
 *
 * Every call, assignment and test is an instruction of its own; short-circuit operators, ternaries, statement
 * expressions, loops, switches, `guard()` and `__free` scopes have been turned into branches and plain calls,
 * in C's order of evaluation. Expressions are free of side effects. Lines are those of the file as given.
 */

/** A C type as normalised text: `struct mempolicy *`, `spinlock_t`, `int`; '' when it is not known. */
export type CType = string;

export type Expr =
  | { k: 'var'; name: string }
  | { k: 'num'; value: number }
  | { k: 'str'; text: string }
  /** `of->name` when `arrow`, else `of.name`; `(*p).f` comes as `p->f`. */
  | { k: 'field'; of: Expr; name: string; arrow: boolean }
  | { k: 'index'; of: Expr; index: Expr }
  | { k: 'deref'; of: Expr }
  | { k: 'addr'; of: Expr }
  | { k: 'unary'; op: '-' | '~' | '!'; of: Expr }
  | { k: 'binary'; op: string; a: Expr; b: Expr }
  | { k: 'cast'; type: CType; of: Expr }
  /** Value not modelled (sizeof, initialiser lists, floats, …); `reads` are the expressions inside. */
  | { k: 'opaque'; text: string; reads: Expr[] };

export type CInstr =
  /** `declare`: a local comes into scope without a value. */
  | { k: 'declare'; name: string; type: CType }
  | { k: 'set'; dst: Expr; value: Expr }
  /** `callee` is a name, or an expression for a call through a pointer (`vma->vm_ops->close`). */
  | { k: 'call'; dst: Expr | null; callee: string | Expr; args: Expr[] }
  /** next[0] when the condition holds, next[1] when not. */
  | { k: 'branch'; cond: Expr }
  /** An iterator macro's head: next[0] runs the body with `dsts` set anew, next[1] leaves. */
  | { k: 'iterate'; macro: string; dsts: Expr[]; args: Expr[] }
  | { k: 'return'; value: Expr | null }
  /** Something that could not be modelled (inline assembly, damaged text). */
  | { k: 'opaque'; text: string }
  /** Joins and loop heads. */
  | { k: 'nop' };

export interface CNode {
  instr: CInstr;
  /** 1-based line and column in the file of the statement or expression this came from. */
  line: number;
  column: number;
  endLine: number;
  /** The source text of the expression or statement, white space collapsed; '' for synthetic nodes. */
  text: string;
  /** Indexes into `Cfg.nodes`; empty after a return or a call that does not come back. */
  next: number[];
}

export interface Cfg {
  nodes: CNode[];
  entry: number;
}

/** A contract stated in the source: an annotation, an assertion, or kernel-doc. */
export interface Contract {
  kind: 'must-hold' | 'acquires' | 'releases' | 'may-sleep' | 'asserts-held';
  /** The lock as written: `ptl`, `&mm->mmap_lock`, `RCU`; '' when there is none. */
  lock: string;
  mode: 'exclusive' | 'shared' | '';
  line: number;
}

export interface CFunction {
  name: string;
  file: string;
  line: number;
  endLine: number;
  returnType: CType;
  params: { name: string; type: CType }[];
  /** Locals by name, params excluded; a shadowed name has a suffix: `ret#2`. */
  locals: Map<string, CType>;
  isStatic: boolean;
  isInline: boolean;
  contracts: Contract[];
  /** False for a piece of a function seen in a hunk without its beginning or end. */
  complete: boolean;
  /** Its braces do not balance, so that its extent is a guess. */
  damaged: boolean;
  /** The macro whose call is the head (`SYSCALL_DEFINE3`), '' for an ordinary function. */
  macro: string;
  /** The head's first line, as git shows it in the heading of a hunk. */
  heading: string;
  /** Statements of the body, and how many of them are opaque. */
  counts(): { statements: number; opaque: number };
  /** Built on first use. */
  cfg(): Cfg;
}

export interface Field {
  name: string;
  type: CType;
  line: number /** '' when not in a union */;
  union: string;
}
export interface StructDecl {
  name: string;
  file: string;
  line: number;
  fields: Field[];
}
export interface Macro {
  name: string;
  params: string[] | null;
  body: string;
  line: number;
}

export interface CUnit {
  path: string;
  functions: CFunction[];
  /** By tag: `struct mempolicy`, `union foo`. */
  structs: Map<string, StructDecl>;
  typedefs: Map<string, CType>;
  macros: Map<string, Macro>;
  globals: Map<string, CType>;
  /** Members of initialised globals (`.open = box_open`), by global and member; ops tables are these. */
  tables: Map<string, Map<string, string>>;
  /** Enumerators with their values, where those can be worked out. */
  enums: Map<string, number>;
  /** The return type of a function that is only declared, null when it is not. */
  prototypeType(name: string): CType | null;
  /** Text that could not be parsed, never silent. */
  problems: { line: number; text: string }[];
}
