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
  /** By place: number of the text + 1, 0 if none. */
  #places = new Int32Array(FIRST_PLACES);
  readonly #texts: string[] = [];

  /** Number of texts. */
  get size(): number {
    return this.#texts.length;
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
    const place = this.#placeOf(text);
    const found = this.#places[place];
    if (found > 0) return found - 1;
    this.#places[place] = this.#texts.push(text);
    // At most half full, so that walks are short.
    if (this.#texts.length * 2 > this.#places.length) this.#grow();
    return this.#texts.length - 1;
  }

  /** Returns the number of a text, or -1 if it was not added. */
  find(text: string): number {
    return this.#places[this.#placeOf(text)] - 1;
  }

  /** The place a text is at, or the free one it would be at. */
  #placeOf(text: string): number {
    const mask = this.#places.length - 1;
    let place = hashOf(text) & mask;
    for (let found = this.#places[place]; found > 0; found = this.#places[place]) {
      if (this.#texts[found - 1] === text) break;
      place = (place + 1) & mask;
    }
    return place;
  }

  #grow(): void {
    this.#places = new Int32Array(this.#places.length * 4);
    this.#texts.forEach((text, i) => this.#places[this.#placeOf(text)] = i + 1);
  }
}

/** Mixes the code units by multiplication (Knuth, TAOCP 3, 6.4). */
function hashOf(text: string): number {
  let hash = text.length;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  return hash >>> 0;
}
