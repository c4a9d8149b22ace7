/**
 * The front of the concurrent core: explores a program and gives a verdict, replays a token.
 *
 * `explore` stops at the first violation; `exploreAll` goes on and keeps one violation of each hazard. Both end in `not-exhausted` when a
 * budget is used up, the signal aborts, or an execution could not be followed (a pool of objects or callbacks was used up).
 */
import { compile } from './compile.ts';
import { LIMITS, Machine } from './machine.ts';
import { HAZARDS, type Hazard, type Program, type Schedule, type Verdict } from './program.ts';
import { narrate } from './schedule.ts';
import { choiceOf, hash, shortest } from './search.ts';
import { alternatives, enabled, finish, reset, step } from './step.ts';
import { parseToken, programFingerprint, ReplayError, tokenOf } from './token.ts';

export interface Options {
  /** At most this many preemptions (leaving a thread that could go on). */
  bound?: number;
  maxSteps?: number;
  maxMillis?: number;
  /** Only these properties; by default all but those of `ON_REQUEST`. */
  hazards?: Hazard[];
  signal?: AbortSignal;
  /** Rounds of a loop for which objects and callbacks are set aside. */
  rounds?: number;
}

export type Violates = Extract<Verdict, { kind: 'violates' }> & { token: string };

export interface AllVerdicts {
  /** One per hazard, in the order of HAZARDS. */
  verdicts: Violates[];
  executions: number;
  exhausted: boolean;
  /** Why it is not exhausted, else ''. */
  reason: string;
  bounded: boolean;
}

const MAX_STEPS = 5_000_000;
const MAX_LENGTH = 4_000;
const SEARCH_STEPS = 400_000;

export function explore(program: Program, options: Options = {}): Verdict {
  const all = run(program, options, true);
  const [first] = all.verdicts;
  if (first) return first;
  if (!all.exhausted) return { kind: 'not-exhausted', executions: all.executions, reason: all.reason };
  return { kind: 'safe', executions: all.executions, bounded: all.bounded };
}

/** Goes on after a violation: one minimal schedule for each hazard that is reachable. */
export function exploreAll(program: Program, options: Options = {}): AllVerdicts {
  return run(program, options, false);
}

/** Runs the schedule of a token again. */
export function replay(program: Program, token: string): Schedule {
  const { fingerprint, hazard, choices } = parseToken(token);
  if (fingerprint !== programFingerprint(program)) {
    throw new ReplayError('the program has changed since the token was made');
  }
  const mc = new Machine(compile(program));
  mc.want([hazard]);
  reset(mc);
  return narrate(mc, choices, hazard);
}

function run(program: Program, options: Options, once: boolean): AllVerdicts {
  const mc = new Machine(compile(program, options.rounds));
  mc.want(options.hazards);
  reset(mc);
  const found = new Map<number, number[]>();
  const state = { executions: 0, left: options.maxSteps ?? MAX_STEPS, reason: '' };
  const deadline = options.maxMillis === undefined ? Infinity : Date.now() + options.maxMillis;
  const seen = new Set<number>();
  const path: number[] = [];
  let ticks = 0;
  const go = (): boolean => {
    if (state.left <= 0) state.reason = `the budget of ${options.maxSteps ?? MAX_STEPS} steps is used up`;
    if ((++ticks & 255) === 0) {
      if (Date.now() > deadline) state.reason = `the budget of ${options.maxMillis} ms is used up`;
      if (options.signal?.aborted) state.reason = 'it was cancelled';
    }
    if (path.length > MAX_LENGTH) state.reason = `an execution is longer than ${MAX_LENGTH} steps`;
    if (state.reason !== '') return true;
    const key = hash(mc, 0);
    if (seen.has(key)) return false;
    seen.add(key);
    let any = false;
    for (let t = 0; t < mc.threads; t++) {
      if (!enabled(mc, t)) continue;
      any = true;
      for (let a = 0; a < alternatives(mc, t); a++) {
        const mark = mc.logged;
        state.left--;
        step(mc, t, a);
        path.push(choiceOf(t, a));
        if (mc.limit !== 0) state.reason = LIMITS[mc.limit]!;
        let stop = false;
        if (mc.violation >= 0) {
          if (!found.has(mc.violation)) found.set(mc.violation, path.slice());
          stop = once;
        }
        if (!stop) stop = go();
        path.pop();
        mc.undo(mark);
        if (stop) return true;
      }
    }
    if (any) return false;
    state.executions++;
    finish(mc);
    if (mc.violation < 0) return false;
    if (!found.has(mc.violation)) found.set(mc.violation, path.slice());
    return once;
  };
  go();
  mc.undo(0);
  const verdicts = [...found.keys()]
    .sort((a, b) => a - b)
    .map((bit) => violation(program, bit, found.get(bit)!, state.executions, options));
  return {
    verdicts,
    executions: state.executions,
    exhausted: state.reason === '',
    reason: state.reason,
    bounded: false,
  };
}

function violation(
  program: Program,
  bit: number,
  path: number[],
  executions: number,
  options: Options,
): Violates {
  const hazard = HAZARDS[bit]!;
  const mc = new Machine(compile(program, options.rounds));
  mc.want([hazard]);
  reset(mc);
  const choices = shortest(mc, bit, SEARCH_STEPS, MAX_LENGTH)?.choices ?? path;
  const schedule = narrate(mc, choices, hazard);
  return { kind: 'violates', executions, schedule, choices, token: tokenOf(program, choices, hazard) };
}
