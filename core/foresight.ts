/**
 * What a run would do and why, without running anything: plan, why, and what is stored. Reads the store and the
 * workspace; does not know executors or schedules.
 *
 * @module
 */

import { actionKey, isPartial, type OutputResult, partialText } from "./action.ts";
import type { AxisSlices } from "./base/axis_slice.ts";
import type { Digest } from "./base/digest.ts";
import { FlowError } from "./base/error.ts";
import { executorNote } from "./executors.ts";
import type { Graph, NodeId } from "./graph.ts";
import type { Part } from "./map_shapes.ts";
import { differenceOf, recordedOf } from "./materials.ts";
import type { Prepared, Rebuild } from "./rebuild.ts";
import { alignOutputs, isCached, isExpired } from "./result.ts";
import type { Outlook } from "./select.ts";
import { type SelectedCalls, selectedCalls } from "./selected_calls.ts";
import type { Store } from "./store/store.ts";
import type { NodeDef } from "./workflow.ts";

/**
 * What would happen to a node now. `unknown`: an upstream runs, so whether it must run shows only then; `skip`: it is left
 * out, which is not foreseen here but known before.
 */
export type Verdict = "hit" | "run" | "unknown" | "skip";

/** One node of a plan. */
export interface PlanEntry {
  readonly node: string;
  readonly verdict: Verdict;
  readonly why: string;
  /** Its executor, unless that is `default`. */
  readonly executor?: string;
  /** It runs and will return nodes: how many is not known. */
  readonly expands?: true;
  /** It runs only a part of its calls. */
  readonly calls?: SelectedCalls;
}

/** Why a node would run or last ran. */
export interface Explanation {
  readonly node: string;
  readonly verdict: Verdict;
  readonly lines: readonly string[];
}

/** What foresight looks at. */
export interface ForesightContext {
  readonly graph: Graph;
  readonly store: Store;
  readonly rebuild: Rebuild;
  /** Identity of the workflow in the store. */
  readonly workflow: string;
  /** Outputs by node; filled in for what is foreseen as a hit. */
  readonly results: (readonly OutputResult[] | undefined)[];
  /** Lets what a node returned join the graph, if it has not yet. Returns whether it has. */
  expand(id: NodeId, output: OutputResult): boolean;
}

/** What is foreseen of a node; `prepared` is absent when its inputs are not known or cannot be read. */
interface Foreseen {
  readonly verdict: Verdict;
  readonly prepared?: Prepared;
  /** Why it is not prepared although its upstreams are known. */
  readonly problem?: string;
}

/** How many earlier keys of a node are compared. */
const COMPARED_KEYS = 20;

/** Foresees runs of one workflow. */
export class Foresight {
  readonly #c: ForesightContext;

  constructor(context: ForesightContext) {
    this.#c = context;
  }

