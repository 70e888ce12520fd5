/**
 * What is asked of a run while it goes on: to end, to start nothing more, to be run again. Does not know who asks (a key,
 * a signal, a limit), nor how a run does it.
 *
 * @module
 */

/** Exit code of a run that was stopped on request, as of one stopped by SIGINT. */
export const STOPPED_EXIT_CODE = 130;

/** What may be asked of a run. */
export interface SteeringOptions {
  /** Whether the same command can run twice; standard input can be read only once. */
  readonly isRepeatable: boolean;
}

/** The wishes about one run. */
export class Steering {
  readonly #stop = new AbortController();
  readonly #kill = new AbortController();
  readonly #drain = new AbortController();
  readonly #isRepeatable: boolean;
  #tell: (text: string) => void = () => {};
  #exitCode: number | undefined;
  #isAgain = false;

  constructor(options: SteeringOptions) {
    this.#isRepeatable = options.isRepeatable;
  }

  /** Says from now on what becomes of each wish. */
  tellTo(tell: (text: string) => void): void {
    this.#tell = tell;
  }

  /** Aborted by the first `abort`: end what runs, in good order. */
  get stop(): AbortSignal {
    return this.#stop.signal;
  }

  /** Aborted by the second `abort`: end at once. */
  get kill(): AbortSignal {
    return this.#kill.signal;
  }

  /** Aborted by `finish`: start nothing more. */
  get drain(): AbortSignal {
    return this.#drain.signal;
  }

  /** Exit code that tells what ended the run first, or `undefined` if nothing did. */
  get exitCode(): number | undefined {
    return this.#exitCode;
  }

  /** Whether the command is to be run again when this run is over. */
  get isAgain(): boolean {
    return this.#isAgain;
  }

  /**
   * Ends what runs, in good order; the second time at once. Whoever wants an end does not want another run.
   *
   * @param by Name of the key or signal.
   */
  abort(by: string, exitCode: number = STOPPED_EXIT_CODE): void {
    const isFirst = !this.#stop.signal.aborted;
    this.#tell(
      isFirst ? `${by}: stopping what runs; once more to kill it` : `${by}: killing what runs`,
    );
    this.requestStop(exitCode);
    if (!isFirst) this.#kill.abort();
  }

  /** Lets what runs come to its end and starts nothing more. */
  finish(by: string): void {
    if (this.#stop.signal.aborted) this.#tell(`${by}: what runs is being stopped already`);
    else this.#tell(`${by}: finishing what runs, starting nothing more`);
    this.#drain.abort();
  }

  /** Runs the command again when this run is over. */
  again(by: string): void {
    if (!this.#isRepeatable) {
      this.#tell(`${by}: cannot run again: an input was read from standard input`);
      return;
    }
    this.#isAgain = true;
    this.#tell(`${by}: running again when this run is over`);
  }

  /** Ends what runs, in good order and without a word, for a reason that is nobody's wish. */
  requestStop(exitCode: number): void {
    this.#exitCode ??= exitCode;
    this.#isAgain = false;
    this.#stop.abort();
  }
}
