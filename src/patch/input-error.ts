/** Input that cannot be read: where, and what is wrong, in one line for the person who gave it. */
export class InputError extends Error {
  /** As the user named it; `<stdin>` for standard input. */
  readonly file: string;
  /** 1-based; 0 when the complaint is about the input as a whole. */
  readonly line: number;

  constructor(file: string, line: number, message: string) {
    super(message);
    this.name = 'InputError';
    this.file = file;
    this.line = line;
  }

  /** `name:line: what is wrong`, without the line when there is none. */
  describe(): string {
    return this.line > 0 ? `${this.file}:${this.line}: ${this.message}` : `${this.file}: ${this.message}`;
  }
}
