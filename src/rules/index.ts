/** The rules: what kernel functions do, and the hazard models. */
import { type HazardModel, loadModels } from './model.ts';
import { loadTypes, type TypeRules } from './types.ts';
import { loadVocabulary, type Variant, type Vocabulary, vocabularyFor } from './vocabulary.ts';

export { loadClasses } from './classes.ts';
export type { DeferredEffect, Effect, EffectPlace, VocabularyRow } from './effects.ts';
export type { Cast, Design, HazardModel, Probe, Role, RoleCast } from './model.ts';
export type { TypeRules } from './types.ts';
export { RuleError, type Vocabulary } from './vocabulary.ts';

export interface Rules {
  vocabulary: Vocabulary;
  /** Rows for some kernels only; `rulesFor` puts them in. */
  variants: Variant[];
  types: TypeRules;
  models: HazardModel[];
}

/**
 * Reads a rules directory.
 * @throws RuleError with file, line and reason for the first rule that is wrong.
 */
export function loadRules(dir: string): Rules {
  const { rows, variants } = loadVocabulary(dir);
  return { vocabulary: rows, variants, types: loadTypes(dir), models: loadModels(dir) };
}

/** The rules for one kernel; `has` says whether it has a function of that name. */
export function rulesFor(rules: Rules, has: (symbol: string) => boolean): Rules {
  return { ...rules, vocabulary: vocabularyFor({ rows: rules.vocabulary, variants: rules.variants }, has) };
}
