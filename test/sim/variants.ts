/** The same program told differently: threads declared in another order, everything renamed. Its counts must not change. */
import type { Instr, Program, Value } from '../../src/sim/program.ts';

export function reorder(program: Program, by: 'reverse' | 'rotate'): Program {
  const threads = [...program.threads];
  if (by === 'reverse') threads.reverse();
  else threads.push(threads.shift()!);
  return { ...program, threads };
}

/** Other names for routines, registers, labels, types, cells and objects. */
export function rename(program: Program): Program {
  const value = (v: Value): Value =>
    typeof v === 'number' ? v : v.startsWith('@') ? `@o_${v.slice(1)}` : `r_${v}`;
  const renameOp = (op: Instr): Instr => {
    const result: Record<string, unknown> = { ...op };
    for (const [key, v] of Object.entries(op)) {
      if (
        ['dst', 'a', 'b', 'cond', 'value', 'expect', 'arg', 'object', 'task', 'from', 'to', 'of'].includes(
          key,
        )
      ) {
        if (typeof v === 'string' && (op.op === 'jump' || op.op === 'branch') && key === 'to')
          result[key] = `l_${v}`;
        else if (typeof v === 'string') result[key] = value(v);
      }
      if (v !== null && typeof v === 'object' && 'base' in v) {
        result[key] = {
          base: value(v.base as Value),
          type: `t_${v.type}`,
          cell: v.cell === '' ? '' : `c_${v.cell}`,
        };
      }
    }
    if (op.op === 'label') result.name = `l_${op.name}`;
    if ('routine' in op && op.routine !== '') result.routine = `f_${op.routine}`;
    if (op.op === 'percpu.init' && op.release !== '') result.release = `f_${op.release}`;
    if (op.op === 'call') result.args = op.args.map(value);
    if (op.op === 'alloc' || op.op === 'copy' || op.op === 'container') result.type = `t_${op.type}`;
    if (op.op === 'container') result.cell = `c_${op.cell}`;
    return result as unknown as Instr;
  };
  return {
    name: `renamed ${program.name}`,
    types: program.types.map((t) => ({
      name: `t_${t.name}`,
      cells: t.cells.map((c) => ({ ...c, name: `c_${c.name}` })),
    })),
    objects: program.objects.map((o) => ({ name: `o_${o.name}`, type: `t_${o.type}` })),
    routines: program.routines.map((r) => ({
      ...r,
      name: `f_${r.name}`,
      params: r.params.map((p) => `r_${p}`),
      code: r.code.map(renameOp),
    })),
    ...(program.setup === undefined ? {} : { setup: `f_${program.setup}` }),
    threads: program.threads.map((t) => ({ ...t, routine: `f_${t.routine}`, args: t.args.map(value) })),
  };
}
