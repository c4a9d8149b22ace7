/**
 * Every file under cases/ gives the findings that stand on its lines, no more and no fewer: correct/ is silent, wrong/
 * is found and its repaired twin silent, unfortunate/ documents what is wrong today. What is found does not depend on
 * the names of functions and variables, comes with a schedule that its token replays, and is the patch's own doing:
 * going from the repaired file to the wrong one introduces it, going back fixes it, touching it otherwise is silent.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseUnit } from '../../src/c/index.ts';
import { programOf, type Reviewed, replayToken } from '../../src/check/index.ts';
import { type Case, cases, found, PATH, RULES, review, sorted } from './case.ts';

const correct = cases('correct');
const wrong = cases('wrong');
const newFunction = cases('unfortunate').filter((c) => c.name.includes('/new-function/'));
const unfortunate = cases('unfortunate').filter((c) => !c.name.includes('/new-function/'));

for (const one of correct) {
  test(`${one.name} is silent`, async () => {
    assert.deepEqual(one.wants, []);
    await givesWants(one);
    const touched = await review(touchedTwin(one), one.after);
    assert.deepEqual(found(touched), [], 'nor when it is touched');
    assert.deepEqual(touched.review.fixed, []);
  });
}

for (const one of wrong) {
  test(`${one.name} is found where it says`, async () => {
    assert.ok(one.wants.length > 0, 'expects something');
    const folder = one.name.split('/')[1]!;
    assert.ok(
      one.wants.some((w) => w.class === folder),
      `expects ${folder}`,
    );
    await givesWants(one);
  });
  test(`${one.name}: its repaired twin is silent, and only the mistake counts`, async () => {
    await isTheDifference(one);
  });
}

for (const one of unfortunate) {
  test(`${one.name} gives what it gave`, () => givesWants(one));
}

// A way out with a result of its own is taken for a rule of the new function, so nothing odd is seen in it.
for (const one of newFunction) {
  test(`${one.name} is seen as a change, but not in a new function`, async () => {
    assert.deepEqual(found(await review(null, one.after)), []);
    const { review: changed } = await review(one.repaired, one.after);
    assert.deepEqual(changed.findings.map((f) => f.class).sort(), one.wants.map((w) => w.class).sort());
    for (const finding of changed.findings) assert.ok(one.fixes.includes(finding.line), `${finding.line}`);
  });
}

test('there are enough cases, each opens with what it tests', () => {
  assert.ok(correct.length >= 25);
  assert.ok(wrong.length >= 25);
  for (const one of [...correct, ...wrong, ...unfortunate, ...newFunction])
    assert.match(one.after, /^\/\*[\s\S]{12}/, one.name);
});

async function givesWants(one: Case): Promise<void> {
  const reviewed = await review(one.before, one.after);
  wasEngaged(reviewed, one);
  assert.deepEqual(found(reviewed), sorted(one.wants), messages(reviewed));
  for (const finding of reviewed.review.findings) {
    assert.equal(finding.file, PATH);
    assert.ok(finding.message.length > 20, finding.message);
    assert.ok(finding.schedule.steps.length > 0, 'shows steps');
    for (const { replay, schedule } of [finding, ...finding.consequences]) {
      const stored = reviewed.programs.get(programOf(replay)!);
      assert.ok(stored, `the program of ${replay} is kept`);
      assert.deepEqual(replayToken(replay, stored), schedule);
    }
  }
  if (one.before !== null) return;
  const renamed = await review(null, renamedTwin(one.after));
  assert.deepEqual(found(renamed), sorted(one.wants), `renamed: ${messages(renamed)}`);
}

/** The checker looked at every function and reached the end of each. */
function wasEngaged({ review: { stats, notes, skipped } }: Reviewed, one: Case): void {
  const functions = parseUnit(one.after, PATH).functions.length;
  assert.ok(functions > 0);
  if (one.before === null) assert.equal(stats.functions, functions);
  assert.ok(stats.functions! > 0);
  assert.deepEqual(notes, []);
  assert.deepEqual(skipped, []);
}

async function isTheDifference(one: Case): Promise<void> {
  assert.ok(one.repaired !== null, 'says how it is repaired');
  const classes = one.wants.map((w) => w.class).sort();
  const repaired = await review(null, one.repaired);
  assert.deepEqual(found(repaired), [], `repaired: ${messages(repaired)}`);

  const introduced = await review(one.repaired, one.after);
  assert.deepEqual(introduced.review.findings.map((f) => f.class).sort(), classes, messages(introduced));
  for (const { line } of introduced.review.findings)
    assert.ok(one.fixes.includes(line), `line ${line} is not one that the patch touches: ${one.fixes}`);

  const mended = await review(one.after, one.repaired);
  assert.deepEqual(found(mended), [], `wrong to repaired: ${messages(mended)}`);
  // Between threads, only what a patch introduces is looked at.
  if (!classes.includes('tryget-misuse'))
    assert.deepEqual(mended.review.fixed.map((f) => f.class).sort(), classes);

  const touched = await review(touchedTwin(one), one.after);
  assert.deepEqual(found(touched), [], `touched: ${messages(touched)}`);
  assert.deepEqual(touched.review.fixed, []);
}

/** The same file with a comment at the beginning of every function. */
function touchedTwin(one: Case): string {
  const text = one.after.replace(/^\{$/gm, '{\n\t/* This goes away. */');
  assert.notEqual(text, one.after);
  return text;
}

/** Other names for functions, parameters and locals, where nothing else goes by them. */
function renamedTwin(text: string): string {
  const unit = parseUnit(text, PATH);
  const fields = new Set([...unit.structs.values()].flatMap((s) => s.fields.map((f) => f.name)));
  const names = unit.functions.flatMap((f) => [f.name, ...f.params.map((p) => p.name), ...f.locals.keys()]);
  let renamed = text;
  let next = 0;
  for (const name of new Set(names)) {
    if (!/^\w+$/.test(name) || fields.has(name) || RULES.vocabulary.has(name)) continue;
    renamed = renamed.replace(new RegExp(`(?<!->|\\.|struct )\\b${name}\\b`, 'g'), `zz${next++}`);
  }
  assert.notEqual(renamed, text);
  return renamed;
}

function messages({ review: { findings } }: Reviewed): string {
  return findings.map((f) => `\n  ${f.line} ${f.class}: ${f.message}`).join('');
}
