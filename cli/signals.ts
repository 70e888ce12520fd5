/**
 * The signals that stop a run: the first asks, the second insists. Does not know what is stopped.
 *
 * @module
 */

/** Signals and the exit code they lead to, 128 plus their number. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** Listens to signals until it is disposed. */
export class SignalTrap implements Disposable {
  readonly #stop = new AbortController();
  readonly #kill = new AbortController();
  readonly #listeners: [Deno.Signal, () => void][] = [];
  #exitCode: number | undefined;

  /** @param onSignal Told each signal, and whether it is the first. */
  constructor(onSignal: (signal: string, isFirst: boolean) => void) {
    for (const [signal, exitCode] of Object.entries(EXIT_CODES) as [Deno.Signal, number][]) {
      const listener = () => this.#receive(signal, exitCode, onSignal);
      Deno.addSignalListener(signal, listener);
      this.#listeners.push([signal, listener]);
    }
  }

  /** Aborted by the first signal: end what runs, in good order. */
  get stop(): AbortSignal {
    return this.#stop.signal;
  }

  /** Aborted by the second signal: end at once. */
  get kill(): AbortSignal {
    return this.#kill.signal;
  }

  /** Exit code that tells which signal came first, or `undefined` if none came. */
  get exitCode(): number | undefined {
    return this.#exitCode;
  }

  /** Asks for a stop as a signal would, for a reason that is none. */
  requestStop(exitCode: number): void {
    this.#exitCode ??= exitCode;
    this.#stop.abort();
  }

  #receive(signal: string, exitCode: number, onSignal: (s: string, first: boolean) => void): void {
    const isFirst = !this.#stop.signal.aborted;
    this.#exitCode ??= exitCode;
    onSignal(signal, isFirst);
    if (isFirst) this.#stop.abort();
    else this.#kill.abort();
  }

  [Symbol.dispose](): void {
    for (const [signal, listener] of this.#listeners) Deno.removeSignalListener(signal, listener);
  }
}
