/** A directory of source files for the tests of code identity. Knows nothing of digests. */

import { dirname, join } from "node:path";
import { CodeIndex, type FunctionCode } from "../../../core/code/code.ts";
import type { AnalysisCache } from "../../../core/code/code.ts";
import type { Digest } from "../../../core/base/digest.ts";

/** File texts by relative path. */
export type Files = Readonly<Record<string, string>>;

/** A temporary directory that holds files. */
export class Fixture implements Disposable {
  /** Real path. */
  readonly dir = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "flow-code-" }));

  constructor(files: Files = {}) {
    this.write(files);
  }

  /** Writes or replaces files. */
  write(files: Files): this {
    for (const [name, text] of Object.entries(files)) {
      Deno.mkdirSync(dirname(join(this.dir, name)), { recursive: true });
      Deno.writeTextFileSync(join(this.dir, name), text);
    }
    return this;
  }

  path(name: string): string {
    return join(this.dir, name);
  }

  index(cache?: AnalysisCache): CodeIndex {
    return new CodeIndex({ rootDir: this.dir, ...(cache && { cache }) });
  }

  /** Identity of an export, read afresh. */
  code(name = "f", module = "nodes.ts"): FunctionCode {
    return this.index().functionCode(module, name);
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.dir, { recursive: true });
  }
}

/** A cache in memory that counts. */
export class MemoryCache implements AnalysisCache {
  readonly texts = new Map<Digest, string>();
  hits = 0;

  get(digest: Digest): string | undefined {
    const text = this.texts.get(digest);
    if (text !== undefined) this.hits++;
    return text;
  }

  set(digest: Digest, text: string): void {
    this.texts.set(digest, text);
  }
}
