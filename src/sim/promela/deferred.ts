/**
 * Deferred work as Promela: callbacks, barriers, work items, timers and task work, and what a lane does before and after its routine.
 *
 * A lane is a process that waits until it is born. `head` is the callback head that it was queued with, or its work item.
 */
import type { Instr } from '../program.ts';
import { PromelaError } from './error.ts';
import type { Scope, ThreadWriter } from './thread.ts';

type Of<K extends Instr['op']> = Extract<Instr, { op: K }>;

export function rcuCall(w: ThreadWriter, scope: Scope, op: Of<'rcu.call'>): void {
  const call = `${w.spawn(op, w.value(scope, op.arg))}; begin_grace(L, ${w.domain(op.domain)})`;
  if (!op.head) return w.event(`${call}; L = 0`);
  const mark = `assert(ALIVE(A) && m[A] != 1); ${w.member(op.head).write}m[A] = 1`;
  w.event(w.at(scope, op.head, `${mark}; ${call}; head[L] = A; L = 0`));
}

/** Waits for the callbacks of the domain that are queued now. */
export function barrier(w: ThreadWriter, domain: number): void {
  const mask = w.local(`bar${w.labels++}`);
  const each = `if :: born[K] && queued[K] == ${domain + 1} -> ${mask} = ${mask} | (1 << K) :: else fi`;
  w.event(
    `assert(MAY_SLEEP); ${mask} = 0; K = 0; do :: K < THREADS -> ${each}; K++ :: else -> break od; K = 0`,
  );
  w.event('skip', `(${mask} & ~over) == 0`);
}

export function workQueue(w: ThreadWriter, scope: Scope, op: Of<'work.queue' | 'timer.start'>): void {
  const dst = op.op === 'work.queue' && op.dst !== undefined ? w.register(scope, op.dst) : '';
  const start = `${w.spawn(op, w.value(scope, op.arg))}; head[L] = A; m[A] = m[A] | (L + 1); L = 0`;
  const [yes, no] = dst === '' ? ['', 'skip'] : [`; ${dst} = 1`, `${dst} = 0`];
  w.event(
    w.at(
      scope,
      op.at,
      `assert(ALIVE(A)); if :: (m[A] & 255) == 0 -> ${start}${yes} :: else -> ${no} fi`,
      'skip',
    ),
  );
}

export function workFlush(w: ThreadWriter, scope: Scope, op: Of<'work.flush'>): void {
  flush(w, scope, op, op.cancel === true, false, true);
}

export function timerStop(w: ThreadWriter, scope: Scope, op: Of<'timer.stop'>): void {
  flush(w, scope, op, true, op.sync !== true, false);
}

function flush(
  w: ThreadWriter,
  scope: Scope,
  op: Of<'work.flush' | 'timer.stop'>,
  cancel: boolean,
  async: boolean,
  sleeps: boolean,
): void {
  const idle = (a: string) =>
    [async ? '' : `(m[${a}] >> 8) == 0`, cancel ? '' : `(m[${a}] & 255) == 0`]
      .filter((x) => x !== '')
      .join(' && ') || 'true';
  const off = cancel
    ? '; if :: (m[A] & 255) != 0 -> off[(m[A] & 255) - 1] = true; m[A] = m[A] - (m[A] & 255) :: else fi'
    : '';
  w.event(
    w.at(scope, op.at, `${sleeps ? 'assert(MAY_SLEEP); ' : ''}assert(ALIVE(A))${off}`),
    w.when(scope, op.at, idle),
  );
}

export function taskAdd(w: ThreadWriter, scope: Scope, op: Of<'task-work.add'>): void {
  const dst = op.dst === undefined ? 'V' : w.register(scope, op.dst);
  const task = w.value(scope, op.task);
  const routine = op.routine === '' ? -1 : w.c.program.routines.findIndex((x) => x.name === op.routine);
  const head = op.head ? w.address(scope, op.head) : '0';
  const mark = op.head ? `A = ${head}; assert(ALIVE(A)); ${w.member(op.head).write}m[A] = 1; A = 0; ` : '';
  const entry = '(O * QUEUED + 3 * tn[O])';
  w.event(
    `if :: IS_NULL(${task}) -> NOPLACE = true :: else -> O = OBJ(${task}); assert(life[O] == 1); if :: texit[O] -> ${dst} = -3 :: else -> ${mark}tq[${entry}] = ${routine}; tq[${entry} + 1] = ${w.value(scope, op.arg)}; tq[${entry} + 2] = ${head}; tn[O]++; ${dst} = 0 fi; O = 0 fi`,
  );
}

