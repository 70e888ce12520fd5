/**
 * What the coordinator and a host say to each other. Types only; does not know how messages travel.
 *
 * @module
 */

import type { Action, Completion } from "../action.ts";

/** Coordinator to host. */
export type ToHost =
  /** The first message. */
  | {
    readonly kind: "setup";
    /** Goes before every frame of the host. */
    readonly token: string;
    /** Store directory. */
    readonly blobsDir: string;
  }
  /** Actions to run, in this order. */
  | { readonly kind: "run"; readonly actions: readonly Action[] }
  /** Ends one action: a queued one is dropped, a running one sees it as `ctx.signal`. */
  | { readonly kind: "abort"; readonly id: number }
  /** Asks for queued actions that have not started. */
  | { readonly kind: "recall" };

/** Host to coordinator. */
export type FromHost =
  | { readonly kind: "ready" }
  | {
    readonly kind: "report";
    /** Actions with a timeout that run now. */
    readonly started?: readonly number[];
    readonly completions?: readonly Completion[];
    /** Answer to `recall`: they did not start and will not. */
    readonly returned?: readonly number[];
  }
  /** The running action took more memory than it may: the host is to be killed. */
  | { readonly kind: "exceeded"; readonly id: number }
  /** A process group that must go when the host is killed; `isAlive` false: it is gone. */
  | { readonly kind: "child"; readonly pid: number; readonly isAlive: boolean };
