/**
 * What map nodes need from the run they are part of, and tell it. Does not know calls, nor what becomes of what it is told.
 *
 * @module
 */

import type { Action, Failure, Usage } from "./action.ts";
import type { ActionFrame } from "./assemble.ts";
import type { Digest } from "./base/digest.ts";
import type { Graph, NodeId } from "./graph.ts";
import type { FailedElement } from "./map_failures.ts";
import type { PublishCall } from "./map_files.ts";
import type { MapJob } from "./map_job.ts";
import type { Rebuild } from "./rebuild.ts";
import type { Store } from "./store/store.ts";
import type { NodeDef } from "./workflow.ts";

/** What map nodes need from the run. */
export interface MapJobsContext {
  readonly graph: Graph;
  readonly rebuild: Rebuild;
  readonly store: Store;
  /** Numbers and places an action; `name` tells its log from others of the node. */
  frame(id: NodeId, name: string, attempt: number): ActionFrame;
  /** Capacities of the pools. */
  readonly pools: Readonly<Record<string, number>>;
  /** Returns the stored bytes of a value a node takes. */
  read(digest: Digest): Uint8Array<ArrayBuffer>;
  /**
   * Publishes the files of a call.
   *
   * @throws {StoreError} If bytes are missing or damaged, or cannot be written.
   */
  publish(id: NodeId, ...of: Parameters<PublishCall>): void;
  /** A call cannot use what was delivered for it earlier, and runs again. */
  onLost(id: NodeId, index: readonly number[], message: string): void;
  /** Calls of a node have ended. */
  onProgress(id: NodeId): void;
  /** A call failed for good; told of the first `MAX_REPORTED` of a node. */
  onFailed(id: NodeId, failed: FailedElement): void;
  /** A call failed and is tried again; `again` lets it run. */
  onRetry(
    id: NodeId,
    index: readonly number[],
    attempt: number,
    failure: Failure,
    again: () => void,
  ): void;
}

/** Why a node cannot begin, or what names the file of its calls if they are kept. */
export type Begun = { readonly failure: Failure } | { readonly base?: Digest };

/** An action of calls, and what it takes from the machine. */
export interface CallAction {
  readonly action: Action;
  readonly taken: NodeDef;
}

/** The calls one action stands for. */
export interface Flight {
  readonly job: MapJob;
  readonly calls: readonly number[];
  readonly logBase: string;
  /** The node that was asked what the call takes, if that is what the action is for. */
  readonly asked?: NodeDef;
}

/** What came of an attempt of a call. */
export type Attempt = {
  readonly failure: Failure;
  readonly usage: Usage;
  readonly logPath?: string;
};
