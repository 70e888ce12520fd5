/**
 * Runs every example of `workflows/` through the command line and compares what it makes with `expected/`:
 * files in `expected/out/` with the published ones, `expected/NAME.*` with the output NAME.
 */

import { basename, join } from "node:path";
import { Buffer } from "node:buffer";
import { gunzipSync } from "node:zlib";
import { assertEquals, assertOk } from "../testing/assert.ts";
import { copyExample, EXAMPLES, filesBelow } from "../testing/example.ts";

const ROOT = join(import.meta.dirname ?? "", "../..");

/** What a command left behind. */
interface Result {
  readonly code: number;
  readonly stdout: Uint8Array;
  readonly stderr: string;
}

/** Runs `flow` from source; nothing of it is in the directory it runs in. */
async function flow(dir: string, ...args: readonly string[]): Promise<Result> {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-prompt", "--quiet", join(ROOT, "cli/main.ts"), ...args],
    cwd: dir,
    env: { NO_COLOR: "1" },
    stdin: "null",
  });
  const { code, stdout, stderr } = await command.output();
  return { code, stdout, stderr: new TextDecoder().decode(stderr) };
}

/** Runs `flow` and fails with its messages if it does. */
async function flowOk(dir: string, ...args: readonly string[]): Promise<Uint8Array> {
  const { code, stdout, stderr } = await flow(dir, ...args);
  const text = new TextDecoder().decode(stdout);
  assertEquals(code, 0, `flow ${args.join(" ")} exited with ${code}\n${text}${stderr}`);
  return stdout;
}

/** Lists the files of a directory, sorted, without those of its subdirectories. */
function filesOf(dir: string): string[] {
  try {
    return [...Deno.readDirSync(dir)].filter((e) => e.isFile).map((e) => e.name).sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** Fails unless two contents are the same; compressed ones are compared unpacked, as gzip is not ours. */
function assertSameBytes(name: string, actual: Uint8Array, expected: Uint8Array): void {
  const unpack = (bytes: Uint8Array): Uint8Array =>
    name.endsWith(".gz") ? gunzipSync(bytes) : bytes;
  const [got, wanted] = [unpack(actual), unpack(expected)];
  const decoder = new TextDecoder();
  if (!name.endsWith(".gz")) assertEquals(decoder.decode(got), decoder.decode(wanted), name);
  assertOk(Buffer.from(got).equals(wanted), `${name} differs`);
}

/** Compares published files and printed outputs with what is expected; returns how many there were. */
async function compareOutputs(dir: string, expected: string): Promise<number> {
  const published = filesBelow(join(expected, "out"));
  for (const file of published) {
    const actual = Deno.readFileSync(join(dir, "out", file));
    assertSameBytes(file, actual, Deno.readFileSync(join(expected, "out", file)));
  }
  const values = filesOf(expected);
  for (const file of values) {
    const actual = await flowOk(dir, "run", "--quiet", "--output", file.replace(/\..*$/, ""));
    assertSameBytes(file, actual, Deno.readFileSync(join(expected, file)));
  }
  return published.length + values.length;
}

/** Returns the types of the events a run prints. */
async function eventTypes(dir: string): Promise<string[]> {
  const text = new TextDecoder().decode(await flowOk(dir, "run", "--json"));
  return text.trimEnd().split("\n").map((line) => (JSON.parse(line) as { type: string }).type);
}

for (const entry of [...Deno.readDirSync(EXAMPLES)].sort((a, b) => a.name < b.name ? -1 : 1)) {
  const example = join(EXAMPLES, entry.name);
  const expected = join(example, "expected");
  if (!entry.isDirectory || !filesOf(example).includes("workflow.yaml")) continue;

  Deno.test(`flow run makes what workflows/${basename(example)} promises, once`, async () => {
    const dir = Deno.makeTempDirSync({ prefix: "flow-example-" });
    try {
      copyExample(example, dir);
      await flowOk(dir, "run");
      assertOk(await compareOutputs(dir, expected) > 0, "nothing is expected");

      const again = await eventTypes(dir);
      const others = again.filter((type) => type !== "hit" && type !== "expanded");
      assertEquals(others, ["begin", "end"]);

      // A lost output comes back from the store, and nothing runs for it.
      const [lost] = filesBelow(join(expected, "out"));
      if (lost === undefined) return;
      Deno.removeSync(join(dir, "out", lost));
      assertEquals((await eventTypes(dir)).includes("started"), false);
      await compareOutputs(dir, expected);
    } finally {
      Deno.removeSync(dir, { recursive: true });
    }
  });
}
