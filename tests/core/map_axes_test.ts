/** Axes of arrays across the nodes of a workflow. Knows no file format: workflows are sketched. */

import { parseMapSpec } from "../../core/mapspec.ts";
import { assertEquals, assertOk } from "../testing/assert.ts";
import { type NodeSketch, sketchGraph } from "../testing/workflow.ts";

/** A node with a map-spec; it takes what the left side names, or other arguments. */
function mapped(text: string, takes?: NodeSketch["takes"]): NodeSketch {
  const parsed = parseMapSpec(text);
  assertOk(parsed.ok, parsed.ok ? "" : parsed.message);
  const { spec } = parsed;
  return {
    map: spec,
    takes: takes ?? spec.inputs.map(({ name }) => name),
    gives: spec.outputs.map(({ name }) => name),
  };
}

/** Messages of what is wrong. */
function problemsOf(
  nodes: Readonly<Record<string, NodeSketch>>,
  inputs: readonly string[] = [],
): string[] {
  const options = { inputs: inputs.map((name) => ({ name, kind: "value" } as const)) };
  return sketchGraph(nodes, options).diagnostics.map(({ message }) => message);
}

Deno.test("checkAxes() accepts the same names, ':' for any, and fewer axes", () => {
  const nodes = {
    z: mapped("x[i], y[j] -> z[i, j]"),
    c: mapped("z[:, j] -> c[j]"),
    r: mapped("z[i, :], w[k] -> r[i, k]"),
    s: mapped("z[i] -> s[i]"),
  };
  assertEquals(problemsOf(nodes, ["x", "y", "w"]), []);
});

Deno.test("checkAxes() finds another name, whichever node stands first", () => {
  const says = 'Cannot use axis "j" for "y" in node "z": it is called "i", "y[i]" in node "y"';
  const [y, z] = [mapped("x[i] -> y[i]"), mapped("y[j] -> z[j]")];
  assertEquals(problemsOf({ y, z }, ["x"]), [says]);
  assertEquals(problemsOf({ z, y }, ["x"]), [says]);
});

Deno.test("checkAxes() sees one array behind the names of arguments", () => {
  const nodes = {
    y: mapped("x[i] -> y[i]"),
    z: mapped("a[j] -> z[j]", { a: "y" }),
    // An argument of that name is another array.
    w: mapped("y[k] -> w[k]", { y: "x2" }),
  };
  assertEquals(problemsOf(nodes, ["x", "x2"]), [
    'Cannot use axis "j" for "y" in node "z": it is called "i", "y[i]" in node "y"',
  ]);
});

Deno.test("checkAxes() finds more axes than the node gives that makes the array", () => {
  const nodes = { y: mapped("x[i] -> y[i]"), z: mapped("y[i, j] -> z[i, j]") };
  assertEquals(problemsOf(nodes, ["x"]), [
    'Cannot map over "y[i, j]" in node "z": the array has 1 axis, "y[i]" in node "y"',
  ]);
});

Deno.test("checkAxes() lets what no map makes have any number of axes, but their names agree", () => {
  const nodes = {
    a: mapped("x[i] -> a[i]"),
    b: mapped("x[i, j] -> b[i, j]"),
    c: mapped("x[i, k] -> c[i, k]"),
  };
  assertEquals(problemsOf(nodes, ["x"]), [
    'Cannot use axis "k" for "x" in node "c": it is called "j", "x[i, j]" in node "b"',
  ]);
});

Deno.test("checkAxes() remembers a name that another map-spec left open", () => {
  const nodes = {
    c: mapped("z[:, j] -> c[j]"),
    r: mapped("z[i, :] -> r[i]"),
    s: mapped("z[k, j] -> s[k, j]"),
  };
  assertEquals(problemsOf(nodes, ["z"]), [
    'Cannot use axis "k" for "z" in node "s": it is called "i", "z[i, :]" in node "r"',
  ]);
});

Deno.test("checkAxes() lets a node take an array twice under two names of an axis", () => {
  const y = mapped("x[i] -> y[i]");
  const all = { a: "y", b: "y" };
  assertEquals(problemsOf({ y, d: mapped("a[i], b[j] -> d[i, j]", all) }, ["x"]), []);
  assertEquals(problemsOf({ y, d: mapped("a[p], b[q] -> d[p, q]", all) }, ["x"]).length, 2);
});
