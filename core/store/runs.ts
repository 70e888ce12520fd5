/**
 * Records of runs: `runs/<id>/` with events and logs. Does not know the index or what events mean, but for begin and end.
 *
 * @module
 */

import type { BeginEvent, Counts, EndEvent, Event } from "../event.ts";
import { guarded, lstatIfExists, readTextAt, removeIfExists, storeError } from "./io.ts";
import { RunRecord } from "./run_record.ts";
import { isHeld, newId, timeOfId } from "./session.ts";

/** How much of the start and of the end of the events is read for a summary, in bytes. */
const EDGE_BYTES = 1 << 16;

/** The last moment that has a date, in milliseconds since the epoch. */
const MAX_TIME_MS = 8.64e15;

/** A run in one line. */
export interface RunSummary {
  readonly id: string;
  /** Identity of the workflow in the store. */
  readonly workflow: string;
  /** `killed`: its process ended without saying how. */
  readonly outcome: EndEvent["outcome"] | "running" | "killed";
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** Absent without an end event. */
  readonly wallMs?: number;
  readonly counts?: Counts;
}

/** Logs a node left in a run; the files exist. */
export interface RunLog {
  readonly run: string;
  /** Of the node, or of one call of a map node. */
  readonly name: string;
  readonly stdout?: string;
  readonly stderr?: string;
}

/** The report of a node's failure in a run; both files exist. */
export interface RunError {
  readonly run: string;
  /** Of the node, or of one call of a map node. */
  readonly name: string;
  /** For people. */
  readonly text: string;
  /** The same facts as JSON. */
  readonly json: string;
}

/** All runs of one store directory. */
export class Runs {
  readonly #dir: string;
  readonly #now: () => number;
  readonly #open = new Set<RunRecord>();

  /** @param dir The store directory. @param now Milliseconds since the epoch. */
  constructor(dir: string, now: () => number) {
    this.#dir = `${dir}/runs`;
    this.#now = now;
  }

  /** Starts the record of a run. */
  begin(workflow: string): RunRecord {
    const id = newId(this.#now());
    const record = new RunRecord(`${this.#dir}/${id}`, id, workflow);
    this.#open.add(record);
    return record;
  }

  /** Writes buffered events of runs that are going on in this process. */
  flush(): void {
    for (const record of this.#open) record.flush();
  }

  /** Ends the records of this process. */
  close(): void {
    for (const record of this.#open) record.close();
    this.#open.clear();
  }

  /** Yields the runs, newest first, of one workflow or of all. */
  *list(workflow?: string): Generator<RunSummary> {
    for (const id of this.#ids()) {
      const owner = this.#workflowOf(id);
      if (owner !== undefined && (workflow === undefined || owner === workflow)) {
        yield this.#summary(id, owner);
      }
    }
  }

  /** Returns the id of the newest run of a workflow. */
  latest(workflow: string): string | undefined {
    return this.#ids().find((id) => this.#workflowOf(id) === workflow);
  }

  /**
   * Yields the events of a run in order; lines that are torn or damaged are left out.
   *
   * @param id The run.
   * @param node Yields only what is said of this node: much faster, since other lines are not parsed.
   */
  *events(id: string, node?: string): Generator<Event> {
    const path = `${this.#dir}/${id}/events.ndjson`;
    if (lstatIfExists(path) === undefined) return;
    const mark = node === undefined ? "" : `"node":${JSON.stringify(node)}`;
    for (const line of linesOf(path)) {
      if (!line.includes(mark)) continue;
      const event = eventOf(line);
      if (event !== undefined) yield event;
    }
  }

  /**
   * Returns the logs of the last attempt of a node, or of one of its calls, in each run of a workflow, newest run first. Those
   * of a whole node are followed by those of its calls, in order.
   */
  logsOf(workflow: string, name: string): RunLog[] {
    return this.#ids().flatMap((id) => {
      if (this.#workflowOf(id) !== workflow) return [];
      const dir = `${this.#dir}/${id}/logs`;
      return [name, ...callsIn(dir, name)].flatMap((one) => {
        const log = lastLog(`${dir}/${one}`);
        return log === undefined ? [] : [{ run: id, name: one, ...log }];
      });
    });
  }

  /** Returns the reports of failures of a node and of its calls, or of one call, in the order of `logsOf`. */
  errorsOf(workflow: string, name: string): RunError[] {
    return this.#ids().flatMap((id) => {
      if (this.#workflowOf(id) !== workflow) return [];
      const dir = `${this.#dir}/${id}/errors`;
      return [name, ...callsIn(dir, name)].flatMap((one) => {
        const text = `${dir}/${one}.txt`;
        if (lstatIfExists(text) === undefined) return [];
        return [{ run: id, name: one, text, json: `${dir}/${one}.json` }];
      });
    });
  }

  /** Returns the facts of a node's failure in a run as JSON data, if they are there and can be read. */
  errorFacts(id: string, node: string): unknown {
    const path = `${this.#dir}/${id}/errors/${node}.json`;
    try {
      return JSON.parse(Deno.readTextFileSync(path));
    } catch (error) {
      // Not there, or torn by a kill: then nothing is known.
      if (error instanceof Deno.errors.NotFound || error instanceof SyntaxError) return undefined;
      throw storeError("read", path, error);
    }
  }

  /** Removes all but the newest `keep` runs of a workflow; runs that are going on stay. Returns how many went. */
  retain(workflow: string, keep: number): number {
    const ids = this.#ids().filter((id) => this.#workflowOf(id) === workflow).slice(keep);
    return this.#remove(ids);
  }

  /** Removes runs that belong to no workflow: their record was never finished or is damaged. */
  removeDamaged(): number {
    return this.#remove(this.#ids().filter((id) => this.#workflowOf(id) === undefined));
  }

  #remove(ids: readonly string[]): number {
    let count = 0;
    for (const id of ids) {
      const dir = `${this.#dir}/${id}`;
      if (isHeld(`${dir}/lock`)) continue;
      guarded("remove", dir, () => removeIfExists(dir));
      count++;
    }
    return count;
  }

