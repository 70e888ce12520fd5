/**
 * How error values travel between nodes: who may take them, what stands for the outputs of a node that failed, and under
 * which key a result is kept that holds some. Does not know why a node failed, schedules or calls of map nodes.
 *
 * @module
 */

import {
  actionKey,
  type DeliveredOutput,
  type Failure,
  type OutputResult,
  partialText,
  type Usage,
} from "./action.ts";
import { type Digest, digestOf } from "./base/digest.ts";
import { FlowError, StoreError } from "./base/error.ts";
import { type ErrorCause, holdsErrors, isErrorText } from "./base/value.ts";
import {
  distinctCauses,
  errorOfFailure,
  errorOfSkipped,
  formatCauses,
  rootCausesOf,
} from "./error_value.ts";
import type { Graph, NodeId } from "./graph.ts";
import { TAKE_ERRORS } from "./map_failures.ts";
import type { Prepared } from "./rebuild.ts";
import type { RecordEntry } from "./store/store.ts";

/** What is asked of the run. */
export interface ErrorFlowContext {
  readonly graph: Graph;
  /** Identity of the workflow in the store. */
  readonly workflow: string;
  readonly run: string;
  /** Outputs by node, as far as they are there. */
  readonly results: readonly (readonly OutputResult[] | undefined)[];
  /** Returns the stored bytes of a value. */
  read(digest: Digest): Uint8Array<ArrayBuffer>;
}

/** A node would take error values and does not say that it can. */
export class TakesErrors extends FlowError {
  readonly causes: readonly ErrorCause[];

  constructor(message: string, causes: readonly ErrorCause[]) {
    super(message, { code: "error-value", exitCode: 1, hint: TAKE_ERRORS });
    this.causes = causes;
  }
}

/** The error values of one run. */
export class ErrorFlow {
  readonly #c: ErrorFlowContext;

  constructor(context: ErrorFlowContext) {
    this.#c = context;
  }

  /**
   * Checks that a node can take what its upstreams delivered. What is mapped over is looked at call by call.
   *
   * @throws {TakesErrors} If it cannot.
   */
  check(id: NodeId): void {
    const { graph } = this.#c;
    if (graph.defs[id].onError === "continue") return;
    const mapped = new Set(Object.values(graph.maps[id] ?? {}));
    const all: ErrorCause[] = [];
    let message: string | undefined;
    for (const [position, output] of this.#errorInputs(id)) {
      if (mapped.has(position)) continue;
      const { argument } = graph.wires[id][position];
      const isWhole = output.text !== undefined && isErrorText(output.text);
      const what = isWhole ? "it is an error value" : "it holds error values";
      const causes = this.#causesOf(output);
      // Calls failed whose arrays would have been empty.
      if (causes.length === 0) continue;
      message ??= `Cannot use input "${argument}": ${what}, from ${formatCauses(causes)}`;
      all.push(...causes);
    }
    if (message !== undefined) throw new TakesErrors(message, distinctCauses(all));
  }

  /** Marks outputs that hold error values; only a node that took some can make them. */
  marked(id: NodeId, outputs: readonly DeliveredOutput[]): readonly DeliveredOutput[] {
    if (this.#errorInputs(id).next().done === true) return outputs;
    return outputs.map((output) => {
      const { kind, text, digest, hash: _, identity: __, ...rest } = output;
      if (kind !== "value" || !holdsErrors(text ?? this.#c.read(digest))) return output;
      // It must not pass for a good one: what stands for that does not count here.
      return { ...rest, kind, digest, ...(text === undefined ? {} : { text }), hasErrors: true };
    });
  }

  /** What consumers get in place of the outputs of a node that failed. */
  outputsOf(id: NodeId, failure: Failure): readonly OutputResult[] {
    return this.#outputs(id, errorOfFailure({ node: this.#c.graph.defs[id].name }, failure));
  }

  /** What consumers get in place of the outputs of a node that is not executed because of error values. */
  skippedOutputs(id: NodeId, { causes }: TakesErrors): readonly OutputResult[] {
    return this.#outputs(id, errorOfSkipped({ node: this.#c.graph.defs[id].name }, causes));
  }

  #outputs(id: NodeId, text: string): readonly OutputResult[] {
    const { outputs } = this.#c.graph.defs[id];
    const digest = digestOf(text);
    const sizeBytes = new TextEncoder().encode(text).length;
    return outputs.map(({ name }) => ({
      name,
      kind: "value",
      digest,
      sizeBytes,
      text,
      hasErrors: true,
    }));
  }

  /** The record of outputs that hold error values: under a key of its own, so that the node runs again. */
  record(
    id: NodeId,
    { materialText, notes }: Prepared,
    { outputs, usage }: { readonly outputs: readonly OutputResult[]; readonly usage: Usage },
  ): RecordEntry {
    const { graph, workflow, run } = this.#c;
    const text = partialText(materialText);
    return {
      key: actionKey(text),
      result: { outputs, usage, run },
      node: graph.defs[id].name,
      workflow,
      materialText: text,
      notes,
    };
  }

  /** Inputs that are or hold error values, by position. */
  *#errorInputs(id: NodeId): Generator<[position: number, output: OutputResult], void> {
    const { graph, results } = this.#c;
    for (const [position, { source }] of graph.wires[id].entries()) {
      if (source.kind !== "output") continue;
      const output = results[source.node]?.[source.output];
      if (output?.hasErrors === true) yield [position, output];
    }
  }

  #causesOf({ name, text, digest }: OutputResult): readonly ErrorCause[] {
    try {
      return rootCausesOf(text ?? this.#c.read(digest));
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      return [{ node: name, reason: "unavailable", message: error.message }];
    }
  }
}
