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
  const missing = problem.remedy === '' ? '' : `: ${problem.remedy} is missing`;
  const way = place.lastTest;
  switch (problem.hazard) {
    case 'missing-unlock': {
      const state =
        problem.what === 'context'
          ? (CONTEXT_NAMES[problem.object] ?? problem.object)
          : `with ${problem.object} held`;
      return {
        title: `${place.function}() returns ${state}`,
        message: `${capital(way === '' ? `${place.function}()` : `${way}, this`)} returns ${state}${missing}.`,
      };
    }
    case 'double-unlock':
      return {
        title: `${place.function}() unlocks ${problem.object}, which it does not hold`,
        message:
          origin !== '' && origin !== at
            ? `${at} unlocks ${problem.object}, which is not held here any more after ${origin}.`
            : `${/\w =/.test(at) ? callOf(at) : at} unlocks ${problem.object}, which nothing holds here.`,
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
    case 'leak': {
      const isMemory = problem.hazard === 'leak';
      if (origin === '')
        return {
          title: `${place.function}() leaks ${isMemory ? '' : 'a reference to '}${problem.object}`,
          message: `${capital(`${way === '' ? '' : `${way} `}nothing`)} gives up ${problem.object} any more, as ${problem.remedy} did.`,
        };
      const took = isMemory
        ? `frees what ${callOf(origin)} returned`
        : `puts the reference from ${callOf(origin)}`;
      return {
        title: `${place.function}() leaks ${isMemory ? '' : 'a reference to '}${problem.object}`,
        message: `This leaks ${problem.object}: ${way === '' ? '' : `${way} `}nothing ${took}.${problem.remedy === '' ? '' : ` It needs ${article(problem.remedy)} there.`}`,
      };
    }
    case 'get-on-zero':
      return {
        title: `${callOf(at)} may find the count of ${problem.object} at zero`,
        message: `${problem.object} was looked up under RCU, so its count may be zero already when ${at} runs: that needs a tryget.`,
      };
    case 'use-after-free':
      if (problem.what === 'weak')
        return {
          title: `${callOf(at)} comes too late to keep ${problem.object}`,
          message: `What keeps ${problem.object} between ${origin} and ${at}? It was looked up under the lock that is dropped here, and may be freed before ${callOf(at)} gets to it.`,
        };
      return {
        title: `${problem.object} is used after it was freed`,
        message: `${at} uses ${problem.object} after ${origin} has freed it.`,
      };
    case 'use-after-put':
      if (problem.what === 'weak' && GIVES.test(at))
        return {
          title: `${problem.object} is handed on without its reference`,
          message: `${at} drops the reference that belongs to the pointer which was handed on just before.`,
        };
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
    case 'uninit-ref':
      return {
        title: `the count of ${problem.object} is used before it is set`,
        message: `${at} works on a count that was never set: nothing initialises ${problem.object} between ${callOf(origin)} and here.`,
      };
    case 'sleep-in-atomic':
      return {
        title: `${callOf(at)} may sleep in atomic context`,
        message: `${callOf(at)} may sleep, and ${origin === '' ? 'this runs in atomic context' : `${origin} is still in force`} here.`,
      };
    default:
      return {
        title: `${problem.hazard} in ${place.function}()`,
        message: `${at}: ${problem.hazard} of ${problem.object}.`,
      };
  }
}

const GIVES = /^\w*(put|drop)\w*\(/;

const CONTEXT_NAMES: Record<string, string> = {
  rcu: 'inside the RCU read-side section',
  irq: 'with interrupts disabled',
  bh: 'with bottom halves disabled',
  preempt: 'with preemption disabled',
  pagefault: 'with page faults disabled',
};

function capital(text: string): string {
  return text.replace(/^[a-z]/, (c) => c.toUpperCase());
}

function article(call: string): string {
  return `${/^[aeiou]/.test(call) ? 'an' : 'a'} ${call}`;
}

/** `ret = foo(a, b)` → `foo()`. */
function callOf(text: string): string {
  const name = calleeName(text);
  return name === '' ? text : `${name}()`;
}

/** `ret = foo(a, b)` → `foo`; '' when nothing is called. */
export function calleeName(text: string): string {
  return /(\w+)\s*\(/.exec(text.replace(/^\s*(if|while|return|switch)\b\s*\(?/, ''))?.[1] ?? '';
}
