/**
 * What is wrong with a hazard model although it can be read: actors that are missing, calls that mean nothing to anybody,
 * a title or a role without what makes it usable. Verdicts are not judged.
 */
import { buildProgram, parseModel } from '../extract/index.ts';
import type { HazardModel, Rules } from '../rules/index.ts';
import { examplesOf } from './examples.ts';

/** Lines, each a problem; none for a model that is in order. */
export function lintModel(model: HazardModel, rules: Rules, rulesDir: string): string[] {
  const parsed = parseModel(model, rules);
  const problems = parsed.unit.problems.map(
    (p) => `model.c:${p.line}: cannot be read: ${p.text.split('\n')[0]}`,
  );
  const own = new Set(parsed.unit.functions.map((f) => f.name));
  const holes = new Set(Object.values(model.roles).map((role) => role.plays));
  for (const fn of parsed.unit.functions)
    for (const node of fn.cfg().nodes) {
      const name = node.instr.k === 'call' && typeof node.instr.callee === 'string' ? node.instr.callee : '';
      if (name === '' || own.has(name) || holes.has(name)) continue;
      if (!rules.vocabulary.has(name) && name !== 'container_of')
        problems.push(`model.c:${node.line}: nobody knows what ${name}() does`);
    }
  for (const [name, design] of Object.entries(model.designs)) {
    try {
      buildProgram(name, parsed, design, rules, null);
    } catch (error) {
      problems.push(`model.yml: ${name}: ${(error as Error).message}`);
    }
  }
  for (const [name, role] of Object.entries(model.roles)) {
    if (role.takes.length + role.calls.length + role.functions.length === 0 && role.documented === undefined)
      problems.push(`model.yml: roles.${name}: everything fits it`);
    if (role.plays !== '' && own.has(role.plays))
      problems.push(`model.yml: roles.${name}: model.c must leave ${role.plays}() out`);
  }
  if (Object.keys(model.roles).length === 0) return problems;
  const examples = examplesOf(rulesDir, model.id).map((file) => file.replace(/^.*\//, ''));
  for (const kind of ['bad', 'good'])
    if (examples.filter((name) => name.startsWith(`${kind}-`)).length < 2)
      problems.push(`examples/: fewer than two ${kind}-*.patch, although it has roles`);
  return problems;
}
