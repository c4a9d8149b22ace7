/**
 * Routines as text for people: one line for each operation, with the source line it comes from.
 *
 * A temporary that is written once is called by what it holds (`current->alloc_lock`, `(a < b)`), so that
 * address arithmetic needs no lines of its own; a second load of the same place is `place#2`. Labels are numbered
 * in the order in which they appear. Nothing of the routine's meaning is added or judged.
 */
import type { CalcFn, Instr, Place, Routine, Unknown, Value } from '../sim/program.ts';

export interface OpLine {
  /** Of the source; 0 when the operation comes from no line. */
  line: number;
  /** The function whose source that is, '' when it is the routine's own. */
  inside: string;
  text: string;
}

/** Registers of one expression, which are read before anything that they were made from changes. */
const TEMPORARY = /^%\d+$/;

/** Names longer than this get a letter of their own. */
const MAX_NAME = 72;

const SIGNS: Record<CalcFn, string> = {
  add: '+',
  sub: '-',
  mul: '*',
  div: '/',
  mod: '%',
  and: '&',
  or: '|',
  xor: '^',
  shl: '<<',
  shr: '>>',
  eq: '==',
  ne: '!=',
  lt: '<',
  le: '<=',
};

/** The operations of a routine, in order. */
export function opLines(routine: Routine): OpLine[] {
  const names = new Names(routine);
  const out: OpLine[] = [];
  for (const instr of routine.code) {
    const text = names.show(instr);
    if (text === null) continue;
    const site = instr.site === undefined ? undefined : routine.sites[instr.site];
    const inside = site === undefined || site.function === routine.name ? '' : site.function;
    out.push({ line: instr.op === 'label' ? 0 : (site?.line ?? 0), inside, text });
  }
  return out;
}

/** The same as one text: head, then `line  operation`. */
export function dumpOps(routine: Routine): string {
  const lines = opLines(routine).map(({ line, inside, text }) => {
    if (text.endsWith(':')) return `        ${text}`;
    const where = line === 0 ? '' : String(line);
    return `${where.padStart(8)}  ${text}${inside === '' ? '' : `  (in ${inside})`}`;
  });
  return `${[`${routine.name}(${routine.params.join(', ')})`, ...lines].join('\n')}\n`;
}

/** What registers and labels are called in the text. */
class Names {
  private readonly targets = new Set<string>();
  private readonly labels = new Map<string, string>();
  private readonly writes = new Map<string, number>();
  private readonly names = new Map<string, string>();
  private readonly taken = new Map<string, number>();
  private letters = 0;

  constructor(routine: Routine) {
    for (const instr of routine.code) {
      if (instr.op === 'jump' || instr.op === 'branch') this.targets.add(instr.to);
      if ('dst' in instr && typeof instr.dst === 'string')
        this.writes.set(instr.dst, (this.writes.get(instr.dst) ?? 0) + 1);
    }
  }

  /** The operation as text, null when others show it. */
  show(i: Instr): string | null {
    switch (i.op) {
      case 'label':
        return this.targets.has(i.name) ? `${this.label(i.name)}:` : null;
      case 'jump':
        return `goto ${this.label(i.to)}`;
      case 'branch':
        return `if ${this.value(i.cond)} goto ${this.label(i.to)}`;
      case 'set':
        return this.computed(i.dst, this.value(i.value));
      case 'calc':
        return this.computed(i.dst, this.calc(i.fn, i.a, i.b));
      case 'address':
        return this.computed(i.dst, `&${this.place(i.of)}`);
      case 'container':
        return this.computed(i.dst, `container_of(${this.value(i.of)}, ${i.type || '?'}, ${i.cell || '?'})`);
      case 'unknown':
        return `${this.target(i.dst)} = unknown ${unknown(i.what)}`;
      case 'load':
        return this.load(i.dst, i.from, i.how);
      case 'store':
        return `store ${this.place(i.to)} = ${this.value(i.value)}${word(i.how)}`;
      case 'rmw':
        return `${this.result(i.dst)}${i.fn === 'xchg' ? 'exchange' : `atomic ${i.fn}`} ${this.place(i.at)}, ${this.value(i.value)}`;
      case 'cmpxchg':
        return `${this.result(i.dst)}cmpxchg ${this.place(i.at)}, ${this.value(i.expect)}, ${this.value(i.value)}`;
      case 'copy':
        return `copy ${this.value(i.to)} from ${this.value(i.from)}`;
      case 'access':
        return `${i.write ? 'write' : 'read'} ${this.place(i.at)}`;
      case 'alloc':
        return `${this.target(i.dst)} = alloc ${i.type || 'memory'}`;
      case 'free':
        return `free ${this.value(i.object)}`;
      case 'lock':
      case 'trylock':
      case 'unlock': {
        const mode = i.mode === 'shared' ? ' shared' : '';
        const irq = i.irq === undefined || i.irq === 'plain' ? '' : ` ${i.irq}`;
        return `${this.result('dst' in i ? i.dst : undefined)}${i.op} ${i.kind}${mode}${irq} ${this.place(i.at)}`;
      }
      case 'assert-held':
        return `assert-held${i.not === true ? ' not' : ''}${i.mode === 'shared' ? ' shared' : ''} ${this.place(i.at)}`;
      case 'return':
        return i.value === undefined ? 'return' : `return ${this.value(i.value)}`;
      case 'assume':
        return i.cond === 0 ? 'does not come back' : `assume ${this.value(i.cond)}`;
      case 'own':
      case 'disown':
        return `${i.op} ${this.value(i.object)} (${i.what})`;
      case 'escape':
        return i.to === undefined ? `keep ${this.value(i.value)}` : `lend ${this.value(i.value)} to ${i.to}`;
      case 'context':
        return `${i.what} ${i.change > 0 ? 'off' : 'on'}`;
      case 'rcu.call':
        return `rcu.call ${i.routine || 'free'} ${this.value(i.arg)}`;
      case 'call':
        return `${this.result(i.dst)}call ${i.routine}(${i.args.map((a) => this.value(a)).join(', ')})`;
      default:
        return `${this.result('dst' in i ? i.dst : undefined)}${this.other(i)}`;
    }
  }

