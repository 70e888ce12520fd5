/**
 * What became of the nodes of a run: counted, told as events, noted in the store as what was used last. Does not know why a node
 * runs or failed, nor what follows from it.
 *
 * @module
 */

import type { Completion, OutputResult } from "./action.ts";
import type { Digest } from "./base/digest.ts";
import { formatPlace } from "./base/source.ts";
import { type Event, EVENT_VERSION, type EventOutput } from "./event.ts";
import type { NodeId } from "./graph.ts";
import type { Prepared } from "./rebuild.ts";
import type { EventBody, FailedNode, RunContext } from "./run_context.ts";
import { takenOf } from "./taken.ts";

/** Keeps the account of one run. */
export class Account {
  readonly #c: RunContext;
  readonly #counts = { hit: 0, done: 0, failed: 0, skipped: 0 };
  readonly #touched: { node: string; key: Digest }[] = [];
  readonly #released: Digest[] = [];
  readonly #seenPaths = new Set<string>();

  constructor(context: RunContext) {
    this.#c = context;
  }

  /** How many nodes ended how, so far. */
  get counts(): { hit: number; done: number; failed: number; skipped: number } {
    return { ...this.#counts };
  }

  /** Files of the workspace that ended nodes depend on or published, absolute. */
  get seenPaths(): ReadonlySet<string> {
    return this.#seenPaths;
  }

  /** A node is up to date; its outputs are among the results of the run. */
  hit(id: NodeId, prepared: Prepared, restored: readonly string[]): void {
    this.#see(id, prepared);
    this.#counts.hit++;
    this.touch(id, prepared.key);
    this.emit({
      type: "hit",
      node: this.#nameOf(id),
      key: prepared.key,
      outputs: this.#outputsOf(id).map(eventOutput),
      ...(restored.length === 0 ? {} : { restored }),
    });
  }

  /** A node that was up to date is made again. */
  demanded(): void {
    this.#counts.hit--;
  }

  /** A node was executed; its outputs are among the results of the run. */
  done(
    id: NodeId,
    prepared: Prepared,
    { usage, notes }: Extract<Completion, { kind: "done" }>,
    isRecorded: boolean,
  ): void {
    const outputs = this.#outputsOf(id);
    this.#see(id, prepared);
    this.#counts.done++;
    // A part of a result is not what the node made last.
    if (!this.#c.partial.ids.has(id)) this.touch(id, prepared.key);
    this.emit({
      type: "done",
      node: this.#nameOf(id),
      key: prepared.key,
      ...takenOf(usage),
      outputs: outputs.map(eventOutput),
      cached: isRecorded,
      ...(outputs.some((output) => output.hasErrors === true) ? { hasErrors: true } : {}),
      ...(notes === undefined ? {} : { notes }),
    });
  }

  /**
   * A node failed, or a call of a map node, which is not counted.
   *
   * @param isContinued What needs it goes on with error values.
   */
  failed(failed: FailedNode, isContinued = false): void {
    const { graph } = this.#c;
    const { id, index, failure, attempt, usage, prepared, logPath } = failed;
    if (index === undefined) this.#counts.failed++;
    const node = this.#nameOf(id);
    const span = graph.workflow.locate(["nodes", node], "key");
    const error = this.#c.reportFailure(failed);
    this.emit({
      type: "failed",
      node,
      ...(index === undefined ? {} : { index }),
      reason: failure.reason,
      message: failure.message,
      ...(failure.hint === undefined ? {} : { hint: failure.hint }),
      ...(failure.stack === undefined ? {} : { stack: failure.stack }),
      ...(prepared === undefined || prepared.isOpen ? {} : { key: prepared.key }),
      ...takenOf(usage),
      attempt,
      ...(span === undefined ? {} : { place: formatPlace(span) }),
      ...(logPath === undefined ? {} : { log: logPath }),
      ...(error === undefined ? {} : { error }),
      ...(isContinued ? { continued: true } : {}),
    });
  }

  /** A node is not executed in this run, because of these. */
  skipped(id: NodeId, because: readonly string[]): void {
    this.#counts.skipped++;
    this.emit({ type: "skipped", node: this.#nameOf(id), because });
  }

  /** Tells what people should know. */
  warn(code: string, message: string, node?: string): void {
    this.emit({ type: "warning", code, message, ...(node === undefined ? {} : { node }) });
  }

  /** Tells what happened. */
  emit(event: EventBody): void {
    this.#c.onEvent({ v: EVENT_VERSION, time: this.#c.now(), ...event } as Event);
  }

  /** The result of a key is what a node made or used last. */
  touch(id: NodeId, key: Digest): void {
    this.#touched.push({ node: this.#nameOf(id), key });
  }

  /** This run does not compute a key any more. */
  release(key: Digest): void {
    this.#released.push(key);
  }

  /**
   * Writes down what was noted.
   *
   * @throws {StoreError} If it cannot be written.
   */
  flush(): void {
    const { store, workflow, run } = this.#c;
    if (this.#touched.length > 0) store.touch(workflow, this.#touched.splice(0), run);
    if (this.#released.length > 0) store.claims.release(this.#released.splice(0));
    store.flush();
  }

  #nameOf(id: NodeId): string {
    return this.#c.graph.defs[id].name;
  }

  #outputsOf(id: NodeId): readonly OutputResult[] {
    return this.#c.results[id] ?? [];
  }

  #see(id: NodeId, { watched }: Prepared): void {
    for (const { path } of watched) this.#seenPaths.add(path);
    for (const [position, output] of this.#outputsOf(id).entries()) {
      for (const { path } of this.#c.rebuild.published(id, position, output)) {
        this.#seenPaths.add(path);
      }
    }
  }
}

function eventOutput({ name, digest, sizeBytes, identity }: OutputResult): EventOutput {
  return { name, digest, ...(identity === undefined ? {} : { identity }), sizeBytes };
}
