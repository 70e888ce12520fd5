/**
 * One map node of a run: its calls, where they are kept, and what they took. Does not know actions, slots or other nodes.
 *
 * @module
 */

import type { Completion, Failure } from "./action.ts";
import type { AxisSlices } from "./base/axis_slice.ts";
import type { Digest } from "./base/digest.ts";
import { createHistogram, type Histogram } from "./base/histogram.ts";
import { aloneBecause, placementOf } from "./executors.ts";
import type { NodeId } from "./graph.ts";
import type { LiveArrays } from "./map_calls.ts";
import { chooseCalls } from "./map_choice.ts";
import { fateOf } from "./map_failures.ts";
import { MapFeed } from "./map_feed.ts";
import type { ShapeProblem } from "./mapplan.ts";
import { MapRun, type MapRunOptions } from "./map_run.ts";
import type { MapSpec } from "./mapspec.ts";
import type { Prepared } from "./rebuild.ts";
import { baseOf, type MapNode, planCalls, StoredCalls } from "./stored_calls.ts";
import { isAsWatched } from "./sources.ts";
import type { ElementLog } from "./store/elements.ts";
import type { FileDigests } from "./store/files.ts";
import type { NodeDef, Workflow } from "./workflow.ts";

/** Pause between two looks at the workspace, in lengths of a look. */
const LOOK_PAUSE = 20;

/** A call of which is known what it takes from the machine. */
export interface SizedCall {
  readonly call: number;
  readonly def: NodeDef;
}

/** A map node that runs. */
export interface MapJob {
  readonly id: NodeId;
  readonly def: NodeDef & { readonly map: MapSpec };
  prepared: Prepared;
  readonly run: MapRun;
  /** Absent if calls are not kept. */
  readonly log: ElementLog | undefined;
  /** Digest of everything its calls share; names their file. */
  readonly base: Digest;
  /** Calls that run as soon as there is room, with what they take. */
  readonly sized: SizedCall[];
  /** Which calls have all they take; absent once the upstreams are over. */
  feed: MapFeed | undefined;
  readonly startedAt: number;
  readonly times: Histogram;
  cpuMs: number;
  maxRssBytes: number;
  /** What it takes from the workspace has changed since it began: nothing is kept any more. */
  hasChanged: boolean;
  /** When that is to be looked at again, as `performance.now()`. */
  nextLook: number;
  /** Failed calls that were told of. */
  reported: number;
  /** Why nothing is tried again. */
  givenUp: Failure | undefined;
  /** Nobody wants its calls any more; those that run are kept as if they were wanted. */
  isForgotten: boolean;
  /** Whether its arrays were made of these calls; known when it is over. */
  readonly origin: Origin;
  /** Of the arrays it took while they were being made. */
  readonly origins: readonly Origin[];
}

/** Where elements come from that are taken before their array is there. */
export interface Origin {
  /** The array was made of them. */
  isWhole: boolean;
}

/** Arrays that a job takes while they are being made. */
export interface LiveInputs {
  readonly arrays: LiveArrays;
  readonly origins: readonly Origin[];
}

