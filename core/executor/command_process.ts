/**
 * What a command executor needs of the operating system: start a program with its streams in files and in a process
 * group of its own, wait for it and everything it left behind. Does not know actions.
 *
 * @module
 */

/** A program to start. All paths are absolute. */
export interface SpawnRequest {
  /** The executable file. */
  readonly program: string;
  /** With the program's name as written in front. */
  readonly argv: readonly string[];
  /** The whole environment: nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Files the streams are connected to; those to write are made or emptied. */
  readonly stdin: string;
  readonly stdout: string;
  readonly stderr: string;
  /** File opened as descriptor 3 for writing. */
  readonly status?: string;
  /** Asked after the exit: leader of a second group that is left behind and must be waited for, if any. */
  readonly innerGroup?: () => number | undefined;
}

/** How a program ended: by itself with a code, or by a signal. */
export interface Exit {
  readonly code?: number;
  readonly signal?: string;
  /** User plus system time of the program and of everything it waited for. */
  readonly cpuMs?: number;
  /** Largest resident set of any single process among them; absent if it cannot be told from flow's own. */
  readonly maxRssBytes?: number;
}

/** A started program. */
export interface Process {
  /** Also the id of its process group and session. */
  readonly pid: number;
  /** Resolves when the program has ended and its group has been killed. Never rejects. */
  readonly exit: Promise<Exit>;
}

/** The system refused to start a program. */
export class SpawnError extends Error {
  /** Name of the error number, for example `ENOENT`. */
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = "SpawnError";
    this.code = code;
  }
}

/** Starts programs. */
export interface Spawner extends Disposable {
  readonly name: "native" | "portable";
  /** @throws {SpawnError} If the program cannot be started. */
  spawn(request: SpawnRequest): Process;
  /** Signals a process group; a group that is gone is no error. */
  signalGroup(pgid: number, signal: "SIGTERM" | "SIGKILL"): void;
}
