/** Reads patches as people send them. */
export { InputError } from './input-error.ts';
export { type Input, readInputs, readMails, readSeries } from './read-series.ts';
export { type FilePatch, type Hunk, type HunkLine, type Patch, type PatchSeries, pathOf } from './series.ts';
export { parseSubject, type Subject } from './subject.ts';
