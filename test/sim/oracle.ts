/**
 * A second implementation of the core's semantics, for small programs: every interleaving, no cleverness, no code shared with src/sim.
 *
 * It interprets the program format itself, with states as plain objects that are copied for each step. Prefixes that are the same partial order are
 * explored once (they lead to one state); the number of maximal partial orders is what the core must count. Dependence is written
 * here from its definition: same location and one writes, failed attempts read, readers of a lock commute, counts commute as
 * long as nobody sees zero. It knows the operations that random programs use, and refuses others.
 */
import type { Hazard, Instr, Program, Routine, Value } from '../../src/sim/program.ts';

interface Touch {
  at: string;
  /** read, write, add, dec, last, move, lock, rlock, unlock, runlock, seen, touch, enter, begin, exit, finish, whole */
  how: string;
}

interface Event {
  thread: number;
  touches: Touch[];
  /** For each thread the number of its events that come before this one, itself included. */
  past: number[];
  /** Number of read sections entered by each thread when a grace period began; for exits the number of the section. */
  sections?: number[];
  /** The callback that this event queued. */
  born?: number;
  /** Which value an unknown took. */
  alternative: number;
  wrong?: Hazard;
}

interface Thread {
  pc: number;
  regs: Record<string, number>;
  routine: Routine;
  state: 'ready' | 'done' | 'halted' | 'stuck' | 'unborn';
  held: string[];
  nest: number;
  section: number;
  stage: number;
  waitsFor: number[];
  begun: number[];
  owns: Record<string, number>;
  hasPut: Record<string, boolean>;
  failed: Record<string, boolean>;
  frees: number;
  lastZero: string;
  irq: number;
  /** The queue it sleeps at, and whether it was woken. */
  asleep: string;
  woken: boolean;
}

interface World {
  cells: Record<string, number>;
  life: Record<string, 'live' | 'freed'>;
  private: Record<string, number>;
  cause: Record<string, string>;
  initialised: Record<string, boolean>;
  threads: Thread[];
}

export interface Oracle {
  complete: number;
  blocked: number;
  hazards: Hazard[];
}

const ADDRESS = 1000;

/**
 * Runs everything; `limit` prefixes at most, else undefined. With `everythingConflicts` two steps on one location are dependent whatever they do,
 * unless both only look (loads, and attempts that fail); the second step of an unlock conflicts with nothing.
 */
