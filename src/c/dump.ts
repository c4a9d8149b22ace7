/** Control-flow graphs as compact text, for people and for golden files. */
import type { CFunction, CInstr, Expr } from './ir.ts';

/** One line per node: index, line, instruction, successors unless it is just the next node. */
export function dumpCfg(fn: CFunction): string {
  const { nodes } = fn.cfg();
  const params = fn.params.map((p) => `${p.type} ${p.name}`.trim()).join(', ');
  const lines = [`${fn.name}(${params}): ${fn.returnType || '?'}${fn.complete ? '' : ' (part)'}`];
  nodes.forEach((node, i) => {
    const next =
      node.next.length === 1 && node.next[0] === i + 1 ? '' : ` -> ${node.next.join(' ') || 'end'}`;
    lines.push(
      `  ${String(i).padStart(3)} ${String(node.line).padStart(5)}  ${dumpInstr(node.instr)}${next}`,
    );
  });
  return `${lines.join('\n')}\n`;
}

/** An instruction as text. */
export function dumpInstr(instr: CInstr): string {
  switch (instr.k) {
    case 'declare':
      return `declare ${instr.name}: ${instr.type || '?'}`;
    case 'set':
      return `${dumpExpr(instr.dst)} = ${dumpExpr(instr.value)}`;
    case 'call': {
      const callee = typeof instr.callee === 'string' ? instr.callee : `[${dumpExpr(instr.callee)}]`;
      const dst = instr.dst ? `${dumpExpr(instr.dst)} = ` : '';
      return `${dst}call ${callee}(${instr.args.map(dumpExpr).join(', ')})`;
    }
    case 'branch':
      return `if ${dumpExpr(instr.cond)}`;
    case 'iterate':
      return `iterate ${instr.macro} sets (${instr.dsts.map(dumpExpr).join(', ')}) of (${instr.args.map(dumpExpr).join(', ')})`;
    case 'return':
      return instr.value ? `return ${dumpExpr(instr.value)}` : 'return';
    case 'opaque':
      return `opaque ${instr.text}`;
    case 'nop':
      return 'nop';
  }
}

/** An expression as C-like text, fully parenthesised where it is not a place. */
export function dumpExpr(e: Expr): string {
  switch (e.k) {
    case 'var':
      return e.name;
    case 'num':
      return String(e.value);
    case 'str':
      return JSON.stringify(e.text.length > 20 ? `${e.text.slice(0, 20)}…` : e.text);
    case 'field':
      return `${dumpExpr(e.of)}${e.arrow ? '->' : '.'}${e.name}`;
    case 'index':
      return `${dumpExpr(e.of)}[${dumpExpr(e.index)}]`;
    case 'deref':
      return `*(${dumpExpr(e.of)})`;
    case 'addr':
      return `&${dumpExpr(e.of)}`;
    case 'unary':
      return `${e.op}${dumpExpr(e.of)}`;
    case 'binary':
      return `(${dumpExpr(e.a)} ${e.op} ${dumpExpr(e.b)})`;
    case 'cast':
      return `(${e.type})${dumpExpr(e.of)}`;
    case 'opaque':
      return `<${e.text}${e.reads.length ? ` reads ${e.reads.map(dumpExpr).join(', ')}` : ''}>`;
  }
}
