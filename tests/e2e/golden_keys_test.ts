/**
 * The keys of one workflow with every kind of source and option, as they have always been. A key that changes makes all
 * stored results worthless: only a change of `version` in the material may do that.
 */

import { assertEquals } from "../testing/assert.ts";
import { TestSpace } from "../testing/space.ts";

const WORKFLOW = `name: keys
params: { k: 2, text: "a b", list: [1, { b: 2, a: 1 }] }
inputs:
  raw: { file: data/raw.txt }
  tree: { dir: data }
  n: { type: integer, default: 3 }
nodes:
  one: { call: nodes.ts#one, inputs: { n: n, k: params.k, list: params } }
  literal: { call: nodes.ts#one, inputs: { n: { value: { z: [1, null], a: "x" } }, k: one, list: { env: FLOW_KEY } } }
  several: { call: nodes.ts#several, inputs: { n: one }, outputs: [left, right] }
  mixed:
    call: nodes.ts#write
    inputs: { src: raw, other: { file: link.txt } }
    outputs: { made: { file: out/made.txt, allowEmpty: true }, note: }
  folder: { call: nodes.ts#folder, inputs: { all: { glob: "data/*.txt" }, d: tree }, outputs: { made_dir: { dir: out/dir } } }
  copy: { run: [cp, "\${in.src}", "\${out.copied}"], inputs: { src: made }, outputs: { copied: { file: out/copy.txt } } }
  script:
    run: printf '%s %s' \${params.text} \${in.x} > \${out.text}; echo \${in.y}
    inputs: { x: left, y: { value: 1 } }
    outputs: { text: { file: out/text.txt }, said: }
    stdout: { output: said, as: text }
    okCodes: [0, 3]
    env: { MODE: fast, SEEN: { env: FLOW_KEY } }
    sandbox: off
  tracked:
    call: nodes.ts#one
    inputs: { n: { value: 1 }, k: { value: 2 }, list: { value: [] } }
    track: [{ file: data/raw.txt }, params.k, right]
    allow: { read: [data, missing.txt], env: [FLOW_KEY], sys: [hostname] }
    after: [copy]
  reads: { run: "wc -l < \${in.d}/raw.txt", inputs: { d: made_dir }, outputs: [lines], stdout: { output: lines, as: text } }
`;

const FILES = {
  "workflow.yaml": WORKFLOW,
  "data/raw.txt": "1\n2\n3\n",
  "data/b.txt": "b\n",
  "target.txt": "linked\n",
  "nodes.ts":
    `export function one({ n, k, list }: { n: unknown; k: unknown; list: unknown }): unknown {
  return { n, k, list };
}
export function several({ n }: { n: unknown }) {
  return { left: JSON.stringify(n), right: [n] };
}
type Context = { in: Record<string, string>; out: Record<string, string> };
export function write(_: { src: string; other: string }, ctx: Context) {
  Deno.copyFileSync(ctx.in.src, ctx.out.made);
  return { note: Deno.readTextFileSync(ctx.in.other) };
}
export function folder({ all }: { all: string[]; d: string }, ctx: Context): void {
  Deno.mkdirSync(ctx.out.made_dir, { recursive: true });
  for (const [i, path] of all.entries()) Deno.copyFileSync(path, ctx.out.made_dir + "/" + ["b.txt", "raw.txt"][i]);
}
`,
};

/** First digits of the keys, by node. */
const KEYS: Readonly<Record<string, string>> = {
  copy: "1e73b73af9c1feb8",
  folder: "b35fe1d1d200bb21",
  literal: "b1cf0d0166cbcbcb",
  mixed: "69d863f425977b94",
  one: "000bcd3bf63380ee",
  reads: "d375c0becec19c92",
  script: "da8f79b7f2858c5d",
  several: "771d1536acf2e6a8",
  tracked: "377c795093502fd0",
};

Deno.test("the keys of nodes with every kind of source and option stay as they are", async () => {
  using space = new TestSpace(FILES);
  Deno.symlinkSync("target.txt", space.at("link.txt"));
  for (const what of ["done", "hit"]) {
    const live = space.start(["run", "--json"], { env: { FLOW_KEY: "secret" } });
    const { events, code, stderr } = await live.result();
    assertEquals(code, 0, stderr + JSON.stringify(events.filter(({ type }) => type === "failed")));
    const keys = events.flatMap((event) =>
      event.type === what && "key" in event ? [[event.node, event.key?.slice(0, 16)]] : []
    );
    assertEquals(Object.fromEntries(keys.sort()), KEYS, what);
  }
});
