/**
 * How a workflow is opened. Types only; does not know what is done with it then.
 *
 * @module
 */

import type { Executor } from "./executor/executor.ts";
import type { PlacementRequest } from "./executors.ts";
import type { HostPool } from "./executor/host_pool.ts";
import type { Slots } from "./slots.ts";

/** How a workflow is opened. */
export interface EngineOptions {
  /** The store; `.pipecache` beside the workflow by default. */
  readonly cacheDir?: string;
  /** Raw `--input` texts by name. */
  readonly inputs?: Readonly<Record<string, string>>;
  /** Inputs with axes that are added to the whole workflow: `x[i]`. */
  readonly map?: readonly string[];
  /** Executors of nodes and sizes of chunks, over what the file says. */
  readonly placement?: PlacementRequest;
  readonly cwd: string;
  /** The command that starts a host process of this program. */
  readonly hostCommand: readonly string[];
  /** A pool whose first host already starts; used by the first run if it has the same store. */
  readonly calls?: HostPool;
  /** What runs side by side take from: slots, and hosts for their functions. */
  readonly shared?: {
    readonly slots: Slots;
    /** Returns an executor for one run, whose numbers of actions are its own. */
    calls(): Executor;
  };
  /** Standard input of the program; read only if an input is `-`. */
  readonly stdin?: ReadableStream<Uint8Array>;
  /** Gets warnings that belong to no run. */
  readonly onWarning?: (message: string) => void;
}
