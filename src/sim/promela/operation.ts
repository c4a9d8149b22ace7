/**
 * One operation of a routine as Promela: control flow and waiting here, the rest in the file of its subject.
 *
 * Local operations are statements of their own, events are atomic. An operation that nothing here knows is refused by name.
 */
import type { Instr } from '../program.ts';
import { unknownValues } from '../words.ts';
import { percpu, ref } from './counts.ts';
import { barrier, rcuCall, taskAdd, taskRun, timerStop, workFlush, workQueue } from './deferred.ts';
import { PromelaError } from './error.ts';
import { assertHeld, changeMode, context, lock } from './locks.ts';
import { alloc, copy, letGo, memory } from './memory.ts';
import { CALC, identifier, type Scope, type ThreadWriter } from './thread.ts';

export function operation(w: ThreadWriter, scope: Scope, op: Instr): void {
  const v = (x: number | string) => w.value(scope, x);
  const r = (name: string) => w.register(scope, name);
  const label = (name: string) => `L${scope.id}_${identifier(name)}`;
  const domain = 'domain' in op ? w.domain(op.domain) : w.domain(undefined);
  switch (op.op) {
    case 'set':
      return w.emit(`${r(op.dst)} = ${v(op.value)};`);
    case 'calc':
      if (op.fn === 'div' || op.fn === 'mod') {
        const sign = op.fn === 'div' ? '/' : '%';
        return w.emit(`${r(op.dst)} = (${v(op.b)} == 0 -> 0 : ${v(op.a)} ${sign} ${v(op.b)});`);
      }
      return w.emit(`${r(op.dst)} = (${v(op.a)} ${CALC[op.fn]} ${v(op.b)});`);
    case 'unknown':
      return unknown(w, scope, op);
    case 'forget':
      return w.emit(`${w.local(`key_${identifier(op.key)}_known`)} = 0;`);
    case 'label':
      return w.emit(`${label(op.name)}: skip;`);
    case 'jump':
      return w.emit(`goto ${label(op.to)};`);
    case 'branch':
      return w.emit(`if :: ${v(op.cond)} != 0 -> goto ${label(op.to)} :: else fi;`);
    case 'call': {
      const result = op.dst === undefined ? undefined : r(op.dst);
      return w.expand(w.routine(op.routine), op.args.map(v), result, scope.depth + 1, false);
    }
    case 'return':
      if (op.value !== undefined && scope.outermost) w.event(letGo(w, v(op.value)));
      else if (scope.result) w.emit(`${scope.result} = ${op.value === undefined ? 0 : v(op.value)};`);
      return w.emit(`goto ${scope.end};`);
    case 'assume':
      return w.emit(`if :: ${v(op.cond)} == 0 -> goto STOP :: else fi;`);
    case 'assert':
      return w.emit(`assert(${v(op.cond)} != 0);`);
    case 'address':
      return w.emit(`${r(op.dst)} = ${v(op.of.base)} + ${w.offset(op.of)};`);
    case 'container':
      return w.emit(`${r(op.dst)} = ${v(op.of)} - ${w.offset({ base: 0, type: op.type, cell: op.cell })};`);
    case 'load':
    case 'store':
    case 'rmw':
    case 'cmpxchg':
    case 'access':
    case 'free':
    case 'escape':
      return memory(w, scope, op);
    case 'alloc':
      return alloc(w, scope, op);
    case 'copy':
      return copy(w, scope, op);
    case 'lock':
    case 'trylock':
    case 'unlock':
      return lock(w, scope, op);
    case 'downgrade':
    case 'upgrade':
      return changeMode(w, scope, op);
    case 'assert-held':
      return assertHeld(w, scope, op);
    case 'context':
      return context(w, op);
    case 'sleep':
      return w.emit('assert(MAY_SLEEP);');
    case 'ref.init':
    case 'ref.get':
    case 'ref.tryget':
    case 'ref.put':
    case 'ref.read':
    case 'own':
    case 'disown':
      return ref(w, scope, op);
    case 'percpu.init':
    case 'percpu.get':
    case 'percpu.tryget':
    case 'percpu.put':
    case 'percpu.kill':
    case 'percpu.reinit':
    case 'percpu.exit':
      return percpu(w, scope, op);
    case 'rcu.enter':
      return w.event(`NEST(${domain})++; inside[${domain}] = inside[${domain}] | (1 << ME)`);
    case 'rcu.exit':
      return w.event(`assert(NEST(${domain}) > 0); rcu_leave(${domain})`);
    case 'rcu.synchronize':
      w.event(`assert(MAY_SLEEP && NEST(${domain}) == 0); begin_grace(ME, ${domain})`);
      return w.event('wd[ME] = 0', 'wt[ME] == 0');
    case 'rcu.call':
      return rcuCall(w, scope, op);
    case 'rcu.barrier':
      return barrier(w, domain);
    case 'wait':
      return wait(w, scope, op);
    case 'wake':
      return w.event(
        w.at(
          scope,
          op.queue,
          'assert(ALIVE(A)); K = 0; do :: K < THREADS -> if :: asleep[K] == A -> woken[K] = true :: else fi; K++ :: else -> break od; K = 0',
        ),
      );
    case 'complete': {
      const more = op.all ? 'm[A] = 1048576' : 'm[A]++';
      return w.event(w.at(scope, op.at, `assert(ALIVE(A)); if :: m[A] < 1048576 -> ${more} :: else fi`));
    }
    case 'wait-completion':
      w.event(w.at(scope, op.at, 'assert(MAY_SLEEP)'));
      return w.event(
        w.at(scope, op.at, 'assert(ALIVE(A)); if :: m[A] < 1048576 -> m[A]-- :: else fi'),
        w.when(scope, op.at, (a) => `m[${a}] > 0`),
      );
    case 'task-work.add':
      return taskAdd(w, scope, op);
    case 'task-work.run':
      return taskRun(w, scope, op);
    case 'work.queue':
    case 'timer.start':
      return workQueue(w, scope, op);
    case 'work.flush':
      return workFlush(w, scope, op);
    case 'timer.stop':
      return timerStop(w, scope, op);
    default:
      throw new PromelaError(`${(op as Instr).op} cannot be exported to Promela`);
  }
}

