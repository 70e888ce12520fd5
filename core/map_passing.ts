/**
 * From map node to map node, call by call: what calls of one deliver is passed on to those that take the array while it is being
 * made. Does not know actions, stores or when anything runs.
 *
 * @module
 */

import { indexOf } from "./base/space.ts";
import { holdsErrors } from "./base/value.ts";
import type { NodeId } from "./graph.ts";
import type { Element, LiveArray } from "./map_calls.ts";
import type { LiveInputs, MapJob } from "./map_job.ts";
import { type MapInput, type MapOutput, planOutput } from "./mapplan.ts";

/** An array that a running map node makes and another takes. */
export interface LiveSource {
  /** Name in the map-spec that takes it. */
  readonly name: string;
  readonly node: NodeId;
  readonly output: number;
}

/** One way from the calls of a job to those of another. */
export interface Passage {
  readonly from: MapJob;
  /** Position among the value outputs of the job that makes the array. */
  readonly output: number;
  /** The array as the other sees it. */
  readonly array: LiveArray;
  /** From a call to the element it makes. */
  place(call: number): number;
}

/** A job that takes an array while it is being made. */
interface Consumer {
  readonly job: MapJob;
  readonly input: MapInput;
  readonly passage: Passage;
}

/** A job that others take from. */
interface Producer {
  readonly consumers: Consumer[];
  /** Calls that have delivered and were not yet passed on. */
  calls: number[];
}

/**
 * Returns the way from a job to one that takes its array.
 *
 * @param from Has no generated axes.
 * @param argument What the array is to the job that takes it.
 * @param pathOf Returns the path under which the file of a call is published.
 */
export function passageFrom(
  from: MapJob,
  output: number,
  argument: string,
  pathOf: (index: readonly number[]) => string,
): Passage {
  const { calls } = from.run.calls.plan;
  // Without generated axes all lengths are known.
  const { space: { shape }, block, call } = planOutput(from.def.map, calls) as MapOutput;
  // Not the calls: they hold what they take, also when that is over long since.
  const column = from.run.column(output);
  const at = (position: number): Element | undefined => {
    const made = call.first(position);
    const element = column.at(made);
    if (element === undefined || typeof element === "string") return element;
    const { digest, file } = element;
    if (file === undefined) return { name: argument, kind: "value", digest };
    const path = pathOf(indexOf(made, calls.shape));
    return { name: argument, kind: file === "dir" ? "dir" : "file", digest, path };
  };
  return { from, output, array: { shape, at }, place: (made) => block.first(made) };
}

/**
 * Returns what a job takes while it is being made.
 *
 * @param passages The ways it comes, by name of the map-spec.
 */
export function liveInputs(passages: ReadonlyMap<string, Passage>): LiveInputs {
  const arrays = [...passages].map(([name, { array }]) => [name, array] as const);
  return {
    arrays: Object.fromEntries(arrays),
    origins: Array.from(passages.values(), ({ from }) => from.origin),
  };
}

/** Passes elements on. */
export class Passing {
  readonly #producers = new WeakMap<MapJob, Producer>();
  /** Jobs with calls to pass on. */
  readonly #open: MapJob[] = [];

  /** From now on a job gets what comes by passages, by name of its map-spec, and what has come so far. */
  connectAll(passages: ReadonlyMap<string, Passage>, job: MapJob): void {
    for (const input of job.run.calls.plan.inputs) {
      const passage = passages.get(input.name);
      if (passage !== undefined) this.#connect(passage, job, input);
    }
    this.run();
  }

  #connect(passage: Passage, job: MapJob, input: MapInput): void {
    const { from } = passage;
    const consumer = { job, input, passage };
    this.#producerOf(from).consumers.push(consumer);
    for (const call of from.run.delivered()) feed(consumer, call);
  }

  /** Passes on what was delivered, and what follows from that where calls are known already. */
  run(): void {
    for (let job = this.#open.pop(); job !== undefined; job = this.#open.pop()) {
      const producer = this.#producerOf(job);
      const { calls } = producer;
      producer.calls = [];
      for (const consumer of producer.consumers) for (const call of calls) feed(consumer, call);
    }
  }

  #producerOf(job: MapJob): Producer {
    const known = this.#producers.get(job);
    if (known !== undefined) return known;
    const producer: Producer = { consumers: [], calls: [] };
    this.#producers.set(job, producer);
    job.run.onDelivered((call) => {
      if (producer.calls.push(call) === 1) this.#open.push(job);
    });
    return producer;
  }
}

function feed({ job, input, passage: { from, output, place } }: Consumer, call: number): void {
  if (job.feed === undefined) return;
  const element = from.run.column(output).at(call);
  // What may be or hold an error value is looked at when the array is whole.
  const mayFail = from.def.onError === "continue" &&
    (typeof element !== "string" || holdsErrors(element));
  if (mayFail) return;
  for (const ready of job.feed.take(input, place(call))) job.run.add(ready);
}
