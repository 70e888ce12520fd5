/**
 * Which exact npm package a specifier means, and a digest of everything that package is made of.
 * Reads lock files and node_modules; does not know import maps, modules or functions.
 *
 * @module
 */

import { type Digest, digestOf } from "../base/digest.ts";
import { asRecord, parseJsonc, stringMembers } from "./jsonc.ts";

/** The parts of `npm:name@range/sub`. */
export interface NpmSpecifier {
  readonly name: string;
  /** Version or range as written; `undefined` if none was. */
  readonly range?: string;
  /** Empty, or a path with its leading slash. */
  readonly sub: string;
}

/** An npm package pinned as exactly as the files on disk allow. */
export interface NpmPin {
  /** `npm:name@version`. */
  readonly id: string;
  /** Of versions and integrity of the package and all its dependencies. */
  readonly digest: Digest;
  /**
   * Ids of the package and of all its dependencies, as far as a lock says them; each behind what it depends on. Packages
   * for certain machines are left out: the others could not load them.
   */
  readonly packages: readonly string[];
}

/**
 * Splits an `npm:` specifier.
 *
 * @returns `undefined` if the text is not one.
 */
export function parseNpm(specifier: string): NpmSpecifier | undefined {
  const match = /^npm:\/?((?:@[^/@]+\/)?[^/@]+)(?:@([^/]+))?(\/.*)?$/.exec(specifier);
  if (match === null) return undefined;
  return { name: match[1], range: match[2], sub: match[3] ?? "" };
}

/** One deno.lock, version 3 to 5. */
export class Lock {
  /** `ms@^2` -> `2.1.3`, or with peers `2.1.3_react@18.0.0`. */
  readonly #versions = new Map<string, string>();
  readonly #packages: Readonly<Record<string, unknown>>;
  /** `ms` -> keys of `npm`, for dependencies that are written without version. */
  readonly #keysByName = new Map<string, string[]>();

  /** @throws {SyntaxError} If the text is not JSON. */
  constructor(text: string) {
    const root = asRecord(parseJsonc(text));
    const old = asRecord(root.packages);
    for (const [key, version] of stringMembers(root.specifiers ?? old.specifiers)) {
      const wanted = parseNpm(key);
      if (wanted === undefined) continue;
      const exact = parseNpm(version)?.range ?? version;
      this.#versions.set(`${wanted.name}@${wanted.range ?? "*"}`, exact);
    }
    this.#packages = asRecord(root.npm ?? old.npm);
    for (const key of Object.keys(this.#packages)) {
      const name = key.slice(0, key.indexOf("@", 1));
      const keys = this.#keysByName.get(name);
      if (keys === undefined) this.#keysByName.set(name, [key]);
      else keys.push(key);
    }
  }

  /** Returns the pin of a package, or `undefined` if the lock does not hold it. */
  pin(wanted: NpmSpecifier): NpmPin | undefined {
    const full = this.#versions.get(`${wanted.name}@${wanted.range ?? "*"}`) ?? wanted.range;
    if (full === undefined) return undefined;
    const key = `${wanted.name}@${full}`;
    if (!Object.hasOwn(this.#packages, key)) return undefined;
    const parts: string[] = [];
    const packages = new Set<string>();
    for (const reached of this.#dependencies(key)) {
      const { integrity, os, cpu } = asRecord(this.#packages[reached]);
      parts.push(`${reached} ${typeof integrity === "string" ? integrity : ""}`);
      if (os === undefined && cpu === undefined) packages.add(idOf(reached));
    }
    const digest = digestOf(parts.sort().join("\n"));
    return { id: idOf(key), digest, packages: [...packages] };
  }

  /** Keys of everything a package depends on, then its own; in circles somebody has to be first. */
  #dependencies(key: string, entered: Set<string> = new Set()): string[] {
    if (entered.has(key)) return [];
    entered.add(key);
    const { dependencies, optionalDependencies } = asRecord(this.#packages[key]);
    const keys = [dependencies, optionalDependencies].flatMap(dependencyTexts)
      .flatMap((text) => this.#keysOf(text));
    return [...keys.flatMap((each) => this.#dependencies(each, entered)), key];
  }

  /** Keys meant by one dependency: `ms`, `ms@2.1.3`, `alias@npm:ms@2.1.3`; several only if it is ambiguous. */
  #keysOf(text: string): readonly string[] {
    const plain = text.replace(/^.+@npm:/, "");
    if (Object.hasOwn(this.#packages, plain)) return [plain];
    return this.#keysByName.get(plain) ?? [];
  }
}

/** `ms@2.1.3_react@18.0.0` -> `npm:ms@2.1.3`: the peers are packages of their own. */
function idOf(key: string): string {
  const at = key.indexOf("@", 1);
  return `npm:${key.slice(0, at)}${key.slice(at).split("_", 1)[0]}`;
}

/** Version 4 and 5 list dependencies, version 3 maps names to keys. */
function dependencyTexts(field: unknown): readonly string[] {
  if (Array.isArray(field)) return field.filter((item) => typeof item === "string");
  return [...stringMembers(field).values()];
}

/** Returns the pin of a package without lock: by its installed version, else by the range as written. */
export function unlockedPin(wanted: NpmSpecifier, installedVersion: string | undefined): NpmPin {
  const version = installedVersion ?? wanted.range;
  const id = version === undefined ? `npm:${wanted.name}` : `npm:${wanted.name}@${version}`;
  return { id, digest: digestOf(id), packages: [] };
}
