/**
 * pipefunc's own cases through the command line: each is made a workflow and a module, is run, and must give the value that
 * pipefunc gives, or an error of the same kind. Where flow differs on purpose, tables say how and why.
 */

import { assertEquals, assertIncludes, assertOk } from "../testing/assert.ts";
import { isError } from "../../core/mod.ts";
import { CaseRunner } from "../testing/case_runner.ts";
import {
  type Case,
  type CaseCall,
  CASES,
  COLLECTED,
  filesOf,
  inputArguments,
  nameOf,
  outputsOf,
} from "../testing/pipefunc_case.ts";
import { eventsOf, failureOf, TestSpace } from "../testing/space.ts";

/** What flow says where pipefunc throws: exit code 2 before anything runs, 1 if a node failed. */
const ERRORS: Readonly<Record<string, readonly [code: 1 | 2, says: string]>> = {
  R07: [2, 'Missing input "a"'],
  R08: [2, 'Unknown input "zz"'],
  R11: [2, "workflow.yaml:2:3: Cannot order the nodes: they form a cycle: a -> b -> a"],
  R13: [2, 'workflow.yaml:6:3: Duplicate key "a"'],
  R22: [2, 'Cannot set input "foo.a" twice: alone and in "foo"'],
  M33: [2, 'Cannot select along axis "i": node "sum" takes all of "y" along it'],
  M34: [2, 'Cannot select "i=7": the axis has 3 positions, 0 to 2'],
  M37: [2, 'Missing input "x"'],
  M39: [2, 'Cannot zip "x" and "y" along axis "i": "x" has length 3, "y" has length 2'],
  M40: [2, 'Cannot map over "x": it is a number, not an array'],
  M42: [2, 'Cannot read map-spec "x[i] -> z[:]": output "z" has ":"'],
  M43: [2, 'outputs "p" and "q" have different axes'],
  M45: [2, 'Cannot read map-spec "x[i]": it has no "->"'],
  M46: [2, 'Cannot find "w" of the map-spec among the inputs of node "z"'],
  M48: [2, 'Cannot use axis "j" for "y" in node "z": it is called "i", "y[i]" in node "y"'],
  M49: [2, 'Cannot map over "y[i, j]" in node "z": the array has 1 axis, "y[i]" in node "y"'],
  E07: [1, "1 of 5 calls failed"],
};

/** Cases whose values differ. */
const VALUES: Readonly<
  Record<string, { readonly why: string; readonly outputs: Readonly<Record<string, unknown>> }>
> = {
  M30: {
    why:
      "an added axis stands in front: every element is a whole result of the workflow, and arrays " +
      "whose lengths differ along a generated axis stay possible",
    outputs: {
      x: [0, 1, 2, 3],
      y: [[1, 2, 3, 4], [2, 3, 4, 5]],
      sum: [10, 14],
    },
  },
};

/** Cases that pipefunc refuses and flow does not. */
const ACCEPTED: Readonly<Record<string, string>> = {
  R14: "a default of a function belongs to the function; one for all is the default of the input",
};

/**
 * Cases of failures that are handed on as values. Without that a failed call fails its node, the other calls are kept, and
 * what needs the node is skipped: [hit, done, failed] of the calls of `node`, what it says, and the nodes that were skipped.
 */
const FAILURES: Readonly<
  Record<
    string,
    {
      readonly node: string;
      readonly calls?: readonly [hit: number, done: number, failed: number];
      readonly says: string;
      readonly skipped: readonly string[];
      readonly done?: readonly string[];
    }
  >
> = {
  E01: { node: "y", calls: [0, 4, 1], says: "y[2]: bad 3", skipped: [] },
  E03: { node: "y", calls: [0, 4, 1], says: "y[2]: bad 3", skipped: ["sum"] },
  E04: { node: "m", calls: [0, 8, 1], says: "m[1,1]: boom", skipped: ["r", "t"] },
  E06: { node: "c", says: "div", skipped: ["d"], done: ["ok"] },
  E07: { node: "y", calls: [0, 4, 1], says: "y[2]: bad 3", skipped: ["sum"] },
  E09: { node: "y", calls: [0, 1, 1], says: "y[1]: bad 3", skipped: ["w"] },
  E10: { node: "x", calls: [0, 0, 1], says: "div", skipped: ["y"] },
};

/**
 * The same cases with `onError: continue` where calls fail. pipefunc skips by itself who would take an array with error values
 * in it. In flow who wants such an array says so, and everybody else fails with the root causes: what a function that does not
 * expect error values makes of them looks like a result. So the nodes behind are `refused`, with what they say.
 */
const HANDED_ON: Readonly<
  Record<
    string,
    {
      /** Nodes whose failures are handed on. */
      readonly nodes: readonly string[];
      /** Nodes that will not take error values, and what they say; `null` of those that wait for one. */
      readonly refused: Readonly<Record<string, string | null>>;
      /** Values that differ from pipefunc's, and why. */
      readonly values?: Readonly<Record<string, unknown>>;
    }
  >
