/**
 * Where everything lives: addresses of objects and cells, and the words that the core keeps for each object and thread.
 *
 * First the cells of a type get offsets (the cells of one union share theirs), then objects get addresses, declared ones
 * first and then a pool per thread and allocation, so that the n-th allocation of a thread is the same object in every
 * interleaving and allocations of different threads commute. An address is an index into the machine's words, so that a
 * pointer is looked up without a table. It does not know what operations do with the words.
 */
import type { CellKind, ObjectType, Program } from './program.ts';

/** Addresses below this are not objects: 0 is NULL, OPAQUE is memory that nobody describes. */
export const FIRST_ADDRESS = 16;
export const OPAQUE = 8;

/** Words that a cell of each kind takes. */
const WORDS: Record<CellKind, number> = {
  int: 1,
  pointer: 1,
  lock: 1,
  ref: 2,
  'percpu-ref': 3,
  callback: 1,
  queue: 1,
  completion: 1,
  work: 1,
  timer: 1,
};

export interface Cell {
  name: string;
  kind: CellKind;
  offset: number;
  words: number;
  /** Offset of the word that remembers which member of the union was written last, or -1. */
  tag: number;
  /** Number of this member within its union, from 1. */
  member: number;
  init: number | undefined;
}

export interface TypeLayout {
  name: string;
  cells: Cell[];
  byName: Map<string, Cell>;
  size: number;
  /** Offset of the first reference count of either kind, or -1. */
  ref: number;
}

export function layOutType(type: ObjectType): TypeLayout {
  const cells: Cell[] = [];
  const byName = new Map<string, Cell>();
  const unions = new Map<string, { offset: number; words: number; members: number; tag: number }>();
  let size = 0;
  for (const cell of type.cells) {
    const group = cell.union;
    if (group !== undefined && !unions.has(group)) {
      const words = Math.max(...type.cells.filter((c) => c.union === group).map((c) => WORDS[c.kind]));
      unions.set(group, { offset: size, words, members: 0, tag: size + words });
      size += words + 1;
    }
    const union = group === undefined ? undefined : unions.get(group);
    const laid: Cell = {
      name: cell.name,
      kind: cell.kind,
      offset: union ? union.offset : size,
      words: WORDS[cell.kind],
      tag: union ? union.tag : -1,
      member: union ? ++union.members : 0,
      init: cell.init,
    };
    if (!union) size += laid.words;
    if (byName.has(cell.name)) throw new Error(`type ${type.name}: two cells are called ${cell.name}`);
    cells.push(laid);
    byName.set(cell.name, laid);
  }
  const ref = cells.find((c) => c.kind === 'ref' || c.kind === 'percpu-ref');
  return { name: type.name, cells, byName, size: Math.max(size, 1), ref: ref ? ref.offset : -1 };
}

export interface ObjectInstance {
  name: string;
  type: TypeLayout;
  address: number;
  declared: boolean;
}

export interface Memory {
  types: Map<string, TypeLayout>;
  objects: ObjectInstance[];
  addressOf: Map<string, number>;
  /** First address after the objects. */
  end: number;
}

/** Lays out types and declared objects; `reserve` adds pools afterwards. */
export function layOut(program: Program): Memory {
  const types = new Map<string, TypeLayout>();
  for (const type of program.types) {
    if (types.has(type.name)) throw new Error(`two types are called ${type.name}`);
    types.set(type.name, layOutType(type));
  }
  const memory: Memory = { types, objects: [], addressOf: new Map(), end: FIRST_ADDRESS };
  for (const { name, type } of program.objects) {
    if (memory.addressOf.has(name)) throw new Error(`two objects are called ${name}`);
    memory.addressOf.set(name, memory.end);
    reserve(memory, typeNamed(memory, type), name, true);
  }
  return memory;
}

export function typeNamed(memory: Memory, name: string): TypeLayout {
  const type = memory.types.get(name);
  if (!type) throw new Error(`no type is called ${name}`);
  return type;
}

/** Appends one object and returns its number. */
export function reserve(memory: Memory, type: TypeLayout, name: string, declared: boolean): number {
  memory.objects.push({ name, type, address: memory.end, declared });
  memory.end += type.size;
  return memory.objects.length - 1;
}
