/**
 * Random pipelines of map-specs, run in this process, against nested loops: every value, every error value with its causes, what
 * an added axis makes of all that, and that nothing runs twice.
 *
 * Run directly: `deno task oracle:maps [PIPELINES] [SEED]`. One that shows a difference is printed in its smallest form.
 */

import fc from "fast-check";
import { callName, isError } from "../../core/mod.ts";
import { assertEquals } from "../testing/assert.ts";
import { CaseRunner } from "../testing/case_runner.ts";
import { Bad, interpret } from "../testing/map_oracle.ts";
import { filesOf, outputsOf, sourceOf } from "../testing/pipefunc_case.ts";
import { helpersOf, type RandomMaps, randomMaps } from "../testing/random_maps.ts";

/** Name of the axis that is added, in front of all others. */
const ADDED = "added";

let salt = 1;

/** Runs a pipeline and compares. */
export type Check = (runner: CaseRunner, maps: RandomMaps) => Promise<void>;

/** Checks random pipelines. */
export async function checkRandomMaps(
  check: Check,
  { fails, count, seed }: {
    readonly fails: boolean;
    readonly count: number;
    readonly seed: number;
  },
): Promise<void> {
  await using runner = new CaseRunner();
  await fc.assert(
    fc.asyncProperty(randomMaps({ fails }), (maps) => check(runner, maps)),
    { seed, numRuns: count },
  );
}

/** Every value is what nested loops give; if there are no failures, a second run executes nothing. */
export async function agrees(runner: CaseRunner, maps: RandomMaps): Promise<void> {
  const { dir, helpers, names } = placed(runner, maps);
  const wanted = interpret(maps, maps.inputs, helpers);
  const run = await runner.run(dir, { inputs: maps.inputs, names });
  assertEquals(plain(run.values), plain(wanted.values));
  assertEquals(run.outcome, wanted.hasFailed ? "failed" : "ok");
  const again = await runner.run(dir, { inputs: maps.inputs, names });
  assertEquals(again.outcome, run.outcome);
  if (wanted.hasFailed) return;
  assertEquals(again.events.filter(({ type }) => type === "started"), []);
}

/** With an axis added to an input, everything behind it is what it was for each value, one after the other. */
export async function agreesAlongAxis(runner: CaseRunner, maps: RandomMaps): Promise<void> {
  const { dir, helpers, names } = placed(runner, maps);
  const [input] = Object.keys(maps.inputs);
  if (input === undefined) return;
  const values = [maps.inputs[input], raised(maps.inputs[input])];
  const wanted = values.map((value) =>
    interpret(maps, { ...maps.inputs, [input]: value }, helpers).values
  );
  const behind = new Set([input]);
  for (const node of maps.nodes) {
    if (!node.params.some((name) => behind.has(sourceOf(node, name)))) continue;
    for (const name of outputsOf(node)) behind.add(name);
  }
  const run = await runner.run(dir, {
    inputs: { ...maps.inputs, [input]: values },
    names,
    map: [`${input}[${ADDED}]`],
  });
  const stacked = names.filter((name) => wanted[0].has(name)).map((name) => {
    const each = wanted.map((one) => one.get(name));
    return [name, behind.has(name) ? each : each[0]] as const;
  });
  assertEquals(plain(run.values), plain(new Map(stacked)));
}

function placed(runner: CaseRunner, maps: RandomMaps) {
  const helpers = helpersOf(salt++);
  const names = maps.nodes.flatMap(outputsOf);
  const files = filesOf(maps, [], `import { isError } from "flow";\n${helpers}`);
  return { dir: runner.place(files), helpers, names };
}

/** Other numbers in the same arrays. */
function raised(value: unknown): unknown {
  return Array.isArray(value) ? value.map(raised) : Number(value) + 1000;
}

function plain(values: ReadonlyMap<string, unknown>): unknown {
  return Object.fromEntries([...values].map(([name, value]) => [name, plainValue(value)]));
}

function plainValue(value: unknown): unknown {
  if (value instanceof Bad) return `! ${value.causes.join(" ")}`;
  if (isError(value)) return `! ${value.causes.map((cause) => callName(cause)).sort().join(" ")}`;
  return Array.isArray(value) ? value.map(plainValue) : value;
}

if (import.meta.main) {
  const [count = 1000, seed = Date.now() % 1e6] = Deno.args.map(Number);
  for (
    const [check, fails] of [[agrees, false], [agrees, true], [agreesAlongAxis, false]] as const
  ) {
    await checkRandomMaps(check, { fails, count, seed });
    console.log(`${check.name}${fails ? ", with failures" : ""}: ${count} pipelines, seed ${seed}`);
  }
}
