/**
 * The part of the format that says what nodes take from the machine. Does not know which pools there are.
 *
 * @module
 */

import { functionName, memory, NAME, NAME_HINT } from "./schema_values.ts";
import {
  documented,
  either,
  number,
  type Read,
  refine,
  type Shape,
  table,
  text,
  type Visit,
} from "./shape.ts";

/** `cpus` and `memory` have shapes of their own; all other names are pools. */
function readResources(
  read: Readonly<Record<string, number | string>>,
  visit: Visit,
): {
  readonly cpus?: number;
  readonly memory?: Read<typeof memory>;
  readonly call?: string;
  readonly pools: Record<string, number>;
} {
  const units = number({ integer: true, min: 1 });
  const { cpus: _cpus, memory: _memory, call: _call, ...rest } = read;
  const member = <T>(key: string, shape: Shape<T>): T | undefined =>
    read[key] === undefined ? undefined : visit.at(read, key, () => shape.read(read[key], visit));
  const cpus = member("cpus", units);
  const bytes = member("memory", memory);
  const call = member("call", functionName);
  const pools: Record<string, number> = {};
  for (const key of Object.keys(rest)) {
    const amount = member(key, units);
    if (amount !== undefined) pools[key] = amount;
  }
  return {
    ...(cpus === undefined ? {} : { cpus }),
    ...(bytes === undefined ? {} : { memory: bytes }),
    ...(call === undefined ? {} : { call }),
    pools,
  };
}

/** What nodes take. */
export const resources = documented(
  refine(
    table(either(number({ above: 0 }), text()), {
      what: "resources",
      keyPattern: NAME,
      keyHint: NAME_HINT,
    }),
    readResources,
    {
      json: {
        properties: {
          cpus: {
            description: "Slots of -j the node fills.",
            ...number({ integer: true, min: 1 }).json,
          },
          memory: {
            description:
              'Memory limit: "2GiB", "512M", or "2GiB * attempt" for more with each retry.',
            ...memory.json,
          },
          call: {
            description:
              "A function that is given the inputs, and returns resources, for each attempt.",
            ...functionName.json,
          },
        },
        additionalProperties: number({ integer: true, min: 1 }).json,
      },
    },
  ),
  "What the node takes while it runs: cpus, memory and units of the workflow's pools.",
);
