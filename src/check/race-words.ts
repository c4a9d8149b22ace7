/** The words of a finding between threads: who does what to whom, and what is wrong with the function. */
import type { Hazard, Schedule, Step } from '../sim/program.ts';
import type { Violation } from './role-play.ts';
import type { Words } from './words.ts';

const LIFETIME: readonly Hazard[] = ['use-after-free', 'lock-lifetime', 'get-on-zero', 'double-free'];
const LEAKS: readonly Hazard[] = ['ref-leak', 'leak'];

/** The step of thread 0 that tried to take a reference, with how it came out. */
function attempt(schedule: Schedule): { step: Step; took: boolean } | null {
  const step = schedule.steps.find((s) => s.thread === 0 && / = (true|false)$/.test(s.text));
  return step === undefined ? null : { step, took: step.text.endsWith('= true') };
}

/**
 * A test of tryget that is the wrong way round shows itself twice: a reference that was taken is lost, and
 * after a failure the object is used. Returns the try's step when these schedules show both.
 */
export function invertedTry(lost: Schedule, used: Schedule): Step | null {
  const a = attempt(lost);
  const b = attempt(used);
  const isLost = LEAKS.includes(lost.violation.hazard) && a?.took === true;
  const isUsed = LIFETIME.includes(used.violation.hazard) && b?.took === false;
  return isLost && isUsed && a.step.site.line === b.step.site.line ? b.step : null;
}

/** `mpol_tryget(pol) = false` or a statement around it → `mpol_tryget()`. */
function callee(step: Step): string {
  const name =
    /(\w+)\s*\([^()]*\)\s*\)* = (?:true|false)$/.exec(step.text)?.[1] ??
    /(\w+)\s*\(/.exec(step.text)?.[1] ??
    'the attempt';
  return `${name}()`;
}

export function invertedTryWords(step: Step, object: string): Words {
  const call = callee(step);
  return {
    title: `the test of ${call} is inverted`,
    message:
      `The test is inverted: ${call} returns true when it took the reference. When it does, the reference is lost ` +
      `with the pointer; when it fails, the caller gets a ${object} that is already on its way out:`,
  };
}

export function raceWords(schedule: Schedule, fn: string): Words {
  const { violation } = schedule;
  const object = objectName(schedule);
  const other = schedule.threads.find((t, i) => i !== 0 && t.kind === 'task')?.name ?? 'another thread';
  switch (violation.hazard) {
    case 'use-after-free':
      return {
        title: `the ${object} can be freed while ${fn}() or its caller uses it`,
        message: `Nothing keeps the ${object} that ${fn}() looks up: ${other}() can free it before it is used:`,
      };
    case 'get-on-zero':
      return {
        title: `${fn}() takes a reference on a ${object} whose count is zero`,
        message: `The count may already be zero here, and taking a reference brings back a ${object} that is being freed. It needs a tryget:`,
      };
    case 'ref-leak':
      return {
        title: `${fn}() loses a reference to the ${object}`,
        message: `The reference that is taken here is never put: the ${object} cannot be freed any more.`,
      };
    default:
      return { title: `${violation.hazard} of the ${object}`, message: `${violation.message}:` };
  }
}

/** `a()`, `a() or b()`, `a(), b() and 3 others`. */
function listed(names: string[]): string {
  if (names.length === 0) return 'anything';
  const shown = names.slice(0, names.length > 3 ? 2 : 3).map((name) => `${name}()`);
  const rest = names.length - shown.length;
  if (rest > 0) return `${shown.join(', ')} and ${rest} others`;
  return shown.join(', ').replace(/, (?=[^,]*$)/, ' and ');
}

/** Where it goes wrong, seen from `fn`: `helper() -> callee()`. */
function chainOf({ violation: { site } }: Schedule, fn: string): string {
  const callee = /(\w+)\s*\(/.exec(site.text)?.[1];
  const names = [site.function === fn ? '' : site.function, callee ?? ''].filter((name) => name !== '');
  return names.map((name) => `${name}()`).join(' -> ');
}

/** The words that the rules have for this cast; null when they leave it to the class. */
export function castWords(violation: Violation, fn: string, helpers: string[]): Words | null {
  const { title, says } = violation.cast;
  if (title === undefined || says === undefined) return null;
  const filled = (text: string): string =>
    text
      .replaceAll('{fn}', fn)
      .replaceAll('{object}', objectName(violation.schedule))
      .replaceAll('{member}', violation.member)
      .replaceAll('{helper}', listed(helpers))
      .replaceAll('{chain}', chainOf(violation.schedule, fn));
  return { title: filled(title), message: filled(says) };
}

/** A further consequence of a mistake that has been named already. */
export function consequenceWords(schedule: Schedule, fn: string): string {
  const tried = attempt(schedule);
  if (tried?.took === true && LEAKS.includes(schedule.violation.hazard)) {
    return `And when ${callee(tried.step)} succeeds, the pointer that the reference should be put with is gone.`;
  }
  return raceWords(schedule, fn).message;
}

/** `mempolicy#1` → `mempolicy`. */
export function objectName(schedule: Schedule): string {
  return (schedule.violation.object ?? 'object').replace(/[#.].*$/, '');
}
