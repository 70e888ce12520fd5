/**
 * Notices a function that waits for nothing: its promise is pending, and nothing is left that could settle it.
 *
 * Deno does not tell whether a worker's event loop is empty, so this is a judgement: the worker answers (it is not
 * computing), has no timers, waits for no program, has no network, and the process neither computed nor moved bytes for
 * `PATIENCE` looks in a row. Does not know workers.
 *
 * @module
 */

import process from "node:process";

/** Milliseconds between looks. */
const LOOK_MS = 1000;
/** Looks in a row that must find nothing. */
const PATIENCE = 8;
/** Processor time and bytes that looking itself may cost. */
const NOISE_CPU_MS = 25;
const NOISE_BYTES = 16384;

/** Watches one action at a time. */
export class HostWatch {
  readonly #ping: (id: number) => void;
  readonly #onIdle: () => void;
  #timer: ReturnType<typeof setInterval> | undefined;
  #id: number | undefined;
  #mayWait = false;
  #idleLooks = 0;
  #cpuMs = 0;
  #bytes: number | undefined;

  /**
   * @param ping Asks the worker what it waits for; the answer comes by `pong`.
   * @param onIdle Called when the running action will never end.
   */
  constructor(ping: (id: number) => void, onIdle: () => void) {
    this.#ping = ping;
    this.#onIdle = onIdle;
  }

  /**
   * An action begins. Costs nothing for the many that end before the next look.
   *
   * @param mayWait It can wait for something that cannot be seen here, for example the network.
   */
  start(id: number, mayWait: boolean): void {
    this.#id = id;
    this.#mayWait = mayWait;
    this.#idleLooks = 0;
    this.#timer ??= setInterval(() => this.#look(), LOOK_MS);
  }

  /** The action ended. */
  stop(): void {
    this.#id = undefined;
  }

  /** Ends watching for good. */
  dispose(): void {
    this.stop();
    this.#look();
  }

  /** The worker answered, so it is not computing; `waitsFor` counts what it waits for. */
  pong(id: number, waitsFor: number): void {
    if (id !== this.#id) return;
    const cpuMs = cpuNow();
    const bytes = bytesMoved();
    const isQuiet = waitsFor === 0 && bytes !== undefined && this.#bytes !== undefined &&
      bytes - this.#bytes < NOISE_BYTES && cpuMs - this.#cpuMs < NOISE_CPU_MS;
    this.#cpuMs = cpuMs;
    this.#bytes = bytes;
    this.#idleLooks = isQuiet ? this.#idleLooks + 1 : 0;
    if (this.#idleLooks < PATIENCE) return;
    this.#idleLooks = 0;
    this.#onIdle();
  }

  #look(): void {
    if (this.#id === undefined) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    } else if (!this.#mayWait) this.#ping(this.#id);
  }
}

/** Returns user plus system time of the process in milliseconds. */
export function cpuNow(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Returns the largest resident size of the process so far, in bytes. */
export function maxRssBytes(): number {
  return process.resourceUsage().maxRSS * 1024;
}

/** Bytes the process has read and written, or `undefined` where the system does not tell. */
function bytesMoved(): number | undefined {
  try {
    const text = Deno.readTextFileSync("/proc/self/io");
    const [read, written] = [/rchar: (\d+)/, /wchar: (\d+)/].map((re) =>
      Number(re.exec(text)?.[1])
    );
    return Number.isNaN(read + written) ? undefined : read + written;
  } catch {
    // Not Linux, or not readable: then nothing is concluded from it.
    return undefined;
  }
}
