/**
 * One node or call run once more, on what its inputs are now, for whoever wants to see it fail: nothing is recorded or
 * published. Does not know terminals, schedules or other nodes than its upstreams.
 *
 * @module
 */

import type { Action, ActionInput, Completion, Failure } from "./action.ts";
import type { ActionFrame } from "./assemble.ts";
import type { Digest } from "./base/digest.ts";
import { UsageError } from "./base/error.ts";
import { linearOf } from "./base/space.ts";
import { decodeValue } from "./base/value.ts";
import { callName, parseCallName } from "./call_name.ts";
import { ErrorFlow, type ErrorFlowContext } from "./error_flow.ts";
import { formatCauses } from "./error_value.ts";
import type { Executor } from "./executor/executor.ts";
import type { Foresight } from "./foresight.ts";
import type { NodeId } from "./graph.ts";
import { MapCalls } from "./map_calls.ts";
import type { MapSpec } from "./mapspec.ts";
import type { Prepared, Rebuild } from "./rebuild.ts";
import { isCached } from "./result.ts";
import { sizeOf, sizingFailure, sizingNode } from "./sizing.ts";
import { LogFollower } from "./store/log_follower.ts";
import type { Store } from "./store/store.ts";
import type { Targets } from "./targets.ts";
import type { Temps } from "./temps.ts";
import type { NodeDef } from "./workflow.ts";

/** What a replay is made from. */
export interface ReplayContext extends Omit<ErrorFlowContext, "read"> {
  readonly store: Store;
  readonly rebuild: Rebuild;
  readonly foresight: Foresight;
  readonly targets: Targets;
  readonly temps: Temps;
  /** Names of the calls of a node that failed in the newest run. */
  failedCalls(node: string): readonly string[];
}

/** How a replay goes. */
export interface ReplayRequest {
  /** Runs it; one slot is enough. */
  readonly executors: { readonly call: Executor; readonly run: Executor };
  /** Gets what it prints, soon after. */
  onOutput(stream: "stdout" | "stderr", bytes: Uint8Array): void;
}

/** Pause between looks at what was printed, in milliseconds. */
const FOLLOW_MS = 50;

/** A node or call that is ready to run again. */
export class Replay {
  /** As the command line takes it. */
  readonly name: string;
  readonly #c: ReplayContext;
  readonly #id: NodeId;
  readonly #index: readonly number[] | undefined;
  readonly #prepared: Prepared;

