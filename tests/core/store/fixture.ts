/** What the tests of the store share: temporary stores, entries, child processes. */

import { actionKey, type ActionResult, materialText } from "../../../core/action.ts";
import { type Digest, digestOf } from "../../../core/base/digest.ts";
import { type RecordEntry, Store, type StoreOptions } from "../../../core/store/store.ts";

/** A directory that is removed at the end of the scope, with stores in `<path>/.pipecache`. */
export class Workspace implements Disposable {
  readonly path = Deno.makeTempDirSync();
  readonly dir = `${this.path}/.pipecache`;
  /** Codes of the warnings of all stores opened here. */
  readonly warnings: string[] = [];
  readonly #stores: Store[] = [];

  open(options: StoreOptions = {}): Store {
    const onWarning = (code: string): void => void this.warnings.push(code);
    const store = Store.open(this.dir, { onWarning, ...options });
    this.#stores.push(store);
    return store;
  }

  write(name: string, text: string): string {
    Deno.writeTextFileSync(`${this.path}/${name}`, text);
    return `${this.path}/${name}`;
  }

  [Symbol.dispose](): void {
    for (const store of this.#stores) store.close();
    Deno.removeSync(this.path, { recursive: true });
  }
}

/** An entry with one inline value; `seed` makes the key. */
export function entryOf(seed: string, options: Partial<RecordEntry> = {}): RecordEntry {
  const text = JSON.stringify(seed);
  const material = materialText({
    version: 1,
    kind: "call",
    code: digestOf("code"),
    inputs: { x: { digest: digestOf(seed), kind: "value" } },
    outputs: { y: "value" },
    scope: {},
    env: {},
    track: {},
  });
  return {
    key: actionKey(material),
    result: resultOf([{ name: "y", kind: "value", digest: digestOf(text), sizeBytes: 8, text }]),
    node: "n",
    workflow: "w.yaml",
    materialText: material,
    ...options,
  };
}

export function resultOf(outputs: ActionResult["outputs"], run = "run-1"): ActionResult {
  return { outputs, usage: { startedAt: 1000, wallMs: 10 }, run };
}

/** An entry whose output is a blob of the store. */
export function blobEntry(store: Store, seed: string, text = seed): RecordEntry {
  const digest = store.blobs.put(new TextEncoder().encode(text));
  const outputs = [{ name: "f", kind: "file", digest, sizeBytes: text.length }] as const;
  return entryOf(seed, { result: resultOf(outputs) });
}

export function keysOf(entries: readonly RecordEntry[]): Digest[] {
  return entries.map((entry) => entry.key);
}

/** Starts `child.ts` on a store directory. */
export function spawn(dir: string, ...args: string[]): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-prompt", "--quiet", `${import.meta.dirname}/child.ts`, dir, ...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
}

/** Reads the first line a child writes. */
export async function firstLine(child: Deno.ChildProcess): Promise<string> {
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (!text.includes("\n")) {
    const { value, done } = await reader.read();
    if (done) break;
    text += value;
  }
  await reader.cancel();
  return text.split("\n", 1)[0] ?? "";
}

/** Mounting needs root and a kernel that allows it; elsewhere the test shows up as ignored. */
export function canMount(): boolean {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return false;
  const temp = Deno.makeTempDirSync();
  try {
    mountSmall(temp)[Symbol.dispose]();
    return true;
  } catch {
    return false;
  } finally {
    Deno.removeSync(temp, { recursive: true });
  }
}

/** Mounts a file system of 512 KiB below a directory; unmounted at the end of the scope. */
export function mountSmall(parent: string): { path: string } & Disposable {
  const path = `${parent}/small`;
  Deno.mkdirSync(path);
  const mount = new Deno.Command("mount", {
    args: ["-t", "tmpfs", "-o", "size=512k", "tmpfs", path],
    stderr: "null",
  }).outputSync();
  if (!mount.success) throw new Error("cannot mount");
  return {
    path,
    [Symbol.dispose]: () => {
      new Deno.Command("umount", { args: [path] }).outputSync();
    },
  };
}
