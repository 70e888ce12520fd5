/** Tests of reading sources: what they are worth, what of the workspace is watched, and where it leads. */

import { digestOf } from "../../core/base/digest.ts";
import { buildGraph } from "../../core/graph.ts";
import { isAsWatched, Sources, type Watched } from "../../core/sources.ts";
import { assertEquals } from "../testing/assert.ts";
import { sketchWorkflow } from "../testing/workflow.ts";
import { Workspace } from "./store/fixture.ts";

/** Sources of a workflow in a workspace whose only node reads `link/x`. */
function sourcesIn(w: Workspace) {
  const workflow = sketchWorkflow(
    { node: { takes: { x: { kind: "file", path: "link/x" } } } },
    { dir: w.path },
  );
  const { graph } = buildGraph(workflow, { parametersOf: () => ({ kind: "opaque" }) });
  const { files, blobs } = w.open();
  const sources = new Sources({
    graph,
    bound: new Map(),
    files,
    blobs,
    resultOf: () => [],
    env: () => undefined,
  });
  const read = (): { digest: string; path: string; watched: Watched[] } => {
    const watched: Watched[] = [];
    const input = sources.read(graph.wires[0][0], graph.defs[0], watched);
    return input.kind === "file" ? { ...input, watched } : { digest: "", path: "", watched };
  };
  return { sources, files, read };
}

/** Writes `a/x`, `b/x` and a symlink `link` to `a`. */
function link(w: Workspace): void {
  for (const dir of ["a", "b"]) {
    Deno.mkdirSync(`${w.path}/${dir}`);
    w.write(`${dir}/x`, dir);
  }
  Deno.symlinkSync("a", `${w.path}/link`);
}

function relink(w: Workspace): void {
  Deno.removeSync(`${w.path}/link`);
  Deno.symlinkSync("b", `${w.path}/link`);
}

Deno.test("a file behind a symlink is handed on by its real path and watched by the one that was written", () => {
  using w = new Workspace();
  link(w);
  const { files, read } = sourcesIn(w);
  const { digest, path, watched } = read();
  assertEquals([digest, path], [digestOf("a"), Deno.realPathSync(`${w.path}/a/x`)]);
  assertEquals(watched.map((one) => one.path), [`${w.path}/link/x`]);
  assertEquals(watched.map((one) => isAsWatched(one, files)), [true]);
  relink(w);
  assertEquals(watched.map((one) => isAsWatched(one, files)), [false]);
});

Deno.test("preload() forgets where directories led", () => {
  using w = new Workspace();
  link(w);
  const { sources, read } = sourcesIn(w);
  assertEquals(read().digest, digestOf("a"));
  relink(w);
  sources.preload([0]);
  assertEquals(read().digest, digestOf("b"));
});
