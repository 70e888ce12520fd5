/**
 * A workspace for end-to-end tests: files, runs of the program as a process of its own, and their events.
 * Knows the command line and the event schema, nothing of the engine.
 *
 * @module
 */

import type { Counts, Event } from "../../core/event.ts";
import { type FlowResult, SOURCE_COMMAND, TemporaryDirectory } from "../cli/flow.ts";
import { assertEquals, assertOk } from "./assert.ts";

/** A run that takes longer hangs: it is killed and the test fails. */
const TIMEOUT_MS = 60_000;

/** Time the helpers of a killed run have to end, in milliseconds. */
const REAP_MS = 15_000;

/** How a run is started. */
export interface StartOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Below the workspace. */
  readonly cwd?: string;
  /** Puts the run into a process group of its own, as a terminal does. */
  readonly detached?: boolean;
}

/** What came of `flow run --json`. */
export interface RunResult extends FlowResult {
  readonly events: readonly Event[];
  /** Names of the nodes that were executed, sorted. */
  readonly started: readonly string[];
}

/** A directory in which workflows run. */
export class TestSpace extends TemporaryDirectory {
  constructor(files: Readonly<Record<string, string>> = {}) {
    super();
    this.write({ ".tmp/.keep": "", ...files });
  }

  /** Returns the absolute path of a file. */
  at(name: string): string {
    return `${this.path}/${name}`;
  }

  /** Reads a text file. */
  read(name: string): string {
    return Deno.readTextFileSync(this.at(name));
  }

  /** Tells whether a path exists. */
  has(name: string): boolean {
    return exists(this.at(name));
  }

  /** Removes a file or directory. */
  remove(name: string): void {
    Deno.removeSync(this.at(name), { recursive: true });
  }

  /** Replaces text in a file; it must be there. */
  edit(name: string, from: string, to: string): void {
    const text = this.read(name);
    assertOk(text.includes(from), `"${from}" is not in ${name}`);
    this.write({ [name]: text.replaceAll(from, to) });
  }

  /** Number of lines of a file, 0 if it does not exist. */
  lines(name: string): number {
    return this.has(name) ? this.read(name).split("\n").length - 1 : 0;
  }

  /** Number of files in the store whose text holds `part`, but for its records. */
  storedBytes(part: string): number {
    const below = (dir: string): number => {
      let count = 0;
      for (const { name, isDirectory } of Deno.readDirSync(this.at(dir))) {
        const path = `${dir}/${name}`;
        count += isDirectory ? below(path) : this.read(path).includes(part) ? 1 : 0;
      }
      return count;
    };
    return ["blobs", "tmp"].map((name) => `.pipecache/${name}`).filter((dir) => this.has(dir))
      .reduce((sum, dir) => sum + below(dir), 0);
  }

  /** Starts any command line of flow. */
  start(args: readonly string[], options: StartOptions = {}): LiveRun {
    return new LiveRun(args, {
      ...options,
      cwd: this.at(options.cwd ?? ""),
      // Every descendant inherits it, commands too: it tells whose they are.
      env: { TMPDIR: this.at(".tmp"), ...options.env },
    });
  }

  /** Runs any command line of flow to its end. */
  async flow(...args: readonly string[]): Promise<FlowResult> {
    return await this.start(args).result();
  }

  /** Runs `flow run --json` to its end, whatever comes of it. */
  async run(...args: readonly string[]): Promise<RunResult> {
    return await this.start(["run", "--json", ...args]).result();
  }

  /** Runs `flow run --json`, which must succeed, and returns the names of the nodes that were executed, sorted. */
  async ran(...args: readonly string[]): Promise<readonly string[]> {
    const result = await this.run(...args);
    assertEquals(result.code, 0, result.stderr + result.stdout);
    return result.started;
  }

  /** Command lines of living processes that belong to this workspace. */
  processes(): string[] {
    const found: string[] = [];
    for (const { name } of Deno.readDirSync("/proc")) {
      if (!/^\d+$/.test(name) || Number(name) === Deno.pid) continue;
      const environment = readProc(name, "environ");
      if (!environment.includes(this.path)) continue;
      // A zombie has ended; its parent does not know yet.
      if (/^\d+ \(.*\) [ZX]/s.test(readProc(name, "stat"))) continue;
      found.push(`${name} ${readProc(name, "cmdline").replaceAll("\0", " ")}`);
    }
    return found;
  }

  /** Fails unless all processes of this workspace end. */
  async endsAll(): Promise<void> {
    await until(
      () => this.processes().length === 0,
      () => `the end of ${this.processes()}`,
      REAP_MS,
    );
  }
}

/** A run of flow that may be watched and killed. */
export class LiveRun {
  /** Events so far. */
  readonly events: Event[] = [];
  readonly #child: Deno.ChildProcess;
  readonly #output: Promise<string>;
  readonly #errors: Promise<string>;
  readonly #timer: ReturnType<typeof setTimeout>;
  #isLate = false;
  #isOver = false;
  #onChange: () => void = () => {};