  /** Operations that are their name and the places and values that they take. */
  private other(i: Instr): string {
    const parts: string[] = [i.op];
    for (const [key, field] of Object.entries(i)) {
      if (key === 'op' || key === 'dst' || key === 'site') continue;
      if (typeof field === 'object' && field !== null && 'base' in field)
        parts.push(this.place(field as Place));
      else if (key === 'arg' || key === 'task' || key === 'value' || key === 'cond')
        parts.push(this.value(field as Value));
      else if (field === true) parts.push(key);
      else if (key === 'routine' || key === 'release' || key === 'domain') parts.push(String(field));
    }
    return parts.filter((p) => p !== '').join(' ');
  }

  private load(dst: string, from: Place, how: string | undefined): string | null {
    const place = this.place(from);
    if (from.base === '@current' && from.cell === '' && this.isOnce(dst)) {
      this.names.set(dst, 'current');
      return null;
    }
    if (!this.isOnce(dst) || place.length > MAX_NAME)
      return `${this.target(dst)} = load ${place}${word(how)}`;
    const before = this.taken.get(place) ?? 0;
    this.taken.set(place, before + 1);
    const name = before === 0 ? place : `${place}#${before + 1}`;
    this.names.set(dst, name);
    return `load ${name}${word(how)}`;
  }

  /** A value worked out without an effect: the temporary takes it as its name. */
  private computed(dst: string, text: string): string | null {
    if (!this.isOnce(dst) || text.length > MAX_NAME) return `${this.target(dst)} = ${text}`;
    this.names.set(dst, text);
    return null;
  }

  private calc(fn: CalcFn, a: Value, b: Value): string {
    if (fn === 'eq' && b === 0) {
      const of = this.value(a);
      return /^[\w.>#?-]+$/.test(of) || of.startsWith('(') ? `!${of}` : `!(${of})`;
    }
    return `(${this.value(a)} ${SIGNS[fn]} ${this.value(b)})`;
  }

  private isOnce(register: string): boolean {
    return TEMPORARY.test(register) && this.writes.get(register) === 1;
  }

  private result(dst: string | undefined): string {
    return dst === undefined ? '' : `${this.target(dst)} = `;
  }

  /** The name of a register that is written. */
  private target(register: string): string {
    let name = this.names.get(register);
    if (name === undefined) {
      name = /^%\d/.test(register) ? `?${++this.letters}` : register;
      this.names.set(register, name);
    }
    return name;
  }

  private value(v: Value): string {
    if (typeof v === 'number') return String(v);
    if (v.startsWith('@')) return `&${v.slice(1).replace(/^%/, '')}`;
    return this.target(v);
  }

  private place({ base, cell }: Place): string {
    const text = this.value(base);
    // `&x` stands for the object x itself, whose cells are reached with a dot.
    if (text.startsWith('&')) return cell === '' ? text.slice(1) : `${text.slice(1)}.${cell}`;
    return cell === '' ? `*${text}` : `${text}->${cell}`;
  }

  private label(name: string): string {
    let label = this.labels.get(name);
    if (label === undefined) {
      label = `L${this.labels.size + 1}`;
      this.labels.set(name, label);
    }
    return label;
  }
}

function unknown(what: Unknown): string {
  return typeof what === 'string' ? what : what.among.join(' or ');
}

function word(how: string | undefined): string {
  return how === undefined || how === 'plain' ? '' : ` (${how})`;
}
