/**
 * A host as its coordinator sees it: a child process, frames in and out, and how it ended. Does not know actions.
 *
 * @module
 */

import { messageOf } from "../base/error.ts";
import { encodeFrame, FrameReader } from "./frame.ts";
import type { FromHost, ToHost } from "./host_protocol.ts";
import { killGroup } from "./host_shell.ts";

/** How much of what a host says on stderr is kept, in characters. */
const TAIL_CHARS = 8192;

/** How a host ended. */
export interface HostEnd {
  readonly code: number;
  readonly signal: string | null;
  /** The end of its stderr. */
  readonly tail: string;
  /** Its stdout was not what a host writes. */
  readonly garbage?: string;
}

/** What a host process needs to start. */
export interface HostLaunch {
  /** Argv that starts a host. */
  readonly command: readonly string[];
  readonly blobsDir: string;
  readonly heapMiB: number;
}

/** One running host process. */
export class HostProcess {
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #groups = new Set<number>();
  #tail = "";
  #garbage: string | undefined;
  #isGone = false;

  /**
   * Starts a host.
   *
   * @param onMessage Gets what it says.
   * @param onEnd Called once, after the last message.
   * @throws {Error} If the program cannot be started.
   */
  constructor(
    launch: HostLaunch,
    onMessage: (message: FromHost) => void,
    onEnd: (end: HostEnd) => void,
  ) {
    const [program, ...args] = launch.command;
    this.#child = new Deno.Command(program, {
      args,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
      env: { DENO_V8_FLAGS: `--max-old-space-size=${launch.heapMiB}`, NO_COLOR: "1" },
    }).spawn();
    this.#writer = this.#child.stdin.getWriter();
    const token = crypto.randomUUID();
    this.send({ kind: "setup", token, blobsDir: launch.blobsDir });
    const read = this.#read(token, onMessage);
    const drain = this.#drain();
    void Promise.all([read, drain, this.#child.status]).then(([, , status]) => {
      this.#isGone = true;
      this.#killGroups();
      onEnd({
        code: status.code,
        signal: status.signal,
        tail: this.#tail,
        ...(this.#garbage === undefined ? {} : { garbage: this.#garbage }),
      });
    });
  }

  /** Process id. */
  get pid(): number {
    return this.#child.pid;
  }

  async #read(token: string, onMessage: (message: FromHost) => void): Promise<void> {
    const reader = new FrameReader(token);
    for await (const chunk of this.#child.stdout) {
      if (this.#garbage !== undefined) continue;
      let messages: FromHost[];
      try {
        messages = reader.push(chunk) as FromHost[];
      } catch (error) {
        this.#garbage = messageOf(error);
        this.kill();
        continue;
      }
      for (const message of messages) {
        if (message.kind === "child") {
          if (message.isAlive) this.#groups.add(message.pid);
          else this.#groups.delete(message.pid);
        } else onMessage(message);
      }
    }
  }

  async #drain(): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of this.#child.stderr) {
      this.#tail = (this.#tail + decoder.decode(chunk, { stream: true })).slice(-TAIL_CHARS);
    }
  }

  #killGroups(): void {
    for (const pid of this.#groups) killGroup(pid);
    this.#groups.clear();
  }

  /** Sends a message. A host that is gone does not get it, and its end tells. */
  send(message: ToHost): void {
    this.#writer.write(encodeFrame(message, "")).catch(() => {});
  }

  /** Asks the host to end: its stdin ends. */
  close(): void {
    this.#writer.close().catch(() => {});
  }

  /** Kills the host and the programs it started. */
  kill(): void {
    if (this.#isGone) return;
    try {
      this.#child.kill("SIGKILL");
    } catch (error) {
      // It ended by itself just now.
      if (!(error instanceof TypeError) && !(error instanceof Deno.errors.NotFound)) throw error;
    }
    this.#killGroups();
  }
}
