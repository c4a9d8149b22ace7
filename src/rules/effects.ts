/**
 * The little language of the vocabulary: what a function does, as a list of effects.
 *
 *     mmap_read_lock(mm): sleep; lock rwsem shared mm.mmap_lock
 *     mpol_tryget(pol): tryget pol.refcnt -> nonzero
 *     spin_lock{,_irq=irq,_bh=bh}(l): lock spin l irq=$1
 *
 * Effects are separated by `;` and happen in that order. A place is a parameter, `ret` (what is returned),
 * `current` or `@global`, followed by cells: `mm.mmap_lock`, `*ptlp`. `{a,b=x}` writes a family in one row;
 * `$1` is what the first such group put after its `=`, or nothing.
 */
import type { IrqFlavour, LockKind, LockMode, RefFlavour } from '../sim/program.ts';

/** `deref` of them: the value is what the cell holds rather than the cell itself. */
export interface EffectPlace {
  /** Index of a parameter, `ret`, or the name of a global (`@name`, `current`). */
  root: number | 'ret' | string;
  cells: string;
  deref: boolean;
}

/** How a result says that an attempt succeeded. */
export type Success = 'nonzero' | 'zero' | 'nonnull';

export type Effect =
  | { do: 'lock' | 'unlock'; kind: LockKind; mode: LockMode; irq: IrqFlavour; at: EffectPlace }
  | { do: 'trylock'; kind: LockKind; mode: LockMode; irq: IrqFlavour; at: EffectPlace; when: Success }
  /** Locks only when what was returned is not NULL. */
  | { do: 'lock-if-nonnull'; kind: LockKind; at: EffectPlace }
  | { do: 'downgrade'; kind: LockKind; at: EffectPlace }
  | { do: 'held'; mode: LockMode; at: EffectPlace }
  /** `value` of an init: how many references there are from the start; `of`: the parameter that says so. */
  | { do: 'init' | 'get' | 'put' | 'read'; flavour: RefFlavour; at: EffectPlace; value: number; of?: number }
  | { do: 'tryget'; flavour: RefFlavour; at: EffectPlace; when: Success }
  /** Result is nonzero when the last reference was put. */
  | { do: 'put-test'; flavour: RefFlavour; at: EffectPlace }
  | { do: 'percpu-init'; at: EffectPlace; release: number }
  | { do: 'percpu-get' | 'percpu-put' | 'percpu-kill' | 'percpu-exit' | 'percpu-reinit'; at: EffectPlace }
  | { do: 'percpu-tryget'; at: EffectPlace; live: boolean }
  | {
      do: 'returns';
      what: 'owned' | 'alloc' | 'borrowed';
      fails: 'never' | 'null' | 'error' | 'either';
      name: string;
      of: number;
    }
  | { do: 'returns-value'; what: 'zero-or-error' | 'bool' | 'int' | 'nonnull' }
  | { do: 'returns-argument'; of: number }
  | { do: 'free' | 'free-rcu' | 'move'; at: EffectPlace }
  | { do: 'sleep' }
  | { do: 'sleep-if-gfp'; of: number }
  | { do: 'context'; what: 'irq' | 'bh' | 'preempt' | 'pagefault'; change: 1 | -1 }
  | { do: 'rcu'; what: 'enter' | 'exit' | 'synchronize' | 'barrier'; domain: string }
  | { do: 'rcu-call'; routine: number; head: number }
  | { do: 'load'; how: 'once' | 'acquire' | 'dereference'; at: EffectPlace }
  | { do: 'store'; how: 'once' | 'release' | 'assign'; at: EffectPlace; value: number }
  | { do: 'exchange'; at: EffectPlace; value: number }
  | { do: 'test'; what: 'error' | 'error-or-null' | 'nothing'; of: number }
  /** May take or drop locks in ways that cannot be told from its result. */
  | { do: 'may-unlock' }
  /** Writes an unknown pointer through an argument. */
  | { do: 'sets'; at: EffectPlace }
  | DeferredEffect
  /** Writes a cell whose contents nobody follows, such as the node of a list. */
  | { do: 'writes'; at: EffectPlace }
  | { do: 'harmless' };

/** Work that a task does later, waiting and waking, and what a model says must hold; `extract/deferred.ts` has their meaning. */
export type DeferredEffect =
  | { do: 'task-work'; what: 'init'; head: number; routine: number }
  /** The result is zero when the work was added. */
  | { do: 'task-work'; what: 'add'; task: EffectPlace; head: number }
  | { do: 'task-work'; what: 'run' | 'exit'; task: EffectPlace }
  | { do: 'wait-completion'; at: EffectPlace }
  | { do: 'wait-event'; at: EffectPlace; condition: number }
  | { do: 'complete'; at: EffectPlace; all: boolean }
  | { do: 'wake'; at: EffectPlace }
  /** Parameters: what must hold, the class of hazard if it does not, and how that is said. */
  | { do: 'claim'; condition: number; hazard: number; message: number }
  /** Only executions in which it holds are looked at. */
  | { do: 'assume'; condition: number };

