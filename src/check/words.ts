/**
 * The words of a finding, as a linux-mm reviewer would put them: what goes wrong first, then on which way, then
 * half a sentence on the remedy. One message for each class; the diagram is not drawn here.
 */
import type { PathProblem } from './paths.ts';

export interface Words {
  title: string;
  message: string;
}

/** What the words need to know of the place: source text by instruction. */
export interface Place {
  function: string;
  /** Text of the statement of an instruction, `;` removed; '' for none. */
  textOf(pc: number): string;
  lineOf(pc: number): number;
  /** The last test on the way, as `if (ret)`, with its outcome; '' when there is none after the origin. */
  lastTest: string;
}

export function wordsFor(problem: PathProblem, place: Place): Words {
  const origin = place.textOf(problem.origin);
  const at = place.textOf(problem.at);
  const way = place.lastTest === '' ? 'On the way to' : `After ${place.lastTest},`;
  const end = /^(return|goto)\b/.test(at) ? `"${at}"` : 'the end of the function';
  const fix = problem.remedy === '' ? '' : ` It needs a ${problem.remedy} first.`;
  const where = `${way} ${place.lastTest === '' ? end : `${place.function}() leaves`}`;
  switch (problem.hazard) {
    case 'missing-unlock':
      if (problem.what === 'context') {
        const name = CONTEXT_NAMES[problem.object] ?? problem.object;
        return {
          title: `${place.function}() returns ${name}`,
          message: `${sentence(place, 'returns', name)}${problem.remedy === '' ? '' : ` A ${problem.remedy} is missing there.`}`,
        };
      }
      return {
        title: `${place.function}() returns with ${problem.object} held`,
        message: `${sentence(place, 'returns', `with ${problem.object} held`)}${origin === '' ? '' : ` ${origin} above took it.`}${fix.replace(' first', ' on that way')}`,
      };
    case 'double-unlock':
      return {
        title: `${place.function}() unlocks ${problem.object} twice`,
        message: `${at} unlocks ${problem.object}, which is not held here any more${origin !== '' && origin !== at ? ` after ${origin}` : ''}.`,
      };
    case 'missing-lock':
      return {
        title: `${problem.object} is not held`,
        message: `Nothing takes ${problem.object} before ${at} any more.`,
      };
    case 'double-lock':
      return {
        title: `${place.function}() takes ${problem.object} twice`,
        message: `${problem.object} is already held here, since ${origin}: ${at} deadlocks.`,
      };
    case 'ref-leak':
      return {
        title: `${place.function}() leaks a reference to ${problem.object}`,
        message: `This leaks ${problem.object}. ${sentence(place, 'returns', `without putting the reference that ${callOf(origin)} took`)}${fix.replace(' first', ' there')}`,
      };
    case 'leak':
      return {
        title: `${place.function}() leaks ${problem.object}`,
        message: `This leaks ${problem.object}. ${sentence(place, 'returns', `without freeing what ${callOf(origin)} returned`)}${fix.replace(' first', ' there')}`,
      };
    case 'use-after-free':
      return {
        title: `${problem.object} is used after it was freed`,
        message: `${at} uses ${problem.object} after ${origin} has freed it.`,
      };
    case 'use-after-put':
      return {
        title: `${problem.object} is used after its reference was put`,
        message: `${at} uses ${problem.object} after ${origin}, which may have been the last reference.`,
      };
    case 'double-free':
      return {
        title: `${problem.object} is freed twice`,
        message: `${at} frees ${problem.object} again, ${origin} did already.`,
      };
    case 'double-put':
      return {
        title: `the reference to ${problem.object} is put twice`,
        message: `${at} puts ${problem.object} again; its only reference here went with ${origin}.`,
      };
    case 'sleep-in-atomic':
      return {
        title: `${callOf(at)} may sleep in atomic context`,
        message: `${callOf(at)} may sleep, and ${origin === '' ? 'this runs in atomic context' : `${origin} is still in force`} here.`,
      };
    default:
      return { title: `${problem.hazard} in ${place.function}()`, message: `${where} ${problem.object}.` };
  }
}

const CONTEXT_NAMES: Record<string, string> = {
  rcu: 'inside the RCU read-side section',
  irq: 'with interrupts disabled',
  bh: 'with bottom halves disabled',
  preempt: 'with preemption disabled',
  pagefault: 'with page faults disabled',
};

function sentence(place: Place, verb: string, rest: string): string {
  const test = place.lastTest;
  return test === ''
    ? `${place.function}() ${verb} ${rest}.`
    : `${test}, ${place.function}() ${verb} ${rest}.`.replace(/^./, (c) => c.toUpperCase());
}

/** `ret = foo(a, b)` → `foo()`. */
function callOf(text: string): string {
  const m = /(\w+)\s*\(/.exec(text.replace(/^\s*(if|while|return|switch)\b\s*\(?/, ''));
  return m === null ? text : `${m[1]}()`;
}
