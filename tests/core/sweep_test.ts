/** The algebra of sweeps, with the cases of pipefunc's `Sweep` as data. */

import fc from "fast-check";
import {
  type Axis,
  type Combination,
  combinationsOf,
  cross,
  distinct,
  isExcluded,
  project,
  rangeOf,
  sizeOf,
} from "../../core/sweep.ts";
import { defineWorkflow } from "../../core/load/definition.ts";
import { readYaml } from "../../core/load/yaml.ts";
import type { Json } from "../../core/workflow.ts";
import { assertEquals, assertOk } from "../testing/assert.ts";

/** A sweep as the cases have it. */
interface Spec {
  readonly items?: Readonly<Record<string, readonly number[]>>;
  readonly dims?: readonly (string | readonly string[])[];
  readonly constants?: Combination;
  readonly derivers?: Readonly<Record<string, string>>;
  readonly exclude?: string;
  readonly filter?: readonly string[];
  readonly product?: readonly Spec[];
}

interface Case {
  readonly id: string;
  readonly title: string;
  readonly spec: Spec;
  readonly expect: readonly Combination[] | number | {
    readonly error: string;
    readonly message: string;
  };
}

const CASES: readonly Case[] = JSON.parse(
  Deno.readTextFileSync(new URL("../testdata/pipefunc/sweeps.json", import.meta.url)),
);

/** Expressions of the cases, as the functions that a file would name. */
const DERIVERS: Readonly<Record<string, (values: Combination) => Json>> = {
  "a*a": ({ a }) => Number(a) * Number(a),
};
const EXCLUDES: Readonly<Record<string, (values: Combination) => boolean>> = {
  "a==1 && b==5": (values) => isExcluded(values, [{ a: 1, b: 5 }]),
  "b==4": (values) => isExcluded(values, [{ b: 4 }]),
  "c==6": (values) => isExcluded(values, [{ c: 6 }]),
  "sq>4": ({ sq }) => Number(sq) > 4,
};

/** Items without `dims` are a product; names of one dimension go together. */
function axesOf({ items = {}, dims = Object.keys(items) }: Spec): Axis[] {
  return dims.map((dim) => {
    const names = typeof dim === "string" ? [dim] : dim;
    return { values: Object.fromEntries(names.map((name) => [name, items[name]])), at: [] };
  });
}

/** The combinations of a case, made of the parts of the algebra in the order of a run. */
function combine(spec: Spec): Combination[] {
  const { product, constants = {}, derivers = {}, exclude, filter } = spec;
  if (product !== undefined) {
    return product
      .map((factor) =>
        combine("items" in factor ? factor : { items: factor as Spec["items"] } as Spec)
      )
      .reduce(cross, [{}]);
  }
  const all = combinationsOf({ axes: axesOf(spec), constants })
    .map((values) => ({
      ...values,
      ...Object.fromEntries(
        Object.entries(derivers).map(([name, text]) => [name, DERIVERS[text](values)]),
      ),
    }))
    .filter((values) => exclude === undefined || !EXCLUDES[exclude](values));
  return filter === undefined ? all : distinct(all, filter);
}

/** Cases whose answer in pipefunc is a hole; what is right. */
const RIGHT: Readonly<Record<string, readonly Combination[]>> = {
  // Every factor's own exclusion counts.
  S16: [{ a: 1, b: 3, c: 5 }, { a: 2, b: 3, c: 5 }],
};

/** Cases that are errors, as the file says them. */
const ERRORS: Readonly<Record<string, readonly [sweep: string, message: string]>> = {
  S08: [
    "{ zip: { a: [1, 2], b: [3] } }",
    'Cannot zip "b" with "a": their lists have 1 and 2 values',
  ],
  S17: ["{ product: { a: [1] }, zip: { a: [2] } }", 'Cannot sweep "a" twice'],
};

for (const { id, title, spec, expect } of CASES) {
  Deno.test(`${id} ${title}`, () => {
    if (Object.hasOwn(ERRORS, id)) {
      const [sweep, message] = ERRORS[id];
      assertEquals(problemsOf(sweep), [message]);
    } else if (typeof expect === "number") {
      assertEquals(sizeOf({ axes: axesOf(spec) }), expect);
    } else {
      assertEquals(combine(spec), RIGHT[id] ?? expect);
    }
  });
}

