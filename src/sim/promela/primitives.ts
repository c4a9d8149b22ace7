/**
 * The larger primitives as Promela: allocation, locks, waiting, percpu references, task work.
 *
 * Each function writes the events of one operation through the `ThreadWriter` it is given; the semantics are those of the file of the
 * same primitive in `src/sim`, said a second time in another language.
 */
import type { Instr, Place } from '../program.ts';
import { PromelaError } from './export.ts';
import type { Scope, ThreadWriter } from './thread.ts';

const SLEEPS = new Set(['mutex', 'rwsem']);

export function alloc(w: ThreadWriter, scope: Scope, op: Extract<Instr, { op: 'alloc' }>): void {
  const a = w.allocOf.get(op)!;
  w.allocs.add(a);
  const base = w.c.poolBase[w.t * w.c.allocs + a]!;
  const n = w.c.poolCount[w.t * w.c.allocs + a]!;
  const dst = w.register(scope, op.dst);
  const take = `assert(n${a} < ${n}); life[${base} + n${a}] = 1; priv[${base} + n${a}] = ME + 1; ${dst} = first[${base} + n${a}]; n${a}++`;
  w.event(op.mayFail && w.t !== w.c.setup ? `if :: ${take} :: ${dst} = 0 fi` : take);
}

export function lock(
  w: ThreadWriter,
  scope: Scope,
  op: Extract<Instr, { op: 'lock' | 'trylock' | 'unlock' }>,
): void {
  const shared = op.mode === 'shared';
  const sleeps = SLEEPS.has(op.kind);
  const atomic = (sleeps ? 0 : 1) + (op.irq === undefined || op.irq === 'plain' ? 0 : 1);
  const take = shared ? `m[A]++; SH(A)++` : `m[A] = m[A] + ((ME + 1) << 8)`;
  const up = atomic > 0 ? `; ATOM = ATOM + ${atomic}` : '';
  const mine = shared ? 'OWNER(A) == ME' : '(OWNER(A) == ME || SH(A) > 0)';
  if (op.op === 'lock') {
    if (sleeps) w.emit('assert(MAY_SLEEP);');
    const address = `${w.value(scope, op.at.base)} + ${w.offset(op.at)}`;
    const base = w.value(scope, op.at.base);
    const held = shared ? `OWNER(${address}) == ME` : `(OWNER(${address}) == ME || SH(${address}) > 0)`;
    const guard = `(IS_NULL(${base}) || IS_OPAQUE(${base}) || !ALIVE(${address}) || ${held} || ${shared ? 'FREE_S' : 'FREE_X'}(${address}))`;
    return w.event(w.at(scope, op.at, `assert(ALIVE(A)); assert(!(${mine})); ${take}${up}`), guard);
  }
  if (op.op === 'trylock') {
    const dst = w.register(scope, op.dst);
    const body = `assert(ALIVE(A)); if :: ${shared ? 'FREE_S' : 'FREE_X'}(A) -> ${take}${up}; ${dst} = 1 :: else -> ${dst} = 0 fi`;
    return w.event(w.at(scope, op.at, body, `${dst} = 1`));
  }
  const give = shared ? 'assert(SH(A) > 0); SH(A)--; m[A]--' : 'assert(OWNER(A) == ME); m[A] = m[A] & 255';
  w.event(w.at(scope, op.at, `assert(ALIVE(A)); ${give}${atomic > 0 ? `; ATOM = ATOM - ${atomic}` : ''}`));
  if (sleeps) w.event(w.at(scope, op.at, 'assert(ALIVE(A))'));
}

export function wait(w: ThreadWriter, scope: Scope, op: Extract<Instr, { op: 'wait' }>): void {
  const [again, end] = [`W${w.labels}`, `D${w.labels++}`];
  const test = w.at(
    scope,
    op.until,
    `assert(ALIVE(A)); V = (m[A] == ${w.value(scope, op.value)})`,
    `V = (0 == ${w.value(scope, op.value)})`,
  );
  const queue = `${w.value(scope, op.queue.base)} + ${w.offset(op.queue)}`;
  w.emit('assert(MAY_SLEEP);', `${again}: skip;`);
  w.event(
    `woken[ME] = false; ${test}; if :: V && asleep[ME] != 0 -> m[${queue}]--; asleep[ME] = 0 :: !V && asleep[ME] == 0 -> m[${queue}]++; asleep[ME] = ${queue} :: else fi`,
  );
  w.emit(`if :: V -> V = 0; goto ${end} :: else fi;`);
  w.event('skip', 'woken[ME]');
  w.emit(`goto ${again};`, `${end}: skip;`);
}

