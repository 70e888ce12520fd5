/**
 * Notices an action that takes more memory than it may, beyond what V8 itself limits: typed arrays and WebAssembly
 * live outside its heap. Looks at the resident size of the process. Does not know workers.
 *
 * @module
 */

/** Milliseconds between looks while a limited action runs. */
const LOOK_MS = 25;

/** Beyond the limit, so that V8's own limit, which tells more, strikes first: garbage not yet collected. */
const SLACK_BYTES = 64 << 20;

/** Watches one action at a time. */
export class HostMemory {
  readonly #onExceeded: () => void;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** @param onExceeded Called when the running action has taken too much. */
  constructor(onExceeded: () => void) {
    this.#onExceeded = onExceeded;
  }

  /** An action begins that may take `limitBytes` on top of what the process has now. */
  start(limitBytes: number): void {
    const most = Deno.memoryUsage().rss + limitBytes * 1.25 + SLACK_BYTES;
    this.#timer = setInterval(() => {
      if (Deno.memoryUsage().rss > most) this.#onExceeded();
    }, LOOK_MS);
  }

  /** The action ended. */
  stop(): void {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
