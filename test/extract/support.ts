/** C functions lowered with the shipped rules, and routines as text: one operation a line, without sites. */
import { fileURLToPath } from 'node:url';
import { parseUnit } from '../../src/c/index.ts';
import { makeSide } from '../../src/check/side.ts';
import { type Lowered, lower } from '../../src/extract/index.ts';
import { loadRules } from '../../src/rules/index.ts';
import type { Instr, Place, Routine, Value } from '../../src/sim/index.ts';

export const RULES = loadRules(fileURLToPath(new URL('../../rules', import.meta.url)));

/** Every function of a text, lowered, by name. With `touched`, only the bodies of those go before other knowledge. */
export function lowerAll(text: string, touched?: string[]): Map<string, Lowered> {
  const unit = parseUnit(text, 'test.c');
  const names = new Set(touched ?? unit.functions.map((f) => f.name));
  const { context } = makeSide([unit], RULES, names, null);
  return new Map(unit.functions.map((f) => [f.name, lower(f, context)]));
}

/** The last function of a text, lowered. */
export function lowered(text: string, touched?: string[]): Lowered {
  return [...lowerAll(text, touched).values()].at(-1)!;
}

/** The operations of the last function of a text; labels that nobody goes to are left out. */
export function ops(text: string, touched?: string[]): string[] {
  return dump(lowered(text, touched).routine);
}

/** One line for each operation; labels and temporaries are numbered anew, in the order in which they appear. */
export function dump(routine: Routine): string[] {
  const targets = new Set(routine.code.flatMap((i) => (i.op === 'jump' || i.op === 'branch' ? [i.to] : [])));
  const labels = new Map<string, string>();
  const temporaries = new Map<string, string>();
  const fresh = (map: Map<string, string>, name: string, sign: string): string => {
    if (!map.has(name)) map.set(name, `${sign}${map.size}`);
    return map.get(name)!;
  };
  return routine.code
    .filter((i) => i.op !== 'label' || targets.has(i.name))
    .map((i) =>
      show(i)
        .replace(/\bL\d+\b|\bM\d+\b/g, (name) => fresh(labels, name, 'L'))
        .replace(/(?<!@)%\d+/g, (name) => fresh(temporaries, name, '%')),
    );
}

function show(i: Instr): string {
  const dst = 'dst' in i && i.dst !== undefined ? `${i.dst} = ` : '';
  switch (i.op) {
    case 'label':
      return `${i.name}:`;
    case 'jump':
      return `goto ${i.to}`;
    case 'branch':
      return `if ${value(i.cond)} goto ${i.to}`;
    case 'set':
      return `${dst}${value(i.value)}`;
    case 'calc':
      return `${dst}${value(i.a)} ${i.fn} ${value(i.b)}`;
    case 'unknown':
      return `${dst}unknown ${typeof i.what === 'string' ? i.what : `{${i.what.among}}`}`;
    case 'load':
      return `${dst}load ${place(i.from)}${how(i.how)}`;
    case 'store':
      return `store ${place(i.to)} ${value(i.value)}${how(i.how)}`;
    case 'address':
      return `${dst}address ${place(i.of)}`;
    case 'lock':
    case 'trylock':
    case 'unlock':
      return `${dst}${i.op} ${place(i.at)} ${i.kind}${i.mode === 'shared' ? ' shared' : ''}${i.irq === undefined || i.irq === 'plain' ? '' : ` ${i.irq}`}`;
    case 'return':
      return i.value === undefined ? 'return' : `return ${value(i.value)}`;
    case 'own':
    case 'disown':
      return `${i.op} ${value(i.object)} (${i.what})`;
    case 'free':
      return `free ${value(i.object)}`;
    case 'escape':
      return `escape ${value(i.value)}${i.to === undefined ? '' : ` to ${i.to}`}`;
    case 'rcu.call':
      return `rcu.call ${i.routine || 'free'} ${value(i.arg)}`;
    case 'context':
      return `${i.what} ${i.change > 0 ? 'off' : 'on'}`;
    case 'container':
      return `${dst}container ${value(i.of)} ${i.type}.${i.cell}`;
    case 'alloc':
      return `${dst}alloc ${i.type}`;
    case 'assume':
      return `assume ${value(i.cond)}`;
    default:
      return `${dst}${i.op}${'at' in i ? ` ${place(i.at)}` : ''}`;
  }
}

function how(word: string | undefined): string {
  return word === undefined || word === 'plain' ? '' : ` ${word}`;
}

function value(v: Value): string {
  return String(v);
}

function place(p: Place): string {
  return p.cell === '' ? `[${p.base}]` : `${p.base}${p.type === '' ? '' : `:${p.type}`}.${p.cell}`;
}
