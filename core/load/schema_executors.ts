/**
 * The part of the format that says where nodes run: executors, and what nodes say of them. Does not know which executors there
 * are, nor what they do.
 *
 * @module
 */

import { DEFAULT_EXECUTOR, MAX_CHUNK } from "../executors.ts";
import { NAME, name, NAME_HINT } from "./schema_values.ts";
import { choice, documented, type Fields, number, object, table } from "./shape.ts";

const concurrency = number({ integer: true, min: 1, max: 10_000 });
const chunk = number({ integer: true, min: 1, max: MAX_CHUNK });

/** Options of nodes. */
export const placementFields = {
  executor: documented(name, "The executor that runs the node: one of executors.", {
    default: DEFAULT_EXECUTOR,
  }),
  concurrency: documented(
    concurrency,
    "Functions of map nodes that return promises: how many calls may be pending in one worker.",
    { default: 1 },
  ),
  chunk: documented(
    chunk,
    "Functions of map nodes: how many calls travel together to a worker; by itself about 20 ms of work.",
  ),
} satisfies Fields;

const executor = object({
  kind: documented(
    choice("worker", "process"),
    "Where functions run: in a process that serves many, or in one that is ended after each action.",
    { default: "worker" },
  ),
  slots: documented(
    number({ integer: true, min: 1 }),
    "How many of its actions run at once, within the slots of the run.",
  ),
  concurrency: documented(concurrency, "concurrency of map nodes that do not say it."),
  chunk: documented(chunk, "chunk of map nodes that do not say it."),
}, { expected: "a mapping with kind, slots, concurrency or chunk" });

/** The executors of a workflow. */
export const executorsShape = documented(
  table(executor, { what: "executors", keyPattern: NAME, keyHint: NAME_HINT }),
  "Where nodes run and how many at once, by names that nodes use; default is that of all others.",
);
