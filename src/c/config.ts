/**
 * Which branch of an `#if` is read: one kernel configuration, and the evaluation of preprocessor conditions.
 * Unless a .config says otherwise every option is on, for x86-64, except those that exclude what is usual.
 * Includes are not followed here; macros come from the file itself and from a lookup.
 */
import { Eof, Id, lex, Num, Punct, type Token } from './lex.ts';

export interface Config {
  /** 'y', 'm', 'n' or another value of CONFIG_name (name without the prefix). */
  value(name: string): string;
  /** Distinguishes caches. */
  key: string;
}

/** Options that are off by default: other architectures, and alternatives to the usual choice. */
const OFF = new Set(
  `PREEMPT_RT PREEMPT_NONE PREEMPT_VOLUNTARY TINY_RCU SLOB SLUB_TINY FLATMEM DISCONTIGMEM TINY_SRCU UML X86_32
  32BIT ARM ARM64 PPC PPC64 PPC32 PPC_BOOK3S PPC_BOOK3S_64 PPC_64S_HASH_MMU S390 SPARC SPARC64 SPARC32 MIPS
  PARISC IA64 ALPHA M68K RISCV LOONGARCH ARC CSKY SH SUPERH HEXAGON MICROBLAZE NIOS2 OPENRISC XTENSA H8300 C6X
  CPU_BIG_ENDIAN ARCH_NO_PREEMPT HIGHMEM KMAP_LOCAL NOMMU SUN3 COLDFIRE HIGHPTE X86_PAE STACK_GROWSUP
  ARCH_HAS_HUGEPD MODULE_REL_CRCS CC_OPTIMIZE_FOR_SIZE GENERIC_LOCKBREAK CPU_NO_EFFICIENT_FFS
  PGTABLE_LEVELS_2 GCC_PLUGINS DEBUG_OBJECTS_SELFTEST KASAN_HW_TAGS KASAN_SW_TAGS KMSAN KCSAN
  PROFILE_ALL_BRANCHES PROFILE_ANNOTATED_BRANCHES TRACE_BRANCH_PROFILING MMU_GATHER_NO_GATHER
  NO_PAGE_MAPCOUNT PROVE_RAW_LOCK_NESTING CPUMASK_OFFSTACK TRACE_IRQFLAGS_NMI KUNIT_TEST`.split(/\s+/),
);

/** Macros that the compiler and the architecture's headers define, for conditions in headers. */
const BUILT_IN: Record<string, string> = {
  __KERNEL__: '1',
  BITS_PER_LONG: '64',
  __BITS_PER_LONG: '64',
  __SIZEOF_LONG__: '8',
  __SIZEOF_POINTER__: '8',
  __x86_64__: '1',
  __GNUC__: '12',
  __LITTLE_ENDIAN: '1234',
  CONFIG_PGTABLE_LEVELS: '5',
  CONFIG_NODES_SHIFT: '10',
  CONFIG_NR_CPUS: '8192',
  CONFIG_HZ: '250',
  CONFIG_SPLIT_PTLOCK_CPUS: '4',
  CONFIG_BASE_SMALL: '0',
  NR_CPUS: '8192',
  PAGE_SHIFT: '12',
  HZ: '250',
  MAX_NUMNODES: '1024',
  NODES_SHIFT: '10',
};

/** The configuration when none is given. */
export const defaultConfig: Config = {
  value: (name) => (OFF.has(name) || /_MODULE$/.test(name) ? 'n' : 'y'),
  key: 'default-1',
};

/** Reads a .config. Options it does not name are off. */
export function parseConfig(text: string): Config {
  const values = new Map<string, string>();
  for (const match of text.matchAll(/^CONFIG_(\w+)=(.*)$/gm)) values.set(match[1]!, match[2]!.trim());
  const key = [...values].map(([n, v]) => `${n}=${v}`).join('\n');
  let hash = 0;
  for (let i = 0; i < key.length; i++) hash = (hash * 31 + key.charCodeAt(i)) | 0;
  return {
    value: (name) => values.get(name) ?? 'n',
    key: `config-${(hash >>> 0).toString(16)}-${values.size}`,
  };
}

/** What is known of macros when a condition is read: a body, '' when defined empty, null when undefined. */
export type MacroValue = (name: string) => string | null;

/** Is `name` defined, under `config` and what the file has defined so far? */
export function isDefined(name: string, config: Config, macros: MacroValue): boolean {
  if (macros(name) !== null || (Object.hasOwn(BUILT_IN, name) && !name.startsWith('CONFIG_'))) return true;
  if (!name.startsWith('CONFIG_')) return false;
  const option = name.slice(7);
  if (option.endsWith('_MODULE')) return config.value(option.slice(0, -7)) === 'm';
  return config.value(option) !== 'n' && config.value(option) !== 'm';
}

/** The value of an `#if` condition; what is not known is 0, as in C. Damaged conditions are 0. */
export function evaluateCondition(text: string, config: Config, macros: MacroValue): boolean {
  return new Condition(lex(text, 0, text.length), config, macros, 0).value() !== 0;
}

/** Is IS_ENABLED(option) and its like true? */
export function isEnabled(macro: string, option: string, config: Config): boolean {
  const value = config.value(option.replace(/^CONFIG_/, ''));
  if (macro === 'IS_MODULE') return value === 'm';
  if (macro === 'IS_BUILTIN') return value !== 'n' && value !== 'm';
  return value !== 'n';
}