> = {
  E01: { nodes: ["y"], refused: {} },
  E03: {
    nodes: ["y"],
    refused: { sum: 'Cannot use input "y": it holds error values, from y[2] (bad 3)' },
  },
  E04: {
    nodes: ["m"],
    refused: {
      r: "1 of 3 calls failed:\n  r[1]: Cannot use error values, from m[1,1] (boom)",
      t: null,
    },
    // The other rows are computed and kept: `flow show r --partial`.
    values: { r: [9, null, 27] },
  },
  E06: {
    nodes: ["c"],
    refused: { d: 'Cannot use input "c": it is an error value, from c (div)' },
    // What Python says of 1/0.
    values: { c: { $error: "div" } },
  },
  // pipefunc stops at the first failure: `continue` is asked for by nobody.
  E07: {
    nodes: ["y"],
    refused: { sum: 'Cannot use input "y": it holds error values, from y[2] (bad 3)' },
    values: { y: [2, 4, { $error: "bad 3" }, 8, 10] },
  },
  E09: { nodes: ["y"], refused: {} },
  // pipefunc cannot go on here. The length is said, so every element is there, as an error value.
  E10: {
    nodes: ["x"],
    refused: {},
    values: {
      x: [{ $error: "div" }, { $error: "div" }, { $error: "div" }],
      y: [{ $skipped: "input_is_error" }, { $skipped: "input_is_error" }, {
        $skipped: "input_is_error",
      }],
    },
  },
};

for (const item of CASES) {
  Deno.test(`${item.id}: ${item.title}`, async () => {
    if (Object.hasOwn(FAILURES, item.id)) await fails(item, FAILURES[item.id]);
    else if (Object.hasOwn(ACCEPTED, item.id)) await isAccepted(item);
    else if ("combos" in item.expect_pipefunc) await suffices(item, item.expect_pipefunc.combos);
    else if ("error" in item.expect_pipefunc) await isRefused(item);
    else await gives(item);
  });
}

Deno.test("failures that are handed on leave what they leave in pipefunc", async (t) => {
  await using runner = new CaseRunner();
  for (const id of Object.keys(FAILURES)) {
    const item = CASES.find((one) => one.id === id);
    assertOk(item);
    await t.step(`${id}: ${item.title}`, () => handsOn(runner, item));
  }
});

Deno.test("with onError: skip failures leave the values of pipefunc", async (t) => {
  await using runner = new CaseRunner();
  for (const id of Object.keys(FAILURES)) {
    const item = CASES.find((one) => one.id === id);
    assertOk(item);
    await t.step(`${id}: ${item.title}`, () => skips(runner, item));
  }
});

Deno.test("every case that pipefunc refuses has its words", () => {
  const refused = CASES.filter(({ expect_pipefunc }) => "error" in expect_pipefunc)
    .map(({ id }) => id);
  const known = [...Object.keys(ERRORS), ...Object.keys(ACCEPTED), ...Object.keys(FAILURES)];
  assertEquals(refused.filter((id) => !known.includes(id)), []);
});

/** Runs a case that gives values, and compares all of them. */
async function gives(item: Case): Promise<void> {
  const wanted = wantedOf(item);
  const { call } = item;
  const names = Object.keys(wanted);
  // A node that collects the results would be a node behind them: it would be mapped, or need what was not selected.
  const isBare = call.kind === "map" && (call.add_axis ?? call.fixed) !== undefined;
  const collected = isBare || names.some((name) => name.includes(".")) ? [] : names;
  using space = new TestSpace(filesOf(item, collected));
  const args = argumentsOf(call);
  if (collected.length > 0) {
    assertEquals(JSON.parse(await printed(space, "run", ...args, ...COLLECTED)), wanted);
    return;
  }
  for (const [name, value] of Object.entries(wanted)) {
    assertEquals(JSON.parse(await printed(space, "run", ...args, "--output", name)), value);
  }
}

/** Values by output. */
function wantedOf(
  { id, call, expect_pipefunc: expected }: Case,
): Readonly<Record<string, unknown>> {
  if (Object.hasOwn(VALUES, id)) return VALUES[id].outputs;
  if ("outputs" in expected) return expected.outputs;
  assertOk("value" in expected && call.kind === "run", `${id} has no values`);
  const { output } = call;
  if (typeof output === "string") return { [output]: expected.value };
  return Object.fromEntries(output.map((name, i) => [name, (expected.value as unknown[])[i]]));
}

/** What stands on the command line. */
function argumentsOf(call: CaseCall): string[] {
  if (call.kind !== "map" && call.kind !== "run") return [];
  const added = call.kind === "map" ? call.add_axis ?? [] : [];
  const fixed = Object.entries(call.kind === "map" ? call.fixed ?? {} : {});
  return [
    ...inputArguments(call.inputs),
    ...added.flatMap(([name, axis]) => ["--map", `${name}[${axis}]`]),
    ...fixed.flatMap(([axis, part]) => ["--select", `${axis}=${part}`]),
  ];
}

async function printed(space: TestSpace, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await space.flow(...args);
  assertEquals(code, 0, stderr);
  return stdout;
}