/** How a node begins. */
export interface BeginOptions {
  /** Whether what calls deliver is kept. */
  readonly isKept: boolean;
  /** Calls that were kept earlier do not count, in milliseconds since the epoch; absent: none does. */
  readonly since?: number;
  /** What is run of which axes; the whole if it is left out. */
  readonly slices?: AxisSlices;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/**
 * Makes a job; none of its calls takes part yet.
 *
 * @param read Returns the stored bytes of a value.
 * @param live Arrays that are still being made; absent if all are there.
 * @returns The job, or why the shapes do not fit.
 */
export function openJob(
  node: MapNode,
  read: (digest: Digest) => Uint8Array,
  { isKept, since, now, slices, accept }: BeginOptions & Pick<MapRunOptions, "accept">,
  live?: LiveInputs,
): MapJob | ShapeProblem {
  const { graph, store, id, prepared } = node;
  const def = graph.defs[id] as MapJob["def"];
  const put = (bytes: Uint8Array) => store.blobs.put(bytes);
  const calls = planCalls(node, { read, put }, live?.arrays);
  if ("ok" in calls) return calls;
  const isChosen = slices === undefined ? undefined : chooseCalls(calls, slices);
  if (typeof isChosen === "object") return isChosen;
  const stored = isKept ? new StoredCalls(node, since) : undefined;
  const run = new MapRun(calls, def.outputs.length, {
    find: stored?.finder,
    isChosen,
    fateOf: (all, call) => fateOf(def, all, call),
    accept,
  });
  const awaited = calls.plan.inputs.filter(({ name }) => Object.hasOwn(live?.arrays ?? {}, name));
  return {
    id,
    def,
    prepared,
    run,
    log: stored?.log,
    base: stored?.base ?? baseOf(node),
    feed: live === undefined ? undefined : new MapFeed(calls, awaited),
    sized: [],
    startedAt: now,
    times: createHistogram(),
    cpuMs: 0,
    maxRssBytes: 0,
    hasChanged: false,
    nextLook: 0,
    reported: 0,
    givenUp: undefined,
    isForgotten: false,
    origin: { isWhole: false },
    origins: live?.origins ?? [],
  };
}

/** Whether there are calls to start. */
export function hasWaiting({ run, sized, feed, givenUp }: MapJob): boolean {
  const isSkipped = givenUp !== undefined && feed !== undefined;
  return !isSkipped && (run.waiting !== undefined || sized.length > 0);
}

/**
 * Takes waiting calls that are to travel together.
 *
 * @param share How many actions the waiting calls are to be enough for.
 */
export function takeCalls({ run, def }: MapJob, workflow: Workflow, share: number): number[] {
  const { concurrency, chunk } = placementOf(workflow, def);
  const limit = aloneBecause(def) === undefined ? chunk ?? Infinity : 1;
  return run.next(limit, share, chunk ?? concurrency);
}

/**
 * Whether what a job did ahead of its arrays is of use now that they are there: they were made of the very elements it took, and
 * the workspace is as it was.
 *
 * @param node What it takes now.
 */
export function isStillGood(job: MapJob, node: MapNode): boolean {
  return job.base === baseOf(node) && job.origins.every(({ isWhole }) => isWhole) &&
    isUnchanged(job, node.store.files, true);
}

/**
 * Whether what a job takes from the workspace is as it was when it began. Looks at most a twentieth of the time, so if it is
 * not, calls may have been kept as what they are not: all are removed.
 *
 * @param isEnd Looks in any case.
 */
export function isUnchanged(job: MapJob, files: FileDigests, isEnd = false): boolean {
  const at = performance.now();
  if (job.hasChanged || !isEnd && at < job.nextLook) return !job.hasChanged;
  job.hasChanged = job.prepared.watched.some((watched) => !isAsWatched(watched, files));
  const now = performance.now();
  job.nextLook = now + (now - at) * LOOK_PAUSE;
  if (job.hasChanged) job.log?.remove();
  return !job.hasChanged;
}

/** Notes what an action of a node took. What was stopped says nothing of how long calls take. */
export function measure(job: MapJob, calls: number, completion: Completion): void {
  const { wallMs, cpuMs = 0, maxRssBytes = 0 } = completion.usage;
  job.cpuMs += cpuMs;
  job.maxRssBytes = Math.max(job.maxRssBytes, maxRssBytes);
  if (completion.kind === "done" && completion.times !== undefined) {
    job.times.merge(completion.times);
  } else if (calls === 1 && !isAborted(completion)) job.times.add(wallMs);
}

function isAborted(completion: Completion): boolean {
  return completion.kind === "failed" && completion.failure.reason === "aborted";
}