function unknown(w: ThreadWriter, scope: Scope, op: Extract<Instr, { op: 'unknown' }>): void {
  const dst = w.register(scope, op.dst);
  // Setup runs once: an unknown in it takes its first value, as in the core.
  const among = w.t === w.c.setup ? unknownValues(op.what).slice(0, 1) : unknownValues(op.what);
  const choose = `if ${among.map((x) => `:: ${dst} = ${x}`).join(' ')} fi`;
  if (op.key === undefined) return w.emit(`${choose};`);
  const key = w.local(`key_${identifier(op.key)}`);
  const known = w.local(`${key}_known`);
  w.emit(`if :: ${known} -> ${dst} = ${key} :: else -> ${choose}; ${key} = ${dst}; ${known} = 1 fi;`);
}

function wait(w: ThreadWriter, scope: Scope, op: Extract<Instr, { op: 'wait' }>): void {
  const [again, end] = [`W${w.labels}`, `D${w.labels++}`];
  const value = w.value(scope, op.value);
  const test = w.at(scope, op.until, `assert(ALIVE(A)); V = (m[A] == ${value})`, `V = (0 == ${value})`);
  const queue = w.address(scope, op.queue);
  w.emit('assert(MAY_SLEEP);', `${again}: skip;`);
  w.event(
    `woken[ME] = false; ${test}; if :: V && asleep[ME] != 0 -> m[${queue}]--; asleep[ME] = 0 :: !V && asleep[ME] == 0 -> m[${queue}]++; asleep[ME] = ${queue} :: else fi`,
  );
  w.emit(`if :: V -> V = 0; goto ${end} :: else fi;`);
  w.event('skip', 'woken[ME]');
  w.emit(`goto ${again};`, `${end}: skip;`);
}