/** One function, after families were written out. */
export interface VocabularyRow {
  name: string;
  params: string[];
  effects: Effect[];
  /** Where the row stands, for messages. */
  file: string;
  line: number;
}

/** Why a row was refused; `message` is one line without the place. */
export class RowError extends Error {}

const LOCK_KINDS: readonly LockKind[] = ['spin', 'raw-spin', 'rwlock', 'mutex', 'rwsem', 'bit', 'seqlock'];

/**
 * Reads `head: text` as rows, one for each member of the family.
 * @throws RowError when the row does not follow the language.
 */
export function parseRow(head: string, text: string, file: string, line: number): VocabularyRow[] {
  const match = /^([\w{},=()./-]+?)\(([^()]*)\)$/.exec(head.trim());
  if (match === null) throw new RowError(`"${head}" is not "name(parameters)"`);
  const params = match[2]!
    .split(',')
    .map((p) => p.trim())
    .filter((p) => p !== '');
  return family(match[1]!).map(({ name, bound }) => {
    const filled = text.replace(/\$(\d)/g, (_, n: string) => {
      const value = bound[Number(n) - 1];
      if (value === undefined) throw new RowError(`$${n} has no {} group in "${head}"`);
      return value;
    });
    const effects = filled
      .split(';')
      .map((part) => part.trim())
      .filter((part) => part !== '')
      .map((part) => parseEffect(part, params));
    if (effects.length === 0) throw new RowError(`"${head}" says nothing`);
    return { name, params, effects, file, line };
  });
}

/** `a{,_b=c}` as [{name: 'a', bound: ['']}, {name: 'a_b', bound: ['c']}]. */
function family(name: string): { name: string; bound: string[] }[] {
  const open = name.indexOf('{');
  if (open < 0) return [{ name, bound: [] }];
  const close = name.indexOf('}', open);
  if (close < 0) throw new RowError(`"${name}" lacks a }`);
  const rest = family(name.slice(close + 1));
  return name
    .slice(open + 1, close)
    .split(',')
    .flatMap((choice) => {
      const [text, value] = choice.split('=') as [string, string | undefined];
      return rest.map((r) => ({
        name: name.slice(0, open) + text + r.name,
        bound: [value ?? '', ...r.bound],
      }));
    });
}

function parsePlace(text: string | undefined, params: string[]): EffectPlace {
  if (text === undefined) throw new RowError('a place is missing');
  const deref = text.startsWith('*');
  const [root, ...cells] = (deref ? text.slice(1) : text).split('.') as [string, ...string[]];
  const index = params.indexOf(root);
  if (index < 0 && root !== 'ret' && root !== 'current' && !root.startsWith('@')) {
    throw new RowError(`"${root}" is not a parameter, ret, current or @global`);
  }
  return { root: index >= 0 ? index : root, cells: cells.join('.'), deref };
}

function parameter(text: string | undefined, params: string[]): number {
  const index = params.indexOf(text ?? '');
  if (index < 0) throw new RowError(`"${text ?? ''}" is not a parameter`);
  return index;
}