/** Nothing runs, or a node fails, and what is wrong is said. */
async function isRefused(item: Case): Promise<void> {
  const { id, call } = item;
  const [code, says] = ERRORS[id];
  using space = new TestSpace(filesOf(item));
  const names = call.kind === "run" ? [call.output].flat() : [];
  const args = call.kind === "build" ? ["check"] : ["run", ...names, ...argumentsOf(call)];
  const result = await space.flow(...args);
  assertIncludes(result.stderr, says);
  assertEquals(result.code, code);
}

async function isAccepted(item: Case): Promise<void> {
  using space = new TestSpace(filesOf(item));
  assertIncludes((await space.flow("check")).stderr, "no problems");
}

/** Each set of inputs is enough, and of each set every one is needed. */
async function suffices(
  item: Case,
  combos: Readonly<Record<string, readonly (readonly string[])[]>>,
): Promise<void> {
  const bare = { ...item, nodes: item.nodes.map((node) => ({ ...node, defaults: {} })) };
  using space = new TestSpace(filesOf(bare));
  const values: Readonly<Record<string, number>> = { a: 2, b: 3, c: 5, d: 15, x: 1, e: 75 };
  for (const [output, sets] of Object.entries(combos)) {
    for (const names of sets) {
      const args = names.map((name) => `${name}=${values[name]}`).flatMap((text) => ["-i", text]);
      assertEquals(await printed(space, "run", ...args, "-o", output), `${values[output]}\n`);
      if (output !== "e") continue;
      const less = await space.flow("run", ...args.slice(2), "-o", output);
      assertEquals(less.code, 2);
      assertIncludes(less.stderr, "error: Missing input");
    }
  }
}

async function fails(item: Case, failure: (typeof FAILURES)[string]): Promise<void> {
  const { node, calls, says, skipped, done = [] } = failure;
  using space = new TestSpace(filesOf(item));
  const run = await space.run(...argumentsOf(item.call));
  assertEquals(run.code, 1, run.stderr);
  assertIncludes(failureOf(run, node).message, says);
  assertEquals(eventsOf(run, "skipped").map((event) => event.node).sort(), skipped);
  assertEquals(eventsOf(run, "done").map((event) => event.node), done);
  const last = eventsOf(run, "calls").filter((event) => event.node === node).at(-1);
  assertEquals<unknown>(last === undefined ? last : [last.hit, last.done, last.failed], calls);
}

/** Compares every value of a case whose failures are handed on. */
async function handsOn(runner: CaseRunner, item: Case): Promise<void> {
  const { nodes, refused, values = {} } = HANDED_ON[item.id];
  const { call, expect_pipefunc: expected } = item;
  const going = item.nodes.map((node) =>
    nodes.includes(nameOf(node)) ? { ...node, onError: "continue" as const } : node
  );
  const dir = runner.place(filesOf({ nodes: going }));
  const names = going.flatMap(outputsOf);
  const inputs = "inputs" in call ? call.inputs : {};
  const run = await runner.run(dir, { inputs, names, partial: true });
  const wanted = { ..."outputs" in expected ? expected.outputs : {}, ...values };
  const made = Object.entries(wanted).filter(([name]) => !(name in refused) || name in values);
  const got = Object.fromEntries([...run.values].map(([name, value]) => [name, told(value)]));
  assertEquals(got, Object.fromEntries(made));
  const said = eventsOf(run, "failed").filter(({ index }) => index === undefined)
    .filter(({ node }) => !nodes.includes(node)).map(({ node, message }) => [node, message]);
  const skipped = eventsOf(run, "skipped").map(({ node }) => [node, null]);
  assertEquals(Object.fromEntries([...said, ...skipped]), refused);
}

/** With `onError: skip` of all nodes every value is pipefunc's. */
async function skips(runner: CaseRunner, item: Case): Promise<void> {
  const { call, expect_pipefunc: expected } = item;
  const nodes = item.nodes.map((node) => ({ ...node, onError: "skip" as const }));
  const dir = runner.place(filesOf({ nodes }));
  const names = nodes.flatMap(outputsOf);
  const inputs = "inputs" in call ? call.inputs : {};
  const run = await runner.run(dir, { inputs, names, partial: true });
  const got = Object.fromEntries([...run.values].map(([name, value]) => [name, told(value)]));
  const { values = {} } = HANDED_ON[item.id];
  // E04: rows that can be had; E06: what is said of 1/0; E07, E10: pipefunc does not go on.
  const own = item.id === "E04" ? {} : values;
  const wanted = { ..."outputs" in expected ? expected.outputs : {}, ...own };
  for (const [name, value] of Object.entries(wanted)) assertEquals(got[name], alike(value));
}

/** pipefunc tells skipped elements from skipped arrays; here the causes say it. */
function alike(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value).replaceAll("array_contains_errors", "input_is_error"));
}

/** A value as the cases write it. */
function told(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(told);
  if (!isError(value)) return value;
  return value.reason === "skipped" ? { $skipped: "input_is_error" } : { $error: value.message };
}