export function taskRun(w: ThreadWriter, scope: Scope, op: Of<'task-work.run'>): void {
  const n = w.labels++;
  const [what, who] = [w.register(scope, `what${n}`), w.register(scope, `who${n}`)];
  const task = w.value(scope, op.task);
  const last = '(O * QUEUED + 3 * tn[O])';
  const clear = `tq[${last}] = 0; tq[${last} + 1] = 0; tq[${last} + 2] = 0`;
  w.emit(`T${n}: skip;`);
  w.event(
    `O = OBJ(${task}); assert(life[O] == 1); if :: tn[O] == 0 -> ${op.exiting ? 'texit[O] = true; ' : ''}${what} = -2 :: else -> tn[O]--; ${what} = tq[${last}]; ${who} = tq[${last} + 1]; if :: tq[${last} + 2] >= 16 -> assert(ALIVE(tq[${last} + 2])); m[tq[${last} + 2]] = 0 :: else fi; ${clear}; if :: ${what} == -1 -> release(${who}) :: else fi fi; O = 0`,
  );
  w.emit(`if :: ${what} == -2 -> goto U${n} :: else fi;`);
  const routines = w.c.program.routines.flatMap((r) =>
    r.code.flatMap((x) => (x.op === 'task-work.add' && x.routine ? [x.routine] : [])),
  );
  for (const name of new Set(routines)) {
    const k = w.labels++;
    const number = w.c.program.routines.findIndex((x) => x.name === name);
    w.emit(`if :: ${what} == ${number} -> skip :: else -> goto V${k} fi;`);
    w.expand(w.routine(name), [who], undefined, scope.depth + 1, false);
    w.emit(`V${k}: skip;`);
  }
  w.emit(`goto T${n};`, `U${n}: skip;`);
}

/** What the lane of this operation does from its birth to its end. */
export function lane(w: ThreadWriter, op: Instr): void {
  const scope: Scope = {
    id: w.scopes++,
    routine: { name: '', params: [], code: [], sites: [] },
    end: '',
    result: undefined,
    depth: 0,
    outermost: false,
  };
  const run = (routine: string) => {
    if (routine === '') w.event('release(arg[ME])');
    else w.expand(w.routine(routine), ['arg[ME]'], undefined, 1, true);
  };
  switch (op.op) {
    case 'percpu.kill': {
      const who = w.register(scope, 'who');
      w.event('wd[ME] = 0', 'wt[ME] == 0');
      w.event(
        `A = arg[ME]; assert(ALIVE(A)); assert(m[A] != 4); m[A] = 3; if :: m[A + 1] == 0 -> ${who} = A :: else -> ${who} = 0 fi; A = 0`,
      );
      return w.release(scope, who);
    }
    case 'rcu.call':
      w.event(
        'wd[ME] = 0; if :: head[ME] >= 16 -> assert(ALIVE(head[ME])); m[head[ME]] = 0 :: else fi',
        'wt[ME] == 0',
      );
      return run(op.routine);
    case 'work.queue':
    case 'timer.start':
      w.choice(
        'if :: off[ME] -> goto OFF :: else fi; assert(ALIVE(head[ME])); m[head[ME]] = (ME + 1) << 8',
        'off[ME] || m[head[ME]] == ME + 1 || !ALIVE(head[ME])',
      );
      run(op.routine);
      return w.event('if :: ALIVE(head[ME]) -> m[head[ME]] = m[head[ME]] & 255 :: else fi');
    default:
      throw new PromelaError(`${op.op} cannot be exported to Promela`);
  }
}
