/** Every design of every hazard model under rules/, as a program of the core. */
import { fileURLToPath } from 'node:url';
import { buildProgram, parseModel } from '../../src/extract/index.ts';
import { loadRules } from '../../src/rules/index.ts';
import type { Program } from '../../src/sim/index.ts';

export function modelPrograms(): { name: string; program: Program }[] {
  const rules = loadRules(fileURLToPath(new URL('../../rules', import.meta.url)));
  return rules.models.flatMap((model) =>
    Object.entries(model.designs).map(([design, cast]) => {
      const name = `${model.id} ${design}`;
      return { name, program: buildProgram(name, parseModel(model, rules), cast, rules, null) };
    }),
  );
}