const PRIORITY: Record<string, number> = {
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
};

class Condition {
  #tokens: Token[];
  #at = 0;
  #config: Config;
  #macros: MacroValue;
  #depth: number;

  constructor(tokens: Token[], config: Config, macros: MacroValue, depth: number) {
    this.#tokens = tokens;
    this.#config = config;
    this.#macros = macros;
    this.#depth = depth;
  }

  value(): number {
    const condition = this.#binary(0);
    if (this.#peek() !== '?') return condition;
    this.#at++;
    const yes = this.value();
    if (this.#peek() === ':') this.#at++;
    const no = this.value();
    return condition ? yes : no;
  }

  #peek(): string {
    return this.#tokens[this.#at]!.text;
  }

  #binary(least: number): number {
    let left = this.#unary();
    for (;;) {
      const op = this.#peek();
      const priority = PRIORITY[op] ?? 0;
      if (priority <= least || this.#tokens[this.#at]!.kind !== Punct) return left;
      this.#at++;
      left = calculate(op, left, this.#binary(priority));
    }
  }

  #unary(): number {
    const token = this.#tokens[this.#at]!;
    if (token.kind === Eof) return 0;
    this.#at++;
    if (token.kind === Num) return parseInteger(token.text);
    if (token.kind === Id) return this.#name(token.text);
    if (token.text === '!') return this.#unary() ? 0 : 1;
    if (token.text === '-') return -this.#unary();
    if (token.text === '+') return this.#unary();
    if (token.text === '~') return ~this.#unary();
    if (token.text === '(') {
      const inner = this.value();
      if (this.#peek() === ')') this.#at++;
      return inner;
    }
    return 0;
  }

  #name(name: string): number {
    if (name === 'defined') {
      const paren = this.#peek() === '(';
      if (paren) this.#at++;
      const tested = this.#peek();
      if (this.#tokens[this.#at]!.kind !== Eof) this.#at++;
      if (paren && this.#peek() === ')') this.#at++;
      return isDefined(tested, this.#config, this.#macros) ? 1 : 0;
    }
    if (this.#peek() === '(') {
      const args = this.#argument();
      if (/^IS_(?:ENABLED|BUILTIN|MODULE|REACHABLE)$/.test(name))
        return isEnabled(name, args, this.#config) ? 1 : 0;
      // Version tests of the compiler hold: the default compiler is recent.
      return /^(?:GCC|CLANG|__GNUC)\w*VERSION|^__has_(?:attribute|builtin)$|_PREREQ$/.test(name) ? 1 : 0;
    }
    const body = this.#macros(name) ?? (Object.hasOwn(BUILT_IN, name) ? BUILT_IN[name]! : null);
    if (body !== null && body !== '' && this.#depth < 20)
      return new Condition(lex(body, 0, body.length), this.#config, this.#macros, this.#depth + 1).value();
    if (name.startsWith('CONFIG_')) {
      const value = this.#config.value(name.slice(7));
      return /^\d/.test(value) ? parseInteger(value) : 0;
    }
    return 0;
  }

  #argument(): string {
    let text = '';
    let depth = 0;
    while (this.#tokens[this.#at]!.kind !== Eof) {
      const token = this.#tokens[this.#at++]!;
      if (token.text === '(' && depth++ === 0) continue;
      if (token.text === ')' && --depth === 0) break;
      text += token.text;
    }
    return text;
  }
}

/** The value of an integer literal, suffixes allowed; 0 when it is none. */
export function parseInteger(text: string): number {
  const digits = text.replace(/[uUlL]+$/, '');
  const value = /^0[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number(digits);
  return Number.isFinite(value) ? value : 0;
}

/** C's integer operators; a division by zero is 0, shifts beyond 31 bits are products. */
export function calculate(op: string, a: number, b: number): number {
  switch (op) {
    case '*':
      return a * b;
    case '/':
      return b === 0 ? 0 : Math.trunc(a / b);
    case '%':
      return b === 0 ? 0 : a % b;
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '<<':
      return a * 2 ** b;
    case '>>':
      return Math.floor(a / 2 ** b);
    case '<':
      return a < b ? 1 : 0;
    case '>':
      return a > b ? 1 : 0;
    case '<=':
      return a <= b ? 1 : 0;
    case '>=':
      return a >= b ? 1 : 0;
    case '==':
      return a === b ? 1 : 0;
    case '!=':
      return a !== b ? 1 : 0;
    case '&':
      return bits(a, b, (x, y) => x & y);
    case '^':
      return bits(a, b, (x, y) => x ^ y);
    case '|':
      return bits(a, b, (x, y) => x | y);
    case '&&':
      return a && b ? 1 : 0;
    case '||':
      return a || b ? 1 : 0;
    default:
      return 0;
  }
}

/** 64-bit bitwise operators on doubles. */
function bits(a: number, b: number, f: (x: bigint, y: bigint) => bigint): number {
  const big = (x: number): bigint => BigInt(Number.isFinite(x) ? Math.trunc(x) : 0);
  return Number(BigInt.asIntN(64, f(big(a), big(b))));
}
