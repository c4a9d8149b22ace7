/**
 * One operation as operands: the opcode first, then what `step.ts` and the primitives read.
 *
 * A switch over all operations, in the order of `program.ts`. Each case is an array and nothing else happens, except that spawns, allocations and
 * assertions are numbered as they come.
 */
import { typeNamed } from './layout.ts';
import * as O from './opcodes.ts';
import type { Op } from './program.ts';
import type { Unit } from './translate.ts';
import { CALC_FNS, HAZARD_BIT, LOCK_KINDS, RMW_FNS, unknownValues } from './words.ts';

export function encode(u: Unit, op: Exclude<Op, { op: 'label' | 'jump' | 'branch' }>): number[] {
  const dst = (name: string | undefined) => (name === undefined ? -1 : u.register(name));
  switch (op.op) {
    case 'set':
      return [O.SET, dst(op.dst), u.value(op.value), 0];
    case 'calc':
      return [O.CALC, dst(op.dst), CALC_FNS.indexOf(op.fn), u.value(op.a), u.value(op.b)];
    case 'unknown':
      return [...u.choose(dst(op.dst), unknownValues(op.what), op.key)];
    case 'forget':
      return [O.FORGET, u.key(op.key)];
    case 'call':
      return [O.CALL, u.routine(op.routine), dst(op.dst), op.args.length];
    case 'return':
      return [O.RETURN, op.value === undefined ? 0 : u.value(op.value), op.value === undefined ? 0 : 1];
    case 'assume':
      return [O.ASSUME, u.value(op.cond)];
    case 'assert':
      u.asserts.push({ hazard: HAZARD_BIT[op.hazard], message: op.message });
      return [O.ASSERT, u.value(op.cond), u.asserts.length - 1];
    case 'load':
      return [O.LOAD, dst(op.dst), ...u.place(op.from), plain(op.how), op.how === 'dereference' ? 1 : 0];
    case 'store':
      return [O.STORE, ...u.place(op.to), u.value(op.value), plain(op.how)];
    case 'rmw':
      return [
        O.RMW,
        dst(op.dst),
        ...u.place(op.at),
        RMW_FNS.indexOf(op.fn),
        u.value(op.value),
        op.gives === 'new' ? 1 : 0,
      ];
    case 'cmpxchg':
      return [O.CMPXCHG, dst(op.dst), ...u.place(op.at), u.value(op.expect), u.value(op.value)];
    case 'copy':
      return [O.COPY, u.value(op.to), u.value(op.from)];
    case 'access':
      return [O.ACCESS, ...u.place(op.at), op.write ? 1 : 0, op.at.cell === '' ? 1 : 0];
    case 'address':
      return [O.CALC, dst(op.dst), CALC_FNS.indexOf('add'), u.value(op.of.base), u.offset(op.of) << 1];
    case 'container':
      return [O.CONTAINER, dst(op.dst), u.value(op.of), u.offset({ base: 0, type: op.type, cell: op.cell })];
    case 'alloc': {
      typeNamed(u.memory, op.type);
      u.allocTypes.push(op.type);
      const alloc = u.allocTypes.length - 1;
      return [O.ALLOC, dst(op.dst), alloc];
    }
    case 'free':
      return [O.FREE, u.value(op.object)];
    case 'lock':
    case 'trylock':
    case 'unlock':
      return [
        op.op === 'lock' ? O.LOCK : op.op === 'unlock' ? O.UNLOCK : O.TRYLOCK,
        ...u.place(op.at),
        op.mode === 'shared' ? 1 : 0,
        LOCK_KINDS.indexOf(op.kind),
        op.irq === 'irq' || op.irq === 'irqsave' ? 1 : op.irq === 'bh' ? 2 : 0,
        op.op === 'trylock' ? dst(op.dst) : -1,
      ];
    case 'downgrade':
      return [O.DOWNGRADE, ...u.place(op.at), LOCK_KINDS.indexOf(op.kind)];
    case 'upgrade':
      return [O.UPGRADE, ...u.place(op.at), LOCK_KINDS.indexOf(op.kind), dst(op.dst)];
    case 'assert-held':
      return [O.ASSERT_HELD, ...u.place(op.at), op.mode === 'exclusive' ? 1 : 0, op.not ? 1 : 0];
    case 'ref.init':
      return [O.REF_INIT, ...u.place(op.at), op.value];
    case 'ref.get':
      return [O.REF_GET, ...u.place(op.at), op.flavour === 'refcount' ? 1 : 0];
    case 'ref.tryget':
      return [O.REF_TRYGET, ...u.place(op.at), dst(op.dst), op.flavour === 'refcount' ? 1 : 0];
    case 'ref.put':
      return [O.REF_PUT, ...u.place(op.at), dst(op.dst), op.flavour === 'refcount' ? 1 : 0];
    case 'ref.read':
      return [O.REF_READ, ...u.place(op.at), dst(op.dst)];
    case 'own':
    case 'disown':
      return [op.op === 'own' ? O.OWN : O.DISOWN, u.value(op.object)];
    case 'percpu.init': {
      const release = op.release === '' ? -1 : u.routine(op.release);
      return [O.PERCPU_INIT, ...u.place(op.at), release];
    }
    case 'percpu.get':
      return [O.PERCPU_GET, ...u.place(op.at)];
    case 'percpu.tryget':
      return [O.PERCPU_TRYGET, ...u.place(op.at), dst(op.dst), op.live ? 1 : 0];
    case 'percpu.put':
      return [O.PERCPU_PUT, ...u.place(op.at)];
    case 'percpu.kill':
      return [O.PERCPU_KILL, ...u.place(op.at), u.domain(''), u.spawns++];
    case 'percpu.reinit':
      return [O.PERCPU_REINIT, ...u.place(op.at)];
    case 'percpu.exit':
      return [O.PERCPU_EXIT, ...u.place(op.at)];
    case 'rcu.enter':
    case 'rcu.exit': {
      const quiet = !u.grace.has(op.domain ?? '');
      const enter = op.op === 'rcu.enter';
      return [
        quiet ? (enter ? O.RCU_ENTER_QUIET : O.RCU_EXIT_QUIET) : enter ? O.RCU_ENTER : O.RCU_EXIT,
        u.domain(op.domain),
      ];
    }
    case 'rcu.synchronize':
      return [O.RCU_SYNC, u.domain(op.domain)];
    case 'rcu.call':
      return [
        O.RCU_CALL,
        op.routine === '' ? -1 : u.routine(op.routine),
        u.value(op.arg),
        ...(op.head ? u.place(op.head) : ([0, 0] as const)),
        u.domain(op.domain),
        u.spawns++,
      ];
    case 'rcu.barrier':
      return [O.RCU_BARRIER, u.domain(op.domain)];
    case 'context':
      return [O.CONTEXT, ['irq', 'bh', 'preempt', 'pagefault'].indexOf(op.what), op.change];
    case 'sleep':
      return [O.SLEEP];
    case 'wait':
      return [O.WAIT, ...u.place(op.queue), ...u.place(op.until), u.value(op.value)];
    case 'wake':
      return [O.WAKE, ...u.place(op.queue)];
    case 'complete':
      return [O.COMPLETE, ...u.place(op.at), op.all ? 1 : 0];
    case 'wait-completion':
      return [O.WAIT_COMPLETION, ...u.place(op.at)];
    case 'task-work.add':
      return [
        O.TASK_ADD,
        dst(op.dst),
        u.value(op.task),
        op.routine === '' ? -1 : u.routine(op.routine),
        u.value(op.arg),
        ...(op.head ? u.place(op.head) : ([0, 0] as const)),
      ];
    case 'task-work.run':
      return [O.TASK_RUN, u.value(op.task), op.exiting ? 1 : 0];
    case 'work.queue':
      return [
        O.WORK_QUEUE,
        ...u.place(op.at),
        u.routine(op.routine),
        u.value(op.arg),
        u.spawns++,
        dst(op.dst),
      ];
    case 'work.flush':
      return [O.WORK_FLUSH, ...u.place(op.at), op.cancel ? 1 : 0];
    case 'timer.start':
      return [O.TIMER_START, ...u.place(op.at), u.routine(op.routine), u.value(op.arg), u.spawns++, -1];
    case 'timer.stop':
      return [O.TIMER_STOP, ...u.place(op.at), op.sync ? 1 : 0];
    case 'escape':
      return [O.ESCAPE, u.value(op.value)];
  }
}

/** Only `load` and `store` without an annotation can race. */
function plain(how: string | undefined): number {
  return how === undefined || how === 'plain' ? 1 : 0;
}
