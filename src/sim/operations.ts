/**
 * One line of the text language: one operation of a routine (two when a place has a computed index).
 *
 * `TABLE` has an entry for each operation: its name, and a function from the words after it. A place is a variable (`x`), a cell of
 * an object (`T.cell`) or of what a register points to (`p.cell`, or `p:type.cell` when several types have such a cell), an element
 * (`a[i]`), or `[p]` for what a register points to itself.
 */
import {
  type CalcFn,
  HAZARDS,
  type Hazard,
  type IrqFlavour,
  type LockKind,
  type LockMode,
  type Op,
  type Place,
  type Unknown,
  type Value,
} from './program.ts';
import { LOCK_KINDS } from './words.ts';

export interface Names {
  /** Cells of each declared type. */
  types: Map<string, string[]>;
  /** Type of each declared object. */
  variables: Map<string, string>;
  routines: Set<string>;
}

type Fail = (message: string) => never;

const CALC: Record<string, CalcFn> = {
  '+': 'add',
  '-': 'sub',
  '*': 'mul',
  '/': 'div',
  '%': 'mod',
  '&': 'and',
  '|': 'or',
  '^': 'xor',
  '<<': 'shl',
  '>>': 'shr',
  '==': 'eq',
  '!=': 'ne',
  '<': 'lt',
  '<=': 'le',
};

/** The words of a line, read from left to right. */
class Words {
  private readonly words: string[];
  private readonly names: Names;
  readonly fail: Fail;
  readonly before: Op[] = [];
  private readonly serial: number;

  constructor(words: string[], names: Names, serial: number, fail: Fail) {
    this.words = words;
    this.names = names;
    this.serial = serial;
    this.fail = fail;
  }

  next(what: string): string {
    return this.words.shift() ?? this.fail(`${what} expected`);
  }

  /** Takes the word when it is next. */
  has(word: string): boolean {
    if (this.words[0] !== word) return false;
    this.words.shift();
    return true;
  }

  oneOf<T extends string>(words: readonly T[]): T | undefined {
    const at = words.find((w) => w === this.words[0]);
    if (at !== undefined) this.words.shift();
    return at;
  }

  get done(): boolean {
    return this.words.length === 0;
  }

  value(): Value {
    return toValue(this.next('a value'), this.names);
  }

  routine(): string {
    const name = this.next('a routine');
    if (name === 'free' || name === 'none') return '';
    if (!this.names.routines.has(name)) this.fail(`no routine is called ${name}`);
    return name;
  }

  place(): Place {
    const text = this.next('a place');
    const indirect = /^\[(.+)\]$/.exec(text);
    if (indirect) return { base: toValue(indirect[1]!, this.names), type: '', cell: '' };
    const element = /^(\w+)\[(.+)\]$/.exec(text);
    if (element) {
      const index = toValue(element[2]!, this.names);
      const type = this.names.variables.get(element[1]!) ?? this.fail(`no array is called ${element[1]}`);
      if (typeof index === 'number') return { base: `@${element[1]}`, type, cell: `${index}` };
      const dst = `<${this.serial}>`;
      this.before.push({ op: 'calc', dst, fn: 'add', a: `@${element[1]}`, b: index });
      return { base: dst, type: '', cell: '' };
    }
    const variable = this.names.variables.get(text);
    if (variable?.startsWith('<')) return { base: `@${text}`, type: variable, cell: 'v' };
    const [base, ...rest] = text.split('.');
    const [register, type] = base!.split(':');
    const cell = rest.join('.');
    const object = this.names.variables.get(register!);
    if (object) return { base: `@${register}`, type: object, cell };
    if (cell === '') return { base: register!, type: '', cell: '' };
    const types = type
      ? [type]
      : [...this.names.types].filter(([, cells]) => cells.includes(cell)).map(([name]) => name);
    if (types.length !== 1)
      this.fail(`${types.length === 0 ? 'no type has' : 'several types have'} a cell ${cell}`);
    return { base: register!, type: types[0]!, cell };
  }

  lock(): { kind: LockKind; mode: LockMode; irq?: IrqFlavour } {
    const kind = this.oneOf(LOCK_KINDS) ?? 'spin';
    const mode = this.has('shared') ? 'shared' : 'exclusive';
    const irq = this.oneOf(['irq', 'irqsave', 'bh'] as const);
    return irq ? { kind, mode, irq } : { kind, mode };
  }

  head(): { head?: Place; domain?: string } {
    const result: { head?: Place; domain?: string } = {};
    if (this.has('head')) result.head = this.place();
    if (this.has('domain')) result.domain = this.next('a domain');
    return result;
  }

  flavour(): { flavour: 'atomic' | 'refcount' } {
    return { flavour: this.has('atomic') ? 'atomic' : 'refcount' };
  }

  domain(): { domain?: string } {
    return this.done ? {} : { domain: this.next('a domain') };
  }

