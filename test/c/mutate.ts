/** Seeded damage to C text, and everything that the front end does with a text, for fuzzing. */
import { dumpCfg, parseFragments, parseUnit, statsOf } from '../../src/c/index.ts';

/** A generator of numbers in [0, n) that a seed determines. */
export function random(seed: number): (n: number) => number {
  let state = seed >>> 0;
  return (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
}

const TOKENS = [
  '(',
  ')',
  '{',
  '}',
  '[',
  ']',
  ';',
  ',',
  ':',
  '?',
  '*',
  '&',
  '->',
  '.',
  '=',
  '==',
  '&&',
  '||',
  '!',
  '#',
  '##',
  '\\',
  '\n',
  '"',
  "'",
  '/*',
  '*/',
  '//',
  'if',
  'else',
  'for',
  'while',
  'do',
  'switch',
  'case',
  'default',
  'return',
  'goto',
  'break',
  'struct',
  'union',
  'enum',
  'typedef',
  'static',
  'int',
  'void',
  'sizeof',
  'typeof',
  'asm',
  '_Generic',
  '__attribute__',
  'guard(mutex)(&x)',
  'scoped_guard(rcu)',
  '__free(kfree)',
  'list_for_each_entry(a, b, c)',
  'SYSCALL_DEFINE2(',
  'DEFINE_MUTEX(',
  '#if 0\n',
  '\n#else\n',
  '\n#endif\n',
  '#define x(a) a x(a)\n',
  '({',
  '})',
  'x',
  '0x1e+5',
  "'\\",
  '...',
  '\u0000',
  '\u00e9',
  '@@',
];

/** `text` with one to six pieces of damage. */
export function mutate(text: string, next: (n: number) => number): string {
  let out = text;
  for (let rounds = 1 + next(6); rounds > 0; rounds--) {
    const at = next(out.length + 1);
    const length = next(next(4) === 0 ? 400 : 12);
    const cut = out.slice(at, at + length);
    const token = TOKENS[next(TOKENS.length)]!;
    switch (next(8)) {
      case 0:
        out = out.slice(0, at) + out.slice(at + length);
        break;
      case 1:
        out = out.slice(0, at) + cut + out.slice(at);
        break;
      case 2: {
        const to = next(out.length + 1);
        out = out.slice(0, to) + cut + out.slice(to);
        break;
      }
      case 3:
        out = out.slice(0, at) + String.fromCharCode(next(256)) + out.slice(at + 1);
        break;
      case 4:
        out = out.slice(0, at) + token.repeat(1 + next(next(20) === 0 ? 3000 : 3)) + out.slice(at);
        break;
      case 5:
        out = next(8) === 0 ? out.slice(0, at) : out.slice(0, at) + token + out.slice(at + length);
        break;
      default:
        out = out.slice(0, at) + token + out.slice(at);
    }
  }
  return out;
}

/** Does everything that can be done with a text as a file, and with a window of its lines as a hunk. */
export function exercise(text: string, next: (n: number) => number): void {
  const unit = parseUnit(text, 'fuzz.c');
  statsOf(unit);
  for (const fn of unit.functions) {
    dumpCfg(fn);
    fn.contracts.map((c) => c.lock);
    for (const node of fn.cfg().nodes)
      if (node.line < 1 || node.column < 1) throw new Error('a node without a place');
  }
  void [unit.structs, unit.typedefs, unit.globals, unit.macros, unit.enums, unit.problems];
  const lines = text.split('\n');
  const from = next(lines.length);
  const window = lines.slice(from, from + 1 + next(40));
  const heading = next(2) === 0 ? '' : (lines.slice(0, from).findLast((l) => /^[a-z].*\(/.test(l)) ?? '');
  const stripped = next(3) === 0 ? window.map((l) => l.trimStart()) : window;
  const pieces = parseFragments(
    [{ startLine: from + 1, text: `${stripped.join('\n')}\n`, heading }],
    'fuzz.c',
  );
  for (const fn of pieces.functions) dumpCfg(fn);
  void [pieces.structs, pieces.globals];
}
