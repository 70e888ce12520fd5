/**
 * The module closure of a function node as data: every module it can load, already stripped of types.
 * Made by `code/`, kept as a blob, served by the worker's boot. Does not know how it is made or served.
 *
 * @module
 */

/** All modules reachable from one entry module, by URL. */
export interface ClosureBundle {
  readonly version: 1;
  /** `file:` URL of the entry module. */
  readonly entry: string;
  /** Local modules by `file:` URL: JavaScript after type stripping, or the raw text of JSON and text imports. */
  readonly modules: Readonly<Record<string, ClosureModule>>;
  /**
   * How each specifier of each local module resolves: URL of the importing module -> specifier as written ->
   * `file:` URL of another module here, `node:…`, or `npm:name@exact.version/sub`.
   */
  readonly imports: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** All `npm:` targets of `imports`, sorted: the boot imports them statically. */
  readonly npm: readonly string[];
  /**
   * The npm packages of the closure with all they depend on, as `npm:name@exact.version`, each behind what it depends on:
   * Deno chooses the newest version for a range unless it has met one that fits, and the key counts the lock's.
   */
  readonly packages: readonly string[];
}

/** One module of a closure. */
export interface ClosureModule {
  readonly format: "module" | "json" | "text";
  readonly source: string;
}
