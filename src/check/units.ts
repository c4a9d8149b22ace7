/** A patch's files as C: the functions before and after, and which of them the patch touches. */
import {
  type CFunction,
  type CType,
  type CUnit,
  parseFragments,
  parseUnit,
  type StructDecl,
  type Tree,
} from '../c/index.ts';
import type { Declarations } from '../extract/index.ts';
import type { FilePatch, Patch } from '../patch/index.ts';
import { changedLines, type Image, type Source } from '../source/index.ts';

export interface FileUnits {
  path: string;
  pre: CUnit | null;
  post: CUnit | null;
  postImage: Image | null;
  preImage: Image | null;
  /** Functions of the post-image in which the patch added or removed lines. */
  touched: CFunction[];
  note: string;
}

const C_FILE = /\.[ch]$/;

export function isC(path: string): boolean {
  return C_FILE.test(path);
}

export function fileUnits(patch: Patch, file: FilePatch, source: Source, tree: Tree | null): FileUnits {
  const images = source.images(patch, file);
  const post = unitOf(images.post, images.path, tree);
  return {
    path: images.path,
    pre: unitOf(images.pre, images.path, tree),
    post,
    postImage: images.post,
    preImage: images.pre,
    touched: post === null || images.post === null ? [] : touchedFunctions(post, images.post),
    note: images.note ?? '',
  };
}

function unitOf(image: Image | null, path: string, tree: Tree | null): CUnit | null {
  if (image === null) return null;
  if (image.kind === 'hunks') return parseFragments(image.pieces, path);
  return parseUnit(image.text, path, tree?.parseOptions(path) ?? {});
}

function touchedFunctions(unit: CUnit, image: Image): CFunction[] {
  const { touched, gaps } = changedLines(image);
  const lines = [...touched, ...gaps];
  return unit.functions.filter((f) => lines.some((line) => line >= f.line && line <= f.endLine));
}

/** Lines of the post-image at which the patch changed something: added lines, and those below removed ones. */
export function changedPositions(image: Image): number[] {
  const { touched, gaps } = changedLines(image);
  return [...new Set([...touched, ...gaps])].sort((a, b) => a - b);
}

/** Declarations as these units have them, then the tree; the first that knows a name. */
export function declarationsOf(units: CUnit[], tree: Tree | null): Declarations {
  const near = units[0]?.path ?? '';
  const first = (look: (unit: CUnit) => CType | undefined): CType => {
    for (const unit of units) {
      const type = look(unit);
      if (type !== undefined && type !== '') return type;
    }
    return '';
  };
  const fieldIn = (decl: StructDecl | null | undefined, name: string): CType | undefined =>
    decl?.fields.find((f) => f.name === name)?.type;
  return {
    field: (owner, name) =>
      first((u) => fieldIn(u.structs.get(`struct ${owner}`) ?? u.structs.get(`union ${owner}`), name)) ||
      (fieldIn(tree?.struct(`struct ${owner}`, near) ?? tree?.struct(`union ${owner}`, near), name) ?? ''),
    global: (name) => first((u) => u.globals.get(name)) || (tree?.global(name, near) ?? ''),
    returns: (name) =>
      first((u) => u.functions.find((f) => f.name === name)?.returnType) ||
      (tree?.returnType(name, near) ?? ''),
  };
}
