/** The simulation core: programs in, verdicts, schedules and costs out. It knows nothing of C or Linux. */

export { type Cost, type CostOptions, measureCost } from './cost.ts';
export {
  type AllVerdicts,
  count,
  explore,
  exploreAll,
  type Options,
  type Result,
  replay,
  type Violates,
} from './explore.ts';
export { type LitmusResult, runLitmus } from './litmus/run.ts';
export * from './program.ts';
export { exportPromela, PromelaError } from './promela/export.ts';
export * from './sequential/index.ts';
export { parseToken, programFingerprint, ReplayError, tokenOf } from './token.ts';
export { ProgramError } from './translate.ts';
export { ON_REQUEST } from './words.ts';
