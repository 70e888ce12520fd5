/** Tests of map plans, against nested loops that know no index arithmetic. */

import fc from "fast-check";
import { outputShape, planMap, planOutput, shapeOf } from "../../core/mapplan.ts";
import { type MapSpec, parseMapSpec } from "../../core/mapspec.ts";
import type { Projection } from "../../core/base/space.ts";
import { assertEquals, assertOk } from "../testing/assert.ts";

function spec(text: string): MapSpec {
  const result = parseMapSpec(text);
  assertOk(result.ok, result.ok ? "" : result.message);
  return result.spec;
}

/** Lists the points of a projection for one source point. */
function points(projection: Projection, linear: number): number[] {
  const first = projection.first(linear);
  return Array.from({ length: projection.count }, (_, k) => first + projection.offset(k));
}

/** All assignments of indices to axes, in row-major order: the oracle's nested loops. */
function assignments(
  axes: readonly string[],
  lengths: Readonly<Record<string, number>>,
): Record<string, number>[] {
  if (axes.length === 0) return [{}];
  const [axis, ...rest] = axes;
  return Array.from({ length: lengths[axis] }, (_, value) => value)
    .flatMap((value) => assignments(rest, lengths).map((tail) => ({ [axis]: value, ...tail })));
}

/** Runs a map over arrays whose elements are their own linear index. */
function runMap(text: string, shapes: Record<string, number[]>): number[][][] {
  const plan = planMap(spec(text), shapes);
  assertOk(plan.ok, plan.ok ? "" : plan.message);
  return Array.from(
    { length: plan.callCount },
    (_, call) => plan.inputs.map((input) => points(input.select, call)),
  );
}

Deno.test("planMap() zips, crosses, slices and transposes", () => {
  assertEquals(runMap("x[i], y[i] -> z[i]", { x: [2], y: [2] }), [[[0], [0]], [[1], [1]]]);
  assertEquals(runMap("x[i], y[j] -> z[j, i]", { x: [2], y: [2] }), [
    [[0], [0]],
    [[1], [0]],
    [[0], [1]],
    [[1], [1]],
  ]);
  assertEquals(runMap("y[i, :] -> s[i]", { y: [2, 3] }), [[[0, 1, 2]], [[3, 4, 5]]]);
  assertEquals(runMap("y[:, j] -> s[j]", { y: [2, 3] }), [[[0, 3]], [[1, 4]], [[2, 5]]]);
  assertEquals(runMap("z[:, j, :] -> r[j]", { z: [2, 2, 2] }), [[[0, 1, 4, 5]], [[2, 3, 6, 7]]]);
});

Deno.test("planMap() makes one call without mapped axes and none over an empty array", () => {
  assertEquals(runMap("... -> x[i]", {}), [[]]);
  assertEquals(runMap("x[:] -> y[k]", { x: [3] }), [[[0, 1, 2]]]);
  assertEquals(runMap("x[i] -> y[i]", { x: [0] }), []);
});

Deno.test("planMap() names both arrays of a zip that does not fit", () => {
  const result = planMap(spec("x[i], y[i] -> z[i]"), { x: [3], y: [2] });
  assertOk(!result.ok);
  assertEquals(
    result.message,
    'Cannot zip "x" and "y" along axis "i": "x" has length 3, "y" has length 2',
  );
  assertEquals(result.inputs, ["x", "y"]);
});

Deno.test("planMap() lets other arrays say what an empty one does not of its further axes", () => {
  const plan = planMap(spec("z[i, j], y[j] -> w[i, j]"), { z: [0, undefined], y: [2] });
  assertOk(plan.ok, plan.ok ? "" : plan.message);
  assertEquals([plan.calls.shape, plan.inputs[0].space.shape], [[0, 2], [0, 2]]);
});

Deno.test("planMap() refuses a wrong rank", () => {
  const cases: readonly (readonly [Record<string, number[]>, string])[] = [
    [{ x: [3] }, "it has shape [3]"],
    [{ x: [] }, "it is no array"],
    [{}, "its shape is not known"],
  ];
  for (const [shapes, state] of cases) {
    const result = planMap(spec("x[i, j] -> y[i, j]"), shapes);
    assertOk(!result.ok);
    assertEquals(result.message, `Cannot map over "x[i, j]", an array of rank 2: ${state}`);
  }
});

Deno.test("outputShape() needs the lengths of generated axes", () => {
  assertEquals(outputShape(spec("b[i] -> c[j, i]"), { b: [2] }, { j: 5 }), {
    ok: true,
    shape: [5, 2],
  });
  const missing = outputShape(spec("b[i] -> c[i, j]"), { b: [2] });
  assertOk(!missing.ok);
  assertEquals(
    missing.message,
    'Cannot tell the shape of "c": the length of generated axis "j" is not known',
  );
});

Deno.test("outputShape() refuses more elements than numbers can count", () => {
  const shape = { x: [2 ** 30], y: [2 ** 30] };
  const result = outputShape(spec("x[i], y[j] -> z[i, j]"), shape);
  assertOk(!result.ok);
  assertEquals(result.inputs, []);
});

