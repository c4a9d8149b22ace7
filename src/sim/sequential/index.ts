/** One routine on every path, from an unknown environment. */
export {
  exploreSequential,
  type Incident,
  type LockChange,
  type Outcome,
  type PathStep,
  type RefChange,
  type SequentialOptions,
  type SequentialResult,
} from './explore.ts';
export { CONTEXTS, type Loan, loanKey } from './state.ts';
