/** Runs cases in this process, one after the other, with the hosts and the store they share. Knows nothing of what they give. */

import { Engine, type Event, loadWorkflow, type RunRequest } from "../../core/mod.ts";
import { UsageError } from "../../core/base/error.ts";
import { HostPool } from "../../core/executor/host_pool.ts";
import { SharedExecutor } from "../../core/executor/shared_executor.ts";
import { Slots } from "../../core/slots.ts";
import { HOST_COMMAND } from "./host_rig.ts";
import { TestSpace } from "./space.ts";

/** What came of a run. */
export interface CaseRun {
  readonly outcome: "ok" | "failed" | "aborted";
  readonly events: readonly Event[];
  /** Values by name; those that nobody made are absent. */
  readonly values: ReadonlyMap<string, unknown>;
}

/** What is asked for. */
export interface CaseQuestion {
  readonly inputs: Readonly<Record<string, unknown>>;
  /** Outputs whose values are wanted. */
  readonly names: readonly string[];
  /** Axes that are added, `x[k]`. */
  readonly map?: readonly string[];
  /** Of a map node that failed what its calls have delivered, `null` for those that have not. */
  readonly partial?: boolean;
  /** What else is asked of the run. */
  readonly request?: Partial<RunRequest>;
}

/** A place for cases, with hosts. */
export class CaseRunner implements AsyncDisposable {
  readonly #space = new TestSpace();
  readonly #store = this.#space.at(".pipecache");
  readonly #pool: HostPool;
  readonly #calls: SharedExecutor;
  #next = 0;

  /** @param jobs Calls at once. */
  constructor(readonly jobs = 2) {
    Deno.mkdirSync(this.#space.at("private"), { recursive: true });
    this.#pool = new HostPool({ slots: jobs, command: HOST_COMMAND, blobsDir: this.#store });
    this.#calls = new SharedExecutor(this.#pool, this.#space.at("private"));
  }

  /** Writes a workflow to a directory of its own, which is returned. */
  place(files: Readonly<Record<string, string>>): string {
    const dir = `case${this.#next++}`;
    const placed = Object.entries(files).map(([name, text]) => [`${dir}/${name}`, text]);
    this.#space.write(Object.fromEntries(placed));
    return this.#space.at(dir);
  }

  /** Runs a workflow that was placed. */
  async run(
    dir: string,
    { inputs, names, map = [], partial = false, request = {} }: CaseQuestion,
  ): Promise<CaseRun> {
    const { workflow, diagnostics } = await loadWorkflow("workflow.yaml", { cwd: dir });
    const cpus = this.jobs;
    const slots = new Slots({ cpus, memoryBytes: 2 ** 40, pools: {} });
    const texts = Object.entries(inputs).map(([name, value]) => [
      name,
      typeof value === "string" ? value : JSON.stringify(value),
    ]);
    await using engine = await Engine.open(workflow, diagnostics, {
      cwd: dir,
      cacheDir: this.#store,
      inputs: Object.fromEntries(texts),
      map,
      hostCommand: HOST_COMMAND,
      shared: { slots, calls: () => this.#calls.share() },
    });
    const events: Event[] = [];
    const { outcome } = await engine.run({
      targets: [],
      jobs: cpus,
      ...request,
      onEvent: (event) => {
        events.push(event);
        request.onEvent?.(event);
      },
    });
    const values = new Map(names.flatMap((name) => valueOf(engine, name, partial)));
    return { outcome, events, values };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool[Symbol.asyncDispose]();
    this.#space[Symbol.dispose]();
  }
}

function valueOf(engine: Engine, name: string, partial: boolean): [string, unknown][] {
  try {
    const output = engine.output(name, { partial });
    return output.kind === "value" ? [[name, output.value]] : [];
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return [];
  }
}
