/** Which nodes a run is about, for every way to say it. */

import fc from "fast-check";
import { UsageError } from "../../core/base/error.ts";
import type { PlanEntry } from "../../core/foresight.ts";
import {
  checkStored,
  type Outlook,
  selectNodes,
  type SelectRequest,
  withLeftOut,
} from "../../core/select.ts";
import { Targets } from "../../core/targets.ts";
import { assertEquals, assertThrows } from "../testing/assert.ts";
import { fileOutput, type NodeSketch, sketchGraph } from "../testing/workflow.ts";

/**
 * ```text
 * load ─▶ rows ─▶ model ─▶ report
 *          └────▶ stats ─▶ page
 * other
 * ```
 */
const NODES: Readonly<Record<string, NodeSketch>> = {
  load: {},
  rows: { takes: ["load"] },
  model: { takes: ["rows"], gives: ["weights", "score"] },
  report: { takes: ["weights"] },
  stats: { takes: ["rows"] },
  page: { takes: ["stats"] },
  other: {},
};

/** Selects nodes and names them. */
function select(request: Partial<SelectRequest>, nodes = NODES, given: readonly string[] = []) {
  const { graph } = sketchGraph(nodes, { provided: given });
  const selection = selectNodes(graph, new Targets(graph, given), { targets: [], ...request });
  const names = (ids: Iterable<number>) => [...ids].map((id) => graph.defs[id].name).sort().join();
  const { wanted, stored, forced, leftOut } = selection;
  return {
    graph,
    selection,
    wanted: names(wanted),
    stored: names(stored),
    forced: names(forced),
    leftOut: Object.fromEntries([...leftOut].map(([id, { why }]) => [graph.defs[id].name, why])),
  };
}

Deno.test("selectNodes() wants what is selected, with what it needs", () => {
  const cases: readonly (readonly [targets: string[], wanted: string])[] = [
    [[], "load,model,other,page,report,rows,stats"],
    [["rows"], "load,rows"],
    [["+rows"], "load,rows"],
    [["score"], "load,model,rows"],
    [["model.score"], "load,model,rows"],
    [["stats+"], "load,page,rows,stats"],
    [["+stats+"], "load,page,rows,stats"],
    [["model+"], "load,model,report,rows"],
    [["load", "other"], "load,other"],
    [["r*"], "load,model,report,rows"],
    [["?age"], "load,page,rows,stats"],
    [["*"], "load,model,other,page,report,rows,stats"],
    [["o*+", "o*"], "other"],
  ];
  for (const [targets, wanted] of cases) {
    const selected = select({ targets });
    assertEquals([selected.wanted, selected.stored], [wanted, ""], targets.join(" "));
  }
});

Deno.test("selectNodes() does not take what is given from outside for a member of a set", () => {
  const given = ["rows"];
  assertEquals(select({ targets: ["load+"] }, NODES, given).wanted, "load");
  assertEquals(select({}, NODES, given).wanted, "model,other,page,report,stats");
});

Deno.test("selectNodes() with only runs nothing else, and needs the rest stored", () => {
  const cases: readonly (readonly [only: string[], wanted: string, stored: string])[] = [
    [["model"], "load,model,rows", "load,rows"],
    [["load", "model"], "load,model,rows", "rows"],
    [["+model"], "load,model,rows", ""],
    [["stats+"], "load,page,rows,stats", "load,rows"],
    [["other"], "other", ""],
  ];
  for (const [only, wanted, stored] of cases) {
    const selected = select({ only });
    assertEquals([selected.wanted, selected.stored], [wanted, stored], only.join(" "));
  }
  // Asking for what takes part anyway is no contradiction.
  assertEquals(select({ only: ["model"], targets: ["score", "rows"] }).stored, "load,rows");
});

Deno.test("selectNodes() leaves out what is skipped, with everything downstream", () => {
  const skipped = select({ skip: ["stats"] });
  assertEquals(skipped.wanted, "load,model,other,report,rows");
  assertEquals(skipped.leftOut, {
    stats: "left out by --skip",
    page: 'needs "stats", which is left out by --skip',
  });
  assertEquals(select({ skip: ["rows+"] }).wanted, "load,other");
  assertEquals(select({ skip: ["+model"] }).wanted, "other");
  // What a set loses is said; what nobody asks for is not.
  const set = select({ targets: ["rows+"], skip: ["p*", "other"] });
  assertEquals([set.wanted, set.leftOut], ["load,model,report,rows,stats", {
    page: "left out by --skip",
  }]);
  assertEquals(select({ targets: ["model"], skip: ["page"] }).leftOut, {});
  assertEquals(
    select({ only: ["*a*"], skip: ["page", "stats", "+model"] }, {
      ...NODES,
      extra: {},
    }).wanted,
    "extra",
  );
});

