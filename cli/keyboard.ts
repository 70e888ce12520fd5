/**
 * The keyboard of this process's terminal, key by key: nothing is echoed and nothing waits for enter. Does not know what
 * keys mean.
 *
 * Three things decide how. A pending read cannot be taken back in Deno, and in the background it would stop the process
 * (SIGTTIN): so the terminal is opened a second time, non-blocking, and asked. After `Deno.stdin.setRaw` Deno changes the
 * terminal once more when it exits, and in the background that stops the process too (SIGTTOU): so `stty` changes it, only
 * in the foreground. And a shell may leave the terminal as a stopped job had it: so it is restored before a stop.
 *
 * @module
 */

import { messageOf } from "../core/base/error.ts";
import { isForeground, isForegroundByPs, isStoppable } from "./job_control.ts";

/** Milliseconds between two looks at the keyboard. */
const POLL_MS = 50;

/** Bytes taken by one look. */
const CHUNK_BYTES = 256;

/** Each key at once and none echoed; Ctrl-C, Ctrl-Z and Ctrl-\ keep sending signals. */
const KEY_BY_KEY: readonly string[] = ["-icanon", "-echo", "min", "1", "time", "0"];

/** What gets the keys. */
export interface KeyListener {
  onKeys(text: string): void;
  /** Whether keys are read, now that it has changed. */
  onReadable(isReadable: boolean): void;
  /** The keyboard cannot be read any more. */
  onProblem(message: string): void;
}

/** What of Node's `fs` is needed: it knows non-blocking files. */
export type NodeFs = Pick<
  typeof import("node:fs"),
  "openSync" | "readSync" | "closeSync" | "constants"
>;

/** Reads keys until it is disposed of. In the background the terminal is not touched. */
export class Keyboard implements Disposable {
  readonly #listener: KeyListener;
  readonly #fs: NodeFs;
  readonly #fd: number;
  readonly #decoder = new TextDecoder();
  readonly #chunk = new Uint8Array(CHUNK_BYTES);
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #onStop = (): void => this.#passOn("SIGTSTP", this.#onStop);
  readonly #onQuit = (): void => this.#passOn("SIGQUIT", this.#onQuit);
  readonly #onContinue = (): void => this.#goOn();
  readonly #onUnload = (): void => this.#restore();
  /** State of the terminal before it was first changed, as `stty` takes it. */
  #original: string | undefined;
  #isChanged = false;
  #isFront = false;

  private constructor(listener: KeyListener, fs: NodeFs, fd: number) {
    this.#listener = listener;
    this.#fs = fs;
    this.#fd = fd;
    Deno.addSignalListener("SIGQUIT", this.#onQuit);
    Deno.addSignalListener("SIGCONT", this.#onContinue);
    // Also when the process is ended by an error.
    globalThis.addEventListener("unload", this.#onUnload);
    this.#goOn();
    this.#timer = setInterval(() => this.#poll(), POLL_MS);
  }

  /**
   * Opens the keyboard.
   *
   * @param fs Passed in because of what it costs to load.
   * @returns `undefined` if this process has no terminal of its own.
   */
  static open(listener: KeyListener, fs: NodeFs): Keyboard | undefined {
    const { O_RDONLY, O_NONBLOCK, O_NOCTTY } = fs.constants;
    let fd: number;
    try {
      fd = fs.openSync("/dev/tty", O_RDONLY | O_NONBLOCK | O_NOCTTY);
    } catch {
      // Standard input may be a terminal that controls another session: then there are no keys, as in a pipe.
      return undefined;
    }
    return new Keyboard(listener, fs, fd);
  }

  /** Gives the terminal back as it was. */
  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#restore();
    this.#fs.closeSync(this.#fd);
    globalThis.removeEventListener("unload", this.#onUnload);
    Deno.removeSignalListener("SIGTSTP", this.#onStop);
    Deno.removeSignalListener("SIGQUIT", this.#onQuit);
    Deno.removeSignalListener("SIGCONT", this.#onContinue);
  }

  #poll(): void {
    const isFront = isForeground();
    if (isFront !== undefined && isFront !== this.#isFront) this.#setFront(isFront);
    if (!this.#isChanged) return;
    let size: number;
    try {
      size = this.#fs.readSync(this.#fd, this.#chunk);
    } catch (error) {
      if ((error as { code?: unknown }).code !== "EAGAIN") this.#giveUp(messageOf(error));
      return;
    }
    const text = this.#decoder.decode(this.#chunk.subarray(0, size), { stream: true });
    if (text !== "") this.#listener.onKeys(text);
  }

  #giveUp(message: string): void {
    clearInterval(this.#timer);
    Deno.removeSignalListener("SIGCONT", this.#onContinue);
    this.#restore();
    this.#listener.onReadable(false);
    this.#listener.onProblem(`Cannot read the keyboard any more: ${message}`);
  }

  #goOn(): void {
    // Not twice: after SIGSTOP it is still there.
    Deno.removeSignalListener("SIGTSTP", this.#onStop);
    if (isStoppable()) Deno.addSignalListener("SIGTSTP", this.#onStop);
    // A shell may have changed the terminal meanwhile.
    this.#isChanged = false;
    this.#setFront(isForeground() ?? isForegroundByPs());
  }

  #setFront(isFront: boolean): void {
    this.#isFront = isFront;
    // In the background the terminal is not ours to change.
    if (isFront) this.#change();
    else this.#isChanged = false;
    this.#listener.onReadable(this.#isChanged);
  }

  #change(): void {
    this.#original ??= stty(["-g"]);
    this.#isChanged = this.#original !== undefined && stty(KEY_BY_KEY) !== undefined;
  }

  #restore(): void {
    if (this.#isChanged && this.#original !== undefined) stty([this.#original]);
    this.#isChanged = false;
  }

  /** Leaves the terminal as it was and lets the signal do what it does where nobody listens. */
  #passOn(signal: "SIGTSTP" | "SIGQUIT", listener: () => void): void {
    this.#restore();
    Deno.removeSignalListener(signal, listener);
    Deno.kill(Deno.pid, signal);
  }
}

/** Runs `stty` on the terminal. Returns what it printed, or `undefined` if it cannot do it. */
function stty(args: readonly string[]): string | undefined {
  try {
    const command = new Deno.Command("stty", {
      args: [...args],
      stdin: "inherit",
      stdout: "piped",
      stderr: "null",
    });
    const { success, stdout } = command.outputSync();
    return success ? new TextDecoder().decode(stdout).trim() : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