/** Messages about a sweep of a file with params a, b and c. */
function problemsOf(sweep: string): string[] {
  const text = `params: { a: 1, b: 2, c: 3 }\nsweeps: { s: ${sweep} }\nnodes: { n: { run: ls } }\n`;
  const { data = null, locate, written } = readYaml(text, "wf.yaml");
  return defineWorkflow({ data, locate, written, file: "/p/wf.yaml" }).diagnostics
    .map(({ message }) => message);
}

const axis = (names: string, length: { min: number; max: number }): fc.Arbitrary<Axis> =>
  fc.integer(length).chain((size) =>
    fc.record({
      values: fc.tuple(...[...names].map((name) =>
        fc.array(fc.integer(), { minLength: size, maxLength: size }).map((list) => [name, list])
      )).map(Object.fromEntries),
      at: fc.constant([]),
    })
  );

const axes = fc.tuple(
  axis("a", { min: 0, max: 4 }),
  axis("bc", { min: 1, max: 3 }),
  axis("d", { min: 1, max: 4 }),
);

Deno.test("combinationsOf() is nested loops, the last axis innermost", () => {
  fc.assert(fc.property(axes, (axes) => {
    const expected: Combination[] = [];
    const [{ values: { a } }, { values: { b, c } }, { values: { d } }] = axes;
    a.forEach((x) =>
      b.forEach((y, j) => d.forEach((z) => expected.push({ a: x, b: y, c: c[j], d: z })))
    );
    assertEquals(combinationsOf({ axes }), expected);
    assertEquals(sizeOf({ axes }), expected.length);
  }));
});

Deno.test("distinct() keeps the first of equal ones, whatever the order of keys", () => {
  fc.assert(fc.property(axes, (axes) => {
    const all = combinationsOf({ axes });
    const found = distinct(all, ["a", "d"]);
    assertEquals(found.length, new Set(all.map(({ a, d }) => `${a},${d}`)).size);
    for (const values of all) {
      const part = project(values, ["a", "d"]);
      assertOk(found.some(({ a, d }) => a === part.a && d === part.d));
    }
  }));
  assertEquals(distinct([{ x: { p: 1, q: 2 } }, { x: { q: 2, p: 1 } }]), [{ x: { p: 1, q: 2 } }]);
  assertEquals(distinct([{ x: 1 }, { x: "1" }]).length, 2);
});

Deno.test("combinationsOf() derives in order; one reference alone keeps its type", () => {
  const axes = [{ values: { n: [1, 2] }, at: [] }];
  const derived = { same: "${n}", name: "n-${same}", twice: "${name}/${name}" };
  assertEquals(combinationsOf({ axes, derived }), [
    { n: 1, same: 1, name: "n-1", twice: "n-1/n-1" },
    { n: 2, same: 2, name: "n-2", twice: "n-2/n-2" },
  ]);
});

Deno.test("combinationsOf() lets derived values replace others", () => {
  const axes = [{ values: { a: [1, 2] }, at: [] }];
  assertEquals(combinationsOf({ axes, constants: { b: 5 }, derived: { b: "b${a}" } }), [
    { a: 1, b: "b1" },
    { a: 2, b: "b2" },
  ]);
});

for (
  const [bounds, expected] of [
    [[3], [0, 1, 2]],
    [[1, 4], [1, 2, 3]],
    [[10, 0, -4], [10, 6, 2]],
    [[0, 1, 0.25], [0, 0.25, 0.5, 0.75]],
    [[0, 0.3, 0.1], [0, 0.1, 0.2]],
    [[1e-3, 4e-3, 1e-3], [0.001, 0.002, 0.003]],
    [[5, 1], []],
  ] as const
) {
  Deno.test(`rangeOf(${JSON.stringify(bounds)})`, () => {
    assertEquals(rangeOf(bounds), [...expected]);
  });
}

Deno.test("rangeOf() refuses what has no end", () => {
  for (const bounds of [[], [1, 2, 0], [NaN], [0, 1e9], [1, 2, 3, 4]]) {
    assertOk("message" in rangeOf(bounds), JSON.stringify(bounds));
  }
});
