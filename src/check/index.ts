/** Reviews a series: what each patch introduces, what it fixes, what could not be seen. */
export {
  allDesigns,
  type DesignVerdict,
  type NamedDesign,
  type ProbeCost,
  runDesign,
  runProbe,
} from './designs.ts';
export { type ExampleResult, examplesOf, runExample } from './examples.ts';
export type { Confidence, Finding, Review } from './finding.ts';
export { lintModel } from './lint-model.ts';
export { type Programs, programOf, replayToken } from './replay.ts';
export { type Reviewed, reviewSeries } from './review.ts';
export { makeSide, type Side } from './side.ts';