  /**
   * Finds the inputs of a node or call.
   *
   * @param text Name of a node or output, of a map node with a position: `ys[3]`.
   * @throws {UsageError} If there is no such call, or an input is not stored.
   * @throws {TakesErrors} If it would take error values and does not say that it can.
   */
  constructor(context: ReplayContext, text: string) {
    this.#c = context;
    const { graph, targets, rebuild } = context;
    const { node: named, index } = parseCallName(text);
    const id = targets.node(named);
    const { name: node, map } = graph.defs[id];
    this.#id = id;
    this.#index = index;
    this.name = callName({ node, ...(index === undefined ? {} : { index }) });
    if (index !== undefined && map === undefined) {
      throw new UsageError(`Cannot replay "${this.name}": node "${node}" has no map`, {
        hint: `replay all of it: flow replay ${node}`,
      });
    }
    this.#findUpstreams();
    new ErrorFlow({ ...context, read: (digest) => this.#read(digest) }).check(id);
    const prepared = rebuild.prepare(id);
    this.#prepared = map === undefined
      ? prepared
      : { ...prepared, inputs: this.#inputsOfCall(prepared, map, index) };
  }

  /** What it is called with: values, and paths of files. */
  inputs(): Record<string, unknown> {
    const inputs: Record<string, unknown> = {};
    for (const input of this.#prepared.inputs) {
      // Safe also for an argument called `__proto__`.
      Object.defineProperty(inputs, input.name, { value: this.#valueOf(input), enumerable: true });
    }
    return inputs;
  }

  /** Runs it to its end; returns what came of it. Values are those of its outputs. */
  async run(
    { executors, onOutput }: ReplayRequest,
  ): Promise<{ completion: Completion; values: Readonly<Record<string, unknown>> }> {
    const { store } = this.#c;
    const dir = `${store.sessionDir}/replay`;
    Deno.mkdirSync(dir, { recursive: true });
    const frameOf = (id: number): ActionFrame => ({
      id,
      attempt: 1,
      privateDir: `${store.sessionDir}/${id}`,
      logPath: `${dir}/log`,
      tempsDir: this.#c.temps.dir,
    });
    const followers = (["stdout", "stderr"] as const).map((stream) =>
      new LogFollower(`${dir}/log.${stream}`, (bytes) => onOutput(stream, bytes))
    );
    const follow = (): void => followers.forEach((follower) => follower.read());
    const timer = setInterval(follow, FOLLOW_MS);
    try {
      const completion = await this.#execute(executors, frameOf);
      follow();
      return { completion, values: this.#valuesOf(completion) };
    } finally {
      clearInterval(timer);
      for (const follower of followers) follower.close();
    }
  }

  /** If a function says what it takes, that is called first. */
  async #execute(
    executors: ReplayRequest["executors"],
    frameOf: (id: number) => ActionFrame,
  ): Promise<Completion> {
    const { graph } = this.#c;
    const submit = (def: NodeDef, frame: ActionFrame): Promise<Completion> => {
      const action = this.#action(def, frame);
      return new Promise((resolve) => executors[action.work.kind].submit([action], resolve));
    };
    const def = graph.defs[this.#id];
    const asked = sizingNode(def);
    if (asked === undefined) return await submit(def, frameOf(1));
    const answer = await submit(asked, frameOf(1));
    const fail = (failure: Failure): Completion => ({
      ...{ id: answer.id, kind: "failed", usage: answer.usage },
      failure: sizingFailure(asked, failure),
    });
    if (answer.kind === "failed") return fail(answer.failure);
    const [{ text, digest }] = answer.outputs;
    const value = () => decodeValue(text ?? this.#read(digest));
    const sized = sizeOf(def, value, graph.workflow.pools);
    if (typeof sized === "string") return fail({ reason: "contract", message: sized });
    return await submit(sized, frameOf(2));
  }

  /** All outputs are temporary: they go with the session. */
  #action(def: NodeDef, frame: ActionFrame): Action {
    const action = this.#c.rebuild.actionOf(def, this.#prepared.inputs, frame);
    return {
      ...action,
      ...(this.#index === undefined ? {} : { index: this.#index }),
      outputs: action.outputs.map((output) => ({ ...output, temp: true })),
    };
  }

  #valuesOf(completion: Completion): Record<string, unknown> {
    if (completion.kind === "failed") return {};
    return Object.fromEntries(
      completion.outputs.flatMap(({ name, kind, text, digest }) =>
        kind === "value" ? [[name, decodeValue(text ?? this.#read(digest))]] : []
      ),
    );
  }

  /** Makes sure that everything it takes from other nodes is there. */
  #findUpstreams(): void {
    const { graph, results, foresight, targets } = this.#c;
    const id = this.#id;
    const closure = targets.closure([id]);
    closure.delete(id);
    foresight.foresee(closure, { withErrors: true });
    for (const { argument, source } of graph.wires[id]) {
      if (source.kind !== "output") continue;
      const def = graph.defs[source.node];
      const what = `its input "${argument}" comes from node "${def.name}"`;
      if (results[source.node] === undefined) {
        throw new UsageError(`Cannot replay "${this.name}": ${what}, which is not up to date`, {
          hint: isCached(def)
            ? `run it first: flow run ${def.name}`
            : `results of "${def.name}" are not kept; write "cache: true" in it and run it first`,
        });
      }
      if (this.#hasBytes(source.node, source.output)) continue;
      throw new UsageError(
        `Cannot replay "${this.name}": ${what}, whose bytes are gone or not as they were`,
        {
          hint: def.outputs[source.output].temp
            ? `remove "temp" from its output while you look at it, and run it first`
            : `run it first: flow run ${def.name}`,
        },
      );
    }
  }

  #hasBytes(id: NodeId, position: number): boolean {
    const { results, rebuild, store: { blobs, files } } = this.#c;
    const output = results[id]?.[position];
    if (output === undefined) return false;
    if (output.kind === "value") return output.text !== undefined || blobs.has(output.digest);
    if (output.kind === "files" && !blobs.has(output.digest)) return false;
    return rebuild.published(id, position, output).every(({ path, kind, digest }) =>
      kind === "dir" ? files.expectTree(path, digest) : files.expect(path, digest)
    );
  }

  #inputsOfCall(
    prepared: Prepared,
    map: MapSpec,
    index: readonly number[] | undefined,
  ): readonly ActionInput[] {
    const { graph, temps, store: { files } } = this.#c;
    const calls = MapCalls.of(map, graph.maps[this.#id] ?? {}, prepared.inputs, {
      read: (digest) => this.#read(digest as Digest),
      store: (name, bytes) => ({ name, kind: "value", digest: temps.blobs.put(bytes) }),
      file: (name, path) => ({ name, kind: "file", path, digest: files.digestOf(path).digest }),
    });
    if ("ok" in calls) throw new UsageError(calls.message);
    const { shape } = calls.plan.calls;
    const call = index === undefined ? undefined : callAt(index, shape);
    if (call === undefined) throw this.#noSuchCall(shape);
    const errors = calls.errorsOf(call);
    if (errors?.isWhole === true) {
      const causes = errors.errors.flatMap((error) => error.causes);
      throw new UsageError(
        `Cannot replay "${this.name}": it is not called, for it would take an error value, from ${
          formatCauses(causes)
        }`,
        { hint: `replay what failed: flow replay '${callName(causes[0])}'` },
      );
    }
    return calls.inputsOf(call);
  }

  #noSuchCall(shape: readonly number[]): UsageError {
    const { name: node } = this.#c.graph.defs[this.#id];
    const failed = this.#c.failedCalls(node);
    const example = failed[0] ?? callName({ node, index: shape.map(() => 0) });
    const count = shape.reduce((product, length) => product * length, 1);
    return new UsageError(
      this.#index === undefined
        ? `Cannot replay all ${count} calls of map node "${node}"`
        : `Cannot replay "${this.name}": node "${node}" has no such call`,
      {
        facts: {
          calls: shape.length === 0 ? "1" : shape.join(" x "),
          ...(failed.length === 0 ? {} : { "failed in the last run": failed.join(" ") }),
        },
        hint: `name one call: flow replay '${example}'`,
      },
    );
  }

  #valueOf(input: ActionInput): unknown {
    switch (input.kind) {
      case "value":
        return decodeValue(input.text ?? this.#read(input.digest));
      case "file":
      case "dir":
        return input.path;
      case "files":
        return input.paths;
      case "array":
        return nested(input.elements.map((element) => this.#valueOf(element)), input.shape);
      default:
        return input satisfies never;
    }
  }

  #read(digest: Digest): Uint8Array<ArrayBuffer> {
    const { temps, store } = this.#c;
    return (temps.blobs.has(digest) ? temps.blobs : store.blobs).read(digest);
  }
}

/** Number of the call at a position; `undefined` if there is none. */
function callAt(index: readonly number[], shape: readonly number[]): number | undefined {
  const isThere = index.length === shape.length && index.every((at, axis) => at < shape[axis]);
  return isThere ? linearOf(index, shape) : undefined;
}

function nested(items: readonly unknown[], shape: readonly number[]): readonly unknown[] {
  if (shape.length <= 1) return items;
  const [first, ...rest] = shape;
  const size = items.length / Math.max(1, first);
  return Array.from(
    { length: first },
    (_, i) => nested(items.slice(i * size, (i + 1) * size), rest),
  );
}