  /** `a`, or `a == b`: a value that is not zero when it holds. */
  condition(): Value {
    const a = this.value();
    const fn = CALC[this.words[0] ?? ''];
    if (fn === undefined) return a;
    this.words.shift();
    const dst = `<c${this.serial}>`;
    this.before.push({ op: 'calc', dst, fn, a, b: this.value() });
    return dst;
  }

  rest(): Value[] {
    const all: Value[] = [];
    while (!this.done) all.push(this.value());
    return all;
  }

  text(): string {
    return this.words.splice(0).join(' ').replace(/^"|"$/g, '');
  }
}

function toValue(text: string, names: Names): Value {
  if (/^-?\d+$/.test(text)) return Number(text);
  return !text.startsWith('@') && text.startsWith('&') && names.variables.has(text.slice(1))
    ? `@${text.slice(1)}`
    : text;
}

type Make = (w: Words, dst: string | undefined) => Op;

const need = (w: Words, dst: string | undefined): string =>
  dst ?? w.fail('a register is needed for the result');

const TABLE: Record<string, Make> = {
  load: (w, d) => {
    const from = w.place();
    const how = w.oneOf(['once', 'acquire', 'dereference', 'plain'] as const);
    return { op: 'load', dst: need(w, d), from, ...(how ? { how } : {}) };
  },
  store: (w) => {
    const to = w.place();
    const value = w.value();
    const how = w.oneOf(['once', 'release', 'assign', 'plain'] as const);
    return { op: 'store', to, value, ...(how ? { how } : {}) };
  },
  cmpxchg: (w, d) => ({ op: 'cmpxchg', dst: need(w, d), at: w.place(), expect: w.value(), value: w.value() }),
  copy: (w) => ({ op: 'copy', to: w.value(), from: w.value(), type: w.next('a type') }),
  read: (w) => ({ op: 'access', at: w.place(), write: false }),
  write: (w) => ({ op: 'access', at: w.place(), write: true }),
  address: (w, d) => ({ op: 'address', dst: need(w, d), of: w.place() }),
  container: (w, d) => ({
    op: 'container',
    dst: need(w, d),
    of: w.value(),
    type: w.next('a type'),
    cell: w.next('a cell'),
  }),
  alloc: (w, d) => ({
    op: 'alloc',
    dst: need(w, d),
    type: w.next('a type'),
    ...(w.has('mayfail') ? { mayFail: true } : {}),
  }),
  free: (w) => ({ op: 'free', object: w.value() }),
  lock: (w) => ({ op: 'lock', at: w.place(), ...w.lock() }),
  unlock: (w) => ({ op: 'unlock', at: w.place(), ...w.lock() }),
  trylock: (w, d) => ({ op: 'trylock', dst: need(w, d), at: w.place(), ...w.lock() }),
  downgrade: (w) => ({ op: 'downgrade', at: w.place(), kind: w.oneOf(LOCK_KINDS) ?? 'rwsem' }),
  upgrade: (w, d) => ({
    op: 'upgrade',
    dst: need(w, d),
    at: w.place(),
    kind: w.oneOf(LOCK_KINDS) ?? 'rwsem',
  }),
  'assert-held': (w) => {
    const at = w.place();
    const mode = w.oneOf(['exclusive', 'shared'] as const);
    return { op: 'assert-held', at, ...(mode ? { mode } : {}), ...(w.has('not') ? { not: true } : {}) };
  },
  'ref.init': (w) => ({ op: 'ref.init', at: w.place(), value: Number(w.value()), ...w.flavour() }),
  'ref.get': (w) => ({ op: 'ref.get', at: w.place(), ...w.flavour() }),
  'ref.tryget': (w, d) => ({ op: 'ref.tryget', dst: need(w, d), at: w.place(), ...w.flavour() }),
  'ref.put': (w, d) => ({ op: 'ref.put', at: w.place(), ...w.flavour(), ...(d ? { dst: d } : {}) }),
  'ref.read': (w, d) => ({ op: 'ref.read', dst: need(w, d), at: w.place(), ...w.flavour() }),
  own: (w) => ({ op: 'own', object: w.value(), what: 'reference' }),
  disown: (w) => ({ op: 'disown', object: w.value(), what: 'reference' }),
  'percpu.init': (w, d) => ({
    op: 'percpu.init',
    at: w.place(),
    release: w.routine(),
    ...(d ? { dst: d } : {}),
  }),
  'percpu.get': (w) => ({ op: 'percpu.get', at: w.place() }),
  'percpu.tryget': (w, d) => ({
    op: 'percpu.tryget',
    dst: need(w, d),
    at: w.place(),
    ...(w.has('live') ? { live: true } : {}),
  }),
  'percpu.put': (w) => ({ op: 'percpu.put', at: w.place() }),
  'percpu.kill': (w) => ({ op: 'percpu.kill', at: w.place() }),
  'percpu.reinit': (w) => ({ op: 'percpu.reinit', at: w.place() }),
  'percpu.exit': (w) => ({ op: 'percpu.exit', at: w.place() }),
  'rcu.enter': (w) => ({ op: 'rcu.enter', ...w.domain() }),
  'rcu.exit': (w) => ({ op: 'rcu.exit', ...w.domain() }),
  'rcu.synchronize': (w) => ({ op: 'rcu.synchronize', ...w.domain() }),
  'rcu.barrier': (w) => ({ op: 'rcu.barrier', ...w.domain() }),
  'rcu.call': (w) => ({ op: 'rcu.call', routine: w.routine(), arg: w.value(), ...w.head() }),
  context: (w) => {
    const what =
      w.oneOf(['irq', 'bh', 'preempt', 'pagefault'] as const) ?? w.fail('irq, bh, preempt or pagefault');
    return { op: 'context', what, change: w.has('off') ? 1 : w.has('on') ? -1 : w.fail('off or on') };
  },
  sleep: () => ({ op: 'sleep' }),
  wait: (w) => {
    const queue = w.place();
    if (!w.has('until')) w.fail('until');
    const until = w.place();
    if (!w.has('==')) w.fail('==');
    return { op: 'wait', queue, until, value: w.value() };
  },
  wake: (w) => ({ op: 'wake', queue: w.place() }),
  complete: (w) => ({ op: 'complete', at: w.place(), ...(w.has('all') ? { all: true } : {}) }),
  'wait-completion': (w) => ({ op: 'wait-completion', at: w.place() }),
  'task-work.add': (w, d) => {
    const add = {
      op: 'task-work.add' as const,
      task: w.value(),
      routine: w.routine(),
      arg: w.value(),
      ...(d ? { dst: d } : {}),
    };
    return w.has('head') ? { ...add, head: w.place() } : add;
  },
  'task-work.run': (w) => ({
    op: 'task-work.run',
    task: w.value(),
    ...(w.has('exiting') ? { exiting: true } : {}),
  }),
  'work.queue': (w, d) => ({
    op: 'work.queue',
    at: w.place(),
    routine: w.routine(),
    arg: w.value(),
    ...(d ? { dst: d } : {}),
  }),
  'work.flush': (w) => ({ op: 'work.flush', at: w.place(), ...(w.has('cancel') ? { cancel: true } : {}) }),
  'timer.start': (w) => ({ op: 'timer.start', at: w.place(), routine: w.routine(), arg: w.value() }),
  'timer.stop': (w) => ({ op: 'timer.stop', at: w.place(), ...(w.has('sync') ? { sync: true } : {}) }),
  escape: (w) => ({ op: 'escape', value: w.value() }),
  return: (w) => (w.done ? { op: 'return' } : { op: 'return', value: w.value() }),
  call: (w, d) => ({ op: 'call', routine: w.routine(), args: w.rest(), ...(d ? { dst: d } : {}) }),
  goto: (w) => ({ op: 'jump', to: w.next('a label') }),
  if: (w) => {
    const cond = w.condition();
    if (!w.has('goto')) w.fail('goto');
    return { op: 'branch', cond, to: w.next('a label') };
  },
  assume: (w) => ({ op: 'assume', cond: w.condition() }),
  assert: (w) => {
    const cond = w.condition();
    const hazard = w.next('a hazard') as Hazard;
    if (!HAZARDS.includes(hazard)) w.fail(`no hazard is called ${hazard}`);
    return { op: 'assert', cond, hazard, message: w.text() };
  },
  unknown: (w, d) => {
    const word = w.next('a kind of unknown');
    const what: Unknown = word.startsWith('{')
      ? { among: word.slice(1, -1).split(',').map(Number) }
      : (word as Unknown);
    return { op: 'unknown', dst: need(w, d), what, ...(w.has('key') ? { key: w.next('a key') } : {}) };
  },
  forget: (w) => ({ op: 'forget', key: w.next('a key') }),
};

