/** A terminal for tests of what is drawn: interprets the codes flow uses. Knows nothing of progress. */

import { assertOk } from "../testing/assert.ts";

/** A terminal of endless height: knows the codes progress may use, and fails on others. */
export class FakeTerminal {
  readonly isTerminal = true;
  writes = 0;
  text = "";
  #columns: number;
  #lines: string[][] = [[]];
  #x = 0;
  #y = 0;

  constructor(columns: number) {
    this.#columns = columns;
  }

  columns(): number {
    return this.#columns;
  }

  /** Makes the terminal narrower; lines wrap again as terminals do it. */
  resize(columns: number): void {
    this.#columns = columns;
    const before = this.#lines.slice(0, this.#y);
    const wrap = (line: string[]): string[][] => {
      const rows: string[][] = [];
      for (let i = 0; i === 0 || i < line.length; i += columns) {
        rows.push(line.slice(i, i + columns));
      }
      return rows;
    };
    const last = wrap(this.#lines[this.#y]);
    this.#lines = [...before.flatMap(wrap), ...last];
    this.#y = this.#lines.length - 1;
    this.#x = last[last.length - 1].length;
  }

  write(text: string): void {
    this.writes++;
    this.text += text;
    // deno-lint-ignore no-control-regex
    for (const part of text.match(/\x1b\[[0-9;?]*[A-Za-z]|[\s\S]/gu) ?? []) this.#put(part);
  }

  #put(part: string): void {
    const line = this.#lines[this.#y];
    if (part === "\r") this.#x = 0;
    else if (part === "\n") {
      this.#y++;
      this.#x = 0;
      this.#lines[this.#y] ??= [];
    } else if (part === "\x1b[K") line.length = Math.min(line.length, this.#x);
    else if (part === "\x1b[J") {
      line.length = Math.min(line.length, this.#x);
      this.#lines.length = this.#y + 1;
    } else if (part.startsWith("\x1b[") && part.endsWith("A")) {
      this.#y -= Number(part.slice(2, -1));
      assertOk(this.#y >= 0, "cursor above the screen");
    } else if (part.startsWith("\x1b")) assertOk(part.endsWith("m"), JSON.stringify(part));
    else {
      assertOk(part >= " ", JSON.stringify(part));
      while (line.length < this.#x) line.push(" ");
      line[this.#x] = part;
      this.#x++;
    }
  }

  /** Longest line ever is checked by callers; this is what one sees. */
  screen(): string {
    return this.#lines.map((line) => line.join("").trimEnd()).join("\n");
  }

  get widest(): number {
    return Math.max(...this.#lines.map((line) => line.length));
  }
}
