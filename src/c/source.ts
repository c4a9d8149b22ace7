/** A text with its path: offsets to lines and columns. Knows nothing of C. */
export class Source {
  readonly text: string;
  readonly path: string;
  /** The line number of the text's first line; not 1 for a piece of a file. */
  readonly firstLine: number;
  #starts: number[] | null = null;

  constructor(text: string, path: string, firstLine = 1) {
    this.text = text;
    this.path = path;
    this.firstLine = firstLine;
  }

  /** 1-based line of an offset, in the file's numbering. */
  lineAt(offset: number): number {
    return this.#index(offset) + this.firstLine;
  }

  /** 1-based column of an offset. */
  columnAt(offset: number): number {
    return offset - this.#lineStarts()[this.#index(offset)]! + 1;
  }

  /** The text between two offsets with white space collapsed. */
  slice(start: number, end: number): string {
    const text = this.text.slice(start, end);
    return /[\n\t]|\s\s|\/\*|^\s|\s$/.test(text)
      ? text
          .replace(/\/\*[^]*?(?:\*\/|$)/g, ' ')
          .replace(/\\\n/g, ' ')
          .replace(/\s+/g, ' ')
          .trim()
      : text;
  }

  #lineStarts(): number[] {
    if (this.#starts) return this.#starts;
    const starts = [0];
    for (let at = this.text.indexOf('\n'); at >= 0; at = this.text.indexOf('\n', at + 1)) starts.push(at + 1);
    this.#starts = starts;
    return starts;
  }

  #index(offset: number): number {
    const starts = this.#lineStarts();
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (starts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