  /** Ids of all runs, newest first. */
  #ids(): string[] {
    try {
      return [...Deno.readDirSync(this.#dir)].map((entry) => entry.name).sort().reverse();
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return [];
      throw error;
    }
  }

  #workflowOf(id: string): string | undefined {
    try {
      const meta: unknown = JSON.parse(Deno.readTextFileSync(`${this.#dir}/${id}/run.json`));
      const workflow = (meta as { workflow?: unknown } | null)?.workflow;
      return typeof workflow === "string" ? workflow : undefined;
    } catch {
      // A run killed in its first moments, or a damaged record: it has nothing to tell.
      return undefined;
    }
  }

  #summary(id: string, workflow: string): RunSummary {
    const dir = `${this.#dir}/${id}`;
    const { begin, end } = edgesOf(`${dir}/events.ndjson`);
    const startedAt = begin?.time ?? timeOfId(id);
    if (end !== undefined) {
      const { outcome, wallMs, counts } = end;
      return { id, workflow, outcome, startedAt, wallMs, counts };
    }
    return { id, workflow, outcome: isHeld(`${dir}/lock`) ? "running" : "killed", startedAt };
  }
}

function eventOf(line: string): Event | undefined {
  try {
    const event = JSON.parse(line) as { type?: unknown; time?: unknown } | null;
    const isEvent = typeof event?.type === "string" && isTime(event.time);
    return isEvent ? event as Event : undefined;
  } catch {
    // Torn by a kill in the middle of a write.
    return undefined;
  }
}

/** A flipped bit must not become a date that cannot be printed. */
function isTime(time: unknown): boolean {
  return typeof time === "number" && Math.abs(time) <= MAX_TIME_MS;
}

/** Reads only both edges: the events of a large run fill hundreds of megabytes. */
function edgesOf(path: string): { begin?: BeginEvent; end?: EndEvent } {
  const info = lstatIfExists(path);
  if (info === undefined || !info.isFile) return {};
  using file = Deno.openSync(path, { read: true });
  const first = eventOf(readTextAt(file, 0, EDGE_BYTES).split("\n", 1)[0] ?? "");
  const last = eventOf(
    readTextAt(file, Math.max(0, info.size - EDGE_BYTES), EDGE_BYTES).trimEnd().split("\n").at(
      -1,
    ) ?? "",
  );
  return {
    ...(first?.type === "begin" ? { begin: first } : {}),
    ...(last?.type === "end" ? { end: last } : {}),
  };
}

function* linesOf(path: string): Generator<string> {
  using file = Deno.openSync(path, { read: true });
  const decoder = new TextDecoder();
  const block = new Uint8Array(EDGE_BYTES);
  let rest = "";
  for (let n = file.readSync(block); n !== null; n = file.readSync(block)) {
    const lines = (rest + decoder.decode(block.subarray(0, n), { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}

/** Names of the calls of a node of which there is a file, in the order of their positions. */
function callsIn(dir: string, node: string): string[] {
  if (lstatIfExists(dir) === undefined) return [];
  const names = new Map<string, readonly number[]>();
  for (const { name } of Deno.readDirSync(dir)) {
    if (!name.startsWith(`${node}[`)) continue;
    const [, positions] = /^\[([\d,]*)\]\./.exec(name.slice(node.length)) ?? [];
    if (positions !== undefined) {
      names.set(`${node}[${positions}]`, positions.split(",").map(Number));
    }
  }
  return [...names].sort(([, a], [, b]) => comparePositions(a, b)).map(([name]) => name);
}

function comparePositions(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((position, axis) => position !== b[axis]);
  return at < 0 ? 0 : a[at] - b[at];
}

/** Finds the logs of the last attempt: `<base>.stdout`, of further attempts `<base>.2.stdout`. */
function lastLog(base: string): Omit<RunLog, "run" | "name"> | undefined {
  const slash = base.lastIndexOf("/");
  const [dir, name] = [base.slice(0, slash), base.slice(slash + 1)];
  let best = 0;
  let found: { stdout?: string; stderr?: string } = {};
  if (lstatIfExists(dir) === undefined) return undefined;
  for (const entry of Deno.readDirSync(dir)) {
    if (!entry.name.startsWith(name)) continue;
    const match = /^(?:\.(\d+))?\.(stdout|stderr)$/.exec(entry.name.slice(name.length));
    if (match === null) continue;
    const attempt = Number(match[1] ?? 1);
    if (attempt < best) continue;
    if (attempt > best) found = {};
    best = attempt;
    found[match[2] as "stdout" | "stderr"] = `${dir}/${entry.name}`;
  }
  return best === 0 ? undefined : found;
}
