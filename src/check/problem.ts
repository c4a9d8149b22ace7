/** What goes wrong on one path, before it is put into words, and what would mend it. */
import type { PathStep, SequentialResult } from '../sim/index.ts';
import type { Hazard, Instr, Routine } from '../sim/program.ts';

/** A mistake on one path, before it is put into words. */
export interface PathProblem {
  hazard: Hazard;
  /** The lock, object or context, by name. */
  object: string;
  /** What is owned when this is about a reference or memory. */
  what: string;
  path: PathStep[];
  /** Instruction that took what is not given back, or that made the last step wrong; -1 when there is none. */
  origin: number;
  /** Instruction at which it goes wrong. */
  at: number;
  /** What has to be true besides, as clauses. */
  assumes: string[];
  /** How the routine gives this up elsewhere: text of an unlock or put, '' when it never does. */
  remedy: string;
}

export interface Analysed {
  routine: Routine;
  /** The function returns a pointer: what is not 0 is no failure. */
  returnsPointer: boolean;
  result: SequentialResult;
}

/** What two names of one lock have in common: the cell, or the array it is an element of. */
export function lastCell(name: string): string {
  return name
    .split(/->|\.|\*/)
    .at(-1)!
    .replace(/ add .*$/, '');
}

/** The text of an operation that gives up what `origin` took, in this function or in its pre-image. */
export function remedyFor(
  analysed: Analysed,
  pre: Analysed | null,
  origin: number,
  gives: (i: Instr) => boolean,
): string {
  const taker = analysed.routine.code[origin];
  const subject = taker === undefined ? '' : subjectOf(taker);
  for (const { routine } of pre === null ? [analysed] : [pre, analysed]) {
    for (const instr of routine.code) {
      if (!gives(instr) || instr.site === undefined || (subject !== '' && subjectOf(instr) !== subject))
        continue;
      return routine.sites[instr.site]!.text.replace(/;$/, '');
    }
  }
  return '';
}

/** What an operation takes or gives up, as far as two operations on the same thing share it. */
function subjectOf(instr: Instr): string {
  switch (instr.op) {
    case 'own':
    case 'disown':
    case 'free':
      return String(instr.object);
    case 'alloc':
      return instr.dst;
    case 'lock':
    case 'trylock':
    case 'unlock':
      return `lock ${instr.at.cell === '' ? instr.at.base : lastCell(instr.at.cell)}`;
    default:
      return 'at' in instr ? String(instr.at.base) : '';
  }
}
