/**
 * From what an executor delivered to the result of a node: whether it may be one, whether it is kept, and under which key. Publishes
 * it. Does not know schedules, nor what follows from it.
 *
 * @module
 */

import type { Completion, Failure, OutputResult } from "./action.ts";
import { InternalError, messageOf } from "./base/error.ts";
import type { Delivery } from "./delivery.ts";
import type { ErrorFlow } from "./error_flow.ts";
import type { Expansion } from "./expand.ts";
import type { NodeId } from "./graph.ts";
import type { Prepared } from "./rebuild.ts";
import { alignOutputs, identifyOutputs, isAsGood, isCached } from "./result.ts";
import type { RunContext } from "./run_context.ts";
import { isAsWatched, type Watched } from "./sources.ts";
import type { RecordEntry } from "./store/store.ts";

/** What accepting needs from the loop. */
export interface AcceptanceParts {
  readonly errors: ErrorFlow;
  readonly delivery: Delivery;
  /** Reads what a node returned as nodes, if it returns nodes. */
  expand(id: NodeId, outputs: readonly OutputResult[]): Expansion | undefined;
}

/** A result that is one. */
export interface Accepted {
  readonly outputs: readonly OutputResult[];
  /** Whether it is kept as the result of the node's key. */
  readonly isRecorded: boolean;
  /** What is to be recorded; one with error values goes under a key of its own. */
  readonly entry?: RecordEntry;
  /** An input that changed meanwhile, so that nothing is kept. */
  readonly changed: Watched | undefined;
  readonly expansion: Expansion | undefined;
}

/** Accepts results of one run. */
export class Acceptance {
  readonly #c: RunContext;
  readonly #parts: AcceptanceParts;

  constructor(context: RunContext, parts: AcceptanceParts) {
    this.#c = context;
    this.#parts = parts;
  }

  /**
   * Publishes what a node delivered.
   *
   * @param isRemade It was made again only for its bytes, so it must be what it was.
   * @returns The result, or how the node failed of it.
   */
  accept(
    id: NodeId,
    prepared: Prepared,
    { outputs: all, usage, notes }: Extract<Completion, { kind: "done" }>,
    isRemade: boolean,
  ): Accepted | { readonly failure: Failure } {
    const { graph, store, workflow, run, partial } = this.#c;
    const { errors, delivery } = this.#parts;
    const def = graph.defs[id];
    const { key } = prepared;
    const made = identifyOutputs(def, errors.marked(id, all), { key, workflow });
    const outputs = alignOutputs(def, made, key);
    if (outputs === undefined) {
      throw new InternalError(`An executor did not deliver all outputs of node "${def.name}"`);
    }
    const unlike = isRemade ? this.#unlikeBefore(id, outputs) : undefined;
    if (unlike !== undefined) {
      store.forget([key]);
      return { failure: madeDifferently(unlike) };
    }
    const expansion = this.#parts.expand(id, outputs);
    if (expansion !== undefined && "problem" in expansion) {
      return { failure: { reason: "contract", message: expansion.problem, isFinal: true } };
    }
    const changed = prepared.watched.find((watched) => !isAsWatched(watched, store.files));
    try {
      delivery.publishNew(id, outputs);
    } catch (error) {
      return { failure: { reason: "unavailable", message: messageOf(error) } };
    }
    const isKept = isCached(def) && changed === undefined && !partial.ids.has(id);
    const isRecorded = isKept && !outputs.some((output) => output.hasErrors === true);
    const accepted = { outputs, isRecorded, changed, expansion };
    if (!isKept) return accepted;
    if (!isRecorded) {
      return { ...accepted, entry: errors.record(id, prepared, { outputs: made, usage }) };
    }
    const entry: RecordEntry = {
      key,
      result: { outputs: made, usage, run },
      node: def.name,
      workflow,
      materialText: prepared.materialText,
      notes: { ...prepared.notes, ...notes },
    };
    return { ...accepted, entry };
  }

  /** Name of a temporary output that is not what it was. */
  #unlikeBefore(id: NodeId, outputs: readonly OutputResult[]): string | undefined {
    const before = this.#c.results[id];
    const { outputs: declared } = this.#c.graph.defs[id];
    return outputs.find((output, i) =>
      declared[i].temp && (before === undefined || !isAsGood(output, before[i]))
    )?.name;
  }
}

function madeDifferently(output: string): Failure {
  return {
    reason: "contract",
    message: `Cannot use temporary output "${output}": it was made again for its bytes, from ` +
      "the same inputs, and has others now",
    hint: "make the node deterministic, or remove `temp` from the output",
    isFinal: true,
  };
}
