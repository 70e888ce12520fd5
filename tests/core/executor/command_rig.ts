/** A workspace with a store, and commands to run in it, for the tests of the command executor. Knows nothing of graphs. */

import type {
  Action,
  ActionInput,
  ActionOutput,
  Completion,
  OutputResult,
  RunWork,
} from "../../../core/action.ts";
import { digestOf } from "../../../core/base/digest.ts";
import { CommandExecutor, type CommandExecutorOptions } from "../../../core/executor/command.ts";
import { Blobs } from "../../../core/store/blobs.ts";
import { assertOk } from "../../testing/assert.ts";

/** What a test says of an action; the rest has defaults. */
export interface Wanted extends Partial<Omit<Action, "work" | "id">> {
  readonly work: Partial<RunWork>;
}

/** An input that is a file. */
export type FileInput = ActionInput & { readonly kind: "file" | "dir" };

export type Done = Completion & { readonly kind: "done" };
export type Failed = Completion & { readonly kind: "failed" };

/** A temporary workflow directory with an executor. */
export class CommandRig implements AsyncDisposable {
  readonly root = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "flow-command-" }));
  readonly dir = `${this.root}/wf`;
  readonly blobs = new Blobs(`${this.dir}/.pipecache`);
  readonly executor: CommandExecutor;
  #lastId = 0;

  constructor(options: Partial<CommandExecutorOptions> = {}) {
    Deno.mkdirSync(this.dir);
    this.executor = new CommandExecutor({ blobs: this.blobs, ...options });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.executor[Symbol.asyncDispose]();
    Deno.removeSync(this.root, { recursive: true });
  }

  /** Writes a file of the workspace and returns it as an input. */
  file(name: string, content: string | Uint8Array = ""): FileInput {
    const path = `${this.dir}/${name}`;
    Deno.mkdirSync(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    Deno.writeFileSync(path, bytes);
    return { name: "x", kind: "file", digest: digestOf(bytes), path };
  }

  action({ work, ...rest }: Wanted): Action {
    const id = ++this.#lastId;
    return {
      id,
      node: "node",
      attempt: 1,
      inputs: [],
      outputs: [],
      scope: { read: [], write: [], net: [], sys: [], ffi: [], import: [] },
      env: {},
      isolate: "pooled",
      privateDir: `${this.dir}/.pipecache/tmp/a${id}`,
      logPath: `${this.dir}/.pipecache/runs/1/${id}`,
      work: {
        kind: "run",
        cwd: this.dir,
        workflowDir: this.dir,
        okCodes: [0],
        params: {},
        sandbox: "off",
        ...work,
      },
      ...rest,
    };
  }

  start(action: Action): Promise<Completion> {
    return new Promise((resolve) => this.executor.submit([action], resolve));
  }

  run(wanted: Wanted): Promise<Completion> {
    return this.start(this.action(wanted));
  }

  async done(wanted: Wanted): Promise<Done> {
    const completion = await this.run(wanted);
    assertOk(completion.kind === "done", JSON.stringify(completion, null, 2));
    return completion;
  }

  async failed(wanted: Wanted): Promise<Failed> {
    const completion = await this.run(wanted);
    assertOk(completion.kind === "failed", JSON.stringify(completion, null, 2));
    return completion;
  }

  /** Returns the text of a stored output. */
  text(output: OutputResult): string {
    return output.text ?? new TextDecoder().decode(this.blobs.read(output.digest));
  }

  /** Returns private directories that are not empty. Empty ones serve the next commands. */
  leftovers(): string[] {
    const dir = `${this.dir}/.pipecache/tmp`;
    try {
      return [...Deno.readDirSync(dir)].map(({ name }) => name)
        .filter((name) => [...Deno.readDirSync(`${dir}/${name}`)].length > 0);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return [];
      throw error;
    }
  }
}

/** Returns an input that holds a plain value. */
export function valueInput(name: string, value: unknown): ActionInput {
  const text = JSON.stringify(value);
  return { name, kind: "value", digest: digestOf(text), text };
}

export function fileOutput(name: string, allowEmpty = false): ActionOutput {
  return { name, kind: "file", fileName: `${name}.txt`, allowEmpty };
}

export function valueOutput(name: string): ActionOutput {
  return { name, kind: "value", allowEmpty: false };
}

/** Waits for a condition that another process brings about. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`Gave up waiting: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Tells whether a process exists and is not a zombie. */
export function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(Deno.readTextFileSync(`/proc/${pid}/status`));
  } catch {
    return false;
  }
}

/** Returns the pids a command wrote into a file, one per line, once there are so many. */
export async function pidsIn(path: string, count: number): Promise<number[]> {
  let pids: number[] = [];
  await until(() => {
    try {
      pids = Deno.readTextFileSync(path).split("\n").slice(0, -1).map(Number);
    } catch {
      return false;
    }
    return pids.length >= count;
  }, `${count} pids in ${path}`);
  return pids;
}
