/**
 * A dialog with the program: what is typed, signals, and what it says meanwhile; if wanted on a terminal of its own.
 * Knows nothing of commands.
 *
 * @module
 */

import { SOURCE_COMMAND } from "../cli/flow.ts";
import { assertOk } from "./assert.ts";
import { type TestSpace, until } from "./space.ts";

/** How a dialog is started. */
export interface DialogOptions {
  /** Gives it a terminal, by `script` of util-linux; what is restored of it is written to `stty.txt` at the end. */
  readonly hasTerminal?: boolean;
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Another program than flow, with its leading arguments. */
  readonly command?: readonly string[];
}

/** A running program. */
export class Dialog implements AsyncDisposable {
  /** All it said so far, on both streams. */
  said = "";
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #ends: Promise<unknown>;
  #isOver = false;

  constructor(space: TestSpace, args: readonly string[], options: DialogOptions = {}) {
    const words = [...options.command ?? SOURCE_COMMAND, ...args];
    const line = words.map((word) => `'${word}'`).join(" ");
    // The shell must outlive what the terminal sends to all.
    const script = `trap : INT QUIT; ${line}; code=$?; stty -a > stty.txt; exit $code`;
    const [program, ...rest] = options.hasTerminal === true
      ? ["script", "-qefc", script, "/dev/null"]
      : words;
    const { CI: _, ...env } = Deno.env.toObject();
    this.#child = new Deno.Command(program, {
      args: rest,
      cwd: space.path,
      clearEnv: true,
      env: {
        ...env,
        TMPDIR: space.at(".tmp"),
        TERM: "xterm",
        COLUMNS: "80",
        SHELL: "/bin/sh",
        NO_COLOR: "1",
        ...options.env,
      },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#writer = this.#child.stdin.getWriter();
    this.#ends = Promise.all([this.#listen(this.#child.stdout), this.#listen(this.#child.stderr)])
      .then(() => this.#isOver = true);
    if (options.stdin !== undefined) {
      void this.type(options.stdin).then(() => this.#writer.close());
    }
  }

  /** Types text, as it is: enter is `\r` on a terminal. */
  async type(text: string): Promise<void> {
    await this.#writer.write(new TextEncoder().encode(text));
  }

  /** Sends a signal to the program; only without a terminal. */
  signal(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** Waits until it has said something. */
  async sees(what: string | RegExp): Promise<void> {
    const isSeen = (): boolean =>
      typeof what === "string" ? this.said.includes(what) : what.test(this.said);
    await until(() => isSeen() || this.#isOver, String(what));
    assertOk(isSeen(), `no ${what} in\n${this.said}`);
  }

  /** Waits for its end and returns the exit code. */
  async code(): Promise<number> {
    const [{ code }] = await Promise.all([this.#child.status, this.#ends]);
    await this.#writer.close().catch(() => {});
    return code;
  }

  /** Ends it if it has not ended by itself, as when a test fails. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isOver) this.#child.kill("SIGTERM");
    await this.code();
  }

  async #listen(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) this.said += text;
  }
}

/** Whether a dialog can have a terminal. */
export const HAS_SCRIPT: boolean = await hasScript();

async function hasScript(): Promise<boolean> {
  try {
    const command = new Deno.Command("script", { args: ["--version"], stderr: "null" });
    return new TextDecoder().decode((await command.output()).stdout).includes("util-linux");
  } catch (error) {
    assertOk(error instanceof Deno.errors.NotFound, String(error));
    return false;
  }
}
