/** Finds the files that a patch is about, before and after it. */
export { type Base, type GitSource, openGitSource } from './base.ts';
export {
  changedLines,
  type HunksImage,
  type Image,
  type Piece,
  patchLine,
  type WholeImage,
} from './image.ts';
export { type FileImages, openSource, type Source } from './source.ts';
export { reasonOf } from './tree.ts';
