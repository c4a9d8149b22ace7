/** A text with its path: offsets to lines and columns. Knows nothing of C. */
export class Source {
  readonly text: string;
  readonly path: string;
  /** The line number of the text's first line; not 1 for a piece of a file. */
  readonly firstLine: number;
  /** Where the real text begins and ends: what is before and behind was added, and is on no line of its own. */
  readonly before: number;
  readonly end: number;
  #starts: number[] | null = null;

  constructor(text: string, path: string, firstLine = 1, before = 0, after = 0) {
    this.text = text;
    this.path = path;
    this.firstLine = firstLine;
    this.before = before;
    this.end = text.length - after;
  }

  /** 1-based line of an offset, in the file's numbering. */
  lineAt(offset: number): number {
    return this.#index(offset) + this.firstLine;
  }

  /** The offset of a line's beginning. */
  offsetOf(line: number): number {
    return this.#lineStarts()[line - this.firstLine] ?? this.text.length;
  }

  /** 1-based column of an offset. */
  columnAt(offset: number): number {
    const start = this.#lineStarts()[this.#index(offset)]!;
    return Math.max(0, Math.min(offset, this.end) - start) + 1;
  }

  /** The text between two offsets with white space collapsed. */
  slice(start: number, end: number): string {
    const text = this.text.slice(Math.max(start, this.before), Math.min(end, this.end));
    return /[\n\t]|\s\s|\/\*|^\s|\s$/.test(text)
      ? text
          .replace(/\/\*[\s\S]*?(?:\*\/|$)/g, ' ')
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

  #index(given: number): number {
    const offset = Math.max(this.before, Math.min(given, Math.max(0, this.end - 1)));
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
