/**
 * A set of texts that numbers them. Knows nothing of what they mean.
 *
 * Why not a `Map`: after a million texts of digits had been looked up in one, look-ups of new texts cost 44 µs each, growing
 * with their number; before that 2 to 3 µs (both on a loaded machine, Deno 2.9). The likely cause, not proven: V8 makes keys
 * unique in one table of the process and hashes texts of digits by their value, so they cluster.
 *
 * @module
 */

/** Places at first; a power of two. */
const FIRST_PLACES = 1024;

/** Texts, numbered from 0 in the order they were added. */
export class StringTable {
  /** By place: the hash of a text, and its number + 1, or 0 if there is none. Side by side, because memory is what costs. */
  #places: Int32Array;
  #size = 0;
  readonly #textOf: (number: number) => string;
  readonly #texts: string[] | undefined;

  /**
   * @param textOf Returns a text by its number, if somebody else keeps them: must know one as soon as it was added.
   * @param expected How many texts there will be; if it is known nothing need grow.
   */
  constructor(textOf?: (number: number) => string, expected = 0) {
    let places = FIRST_PLACES;
    while (places < expected * 2) places *= 2;
    this.#places = new Int32Array(places * 2);
    const texts: string[] = [];
    this.#texts = textOf === undefined ? texts : undefined;
    this.#textOf = textOf ?? ((number) => texts[number]);
  }

  /** Number of texts. */
  get size(): number {
    return this.#size;
  }

  /**
   * Returns the number of a text and adds it if it is new; it is new if the number is what `size` was before.
   *
   * @example
   * ```ts
   * import { assertEquals } from "../../tests/testing/assert.ts";
   * import { StringTable } from "./string_table.ts";
   *
   * const table = new StringTable();
   * assertEquals(["a", "b", "a"].map((text) => table.add(text)), [0, 1, 0]);
   * assertEquals([table.find("b"), table.find("c")], [1, -1]);
   * ```
   */
  add(text: string): number {
    const hash = hashOf(text);
    const place = this.#placeOf(text, hash);
    const found = this.#places[place + 1];
    if (found > 0) return found - 1;
    this.#places[place] = hash;
    this.#places[place + 1] = ++this.#size;
    this.#texts?.push(text);
    // At most half full, so that walks are short.
    if (this.#size * 4 > this.#places.length) this.#grow();
    return this.#size - 1;
  }

  /** Returns the number of a text, or -1 if it was not added. */
  find(text: string): number {
    return this.#places[this.#placeOf(text, hashOf(text)) + 1] - 1;
  }

  /** The place a text is at, or the free one it would be at. */
  #placeOf(text: string, hash: number): number {
    const places = this.#places;
    const mask = places.length - 1;
    let place = (hash << 1) & mask;
    for (let found = places[place + 1]; found > 0; found = places[place + 1]) {
      if (places[place] === hash && this.#textOf(found - 1) === text) break;
      place = (place + 2) & mask;
    }
    return place;
  }

  #grow(): void {
    const before = this.#places;
    const places = this.#places = new Int32Array(before.length * 2);
    const mask = places.length - 1;
    for (let at = 0; at < before.length; at += 2) {
      if (before[at + 1] === 0) continue;
      let place = (before[at] << 1) & mask;
      while (places[place + 1] > 0) place = (place + 2) & mask;
      places[place] = before[at];
      places[place + 1] = before[at + 1];
    }
  }
}

/** Mixes the code units by multiplication (Knuth, TAOCP 3, 6.4). */
function hashOf(text: string): number {
  let hash = text.length;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  return hash | 0;
}
