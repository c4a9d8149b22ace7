/** Conditional compilation: which branch is read. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ParseOptions, parseConfig, parseUnit } from '../../src/c/index.ts';

function names(text: string, options: ParseOptions = {}): string[] {
  return parseUnit(text, 'x.c', options).functions.map((f) => f.name);
}

const choice = (condition: string): string =>
  `${condition}\nvoid yes(void) { }\n#else\nvoid no(void) { }\n#endif\n`;

test('every option is on, what excludes the usual is off', () => {
  assert.deepEqual(names(choice('#ifdef CONFIG_NUMA')), ['yes']);
  assert.deepEqual(names(choice('#ifndef CONFIG_NUMA')), ['no']);
  assert.deepEqual(names(choice('#ifdef CONFIG_PREEMPT_RT')), ['no']);
  assert.deepEqual(names(choice('#ifdef CONFIG_FOO_MODULE')), ['no']);
  assert.deepEqual(names(choice('#if IS_ENABLED(CONFIG_FOO)')), ['yes']);
  assert.deepEqual(names(choice('#if IS_MODULE(CONFIG_FOO)')), ['no']);
  assert.deepEqual(names(choice('#ifdef MODULE')), ['no']);
});

test('conditions are evaluated as C does', () => {
  const cases: [string, boolean][] = [
    ['defined(CONFIG_A) && !defined(CONFIG_PREEMPT_RT)', true],
    ['BITS_PER_LONG == 64 || X', true],
    ['UNKNOWN > 3', false],
    ['(1 << 4) - 0x10 == 0 && 7 % 4 == 3', true],
    ['-1 < 0 ? 2 : 0', true],
    ['!(1 && 0) & ~0', true],
    ['VALUE == 6', true],
    ['1 / 0', false],
  ];
  for (const [condition, holds] of cases) {
    const text = `#define HALF 3\n#define VALUE (HALF * 2)\n${choice(`#if ${condition}`)}`;
    assert.deepEqual(names(text), [holds ? 'yes' : 'no'], condition);
  }
});

test('elif chains take the first branch that holds', () => {
  const text =
    '#if 0\nvoid a(void) { }\n#elif defined(CONFIG_B)\nvoid b(void) { }\n#elif 1\nvoid c(void) { }\n#else\nvoid d(void) { }\n#endif\n';
  assert.deepEqual(names(text), ['b']);
});

test('conditionals nest, and cut functions in two', () => {
  const text =
    '#if 1\n#if 0\nvoid a(void) { }\n#else\nvoid b(void)\n{\n#ifdef CONFIG_PREEMPT_RT\n\tif (x) {\n#else\n\tif (y) {\n#endif\n\t\tz();\n\t}\n}\n#endif\n#endif\n';
  const [fn] = parseUnit(text, 'x.c').functions;
  assert.equal(fn!.name, 'b');
  assert.deepEqual(
    fn!.cfg().nodes.map((n) => n.text),
    ['y', 'z()', ''],
  );
});

test('a .config decides, and options that it does not name are off', () => {
  const config = parseConfig('CONFIG_A=y\nCONFIG_M=m\n# CONFIG_B is not set\nCONFIG_N=7\n');
  assert.deepEqual(names(choice('#ifdef CONFIG_A'), { config }), ['yes']);
  assert.deepEqual(names(choice('#ifdef CONFIG_B'), { config }), ['no']);
  assert.deepEqual(names(choice('#ifdef CONFIG_M'), { config }), ['no']);
  assert.deepEqual(names(choice('#ifdef CONFIG_M_MODULE'), { config }), ['yes']);
  assert.deepEqual(names(choice('#if IS_ENABLED(CONFIG_M)'), { config }), ['yes']);
  assert.deepEqual(names(choice('#if CONFIG_N > 6'), { config }), ['yes']);
  assert.notEqual(config.key, parseConfig('CONFIG_A=y\n').key);
});

test('a branch that a patch touches is read whatever the configuration says', () => {
  const text = choice('#ifdef CONFIG_NUMA');
  assert.deepEqual(names(text, { touched: [4] }), ['no']);
  assert.deepEqual(names(text, { touched: [2] }), ['yes']);
  assert.deepEqual(names(text, { touched: [2, 4] }), ['yes']);
});

test('IS_ENABLED in code is decided by the configuration', () => {
  const text = 'void f(void)\n{\n\tif (IS_ENABLED(CONFIG_A))\n\t\ta();\n\telse\n\t\tb();\n}\n';
  const calls = (options: ParseOptions): string[] =>
    parseUnit(text, 'x.c', options)
      .functions[0]!.cfg()
      .nodes.map((n) => n.text);
  assert.deepEqual(calls({}), ['a()', '']);
  assert.deepEqual(calls({ config: parseConfig('') }), ['b()', '']);
});