  constructor(args: readonly string[], options: StartOptions) {
    const [program, ...leading] = SOURCE_COMMAND;
    this.#child = new Deno.Command(program, {
      args: [...leading, ...args],
      env: { NO_COLOR: "1", ...options.env },
      ...options.cwd === undefined ? {} : { cwd: options.cwd },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      detached: options.detached === true,
    }).spawn();
    this.#output = this.#collect();
    this.#errors = new Response(this.#child.stderr).text();
    this.#timer = setTimeout(() => {
      this.#isLate = true;
      this.kill("SIGKILL");
    }, TIMEOUT_MS);
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Processes it started itself and that live. */
  children(): { readonly pid: number; readonly command: string }[] {
    return readProc(`${this.pid}/task/${this.pid}`, "children").split(" ").filter((pid) =>
      pid !== ""
    )
      .map((pid) => ({
        pid: Number(pid),
        command: readProc(pid, "cmdline").replaceAll("\0", " ").trim(),
      }));
  }

  /** Sends a signal, unless the process has ended. */
  kill(signal: Deno.Signal): void {
    try {
      this.#child.kill(signal);
    } catch (error) {
      if (!(error instanceof TypeError) && !(error instanceof Deno.errors.NotFound)) throw error;
    }
  }

  /** Sends a signal to its process group; only if it was started `detached`. */
  killGroup(signal: Deno.Signal): void {
    Deno.kill(-this.#child.pid, signal);
  }

  /** Waits until an event is there, or the run is over; tells which. */
  async sees(isIt: (event: Event) => boolean): Promise<boolean> {
    for (;;) {
      if (this.events.some(isIt)) return true;
      if (this.#isOver) return false;
      await new Promise<void>((resolve) => this.#onChange = resolve);
    }
  }

  /** Waits until there are this many events, or the run is over. */
  async seesCount(count: number): Promise<void> {
    while (this.events.length < count && !this.#isOver) {
      await new Promise<void>((resolve) => this.#onChange = resolve);
    }
  }

  /** Waits until a file exists; fails if the run ends before. */
  async untilThere(path: string): Promise<void> {
    const isThere = () => exists(path);
    await until(() => isThere() || this.#isOver, path);
    if (!isThere()) {
      const { code, stdout, stderr } = await this.result();
      throw new Error(`The run ended with ${code} before ${path} was there\n${stdout}${stderr}`);
    }
  }

  /** Waits for the end. */
  async result(): Promise<RunResult> {
    const [{ code }, stdout, stderr] = await Promise.all([
      this.#child.status,
      this.#output,
      this.#errors,
    ]);
    clearTimeout(this.#timer);
    assertOk(!this.#isLate, `no end after ${TIMEOUT_MS / 1000} s\n${stdout}${stderr}`);
    const started = this.events.flatMap((e) => e.type === "started" ? [e.node] : []).sort();
    return { code, stdout, stderr, events: this.events, started };
  }

  async #collect(): Promise<string> {
    let [text, parsed] = ["", 0];
    for await (const chunk of this.#child.stdout.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      for (let end = text.indexOf("\n", parsed); end >= 0; end = text.indexOf("\n", parsed)) {
        const line = text.slice(parsed, end);
        parsed = end + 1;
        if (line.startsWith(`{"v":`)) this.events.push(JSON.parse(line) as Event);
      }
      this.#onChange();
    }
    this.#isOver = true;
    this.#onChange();
    return text;
  }
}

/** Returns the events of one type. */
export function eventsOf<T extends Event["type"]>(
  { events }: { readonly events: readonly Event[] },
  type: T,
): Extract<Event, { type: T }>[] {
  return events.filter((event): event is Extract<Event, { type: T }> => event.type === type);
}

/** Returns the failure of a node; fails if it did not fail. */
export function failureOf(
  result: RunResult,
  node: string,
): Extract<Event, { type: "failed" }> {
  // Calls of a map node fail before their node does.
  const failure = eventsOf(result, "failed")
    .find((event) => event.node === node && event.index === undefined);
  assertOk(failure, `${node} did not fail\n${result.stdout}${result.stderr}`);
  return failure;
}

/** Returns how a run ended; fails if it did not say. */
export function countsOf(result: RunResult): Counts {
  const [end] = eventsOf(result, "end");
  assertOk(end, `no end event\n${result.stdout}${result.stderr}`);
  return end.counts;
}

/** Waits until a condition holds; fails after a time that only something that hangs needs. */
export async function until(
  isTrue: () => boolean,
  what: string | (() => string),
  timeoutMs = TIMEOUT_MS,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!isTrue()) {
    const text = typeof what === "string" ? what : what();
    assertOk(Date.now() < deadline, `waited in vain for ${text}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function readProc(pid: string, name: string): string {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/${name}`);
  } catch {
    // It has ended meanwhile, or is not ours to look at.
    return "";
  }
}