function parseEffect(text: string, params: string[]): Effect {
  const [left, arrow] = text.split('->').map((s) => s.trim()) as [string, string | undefined];
  const words = left.split(/\s+/);
  const verb = words[0]!;
  const irqWord = words.find((w) => w.startsWith('irq='))?.slice(4) ?? '';
  const irq = (irqWord === '' ? 'plain' : irqWord) as IrqFlavour;
  if (!['plain', 'irq', 'irqsave', 'bh'].includes(irq))
    throw new RowError(`irq=${irq} is not plain, irq, irqsave or bh`);
  const plain = words.slice(1).filter((w) => !w.startsWith('irq='));
  const mode: LockMode = plain.includes('shared') ? 'shared' : 'exclusive';
  const flavour: RefFlavour = plain.includes('atomic') ? 'atomic' : 'refcount';
  const rest = plain.filter((w) => w !== 'shared' && w !== 'atomic');
  const success = (): Success => {
    if (arrow === 'nonzero' || arrow === 'zero' || arrow === 'nonnull') return arrow;
    throw new RowError(`"${text}" must say "-> nonzero", "-> zero" or "-> nonnull"`);
  };
  const kind = (): LockKind => {
    const k = rest[0] as LockKind;
    if (!LOCK_KINDS.includes(k)) throw new RowError(`"${rest[0] ?? ''}" is no kind of lock`);
    return k;
  };
  const place = (n: number): EffectPlace => parsePlace(rest[n], params);
  switch (verb) {
    case 'lock':
    case 'unlock':
      return { do: verb, kind: kind(), mode, irq, at: place(1) };
    case 'trylock':
      return { do: 'trylock', kind: kind(), mode, irq, at: place(1), when: success() };
    case 'lock-if-nonnull':
    case 'downgrade':
      return { do: verb, kind: kind(), at: place(1) };
    case 'held':
      return { do: 'held', mode, at: place(0) };
    case 'init':
      if (params.includes(rest[1] ?? ''))
        return { do: 'init', flavour, at: place(0), value: 1, of: params.indexOf(rest[1]!) };
      return { do: 'init', flavour, at: place(0), value: Number(rest[1] ?? 1) };
    case 'get':
    case 'put':
    case 'read':
      return { do: verb, flavour, at: place(0), value: 1 };
    case 'put-test':
      return { do: 'put-test', flavour, at: place(0) };
    case 'tryget':
      return { do: 'tryget', flavour, at: place(0), when: success() };
    case 'percpu-init':
      return { do: 'percpu-init', at: place(0), release: parameter(rest[1], params) };
    case 'percpu-tryget':
      return { do: 'percpu-tryget', at: place(0), live: rest.includes('live') };
    case 'percpu-get':
    case 'percpu-put':
    case 'percpu-kill':
    case 'percpu-exit':
    case 'percpu-reinit':
      return { do: verb, at: place(0) };
    case 'returns':
      return parseReturns(rest, params, text);
    case 'free':
    case 'free-rcu':
    case 'move':
      return { do: verb, at: place(0) };
    case 'sleep':
      if (rest.length === 0) return { do: 'sleep' };
      if (rest[0] === 'if' && rest[1] === 'gfp')
        return { do: 'sleep-if-gfp', of: parameter(rest[2], params) };
      break;
    case 'irq':
    case 'bh':
    case 'preempt':
    case 'pagefault':
      if (rest[0] === 'off' || rest[0] === 'on')
        return { do: 'context', what: verb, change: rest[0] === 'off' ? 1 : -1 };
      break;
    case 'rcu': {
      const what = rest[0];
      if (what === 'enter' || what === 'exit' || what === 'synchronize' || what === 'barrier') {
        return { do: 'rcu', what, domain: rest[1] ?? '' };
      }
      if (what === 'call')
        return { do: 'rcu-call', head: parameter(rest[1], params), routine: parameter(rest[2], params) };
      break;
    }
    case 'load': {
      const how = rest[0];
      if (how === 'once' || how === 'acquire' || how === 'dereference')
        return { do: 'load', how, at: place(1) };
      break;
    }
    case 'store': {
      const how = rest[0];
      if (how === 'once' || how === 'release' || how === 'assign') {
        return { do: 'store', how, at: place(1), value: parameter(rest[2], params) };
      }
      break;
    }
    case 'exchange':
      return { do: 'exchange', at: place(0), value: parameter(rest[1], params) };
    case 'test': {
      const what = rest[0];
      if (what === 'error' || what === 'error-or-null' || what === 'nothing') {
        return { do: 'test', what, of: parameter(rest[1], params) };
      }
      break;
    }
    case 'may-unlock':
      return { do: 'may-unlock' };
    case 'sets':
      return { do: 'sets', at: place(0) };
    case 'task-work': {
      const what = rest[0];
      if (what === 'init')
        return {
          do: 'task-work',
          what,
          head: parameter(rest[1], params),
          routine: parameter(rest[2], params),
        };
      if (what === 'add') return { do: 'task-work', what, task: place(1), head: parameter(rest[2], params) };
      if (what === 'run' || what === 'exit') return { do: 'task-work', what, task: place(1) };
      break;
    }
    case 'wait-completion':
    case 'wake':
      return { do: verb, at: place(0) };
    case 'wait-event':
      return { do: 'wait-event', at: place(0), condition: parameter(rest[1], params) };
    case 'complete':
      return { do: 'complete', at: place(0), all: rest.includes('all') };
    case 'assume':
      return { do: 'assume', condition: parameter(rest[0], params) };
    case 'claim':
      return {
        do: 'claim',
        condition: parameter(rest[0], params),
        hazard: parameter(rest[1], params),
        message: parameter(rest[2], params),
      };
    case 'writes':
      return { do: 'writes', at: place(0) };
    case 'harmless':
      return { do: 'harmless' };
  }
  throw new RowError(`"${text}" is no effect`);
}

/** `returns owned mempolicy or error`, `returns alloc or null`, `returns zero-or-error`, `returns p`. */
function parseReturns(words: string[], params: string[], text: string): Effect {
  const what = words[0];
  if (what === 'zero-or-error' || what === 'bool' || what === 'int' || what === 'nonnull')
    return { do: 'returns-value', what };
  if (what === 'owned' || what === 'alloc' || what === 'borrowed') {
    const or = words.indexOf('or');
    const fails = or < 0 ? 'never' : words[or + 1];
    if (fails !== 'never' && fails !== 'null' && fails !== 'error' && fails !== 'either') {
      throw new RowError(`"${text}" must say "or null", "or error" or "or either"`);
    }
    const name = (or < 0 ? words.slice(1) : words.slice(1, or)).join(' ');
    return { do: 'returns', what, fails, name, of: params.indexOf(name) };
  }
  return { do: 'returns-argument', of: parameter(what, params) };
}
