/** `lockstep index`: builds the index of a tree now, rather than when a lookup needs it. */
import { InputError } from '../patch/index.ts';
import { checkDirectory, readConfig } from './understand.ts';

export interface IndexOptions {
  tree: string;
  config?: string;
  format: 'text' | 'json';
}

/** @throws InputError when there is no kernel source in the directory. */
export async function indexTree({ tree, config: file, format }: IndexOptions): Promise<void> {
  const { defaultCacheDir, openTree } = await import('../c/index.ts');
  checkDirectory(tree);
  const config = readConfig(file);
  const files = openTree(tree, config === undefined ? {} : { config }).index();
  if (files === 0)
    throw new InputError(tree, 0, 'no kernel source: none of mm, kernel, include/linux has a C file');
  const cache = defaultCacheDir();
  process.stdout.write(
    format === 'json'
      ? `${JSON.stringify({ files, cache })}\n`
      : `${files} files indexed, kept in ${cache}\n`,
  );
}
