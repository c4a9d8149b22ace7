/** Reads what the command line names: files, or standard input for `-`. */
import { readFileSync } from 'node:fs';
import { type Input, InputError } from '../patch/index.ts';
import { reasonOf } from '../source/index.ts';

/** @throws InputError when a file is missing, a directory, or cannot be read. */
export async function readFiles(names: string[]): Promise<Input[]> {
  const inputs: Input[] = [];
  for (const name of names) inputs.push(name === '-' ? await readStandardInput() : readOne(name));
  return inputs;
}

function readOne(name: string): Input {
  try {
    return { content: readFileSync(name), name };
  } catch (error) {
    throw new InputError(name, 0, reasonOf(error));
  }
}

async function readStandardInput(): Promise<Input> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return { content: Buffer.concat(chunks), name: '<stdin>' };
}
