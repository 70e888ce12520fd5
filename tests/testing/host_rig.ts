/** A rig for tests of function nodes: a pool of real hosts, closures made by hand. Knows nothing of workflows. */

import type { Action, Completion } from "../../core/action.ts";
import type { Digest } from "../../core/base/digest.ts";
import { digestOf } from "../../core/base/digest.ts";
import { encodeValue } from "../../core/base/value.ts";
import type { ClosureBundle, ClosureModule } from "../../core/closure.ts";
import { HostPool } from "../../core/executor/host_pool.ts";
import { Blobs } from "../../core/store/blobs.ts";

/** Argv of a host for tests. */
export const HOST_COMMAND: readonly string[] = [
  Deno.execPath(),
  "run",
  "-A",
  "--no-prompt",
  "--quiet",
  "--unstable-worker-options",
  new URL("host_entry.ts", import.meta.url).pathname,
];

/** What a test says about an action; the rest has defaults. */
export interface ActionSketch extends Partial<Omit<Action, "work" | "scope">> {
  readonly export: string;
  readonly sh?: readonly string[] | true;
  readonly scope?: Partial<Action["scope"]>;
  /** Value inputs. */
  readonly args?: Readonly<Record<string, unknown>>;
}

/** Parts of a closure beside its entry module. */
export interface ClosureParts {
  readonly modules?: Readonly<Record<string, ClosureModule>>;
  readonly imports?: ClosureBundle["imports"];
  readonly npm?: readonly string[];
  readonly packages?: readonly string[];
}

/** A pool, a store and a closure in a temporary directory. */
export class HostRig implements AsyncDisposable {
  readonly dir: string;
  readonly blobs: Blobs;
  readonly pool: HostPool;
  #closure: Digest;
  #nextId = 1;

  /** @param source JavaScript of `nodes.ts`. */
  constructor(
    source: string,
    options: ClosureParts & { slots?: number; v8HeapMiB?: number } = {},
  ) {
    this.dir = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "flow-host-" }));
    this.blobs = new Blobs(`${this.dir}/store`);
    this.#closure = this.closure(source, options);
    this.pool = new HostPool({
      slots: options.slots ?? 1,
      command: HOST_COMMAND,
      blobsDir: `${this.dir}/store`,
      v8HeapMiB: options.v8HeapMiB ?? 256,
    });
  }

  /** Path of the module of the closure. */
  get modulePath(): string {
    return `${this.dir}/nodes.ts`;
  }

  /** Makes another source the default of `action`. */
  use(source: string, rest: ClosureParts = {}): void {
    this.#closure = this.closure(source, rest);
  }

  /** Stores a closure of one module and what else is given. */
  closure(
    source: string,
    rest: ClosureParts = {},
  ): Digest {
    const entry = `file://${this.modulePath}`;
    const bundle: ClosureBundle = {
      version: 1,
      entry,
      modules: { [entry]: { format: "module", source }, ...rest.modules },
      imports: rest.imports ?? {},
      npm: rest.npm ?? [],
      packages: rest.packages ?? [],
    };
    return this.blobs.put(new TextEncoder().encode(JSON.stringify(bundle)));
  }

  /** Makes an action. */
  action(sketch: ActionSketch, closure: Digest = this.#closure): Action {
    const id = this.#nextId++;
    const { export: name, sh = [], scope, args = {}, ...rest } = sketch;
    return {
      id,
      node: name,
      attempt: 1,
      work: {
        kind: "call",
        closure,
        module: `file://${this.modulePath}`,
        export: name,
        sh,
        workflowDir: this.dir,
      },
      inputs: Object.entries(args).map(([name, value]) => {
        const encoded = encodeValue(value);
        if (encoded.text !== undefined && encoded.text.length <= 4096) {
          return { name, kind: "value", digest: digestOf(encoded.text), text: encoded.text };
        }
        const bytes = encoded.bytes ?? new TextEncoder().encode(encoded.text);
        return { name, kind: "value", digest: this.blobs.put(bytes) };
      }),
      outputs: [{ name, kind: "value", allowEmpty: false }],
      env: {},
      isolate: "pooled",
      privateDir: `${this.dir}/tmp/${id}`,
      logPath: `${this.dir}/logs/${id}`,
      ...rest,
      scope: { read: [], write: [], net: [], sys: [], ffi: [], import: [], ...scope },
    };
  }

  /** Runs actions to their end; completions in the order of the actions. */
  async run(actions: readonly Action[]): Promise<Completion[]> {
    const done = new Map<number, Completion>();
    await new Promise<void>((resolve) => {
      this.pool.submit(actions, (completion) => {
        if (done.has(completion.id)) throw new Error(`reported twice: ${completion.id}`);
        done.set(completion.id, completion);
        if (done.size === actions.length) resolve();
      });
    });
    return actions.map(({ id }) => done.get(id)!);
  }

  /** Runs one action and returns its completion. */
  async one(sketch: ActionSketch): Promise<Completion> {
    return (await this.run([this.action(sketch)]))[0];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.pool[Symbol.asyncDispose]();
    Deno.removeSync(this.dir, { recursive: true });
  }
}

/** Short form of a completion: the texts of the outputs, or `reason: message`. */
export function gist(completion: Completion): string {
  if (completion.kind === "failed") {
    return `${completion.failure.reason}: ${completion.failure.message}`;
  }
  return completion.outputs.map(({ text, digest }) => text ?? digest).join(" ");
}