Deno.test("selectNodes() leaves out what is disabled, and names it downstream", () => {
  const nodes = { ...NODES, rows: { ...NODES.rows, enabled: false } };
  const { wanted, leftOut } = select({ skip: ["stats"] }, nodes);
  assertEquals(wanted, "load,other");
  assertEquals(leftOut, {
    rows: "disabled",
    model: 'needs "rows", which is disabled',
    report: 'needs "rows", which is disabled',
    stats: "left out by --skip",
    page: 'needs "stats", which is left out by --skip',
  });
  const all = Object.fromEntries(Object.keys(NODES).map((n) => [n, { enabled: false }]));
  assertEquals([select({}, all).wanted, Object.keys(select({}, all).leftOut).length], ["", 7]);
});

Deno.test("selectNodes() names all causes, and counts the rest", () => {
  const causes = Object.fromEntries(["a", "b", "c", "d", "e"].map((n) => [n, {}]));
  const nodes = { ...causes, end: { takes: Object.keys(causes) }, last: { takes: ["end"] } };
  const { leftOut } = select({ targets: ["*"], skip: ["a", "b"] }, nodes);
  const two = 'needs "a", which is left out by --skip, and "b", which is left out by --skip';
  assertEquals([leftOut.end, leftOut.last], [two, two]);
  const more = select({ skip: ["a", "b", "c", "d"] }, nodes).leftOut.end;
  assertEquals(more.slice(more.indexOf('"c"')), '"c", which is left out by --skip, and 1 more');
});

Deno.test("selectNodes() leaves out temporary files that only skipped nodes read", () => {
  const temp = (name: string) => ({ ...fileOutput(name, `${name}.txt`), temp: true });
  const nodes: Record<string, NodeSketch> = {
    first: { gives: [temp("first")] },
    second: { takes: ["first"], gives: [temp("second")] },
    kept: { gives: ["kept"] },
    sum: { takes: ["second", "kept"] },
    count: { takes: ["second"] },
  };
  const both = select({ skip: ["sum", "count"] }, nodes);
  assertEquals(both.wanted, "kept");
  assertEquals(both.leftOut.second, 'only needed by "sum", and "count", which are left out');
  assertEquals(both.leftOut.first, 'only needed by "second", which is left out');
  const one = select({ skip: ["sum"] }, nodes);
  assertEquals([one.wanted, one.leftOut], ["count,first,kept,second", {
    sum: "left out by --skip",
  }]);
  assertEquals(
    select({ targets: ["second"], skip: ["sum", "count"] }, nodes).wanted,
    "first,second",
  );
});

Deno.test("selectNodes() forces what is wanted and may run", () => {
  const cases: readonly (readonly [request: Partial<SelectRequest>, forced: string])[] = [
    [{ force: ["model"], targets: ["model"] }, "model"],
    [{ force: ["+model"], targets: ["+model"] }, "load,model,rows"],
    [{ force: ["load+"], targets: ["model"] }, "load,model,rows"],
    [{ force: true, targets: ["rows"] }, "load,rows"],
    [{ force: true, only: ["model"] }, "model"],
    [{ force: ["stats+"], skip: ["page"] }, "stats"],
  ];
  for (const [request, forced] of cases) {
    assertEquals(select(request).forced, forced, JSON.stringify(request));
  }
});

Deno.test("selectNodes() agrees with the recursive definition on random graphs", () => {
  const graphs = fc.array(
    fc.record({ ups: fc.array(fc.nat(), { maxLength: 3 }), off: fc.boolean(), skip: fc.boolean() }),
    { minLength: 1, maxLength: 12 },
  );
  fc.assert(fc.property(graphs, fc.nat(), fc.boolean(), (sketch, at, isOnly) => {
    const upsOf = sketch.map(({ ups }, i) => i === 0 ? [] : [...new Set(ups.map((u) => u % i))]);
    const nodes = Object.fromEntries(sketch.map(({ off }, i) => [
      `n${i}`,
      { takes: upsOf[i].map((u) => `n${u}`), enabled: !off },
    ]));
    const skip = sketch.flatMap((node, i) => node.skip ? [`n${i}`] : []);
    const takesPart = (i: number): boolean =>
      !sketch[i].off && !sketch[i].skip && upsOf[i].every(takesPart);
    const isBelow = (i: number, top: number): boolean =>
      i === top || upsOf[i].some((up) => isBelow(up, top));
    const ids = sketch.map((_, i) => i);
    const top = at % sketch.length;
    const chosen = ids.filter((i) => isBelow(i, top) && takesPart(i));
    const request = isOnly ? { only: [`n${top}+`] } : { targets: [`n${top}+`] };
    if (chosen.length === 0) {
      assertThrows(() => select({ ...request, skip }, nodes), UsageError);
      return;
    }
    const wanted = ids.filter((i) => chosen.some((down) => isBelow(down, i)));
    const { selection } = select({ ...request, skip }, nodes);
    const sorted = (set: Iterable<number>) => [...set].sort((a, b) => a - b);
    assertEquals(sorted(selection.wanted), wanted);
    assertEquals(sorted(selection.stored), isOnly ? wanted.filter((i) => !chosen.includes(i)) : []);
    const asked = ids.filter((i) => ids.some((down) => isBelow(down, top) && isBelow(down, i)));
    assertEquals(sorted(selection.leftOut.keys()), asked.filter((i) => !takesPart(i)));
  }));
});

