/**
 * A second implementation of the core's semantics, for small programs: every interleaving, no cleverness, no code shared with src/sim.
 *
 * It interprets the program format itself, with states as plain objects that are copied for each step (`oracle-state.ts`, `oracle-steps.ts`
 * and what it names). Prefixes that are the same partial order are explored once (they lead to one state); the number of maximal partial
 * orders is what the core must count. Dependence (`oracle-order.ts`) is written from its definition: same location and one
 * writes, failed attempts read, readers of a lock commute, counts commute as long as nobody sees zero.
 */
import type { Hazard, Program } from '../../src/sim/program.ts';
import { dependent } from './oracle-order.ts';
import { copyOf, type Event, newThread, type Thread, type World } from './oracle-state.ts';
import { Steps } from './oracle-steps.ts';

export interface Oracle {
  complete: number;
  blocked: number;
  hazards: Hazard[];
}

/**
 * Runs everything; `limit` prefixes at most, else undefined. With `everythingConflicts` two steps on one location are dependent whatever they do,
 * unless both only look (loads, and attempts that fail); the second step of an unlock conflicts with nothing.
 */
export function enumerate(
  program: Program,
  limit: number,
  { everythingConflicts = false } = {},
): Oracle | undefined {
  const steps = new Steps(program);
  const hazards = new Set<Hazard>();
  const start = begin(program, steps, hazards);
  const seen = new Set<string>();
  let complete = 0;
  let blocked = 0;

  function go(w: World, events: Event[]): boolean {
    const key = canonical(events);
    if (seen.has(key)) return true;
    if (seen.size >= limit) return false;
    seen.add(key);
    let any = false;
    for (const t of w.threads.keys()) {
      if (!steps.enabled(w, t)) continue;
      any = true;
      for (let alternative = 0; alternative < steps.alternatives(w, t); alternative++) {
        const next = copyOf(w);
        const { stay: _, ...happened } = steps.perform(next, t, alternative);
        const event: Event = { thread: t, alternative, ...happened, past: new Map() };
        let own = 1;
        for (const before of events) {
          if (before.thread === t) own++;
          if (before.thread !== t && before.born !== t && !dependent(before, event, everythingConflicts))
            continue;
          for (const [i, n] of before.past) event.past.set(i, Math.max(event.past.get(i) ?? 0, n));
        }
        event.past.set(t, own);
        if (event.wrong !== undefined) {
          const caused = events.some(
            (e) => e.wrong && (event.past.get(e.thread) ?? 0) >= e.past.get(e.thread)!,
          );
          if (!caused) hazards.add(event.wrong);
        }
        if (!go(next, [...events, event])) return false;
      }
    }
    if (any) return true;
    const outcome = judge(w, steps);
    if (outcome.blocked) blocked++;
    else complete++;
    if (outcome.hazard) hazards.add(outcome.hazard);
    return true;
  }

  return go(start, []) ? { complete, blocked, hazards: [...hazards].sort() } : undefined;
}

/** Objects live, setup run, every thread at its first event. */
function begin(program: Program, steps: Steps, hazards: Set<Hazard>): World {
  const w: World = {
    cells: {},
    life: {},
    private: {},
    cause: {},
    initialised: {},
    modes: {},
    releases: {},
    tasks: {},
    cpus: {},
    threads: new Map(),
  };
  for (const o of program.objects) {
    w.life[o.name] = 'live';
    for (const c of steps.names.cells(o.name)) {
      const at = `${o.name}.${c.name}`;
      w.cells[at] = c.init ?? 0;
      if (c.kind === 'ref') w.initialised[at] = c.init !== undefined;
      if (c.kind === 'percpu-ref' && c.init !== undefined) w.modes[at] = 'percpu';
    }
  }
  if (program.setup !== undefined) {
    const setup: Thread = { ...newThread(steps.names.routine(program.setup), 'task', -1), isSetup: true };
    w.threads.set(-1, setup);
    steps.settle(w, setup);
    while (setup.state === 'ready') steps.perform(w, -1, 0);
    w.threads.clear();
    w.private = {};
  }
  program.threads.forEach((info, t) => {
    const routine = steps.names.routine(info.routine);
    const th = newThread(routine, info.kind ?? 'task', info.cpu ?? t);
    w.threads.set(t, th);
    for (const [i, p] of routine.params.entries()) th.regs[p] = steps.value(th, info.args[i] ?? 0);
  });
  for (const th of w.threads.values()) {
    const wrong = steps.settle(w, th);
    if (wrong) hazards.add(wrong);
  }
  return w;
}

/** What an execution comes to in which nothing can happen any more. */
function judge(w: World, steps: Steps): { blocked: boolean; hazard?: Hazard } {
  const threads = [...w.threads.entries()].sort((a, b) => a[0] - b[0]).map(([, th]) => th);
  const is = (s: Thread['state']) => threads.some((th) => th.state === s);
  const waiting = threads.filter((th) => th.state === 'ready');
  if (waiting.length > 0 || is('stuck')) {
    if (is('stuck') || is('halted')) return { blocked: true };
    for (const th of waiting) {
      const op = th.phase === 'run' ? th.routine.code[th.pc] : undefined;
      const holds = op?.op === 'wait' && w.cells[steps.cell(th, op.until)!] === steps.value(th, op.value);
      if (holds) return { blocked: true, hazard: 'lost-wakeup' };
      const handler = th.kind === 'irq' || th.kind === 'softirq';
      if (handler && op?.op === 'lock') return { blocked: true, hazard: 'irq-unsafe-lock' };
    }
    const locks = waiting.every((th) => th.phase === 'run' && th.routine.code[th.pc]?.op === 'lock');
    return { blocked: true, hazard: locks ? 'lock-order' : 'deadlock' };
  }
  if (is('halted')) return { blocked: false };
  const reached = new Set<string>();
  const reach = (o: string | undefined) => {
    if (o === undefined || reached.has(o) || w.life[o] !== 'live') return;
    reached.add(o);
    for (const c of steps.names.cells(o)) {
      if (c.kind === 'pointer') reach(steps.names.objectAt(w.cells[`${o}.${c.name}`]!));
    }
  };
  for (const o of steps.program.objects) reach(o.name);
  for (const { items } of Object.values(w.tasks))
    for (const { arg } of items) reach(steps.names.objectAt(arg));
  const leaked = steps.names.all.find((o) => w.life[o] === 'live' && !reached.has(o));
  if (leaked === undefined) return { blocked: false };
  return { blocked: false, hazard: steps.names.refCell(leaked) ? 'ref-leak' : 'leak' };
}

function canonical(events: Event[]): string {
  return events
    .map((e) => {
      const past = [...e.past].sort((a, b) => a[0] - b[0]).map(([t, n]) => `${t}=${n}`);
      return `${e.thread}:${past.join(',')}:${e.alternative}`;
    })
    .sort()
    .join(';');
}
