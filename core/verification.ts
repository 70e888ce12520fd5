/**
 * A run in which nodes are executed twice to find those that are not deterministic. Does not know how executions are
 * compared.
 *
 * @module
 */

import { type Event, EVENT_VERSION } from "./event.ts";
import type { Executor } from "./executor/executor.ts";
import { VerifyingExecutor, type VerifyingOptions } from "./executor/verifying.ts";
import type { Graph } from "./graph.ts";
import { isCached } from "./result.ts";
import type { LoopOutcome, RunContext } from "./run_context.ts";
import type { Blobs } from "./store/blobs.ts";

/** What verifying takes. */
export interface VerificationContext {
  readonly graph: Graph;
  readonly blobs: Blobs;
  /** Gets a warning for each output that differs. */
  readonly onEvent: (event: Event) => void;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Finds nodes that are not deterministic. */
export class Verification {
  readonly #options: VerifyingOptions;
  readonly #nodes = new Set<string>();

  constructor(context: VerificationContext) {
    const { graph, blobs, onEvent, now } = context;
    this.#options = {
      blobs,
      isVerified: ({ node, outputs }) => {
        const id = graph.idOf(node);
        // What has no outputs, or is not kept, may do something that must not be done twice.
        return id !== undefined && outputs.length > 0 && isCached(graph.defs[id]);
      },
      onDifference: ({ node, index }, { output, text }) => {
        const id = graph.idOf(node);
        const declared = id === undefined ? [] : graph.defs[id].outputs;
        // The workflow says that the content does not count.
        if (declared.some(({ name, hash }) => name === output && hash === "inputs")) return;
        const name = index === undefined ? node : `${node}[${index.join(",")}]`;
        this.#nodes.add(name);
        const message = `Output "${output}" of node "${name}" is not deterministic: ${text}`;
        const code = "nondeterministic";
        onEvent({ v: EVENT_VERSION, time: now(), type: "warning", code, message, node });
      },
    };
  }

  /** Returns executors that execute twice; the given ones are still to be disposed of. */
  around(executors: RunContext["executors"]): RunContext["executors"] {
    const { call, run } = executors;
    const around = (executor: Executor): Executor => new VerifyingExecutor(executor, this.#options);
    return { call: around(call), run: around(run) };
  }

  /** Returns how a run ended with what was found: it fails by a difference, though its results stay. */
  judge(ended: LoopOutcome): LoopOutcome & { readonly nondeterministic: readonly string[] } {
    const nondeterministic = [...this.#nodes];
    const isFound = ended.outcome === "ok" && nondeterministic.length > 0;
    return { ...ended, ...(isFound ? { outcome: "failed" } : {}), nondeterministic };
  }
}