export function percpu(w: ThreadWriter, scope: Scope, op: Instr): void {
  if (!('at' in op)) return;
  const at = (body: string, otherwise?: string) => w.at(scope, op.at as Place, body, otherwise);
  const usable = 'assert(ALIVE(A)); assert(m[A] != 0 && m[A] != 4)';
  switch (op.op) {
    case 'percpu.init': {
      const release = op.release === '' ? 0 : w.releases().indexOf(op.release) + 1;
      const init = at(
        `assert(MAY_SLEEP); assert(ALIVE(A)); m[A] = 1; m[A + 1] = 1; m[A + 2] = ${release}; OWN(OBJ(A))++`,
      );
      if (op.dst === undefined) return w.event(init);
      const dst = w.register(scope, op.dst);
      return w.event(
        w.t === w.c.setup ? `${init}; ${dst} = 0` : `if :: ${init}; ${dst} = 0 :: ${dst} = -12 fi`,
      );
    }
    case 'percpu.get':
      return w.event(at(`${usable}; assert(!(m[A] == 3 && m[A + 1] <= 0)); m[A + 1]++; OWN(OBJ(A))++`));
    case 'percpu.tryget': {
      const dst = w.register(scope, op.dst);
      const can = op.live ? 'm[A] == 1' : '(m[A] == 1 || m[A] == 2 || m[A + 1] > 0)';
      return w.event(
        at(
          `${usable}; if :: ${can} -> m[A + 1]++; OWN(OBJ(A))++; ${dst} = 1 :: else -> ${dst} = 0 fi`,
          `${dst} = 1`,
        ),
      );
    }
    case 'percpu.put': {
      const who = w.register(scope, `who${w.labels++}`);
      w.emit(`${who} = 0;`);
      w.event(
        at(
          `${usable}; assert(m[A] != 3 || m[A + 1] > 0); lose_percpu(OBJ(A), A + 1); m[A + 1]--; if :: m[A] == 3 && m[A + 1] == 0 -> ${who} = A :: else fi`,
        ),
      );
      return w.release(scope, who);
    }
    case 'percpu.kill':
      return w.event(
        at(
          `${usable}; assert(m[A] == 1); lose_percpu(OBJ(A), A + 1); m[A + 1]--; m[A] = 2; ${w.spawn(op, 'A', `${w.c.domains.indexOf('')}`, '0')}`,
        ),
      );
    case 'percpu.reinit':
      return w.event(
        at(`${usable}; assert(m[A] == 3 && m[A + 1] == 0); m[A] = 1; m[A + 1] = 1; OWN(OBJ(A))++`),
      );
    case 'percpu.exit':
      return w.event(at('assert(ALIVE(A)); if :: m[A] != 0 -> m[A] = 4 :: else fi'));
    default:
      throw new PromelaError(`${op.op} cannot be exported to Promela`);
  }
}

export function taskAdd(w: ThreadWriter, scope: Scope, op: Extract<Instr, { op: 'task-work.add' }>): void {
  const dst = op.dst === undefined ? 'V' : w.register(scope, op.dst);
  const task = w.value(scope, op.task);
  const routine = op.routine === '' ? -1 : w.c.program.routines.findIndex((x) => x.name === op.routine);
  const head = op.head ? `${w.value(scope, op.head.base)} + ${w.offset(op.head)}` : '0';
  const mark = op.head ? `A = ${head}; assert(ALIVE(A)); ${w.member(op.head).write}m[A] = 1; A = 0; ` : '';
  const entry = '(O * QUEUED + 3 * tn[O])';
  w.event(
    `if :: IS_NULL(${task}) -> goto STOP :: else fi; O = OBJ(${task}); assert(life[O] == 1); if :: texit[O] -> ${dst} = -3 :: else -> ${mark}tq[${entry}] = ${routine}; tq[${entry} + 1] = ${w.value(scope, op.arg)}; tq[${entry} + 2] = ${head}; tn[O]++; ${dst} = 0 fi; O = 0`,
  );
}

export function taskRun(w: ThreadWriter, scope: Scope, op: Extract<Instr, { op: 'task-work.run' }>): void {
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
    w.emit(
      `if :: ${what} == ${w.c.program.routines.findIndex((x) => x.name === name)} -> skip :: else -> goto V${k} fi;`,
    );
    w.expand(w.routine(name), [who], undefined, scope.depth + 1, false);
    w.emit(`V${k}: skip;`);
  }
  w.emit(`goto T${n};`, `U${n}: skip;`);
}

/** `*to = *from`: locks arrive free, counts uninitialised. */
export function copy(w: ThreadWriter, scope: Scope, op: Extract<Instr, { op: 'copy' }>): void {
  const type = w.c.memory.types.get(op.type);
  if (!type) throw new PromelaError(`no type is called ${op.type}`);
  const cleared = type.cells.flatMap((cell) => {
    if (cell.kind === 'int' || cell.kind === 'pointer') return [];
    const kept = cell.kind === 'ref' ? 1 : 0;
    return Array.from({ length: cell.words - kept }, (_, i) => `m[B + ${cell.offset + kept + i}] = 0`);
  });
  const words = `K = 0; do :: K < ${type.size} -> m[B + K] = m[V + K]; tag[B + K] = tag[V + K]; K++ :: else -> break od; K = 0`;
  w.event(
    `B = ${w.value(scope, op.to)}; V = ${w.value(scope, op.from)}; if :: B < 16 || V < 16 -> goto STOP :: else fi; ` +
      `assert(ALIVE(B) && ALIVE(V)); ${[words, ...cleared].join('; ')}; B = 0; V = 0`,
  );
}