export function enumerate(
  program: Program,
  limit: number,
  { everythingConflicts = false } = {},
): Oracle | undefined {
  const typeOf = new Map<string, string>(program.objects.map((o) => [o.name, o.type]));
  const names: string[] = program.objects.map((o) => o.name);
  const cellsOf = (type: string) => program.types.find((t) => t.name === type)!.cells;
  const address = (name: string): number => ADDRESS + 100 * names.indexOf(name);
  const nameAt = (value: number): string | undefined =>
    value >= ADDRESS ? names[Math.floor((value - ADDRESS) / 100)] : undefined;
  const routine = (name: string) => program.routines.find((r) => r.name === name)!;
  const lanes = program.threads.length;

  const fresh = (r: Routine): Thread => ({
    pc: 0,
    regs: {},
    routine: r,
    state: 'ready',
    held: [],
    nest: 0,
    section: 0,
    stage: 0,
    waitsFor: [],
    begun: [],
    owns: {},
    hasPut: {},
    failed: {},
    frees: 0,
    lastZero: '',
    irq: 0,
    asleep: '',
    woken: false,
  });

  const world: World = { cells: {}, life: {}, private: {}, cause: {}, initialised: {}, threads: [] };
  for (const o of program.objects) {
    world.life[o.name] = 'live';
    for (const c of cellsOf(o.type)) {
      world.cells[`${o.name}.${c.name}`] = c.init ?? 0;
      if (c.kind === 'ref') world.initialised[`${o.name}.${c.name}`] = c.init !== undefined;
    }
  }
  world.threads = program.threads.map((t) => fresh(routine(t.routine)));
  // One possible callback for each call that a thread can make: they come after the threads, in order of the code.
  const callbacks = new Map<string, number>();
  program.threads.forEach((t, i) => {
    routine(t.routine).code.forEach((op, pc) => {
      if (op.op !== 'rcu.call') return;
      callbacks.set(`${i}:${pc}`, world.threads.length);
      world.threads.push({
        ...fresh({ name: 'callback', params: [], code: [], sites: [] }),
        state: 'unborn',
      });
    });
  });

  function runSetup(): void {
    const setup: Thread = fresh(routine(program.setup!));
    const saved = world.threads;
    world.threads = [setup];
    settle(world, 0);
    while (setup.state === 'ready') perform(world, 0);
    world.threads = saved;
    world.private = {};
  }

  function value(th: Thread, v: Value): number {
    if (typeof v === 'number') return v;
    return v.startsWith('@') ? address(v.slice(1)) : (th.regs[v] ?? 0);
  }

  function cell(th: Thread, place: { base: Value; type: string; cell: string }): string | undefined {
    const o = nameAt(value(th, place.base));
    return o === undefined ? undefined : `${o}.${place.cell}`;
  }

  const objectOf = (c: string) => c.slice(0, c.lastIndexOf('.'));
  const refCell = (o: string) => cellsOf(typeOf.get(o)!).find((c) => c.kind === 'ref')?.name;

  /** Runs what is local to the thread, up to its next event or its end. */
  function settle(w: World, t: number): Hazard | undefined {
    const th = w.threads[t]!;
    for (let n = 0; n < 1000 && th.state === 'ready'; n++) {
      const op = th.routine.code[th.pc];
      if (op === undefined || op.op === 'return') {
        th.state = 'done';
        if (program.setup && t === 0 && w.threads.length === 1) return undefined;
        if (th.held.length > 0) return halt(th, 'missing-unlock');
        if (th.nest > 0 || th.irq > 0) return halt(th, 'missing-unlock');
        if (Object.values(th.owns).some((k) => k > 0)) return halt(th, 'ref-leak');
        return undefined;
      }
      switch (op.op) {
        case 'set':
          th.regs[op.dst] = value(th, op.value);
          break;
        case 'calc': {
          const [a, b] = [value(th, op.a), value(th, op.b)];
          th.regs[op.dst] =
            op.fn === 'add'
              ? a + b
              : op.fn === 'eq'
                ? Number(a === b)
                : op.fn === 'ne'
                  ? Number(a !== b)
                  : unsupported(op.fn);
          break;
        }
        case 'label':
          break;
        case 'jump':
          th.pc = th.routine.code.findIndex((o) => o.op === 'label' && o.name === op.to);
          break;
        case 'branch':
          if (value(th, op.cond) !== 0)
            th.pc = th.routine.code.findIndex((o) => o.op === 'label' && o.name === op.to);
          break;
        case 'assume':
          if (value(th, op.cond) === 0) th.state = 'stuck';
          break;
        case 'context':
          th.irq = Math.max(0, th.irq + op.change);
          break;
        case 'sleep':
          if (th.irq > 0 || th.nest > 0 || th.held.some((h) => h.startsWith('spin')))
            return halt(th, 'sleep-in-atomic');
          break;
        default:
          return undefined;
      }
      if (th.state === 'ready') th.pc++;
    }
    return undefined;
  }

  function halt(th: Thread, hazard: Hazard): Hazard {
    th.state = 'halted';
    return hazard;
  }

  function unsupported(what: string): never {
    throw new Error(`the oracle does not know ${what}`);
  }

  const ownedByAll = (w: World, o: string) => w.threads.reduce((sum, th) => sum + (th.owns[o] ?? 0), 0);

  function locked(w: World, c: string): { writer: boolean; readers: number } {
    let writer = false;
    let readers = 0;
    for (const th of w.threads)
      for (const h of th.held) {
        if (h.endsWith(`x ${c}`)) writer = true;
        if (h.endsWith(`s ${c}`)) readers++;
      }
    return { writer, readers };
  }

  function enabled(w: World, t: number): boolean {
    const th = w.threads[t]!;
    if (th.state !== 'ready') return false;
    if (t >= lanes && th.stage === 0) return th.waitsFor.length === 0;
    const op = th.routine.code[th.pc];
    if (op?.op === 'lock') {
      const c = cell(th, op.at);
      if (c === undefined || w.life[objectOf(c)] !== 'live') return true;
      const mine = th.held.some(
        (h) => h.endsWith(`x ${c}`) || (op.mode === 'exclusive' && h.endsWith(`s ${c}`)),
      );
      const { writer, readers } = locked(w, c);
      return mine || (!writer && (op.mode === 'shared' || readers === 0));
    }
    if (op?.op === 'rcu.synchronize' && th.stage === 1) return th.waitsFor.length === 0;
    if (op?.op === 'wait-completion') return w.cells[cell(th, op.at)!]! > 0;
    if (op?.op === 'wait') return th.asleep === '' || th.woken;
    return true;
  }

  const inside = (w: World, except: number) =>
    w.threads.flatMap((th, i) => (th.nest > 0 && i !== except ? [i] : []));

  /** Does the next event of thread t: what it touches, and whether it went wrong. */
  function perform(
    w: World,
    t: number,
    alternative = 0,
  ): { touches: Touch[]; sections?: number[]; born?: number; wrong: Hazard | undefined } {
    const th = w.threads[t]!;
    const touches: Touch[] = [];
    let sections: number[] | undefined;
    let born: number | undefined;
    let wrong: Hazard | undefined;
    const done = () => {
      const later = wrong ?? settle(w, t);
      return {
        touches,
        ...(sections ? { sections } : {}),
        ...(born === undefined ? {} : { born }),
        wrong: later,
      };
    };
    const bad = (hazard: Hazard) => {
      wrong = halt(th, hazard);
    };
    /** The object of a cell must be there; a place that is no object stops the thread. */
    const there = (c: string | undefined, hazard: Hazard = 'use-after-free'): c is string => {
      if (c === undefined) {
        th.state = 'stuck';
        return false;
      }
      const o = objectOf(c);
      if (w.life[o] === 'live') return true;
      const put = (x: string | undefined) =>
        x !== undefined && x !== '' && th.hasPut[x] === true && !(th.owns[x]! > 0);
      bad(hazard === 'use-after-free' && (put(o) || put(w.cause[o])) ? 'use-after-put' : hazard);
      return false;
    };
    /** What storing a pointer where others can see it does to references. */
    const stored = (into: string, v: number) => {
      const target = nameAt(v);
      if (target === undefined || w.private[objectOf(into)] !== undefined) return;
      if ((th.owns[target] ?? 0) > 0) {
        th.owns[target]!--;
        touches.push({ at: `${target}.${refCell(target)}`, how: 'move' });
      }
      delete w.private[target];
    };
    if (t >= lanes) {
      if (th.stage === 0) {
        th.stage = 1;
        touches.push({ at: 'rcu', how: 'finish' });
        sections = th.begun;
        return { touches, sections, wrong: undefined };
      }
      th.state = 'done';
      freeObject(th.frees);
      return { touches, wrong };
    }
    function freeObject(v: number): void {
      const o = nameAt(v);
      if (o === undefined) return;
      touches.push({ at: `${o}.`, how: 'whole' });
      if (w.life[o] !== 'live') return bad('double-free');
      const held = cellsOf(typeOf.get(o)!).some((c) => {
        const { writer, readers } = locked(w, `${o}.${c.name}`);
        return c.kind === 'lock' && (writer || readers > 0);
      });
      if (held) return bad('lock-lifetime');
      w.life[o] = 'freed';
      w.cause[o] = th.lastZero;
    }
    const op = th.routine.code[th.pc] as Instr;
    th.pc++;
    switch (op.op) {
      case 'load': {
        const c = cell(th, op.from);
        if (c !== undefined) touches.push({ at: c, how: 'read' });
        if (there(c)) th.regs[op.dst] = w.cells[c]!;
        return done();
      }
      case 'access': {
        const c = cell(th, op.at);
        if (c !== undefined) touches.push({ at: c, how: op.write ? 'write' : 'read' });
        there(c);
        return done();
      }
      case 'store': {
        const c = cell(th, op.to);
        if (c !== undefined) touches.push({ at: c, how: 'write' });
        if (there(c)) {
          const v = value(th, op.value);
          w.cells[c] = v;
          stored(c, v);
        }
        return done();
      }
      case 'rmw': {
        const c = cell(th, op.at);
        if (c !== undefined) touches.push({ at: c, how: 'write' });
        if (there(c)) {
          const old = w.cells[c]!;
          const v = value(th, op.value);
          w.cells[c] = op.fn === 'xchg' ? v : op.fn === 'add' ? old + v : unsupported(op.fn);
          if (op.fn === 'xchg') stored(c, v);
          if (op.dst) th.regs[op.dst] = op.gives === 'new' ? w.cells[c]! : old;
        }
        return done();
      }
      case 'cmpxchg': {
        const c = cell(th, op.at);
        const hit = c !== undefined && w.cells[c] === value(th, op.expect);
        if (c !== undefined) touches.push({ at: c, how: hit ? 'write' : 'read' });
        if (there(c)) {
          const old = w.cells[c]!;
          if (hit) {
            w.cells[c] = value(th, op.value);
            stored(c, value(th, op.value));
          }
          th.regs[op.dst] = old;
        }
        return done();
      }
      case 'alloc': {
        if (w.threads.length > 1) return unsupported('allocation by a thread');
        const o = `${op.type}#${names.length}`;
        names.push(o);
        typeOf.set(o, op.type);
        w.life[o] = 'live';
        for (const c of cellsOf(op.type)) w.cells[`${o}.${c.name}`] = 0;
        th.regs[op.dst] = address(o);
        return done();
      }
      case 'free':
        freeObject(value(th, op.object));
        return done();
      case 'lock':
      case 'trylock': {
        const c = cell(th, op.at);
        const shared = op.mode === 'shared';
        if (c !== undefined) {
          const { writer, readers } = locked(w, c);
          const hit = op.op === 'lock' || (!writer && (shared || readers === 0));
          const own =
            op.op === 'lock' &&
            th.held.some((h) => h.endsWith(`x ${c}`) || (!shared && h.endsWith(`s ${c}`)));
          touches.push({ at: c, how: own ? 'touch' : hit ? (shared ? 'rlock' : 'lock') : 'seen' });
          const sleeps = op.kind === 'mutex' || op.kind === 'rwsem';
          if (
            op.op === 'lock' &&
            sleeps &&
            (th.irq > 0 || th.nest > 0 || th.held.some((h) => h.startsWith('spin')))
          ) {
            bad('sleep-in-atomic');
          } else if (there(c, 'lock-lifetime')) {
            const mine = th.held.some((h) => h.endsWith(`x ${c}`) || (!shared && h.endsWith(`s ${c}`)));
            if (op.op === 'lock' && mine) bad('double-lock');
            else if (hit) th.held.push(`${op.kind} ${shared ? 's' : 'x'} ${c}`);
            if (op.op === 'trylock') th.regs[op.dst] = Number(hit);
          }
        } else th.state = 'stuck';
        return done();
      }
      case 'unlock': {
        const c = cell(th, op.at);
        if (c === undefined) {
          th.state = 'stuck';
          return done();
        }
        const shared = op.mode === 'shared';
        if (th.stage === 1) {
          th.stage = 0;
          touches.push({ at: c, how: 'touch' });
          there(c, 'lock-lifetime');
          return done();
        }
        touches.push({ at: c, how: shared ? 'runlock' : 'unlock' });
        if (!there(c, 'lock-lifetime')) return done();
        const held = th.held.lastIndexOf(`${op.kind} ${shared ? 's' : 'x'} ${c}`);
        if (held < 0) {
          bad('double-unlock');
          return done();
        }
        th.held.splice(held, 1);
        if (op.kind === 'mutex' || op.kind === 'rwsem') {
          th.stage = 1;
          th.pc--;
          return { touches, wrong };
        }
        return done();
      }
      case 'ref.init': {
        const c = cell(th, op.at);
        if (c !== undefined) touches.push({ at: c, how: 'write' });
        if (there(c)) {
          w.cells[c] = op.value;
          w.initialised[c] = true;
          if (op.value > 0 && w.threads.length > 1) th.owns[objectOf(c)] = (th.owns[objectOf(c)] ?? 0) + 1;
        }
        return done();
      }
      case 'ref.get':
      case 'ref.tryget': {
        const c = cell(th, op.at);
        const positive = c !== undefined && w.cells[c]! > 0;
        if (c !== undefined)
          touches.push({ at: c, how: positive ? 'add' : op.op === 'ref.get' ? 'write' : 'read' });
        if (!there(c)) return done();
        const o = objectOf(c);
        if (!w.initialised[c]) bad('uninit-ref');
        else if (positive) {
          w.cells[c]!++;
          th.owns[o] = (th.owns[o] ?? 0) + 1;
          th.failed[o] = false;
        } else if (op.op === 'ref.get') bad('get-on-zero');
        else th.failed[o] = true;
        if (op.op === 'ref.tryget') th.regs[op.dst] = Number(positive);
        return done();
      }
      case 'ref.put': {
        const c = cell(th, op.at);
        if (c === undefined) {
          th.state = 'stuck';
          return done();
        }
        const o = objectOf(c);
        const mine = (th.owns[o] ?? 0) > 0;
        const left = mine ? w.cells[c]! : Math.min(w.cells[c]!, w.cells[c]! - ownedByAll(w, o));
        touches.push({ at: c, how: left > 1 ? 'dec' : 'last' });
        if (!there(c)) return done();
        if (!w.initialised[c]) bad('uninit-ref');
        else if (left <= 0) bad(!mine && th.failed[o] ? 'tryget-misuse' : 'double-put');
        else {
          w.cells[c]!--;
          if (mine) th.owns[o]!--;
          th.hasPut[o] = true;
          if (w.cells[c] === 0) th.lastZero = o;
          if (op.dst) th.regs[op.dst] = Number(w.cells[c] === 0);
        }
        return done();
      }
      case 'rcu.enter':
        if (th.nest++ === 0) {
          th.section++;
          touches.push({ at: 'rcu', how: 'enter' });
        }
        return done();
      case 'rcu.exit':
        if (th.nest === 0) {
          bad('double-unlock');
          return done();
        }
        if (--th.nest === 0) {
          touches.push({ at: 'rcu', how: 'exit' });
          sections = [th.section];
          for (const other of w.threads) other.waitsFor = other.waitsFor.filter((x) => x !== t);
        }
        return done();
      case 'rcu.synchronize':
        if (th.stage === 1) {
          th.stage = 0;
          touches.push({ at: 'rcu', how: 'finish' });
          sections = th.begun;
          return done();
        }
        touches.push({ at: 'rcu', how: 'begin' });
        if (th.irq > 0 || th.nest > 0 || th.held.some((h) => h.startsWith('spin'))) {
          bad('sleep-in-atomic');
          return done();
        }
        th.waitsFor = inside(w, t);
        th.begun = w.threads.map((x) => x.section);
        th.stage = 1;
        th.pc--;
        return { touches, wrong };
      case 'rcu.call': {
        touches.push({ at: 'rcu', how: 'begin' });
        born = callbacks.get(`${t}:${th.pc - 1}`)!;
        const lane = w.threads[born]!;
        lane.state = 'ready';
        lane.frees = value(th, op.arg);
        lane.lastZero = th.lastZero;
        lane.waitsFor = inside(w, born);
        lane.begun = w.threads.map((x) => x.section);
        return done();
      }
      case 'unknown':
        th.regs[op.dst] = alternative;
        return done();
      case 'complete': {
        const c = cell(th, op.at)!;
        touches.push({ at: c, how: 'write' });
        w.cells[c]!++;
        return done();
      }
      case 'wait-completion': {
        const c = cell(th, op.at)!;
        touches.push({ at: c, how: 'write' });
        if (th.irq > 0 || th.nest > 0 || th.held.some((h) => h.startsWith('spin'))) bad('sleep-in-atomic');
        else w.cells[c]!--;
        return done();
      }
      case 'wake': {
        const c = cell(th, op.queue)!;
        touches.push({ at: c, how: 'write' });
        for (const other of w.threads) if (other.asleep === c) other.woken = true;
        return done();
      }
      case 'wait': {
        const [queue, until] = [cell(th, op.queue)!, cell(th, op.until)!];
        touches.push({ at: queue, how: 'write' }, { at: until, how: 'read' });
        if (th.irq > 0 || th.nest > 0 || th.held.some((h) => h.startsWith('spin'))) {
          bad('sleep-in-atomic');
          return done();
        }
        th.woken = false;
        if (w.cells[until] === value(th, op.value)) {
          th.asleep = '';
          return done();
        }
        th.asleep = queue;
        th.pc--;
        return { touches, wrong };
      }
      default:
        return unsupported(op.op);
    }
  }

  const CHANGES = new Set(['write', 'whole']);
  const LOOKS = new Set(['read', 'seen']);
  function dependent(a: Event, b: Event): boolean {
    for (const x of a.touches)
      for (const y of b.touches) {
        const whole = x.how === 'whole' || y.how === 'whole';
        if (whole ? objectOf(x.at) !== objectOf(y.at) : x.at !== y.at) continue;
        if (whole || clash(x.how, y.how) || clash(y.how, x.how)) return true;
        // The end of a grace period comes after the read sections that it waited for.
        if (x.how === 'exit' && y.how === 'finish' && a.sections![0]! <= b.sections![a.thread]!) return true;
      }
    return false;
  }

  function clash(a: string, b: string): boolean {
    if (a === 'touch' || b === 'touch') return false;
    if (everythingConflicts) return !(LOOKS.has(a) && LOOKS.has(b));
    if (CHANGES.has(a)) return true;
    switch (a) {
      case 'read':
        return b === 'add' || b === 'dec' || b === 'last';
      case 'add':
        return b === 'dec' || b === 'last';
      case 'last':
        return b === 'last' || b === 'dec';
      case 'move':
        return b === 'dec' || b === 'last';
      case 'lock':
      case 'unlock':
        return true;
      case 'seen':
        return b === 'rlock' || b === 'runlock';
      case 'enter':
        return b === 'begin';
      default:
        return false;
    }
  }

  if (program.setup) runSetup();
  const initialHazards = new Set<Hazard>();
  for (let t = 0; t < lanes; t++) {
    const wrong = settle(world, t);
    if (wrong) initialHazards.add(wrong);
  }
  const hazards = new Set<Hazard>(initialHazards);
  const seen = new Set<string>();
  let complete = 0;
  let blocked = 0;

  function finish(w: World): void {
    const state = (s: Thread['state']) => w.threads.some((th) => th.state === s);
    const waiting = w.threads.filter((th) => th.state === 'ready');
    if (waiting.length > 0 || state('stuck')) {
      blocked++;
      if (state('stuck') || state('halted')) return;
      const lost = waiting.some((th) => {
        const op = th.routine.code[th.pc];
        return op?.op === 'wait' && w.cells[cell(th, op.until)!] === value(th, op.value);
      });
      if (lost) {
        hazards.add('lost-wakeup');
        return;
      }
      const locks = waiting.every((th) => th.routine.code[th.pc]?.op === 'lock');
      hazards.add(locks ? 'lock-order' : 'deadlock');
      return;
    }
    complete++;
    if (state('halted')) return;
    const reached = new Set<string>();
    const reach = (o: string) => {
      if (reached.has(o) || w.life[o] !== 'live') return;
      reached.add(o);
      for (const c of cellsOf(typeOf.get(o)!)) {
        const next = nameAt(w.cells[`${o}.${c.name}`]!);
        if (next !== undefined && c.kind === 'pointer') reach(next);
      }
    };
    for (const o of program.objects) reach(o.name);
    for (const o of names) {
      if (w.life[o] === 'live' && !reached.has(o)) hazards.add(refCell(o) ? 'ref-leak' : 'leak');
    }
  }

  function go(w: World, events: Event[]): boolean {
    const key = canonical(events);
    if (seen.has(key)) return true;
    if (seen.size >= limit) return false;
    seen.add(key);
    let any = false;
    for (let t = 0; t < w.threads.length; t++) {
      if (!enabled(w, t)) continue;
      any = true;
      const choices = w.threads[t]!.routine.code[w.threads[t]!.pc]?.op === 'unknown' ? 2 : 1;
      for (let alternative = 0; alternative < choices; alternative++) {
        const next = copyOf(w);
        const { wrong, ...happened } = perform(next, t, alternative);
        const event: Event = { thread: t, alternative, ...happened, past: w.threads.map(() => 0) };
        for (const before of events) {
          if (before.thread === t || before.born === t || dependent(before, event)) {
            before.past.forEach((n, i) => {
              event.past[i] = Math.max(event.past[i]!, n);
            });
          }
        }
        event.past[t] = events.filter((e) => e.thread === t).length + 1;
        if (wrong) {
          event.wrong = wrong;
          const caused = events.some((e) => e.wrong && event.past[e.thread]! >= e.past[e.thread]!);
          if (!caused) hazards.add(wrong);
        }
        if (!go(next, [...events, event])) return false;
      }
    }
    if (!any) finish(w);
    return true;
  }

  function copyOf(w: World): World {
    return {
      cells: { ...w.cells },
      life: { ...w.life },
      private: { ...w.private },
      cause: { ...w.cause },
      initialised: { ...w.initialised },
      threads: w.threads.map((th) => ({
        ...th,
        regs: { ...th.regs },
        held: [...th.held],
        owns: { ...th.owns },
        hasPut: { ...th.hasPut },
        failed: { ...th.failed },
      })),
    };
  }

  function canonical(events: Event[]): string {
    return events
      .map((e) => `${e.thread}:${e.past.join(',')}:${e.alternative}`)
      .sort()
      .join(';');
  }

  return go(world, []) ? { complete, blocked, hazards: [...hazards].sort() } : undefined;
}