  /**
   * Says for each wanted node, upstreams first, what a run would do.
   *
   * @param part Map nodes of which only a part is run.
   */
  plan(wanted: ReadonlySet<number>, forced: ReadonlySet<number>, part?: Part): PlanEntry[] {
    return this.#inOrder(wanted).map((id) => {
      const foreseen = this.#foresee(id, forced);
      const def = this.#c.graph.defs[id];
      const { name: node, expand } = def;
      const verdict = forced.has(id) ? "run" : foreseen.verdict;
      const why = forced.has(id) ? "forced" : this.#reasons(id, foreseen).join("; ");
      const isOpen = expand !== undefined && (verdict === "run" || verdict === "unknown");
      const calls = part?.ids.has(id) === true && foreseen.prepared !== undefined &&
          verdict === "run"
        ? this.#selected(id, foreseen.prepared, part.slices, forced.has(id))
        : undefined;
      if (calls !== undefined) {
        return { node, calls, ...describeCalls(calls, why), ...executorNote(def) };
      }
      return {
        node,
        verdict,
        why,
        ...executorNote(def),
        ...(isOpen ? { expands: true } : {}),
      };
    });
  }

  #selected(
    id: NodeId,
    prepared: Prepared,
    slices: AxisSlices,
    isForced: boolean,
  ): SelectedCalls | undefined {
    const { graph, store } = this.#c;
    const { cache } = graph.defs[id];
    const since = isForced || !isCached(graph.defs[id])
      ? undefined
      : typeof cache === "object"
      ? Date.now() - cache.ttlMs
      : 0;
    return selectedCalls({ graph, store, id, prepared }, slices, since);
  }

  /** What a check of results that must be stored looks at; nothing is looked up before it asks. */
  outlook(wanted: ReadonlySet<number>, forced: ReadonlySet<number>): Outlook {
    return { plan: () => this.plan(wanted, forced), hasBytes: (id) => this.#hasBytes(id) };
  }

  /**
   * Explains one node.
   *
   * @param id The node.
   * @param closure The node with everything upstream of it.
   */
  why(id: NodeId, closure: ReadonlySet<number>): Explanation {
    const { defs } = this.#c.graph;
    const running: string[] = [];
    let foreseen: Foreseen = { verdict: "unknown" };
    for (const other of this.#inOrder(closure)) {
      foreseen = this.#foresee(other, new Set());
      if (other === id) break;
      if (foreseen.verdict === "run") running.push(defs[other].name);
    }
    const node = defs[id].name;
    const { verdict, prepared } = foreseen;
    if (verdict === "unknown") {
      const lines = [
        `upstream will run first: ${running.join(", ")}`,
        `node "${node}" runs if what they deliver differs from last time`,
      ];
      return { node, verdict, lines };
    }
    const isUpToDate = verdict === "hit" && prepared !== undefined;
    return {
      node,
      verdict,
      lines: isUpToDate ? this.#history(id, prepared) : this.#reasons(id, foreseen),
    };
  }

  /**
   * Fills in the results of everything that is up to date.
   *
   * @param withErrors Results that hold error values will do, as the last run delivered them.
   */
  foresee(wanted: ReadonlySet<number>, { withErrors = false } = {}): void {
    for (const id of this.#inOrder(wanted)) {
      if (withErrors) this.#foreseeWithErrors(id);
      else this.#foresee(id, new Set());
    }
  }

  /**
   * Makes a node explicit if everything upstream of it is up to date, or holds error values as the last run delivered them.
   *
   * @param closure The node with everything upstream of it.
   * @returns `undefined` if something upstream must run first, or an input cannot be read.
   */
  prepared(id: NodeId, closure: ReadonlySet<number>): Prepared | undefined {
    let prepared: Prepared | undefined;
    for (const other of this.#inOrder(closure)) {
      const foreseen = this.#foreseeWithErrors(other);
      if (other === id) prepared = foreseen.prepared;
    }
    return prepared;
  }

  /** The newest stored outputs of a node, whether they are up to date or not. */
  latest(id: NodeId): readonly OutputResult[] | undefined {
    const { store, graph: { defs } } = this.#c;
    const mayHold = mayHoldErrors(defs[id]);
    for (const { key } of this.#earlierKeys(id)) {
      const outputs = this.#stored(id, key);
      if (outputs === undefined) continue;
      if (mayHold || !isPartial(store.material(key)?.text)) return outputs;
    }
    return undefined;
  }

  /** Wanted nodes, upstreams first, made ready to be foreseen. */
  #inOrder(wanted: ReadonlySet<number>): NodeId[] {
    this.#c.rebuild.preload(wanted);
    this.#c.store.preload(wanted.size);
    return [...this.#c.graph.order].filter((id) => wanted.has(id)) as NodeId[];
  }

  #foreseeWithErrors(id: NodeId): Foreseen {
    const foreseen = this.#foresee(id, new Set());
    const { verdict, prepared } = foreseen;
    const isPartial = verdict === "run" && prepared !== undefined;
    if (isPartial) this.#c.results[id] = this.#partial(id, prepared);
    return foreseen;
  }

  #foresee(id: NodeId, forced: ReadonlySet<number>): Foreseen {
    const { graph: { ups, defs }, results, rebuild } = this.#c;
    results[id] = undefined;
    const upstreams = ups.targets.subarray(ups.starts[id], ups.starts[id + 1]);
    if (!defs[id].enabled || upstreams.some((up) => results[up] === undefined)) {
      return { verdict: "unknown" };
    }
    let prepared: Prepared;
    try {
      prepared = rebuild.prepare(id);
    } catch (error) {
      if (!(error instanceof FlowError)) throw error;
      // The run fails with it; here it only means that the node cannot be a hit.
      return { verdict: "run", problem: error.message };
    }
    if (forced.has(id) || !isCached(defs[id])) return { verdict: "run", prepared };
    const outputs = this.#stored(id, prepared.key);
    if (outputs === undefined) return { verdict: "run", prepared };
    if (defs[id].expand !== undefined && !this.#c.expand(id, outputs[0])) {
      return { verdict: "run", prepared, problem: "the nodes it returned cannot be used" };
    }
    results[id] = outputs;
    return { verdict: "hit", prepared };
  }

  /** What a node delivered last from the same inputs, if that holds error values and is still there. */
  #partial(id: NodeId, { materialText }: Prepared): readonly OutputResult[] | undefined {
    const { graph, store } = this.#c;
    const declared = graph.defs[id].outputs;
    if (!mayHoldErrors(graph.defs[id])) return undefined;
    const outputs = store.lookup(actionKey(partialText(materialText)))?.outputs;
    const isWhole = outputs?.length === declared.length &&
      outputs.every(({ text, digest }) => text !== undefined || store.blobs.has(digest));
    // The node may have another name now; the order is that of the declaration.
    return isWhole
      ? outputs.map((output, i) => ({ ...output, name: declared[i].name, hasErrors: true }))
      : undefined;
  }

  #stored(id: NodeId, key: Digest): readonly OutputResult[] | undefined {
    const def = this.#c.graph.defs[id];
    const result = this.#c.store.lookup(key);
    if (result === undefined || isExpired(def, result, Date.now())) return undefined;
    const outputs = alignOutputs(def, result.outputs, key);
    const isWhole = outputs?.every(({ text, digest }, position) =>
      text !== undefined || def.outputs[position].temp || this.#c.store.blobs.has(digest)
    );
    return isWhole === true ? outputs : undefined;
  }

  /** Whether the bytes of a hit can be had: stored, or a temporary file that is still published. */
  #hasBytes(id: NodeId): boolean {
    const { results, rebuild, store: { blobs, files } } = this.#c;
    return results[id]?.every((output, position) => {
      if (output.text !== undefined || blobs.has(output.digest)) return true;
      const published = rebuild.published(id, position, output);
      return published.length > 0 &&
        published.every(({ path, kind, digest }) =>
          kind === "dir" ? files.expectTree(path, digest) : files.expect(path, digest)
        );
    }) === true;
  }

  #reasons(id: NodeId, { verdict, prepared, problem }: Foreseen): string[] {
    const def = this.#c.graph.defs[id];
    if (verdict === "hit") return ["up to date"];
    if (verdict === "unknown") return ["an upstream runs first"];
    if (!isCached(def)) {
      return [def.cache === false ? "cache: false" : "its scope holds net, run or ffi: not cached"];
    }
    if (problem !== undefined) return [problem];
    if (prepared === undefined) return ["an input cannot be read"];
    if (this.#c.store.material(prepared.key) !== undefined) {
      const isBounded = typeof def.cache === "object";
      return [isBounded ? "its stored result is too old (ttl)" : "its stored bytes are gone"];
    }
    if (this.#partial(id, prepared) !== undefined) {
      return [`${def.map === undefined ? "it" : "some of it"} failed when it last ran`];
    }
    return this.#closestDifference(id, prepared) ?? ["has no result yet"];
  }

  /** For a node that is up to date: since when, and what made it run the last time. */
  #history(id: NodeId, prepared: Prepared): string[] {
    const result = this.#c.store.lookup(prepared.key);
    const lines = [`up to date${result === undefined ? "" : ` since run ${result.run}`}`];
    const earlier = this.#earlierKeys(id).find(({ key }) => key !== prepared.key);
    const difference = earlier === undefined ? undefined : this.#difference(earlier.key, prepared);
    if (difference?.length === 0) return [...lines, "before that some of it had failed"];
    if (earlier === undefined || difference === undefined) {
      return [...lines, "it ran because it never ran before"];
    }
    return [
      ...lines,
      `compared with run ${earlier.run}:`,
      ...difference.map((line) => `  ${line}`),
    ];
  }

  /** Differences to the earlier key of this node that differs least, or `undefined` if there is none. */
  #closestDifference(id: NodeId, prepared: Prepared): string[] | undefined {
    let best: string[] | undefined;
    for (const { key } of this.#earlierKeys(id)) {
      const lines = key === prepared.key ? [] : this.#difference(key, prepared) ?? [];
      if (lines.length === 0) continue;
      if (best === undefined || lines.length < best.length) best = lines;
    }
    return best;
  }

  #earlierKeys(id: NodeId): readonly { readonly key: Digest; readonly run: string }[] {
    const { store, workflow, graph } = this.#c;
    return store.latestKeys(workflow, graph.defs[id].name, COMPARED_KEYS);
  }

  #difference(key: Digest, { materialText, notes }: Prepared): string[] | undefined {
    const { store } = this.#c;
    const before = recordedOf(store, key);
    return before && differenceOf(store, before, { materialText, notes });
  }
}

/** Whether a node may deliver error values: its own, or those of calls that were skipped. */
function mayHoldErrors({ onError, map }: NodeDef): boolean {
  return onError !== "fail" || map !== undefined;
}

/** What a part of a map node comes to: nothing, if all its calls are stored. */
function describeCalls(
  { total, selected, stored }: SelectedCalls,
  why: string,
): Pick<PlanEntry, "verdict" | "why"> {
  const part = `${selected} of ${total} calls`;
  if (stored === selected) return { verdict: "hit", why: `${part} are selected, all stored` };
  return { verdict: "run", why: `${why}; ${part} are selected, ${stored} stored` };
}
