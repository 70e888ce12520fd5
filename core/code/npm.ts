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
    for (const reached of this.#dependencies(key)) {
      const integrity = asRecord(this.#packages[reached]).integrity;
      parts.push(`${reached} ${typeof integrity === "string" ? integrity : ""}`);
    }
    const version = full.split("_", 1)[0];
    return { id: `npm:${wanted.name}@${version}`, digest: digestOf(parts.sort().join("\n")) };
  }

  /** Keys of a package and of everything it depends on. */
  #dependencies(key: string): ReadonlySet<string> {
    const reached = new Set<string>([key]);
    for (const current of reached) {
      const entry = asRecord(this.#packages[current]);
      for (const field of [entry.dependencies, entry.optionalDependencies]) {
        for (const text of dependencyTexts(field)) {
          for (const found of this.#keysOf(text)) reached.add(found);
        }
      }
    }
    return reached;
  }

  /** Keys meant by one dependency: `ms`, `ms@2.1.3`, `alias@npm:ms@2.1.3`; several only if it is ambiguous. */
  #keysOf(text: string): readonly string[] {
    const plain = text.replace(/^.+@npm:/, "");
    if (Object.hasOwn(this.#packages, plain)) return [plain];
    return this.#keysByName.get(plain) ?? [];
  }
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
  return { id, digest: digestOf(id) };
}