Deno.test("selectNodes() refuses contradictions", () => {
  const cases: readonly (readonly [request: Partial<SelectRequest>, message: string])[] = [
    [{ targets: ["modle"] }, 'Unknown node or output "modle"'],
    [{ skip: ["modle+"] }, 'Unknown node or output "modle"'],
    [
      { targets: ["mod+el"] },
      'Cannot select "mod+el": it is no name with a "+" before or behind it',
    ],
    [{ targets: ["+"] }, 'Cannot select "+": it is no name with a "+" before or behind it'],
    [{ only: ["z*"] }, 'Cannot find a node that matches "z*"'],
    [{ only: ["model"], skip: ["model"] }, 'Cannot run "model": it is left out by --skip'],
    [
      { targets: ["report"], skip: ["rows"] },
      'Cannot run "report": it needs "rows", which is left out by --skip',
    ],
    [{ targets: ["r*"], skip: ["rows"] }, 'Cannot run "r*": all of it is left out'],
    [{ skip: ["load", "other"] }, "Cannot run anything: --skip leaves out everything"],
    [{ only: ["model"], targets: ["page"] }, 'Cannot run "page": --only does not name it'],
    [
      { targets: ["model"], force: ["stats"] },
      'Cannot run "stats" again: nothing that is asked for needs it',
    ],
    [{ force: ["stats"], skip: ["stats"] }, 'Cannot run "stats": it is left out by --skip'],
  ];
  for (const [request, message] of cases) {
    assertEquals(assertThrows(() => select(request), UsageError).message, message);
  }
  const nodes = { ...NODES, rows: { ...NODES.rows, enabled: false } };
  const error = assertThrows(() => select({ targets: ["model"] }, nodes), UsageError);
  assertEquals([error.message, error.hint], [
    'Cannot run "model": it needs "rows", which is disabled',
    "remove `enabled: false` from the workflow file",
  ]);
});

/** A plan in which all nodes are hits but for some, whose verdicts and reasons are given. */
function outlook(hits: string, others: Readonly<Record<string, string>>, gone = ""): Outlook {
  const entries = hits.split(",").map((node): PlanEntry => ({ node, verdict: "hit", why: "" }));
  const more = Object.entries(others).map(([node, why]): PlanEntry => ({
    node,
    verdict: why === "" ? "unknown" : "run",
    why,
  }));
  return { plan: () => [...entries, ...more], hasBytes: (id) => Object.keys(NODES)[id] !== gone };
}

Deno.test("checkStored() names the node, what it needs and why that is not stored", () => {
  const { graph, selection } = select({ only: ["page", "report"] });
  checkStored(graph, selection, outlook("load,rows,model,stats", { page: "", report: "" }));
  const looks = outlook("load,rows", { stats: "has no result yet", page: "", model: "changed" });
  const error = assertThrows(() => checkStored(graph, selection, looks), UsageError);
  assertEquals([error.message, error.facts, error.hint], [
    'Cannot run only "page": it needs "stats", which is not up to date',
    { stats: "has no result yet", model: "changed" },
    "leave out --only, or run it with what it needs: flow run +page",
  ]);
  // Without --only nothing is looked at.
  const all = select({});
  checkStored(all.graph, all.selection, outlook("load", { rows: "changed" }));
});

Deno.test("checkStored() wants the bytes of what is read", () => {
  const { graph, selection } = select({ only: ["page"] });
  const read = outlook("load,rows,stats", { page: "changed" }, "stats");
  const error = assertThrows(() => checkStored(graph, selection, read), UsageError);
  assertEquals([error.message, error.facts], [
    'Cannot run only "page": it needs "stats", which is not stored',
    { stats: "it is temporary, and its bytes are gone" },
  ]);
  checkStored(graph, selection, outlook("load,rows,stats", { page: "changed" }, "rows"));
});

Deno.test("withLeftOut() puts nodes behind what they need", () => {
  const { graph, selection } = select({ targets: ["stats+"], skip: ["page"] });
  const plan = ["load", "rows", "stats"].map((node): PlanEntry => ({
    node,
    verdict: "hit",
    why: "",
  }));
  assertEquals(
    withLeftOut(graph, plan, selection.leftOut).map(({ node, verdict }) => `${node} ${verdict}`),
    ["load hit", "rows hit", "stats hit", "page skip"],
  );
});
