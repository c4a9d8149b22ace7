/** The rules: what kernel functions do, and the hazard models. */
import { type HazardModel, loadModels } from './model.ts';
import { loadTypes, type TypeRules } from './types.ts';
import { loadVocabulary, type Vocabulary } from './vocabulary.ts';

export type { Effect, EffectPlace, VocabularyRow } from './effects.ts';
export type { Cast, HazardModel, Role } from './model.ts';
export type { TypeRules } from './types.ts';
export { RuleError, type Vocabulary } from './vocabulary.ts';

export interface Rules {
  vocabulary: Vocabulary;
  types: TypeRules;
  models: HazardModel[];
}

/**
 * Reads a rules directory.
 * @throws RuleError with file, line and reason for the first rule that is wrong.
 */
export function loadRules(dir: string): Rules {
  return { vocabulary: loadVocabulary(dir), types: loadTypes(dir), models: loadModels(dir) };
}