Deno.test("planOutput() gives each call its block of the output", () => {
  const parsed = spec("b[i] -> c[j, i]");
  const plan = planMap(parsed, { b: [2] });
  assertOk(plan.ok);
  const output = planOutput(parsed, plan.calls, { j: 3 });
  assertOk(output.ok);
  assertEquals([points(output.block, 0), points(output.block, 1)], [[0, 2, 4], [1, 3, 5]]);
  assertEquals([0, 1, 2, 3, 4, 5].map((e) => points(output.call, e)), [[0], [1], [0], [1], [0], [
    1,
  ]]);
});

Deno.test("planMap() indexes 10^12 elements by arithmetic", () => {
  const plan = planMap(spec("x[i], y[j] -> z[i, j]"), { x: [1e6], y: [1e6] });
  assertOk(plan.ok);
  assertEquals(plan.callCount, 1e12);
  assertEquals(plan.inputs.map((i) => i.select.first(1e12 - 1)), [1e6 - 1, 1e6 - 1]);
  assertEquals(plan.inputs.map((i) => i.select.first(3_000_007)), [3, 7]);
  assertEquals(plan.inputs[0].dependents.first(3), 3_000_000);
  assertEquals(plan.inputs.map((i) => i.dependents.step), [1, 1e6]);
});

Deno.test("planMap() agrees with nested loops in both directions", () => {
  const names = ["i", "j", "k"];
  const model = fc.record({
    out: fc.shuffledSubarray(names, { minLength: 1 }),
    picks: fc.array(
      fc.shuffledSubarray(["i", "j", "k", ":a", ":b"], { minLength: 1, maxLength: 4 }),
      {
        maxLength: 3,
      },
    ),
    lengths: fc.record(
      Object.fromEntries(["i", "j", "k", ":a", ":b"].map((axis) => [axis, fc.nat(3)])),
    ),
  });
  fc.assert(
    fc.property(model, ({ out, picks, lengths }) => {
      const inputs = picks.map((pick) => pick.filter((a) => a[0] === ":" || out.includes(a)))
        .filter((pick) => pick.length > 0);
      const left = inputs.map((axes, n) => `a${n}[${axes.map((a) => a[0] === ":" ? ":" : a)}]`);
      const parsed = spec(`${left.join(", ") || "..."} -> out[${out.join(", ")}]`);
      const shapes = Object.fromEntries(
        inputs.map((axes, n) => [`a${n}`, axes.map((a) => lengths[a])]),
      );
      const plan = planMap(parsed, shapes);
      assertOk(plan.ok);
      const output = planOutput(parsed, plan.calls, lengths);
      assertOk(output.ok);

      const calls = assignments(parsed.mapped, lengths);
      assertEquals(plan.callCount, calls.length);
      const agrees = (a: Record<string, number>, b: Record<string, number>) =>
        Object.keys(a).every((axis) => !(axis in b) || a[axis] === b[axis]);
      const indices = (all: Record<string, number>[], one: Record<string, number>) =>
        all.flatMap((other, at) => agrees(other, one) ? [at] : []);

      inputs.forEach((axes, n) => {
        const elements = assignments(axes, lengths);
        const { select, dependents } = plan.inputs[n];
        calls.forEach((call, c) => assertEquals(points(select, c), indices(elements, call)));
        elements.forEach((e, at) => assertEquals(points(dependents, at), indices(calls, e)));
      });
      const cells = assignments(out, lengths);
      calls.forEach((call, c) => assertEquals(points(output.block, c), indices(cells, call)));
      cells.forEach((cell, at) => assertEquals(points(output.call, at), indices(calls, cell)));
    }),
    { numRuns: 300 },
  );
});

Deno.test("shapeOf() measures nested and typed arrays down to a rank", () => {
  const cases: readonly (readonly [unknown, number, (number | undefined)[]])[] = [
    [[1, 2, 3], 1, [3]],
    [[[1], [2, 3]], 1, [2]],
    [[[1, 2, 3], [4, 5, 6]], 2, [2, 3]],
    [[[[1], [2]], [[3], [4]]], 3, [2, 2, 1]],
    [[], 2, [0, undefined]],
    [[[], []], 3, [2, 0, undefined]],
    [new Float64Array(4), 1, [4]],
    [[new Uint8Array(2), new Uint8Array(2)], 2, [2, 2]],
  ];
  for (const [value, rank, shape] of cases) {
    assertEquals(shapeOf(value, rank, "x"), { ok: true, shape });
  }
});

Deno.test("shapeOf() says what is no array and what is ragged", () => {
  const cases: readonly (readonly [unknown, number, string])[] = [
    [3, 1, "it is a number, not an array"],
    ["abc", 1, "it is a string, not an array"],
    [null, 1, "it is null, not an array"],
    [{ a: 1 }, 1, "it is an object, not an array"],
    [[1, 2], 2, "at depth 1 there is a number, not an array"],
    [[[1], [2, 3]], 2, "its rows have different lengths, 1 and 2"],
  ];
  for (const [value, rank, state] of cases) {
    const result = shapeOf(value, rank, "x");
    assertOk(!result.ok);
    assertEquals(result.message, `Cannot map over "x": ${state}`);
  }
});
