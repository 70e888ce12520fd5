/**
 * Many short texts without an object for each: parts of few long texts, found by numbers. Knows nothing of what they mean.
 *
 * Why: a text of its own takes 32 bytes and, as it outlives the young generation, is copied twice by the garbage
 * collector; for 10^6 calls of a map that was a third of the processor time of the coordinator.
 *
 * @module
 */

/** Texts that lie in one, each behind a separator of one character. */
export class TextLines {
  readonly #text: string;
  /** Where each ends in the text. */
  readonly #ends: Uint32Array;

  /**
   * @param text All of them.
   * @param ends Where each ends; the next one begins one character behind.
   */
  constructor(text: string, ends: Uint32Array) {
    this.#text = text;
    this.#ends = ends;
  }

  /**
   * Returns the lines of a text; at least one.
   *
   * @param separator One character.
   *
   * @example
   * ```ts
   * import { assertEquals } from "../../tests/testing/assert.ts";
   * import { TextLines } from "./text_column.ts";
   *
   * const lines = TextLines.of("a\n\nbc");
   * assertEquals([lines.length, lines.at(0), lines.at(1), lines.at(2)], [3, "a", "", "bc"]);
   * ```
   */
  static of(text: string, separator = "\n"): TextLines {
    const ends = new NumberList();
    for (let at = text.indexOf(separator); at >= 0; at = text.indexOf(separator, at + 1)) {
      ends.push(at);
    }
    ends.push(text.length);
    return new TextLines(text, ends.toArray());
  }

  /** Number of texts. */
  get length(): number {
    return this.#ends.length;
  }

  /** Characters of the longest text; 0 if there is none. */
  get longest(): number {
    let [longest, start] = [0, 0];
    for (const end of this.#ends) {
      longest = Math.max(longest, end - start);
      start = end + 1;
    }
    return longest;
  }

  /** Returns one text; `number` must be in range. */
  at(number: number): string {
    const start = number === 0 ? 0 : this.#ends[number - 1] + 1;
    return this.#text.substring(start, this.#ends[number]);
  }
}

/** The same line of several `TextLines`: the row of a table of texts. */
export class TextRow {
  /** By column. */
  readonly pieces: readonly TextLines[];
  readonly line: number;

  /**
   * @param pieces By column.
   * @param line Must be in range.
   */
  constructor(pieces: readonly TextLines[], line: number) {
    this.pieces = pieces;
    this.line = line;
  }

  /** Number of columns. */
  get length(): number {
    return this.pieces.length;
  }

  /** Returns the text of a column. */
  at(column: number): string {
    return this.pieces[column].at(this.line);
  }
}

/** Numbers, of which nobody knows how many there will be. */
export class NumberList {
  #numbers = new Uint32Array(256);
  #length = 0;

  /** How many there are. */
  get length(): number {
    return this.#length;
  }

  /** Adds one of 0 to 2^32 - 1. */
  push(number: number): void {
    if (this.#length === this.#numbers.length) {
      const numbers = new Uint32Array(this.#length * 2);
      numbers.set(this.#numbers);
      this.#numbers = numbers;
    }
    this.#numbers[this.#length++] = number;
  }

  /** Returns the number at a place, which must be in range. */
  at(place: number): number {
    return this.#numbers[place];
  }

  /** Replaces the number at a place, which must be in range. */
  set(place: number, number: number): void {
    this.#numbers[place] = number;
  }

  /** Returns all of them. */
  toArray(): Uint32Array {
    return this.#numbers.slice(0, this.#length);
  }
}

/** A column: at each place a line of some `TextLines`, something else, or nothing yet. */
export class TextColumn<T = never> {
  /** Number of places. */
  readonly length: number;
  readonly #pieces: TextLines[] = [];
  /** By place: number of the piece + 1; 0 if nothing is there, or something else. */
  readonly #piece: Uint32Array;
  /** By place: line of the piece. */
  readonly #line: Uint32Array;
  /** By place, what is no line of a piece; made when there is something. */
  #others: (string | T | undefined)[] | undefined;

  /** @param length Number of places. */
  constructor(length: number) {
    this.length = length;
    this.#piece = new Uint32Array(length);
    this.#line = new Uint32Array(length);
  }

  /** Returns what is at a place, if anything is. */
  at(place: number): string | T | undefined {
    const piece = this.#piece[place];
    return piece > 0 ? this.#pieces[piece - 1].at(this.#line[place]) : this.#others?.[place];
  }

  /** Puts a line at a place. Fast if the piece is the one that was used last. */
  place(place: number, piece: TextLines, line: number): void {
    if (this.#pieces.at(-1) !== piece) this.#pieces.push(piece);
    this.#piece[place] = this.#pieces.length;
    this.#line[place] = line;
  }

  /** Puts something at a place. */
  set(place: number, item: string | T): void {
    this.#others ??= new Array(this.length);
    this.#others[place] = item;
    this.#piece[place] = 0;
  }

  /** Whether something is at every place, and all of it texts. */
  get isText(): boolean {
    for (let place = 0; place < this.length; place++) {
      if (this.#piece[place] === 0 && typeof this.#others?.[place] !== "string") return false;
    }
    return true;
  }
}
