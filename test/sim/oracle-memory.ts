/** Steps of the oracle for memory, locks and plain counts. */
import type { Hazard, Instr } from '../../src/sim/program.ts';
import { objectOf, type Thread, type World } from './oracle-state.ts';
import { SPINS, type Step, type Steps } from './oracle-steps.ts';

/** False for an operation that is none of these. */
export function memoryStep(
  s: Steps,
  w: World,
  t: number,
  th: Thread,
  op: Instr,
  step: Step,
  alternative: number,
): boolean {
  const { touches } = step;
  const touch = (c: string | undefined, how: string) => {
    if (c !== undefined) touches.push({ at: c, how });
  };
  const there = (c: string | undefined, hazard?: Hazard): c is string => s.there(w, th, step, c, hazard);
  switch (op.op) {
    case 'unknown':
      if (op.key !== undefined) s.unsupported('an unknown that keeps its answer');
      th.regs[op.dst] = s.values(op.what)[alternative]!;
      return true;
    case 'load': {
      const c = s.cell(th, op.from);
      touch(c, 'read');
      if (there(c)) th.regs[op.dst] = w.cells[c]!;
      return true;
    }
    case 'access': {
      const c = s.cell(th, op.at);
      touch(c, op.write ? 'write' : 'read');
      there(c);
      return true;
    }
    case 'store': {
      const c = s.cell(th, op.to);
      touch(c, 'write');
      if (there(c)) {
        const v = s.value(th, op.value);
        w.cells[c] = v;
        s.stored(w, th, step, c, v);
      }
      return true;
    }
    case 'rmw': {
      const c = s.cell(th, op.at);
      touch(c, 'write');
      if (there(c)) {
        const old = w.cells[c]!;
        const v = s.value(th, op.value);
        w.cells[c] = op.fn === 'xchg' ? v : op.fn === 'add' ? old + v : s.unsupported(op.fn);
        if (op.fn === 'xchg') s.stored(w, th, step, c, v);
        if (op.dst) th.regs[op.dst] = op.gives === 'new' ? w.cells[c]! : old;
      }
      return true;
    }
    case 'cmpxchg': {
      const c = s.cell(th, op.at);
      const hit = c !== undefined && w.cells[c] === s.value(th, op.expect);
      touch(c, hit ? 'write' : 'read');
      if (there(c)) {
        const old = w.cells[c]!;
        if (hit) {
          w.cells[c] = s.value(th, op.value);
          s.stored(w, th, step, c, w.cells[c]!);
        }
        th.regs[op.dst] = old;
      }
      return true;
    }
    case 'alloc': {
      if (op.mayFail && !th.second && !th.isSetup) {
        th.second = alternative === 0;
        step.stay = th.second;
        if (!th.second) th.regs[op.dst] = 0;
        return true;
      }
      th.second = false;
      const site = th.routine.code.indexOf(op);
      const n = th.allocs[site] ?? 0;
      th.allocs[site] = n + 1;
      const o = `${op.type}#${th.isSetup ? 'setup' : t}.${th.routine.name}.${site}.${n}`;
      s.names.add(o, op.type);
      w.life[o] = 'live';
      w.private[o] = true;
      for (const c of s.names.cells(o)) w.cells[`${o}.${c.name}`] = 0;
      th.regs[op.dst] = s.names.address(o);
      return true;
    }
    case 'free':
      s.freeObject(w, th, step, s.value(th, op.object));
      return true;
    case 'lock':
    case 'trylock': {
      const c = s.cell(th, op.at);
      if (c === undefined) {
        th.state = 'stuck';
        return true;
      }
      const shared = op.mode === 'shared';
      const { writer, readers } = s.locked(w, c);
      const mine = op.op === 'lock' && s.holds(th, c, shared);
      const hit = op.op === 'lock' || (!writer && (shared || readers === 0));
      touch(c, mine ? 'touch' : hit ? (shared ? 'rlock' : 'lock') : 'seen');
      if (op.op === 'lock' && !SPINS.includes(op.kind) && s.isAtomic(th)) {
        s.bad(th, step, 'sleep-in-atomic');
      } else if (there(c, 'lock-lifetime')) {
        if (mine) s.bad(th, step, 'double-lock');
        else if (hit) {
          th.held.push(`${op.kind} ${shared ? 's' : 'x'} ${c}`);
          if (op.irq === 'bh') th.off.bh++;
          else if (op.irq === 'irq' || op.irq === 'irqsave') th.off.irq++;
        }
        if (op.op === 'trylock') th.regs[op.dst] = Number(hit);
      }
      return true;
    }
    case 'unlock': {
      const c = s.cell(th, op.at);
      const shared = op.mode === 'shared';
      touch(c, th.second ? 'touch' : shared ? 'runlock' : 'unlock');
      if (!there(c, 'lock-lifetime')) return true;
      if (th.second) {
        th.second = false;
        return true;
      }
      const held = th.held.findLastIndex((h) => h.endsWith(` ${shared ? 's' : 'x'} ${c}`));
      if (held < 0) {
        s.bad(th, step, 'double-unlock');
        return true;
      }
      th.held.splice(held, 1);
      if (op.irq === 'bh') th.off.bh = Math.max(0, th.off.bh - 1);
      else if (op.irq === 'irq' || op.irq === 'irqsave') th.off.irq = Math.max(0, th.off.irq - 1);
      th.second = !SPINS.includes(op.kind);
      step.stay = th.second;
      return true;
    }
    case 'downgrade':
    case 'upgrade': {
      const c = s.cell(th, op.at);
      const hit = op.op === 'downgrade' || (c !== undefined && s.onlyReader(w, c));
      touch(c, op.op === 'downgrade' ? 'unlock' : hit ? 'lock' : 'seen');
      if (!there(c, 'lock-lifetime')) return true;
      const [from, to] = op.op === 'downgrade' ? ['x', 's'] : ['s', 'x'];
      const held = th.held.findLastIndex((h) => h.endsWith(` ${from} ${c}`));
      if (held < 0) {
        s.bad(th, step, 'missing-lock');
        return true;
      }
      if (hit) th.held[held] = `${op.kind} ${to} ${c}`;
      if (op.op === 'upgrade') th.regs[op.dst] = Number(hit);
      return true;
    }
    case 'ref.init': {
      const c = s.cell(th, op.at);
      touch(c, 'write');
      if (there(c)) {
        w.cells[c] = op.value;
        w.initialised[c] = true;
        if (op.value > 0) s.gain(th, objectOf(c));
      }
      return true;
    }
    case 'ref.get':
    case 'ref.tryget': {
      const c = s.cell(th, op.at);
      const positive = c !== undefined && w.cells[c]! > 0;
      touch(c, positive ? 'add' : op.op === 'ref.get' ? 'write' : 'read');
      if (!there(c)) return true;
      if (!w.initialised[c]) s.bad(th, step, 'uninit-ref');
      else if (positive) {
        w.cells[c]!++;
        s.gain(th, objectOf(c));
      } else if (op.op === 'ref.get') s.bad(th, step, 'get-on-zero');
      else th.failed[objectOf(c)] = true;
      if (op.op === 'ref.tryget') th.regs[op.dst] = Number(positive);
      return true;
    }
    case 'ref.read': {
      const c = s.cell(th, op.at);
      touch(c, 'read');
      if (!there(c)) return true;
      if (!w.initialised[c]) s.bad(th, step, 'uninit-ref');
      else th.regs[op.dst] = w.cells[c]!;
      return true;
    }
    case 'ref.put': {
      const c = s.cell(th, op.at);
      if (c !== undefined) touch(c, s.takes(w, th, c, w.cells[c]!) > 1 ? 'dec' : 'last');
      if (!there(c)) return true;
      if (!w.initialised[c]) {
        s.bad(th, step, 'uninit-ref');
        return true;
      }
      if (!s.lose(w, th, step, c)) return true;
      w.cells[c]!--;
      if (w.cells[c] === 0) th.lastZero = objectOf(c);
      if (op.dst) th.regs[op.dst] = Number(w.cells[c] === 0);
      return true;
    }
    default:
      return false;
  }
}
