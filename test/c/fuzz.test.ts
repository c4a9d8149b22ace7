/** Damaged and random text: never a crash, never a hang. `npm run fuzz:c` does the same on kernel files. */
import { test } from 'node:test';
import fc from 'fast-check';
import { exercise, mutate, random } from './mutate.ts';
import { fixture } from './support.ts';

const RUNS = 400;

test('damaged files are read', { timeout: 120_000 }, () => {
  const text = fixture('nasty.c');
  for (let seed = 1; seed <= RUNS; seed++) {
    const next = random(seed);
    const damaged = mutate(text, next);
    try {
      exercise(damaged, next);
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
});

test('what once crashed is read', () => {
  for (const text of [
    'enum e { A = , B = (, C = 1 + };\nint f(void)\n{\n\treturn A + B + C;\n}\n',
    'int f(int x) __attribute__((\n{\n\treturn x;\n}\n',
    'static __printf(1, 2 int f(int x)\n{\n\treturn x __aligned(;\n}\n',
    '#define M(a) __aligned(\nint f(int x)\n{\n\tM(x)\n}\n',
  ])
    exercise(text, random(3));
});

const word = fc.constantFrom(
  ...'if else for while do switch case default return goto break continue struct union enum typedef static int char void unsigned sizeof typeof x y z f g NULL ( ) { } [ ] ; , : ? * & -> . = == && || ! + - ++ -- += 1 "s" guard scoped_guard list_for_each_entry WARN_ON BUG_ON container_of _Generic asm ({ }) #if #endif #define \n'.split(
    ' ',
  ),
);

test('soups of tokens are read', { timeout: 120_000 }, () => {
  fc.assert(
    fc.property(fc.array(word, { maxLength: 120 }), fc.nat(), (words, seed) => {
      exercise(`int f(int x)\n{\n${words.join(' ')}\n}\n`, random(seed));
    }),
    { numRuns: 100, seed: 20 },
  );
});

test('deep nesting neither exhausts the stack nor time', { timeout: 60_000 }, () => {
  for (const [open, close] of [
    ['(', ')'],
    ['{', '}'],
    ['[', ']'],
    ['if (x) ', ''],
    ['({', '})'],
    ['-', ''],
    ['x ? ', ''],
    ['f(', ')'],
    ['*', ''],
    ['(int (*)', ')'],
    ['#if 1\n', '\n#endif'],
    ['struct {', '}'],
    ['sizeof ', ''],
    ['x = ', ''],
    ['do ', ''],
    ['a->', ''],
  ] as const) {
    exercise(`int f(int x)\n{\n\t${open.repeat(20_000)}x${close.repeat(20_000)};\n}\n`, random(7));
    exercise(`struct s {\n\t${open.repeat(20_000)}int x${close.repeat(20_000)};\n};\n`, random(7));
  }
});