for (const fn of ['xchg', 'add', 'sub', 'and', 'or', 'xor'] as const) {
  TABLE[fn] = (w, dst) => ({
    op: 'rmw',
    at: w.place(),
    fn,
    value: w.value(),
    ...(dst ? { dst } : {}),
    ...(w.has('new') ? { gives: 'new' as const } : {}),
  });
}

/** The operations of one line; more than one when it needs a computed address or condition first. */
export function operation(text: string, names: Names, serial: number, fail: Fail): Op[] {
  const label = /^([\w.]+):$/.exec(text);
  if (label) return [{ op: 'label', name: label[1]! }];
  const assignment = /^([\w.]+) = (.*)$/.exec(text);
  const dst = assignment?.[1];
  const words = new Words((assignment?.[2] ?? text).split(/\s+/), names, serial, fail);
  const name = words.next('an operation');
  const make = Object.hasOwn(TABLE, name) ? TABLE[name] : undefined;
  if (make) {
    const op = make(words, dst);
    if (!words.done) fail('too many words');
    return [...words.before, op];
  }
  if (dst === undefined) fail(`no operation is called ${name}`);
  const a = toValue(name, names);
  if (words.done) return [{ op: 'set', dst, value: a }];
  const fn = CALC[words.next('an operator')] ?? fail('no such operator');
  return [{ op: 'calc', dst, fn, a, b: words.value() }];
}
