/**
 * Starts programs through the C library (`posix_spawn`, `wait4`) by FFI: streams go straight to files, each exit brings
 * its CPU time and memory, and nothing a program leaves behind in its group survives. Does not know actions.
 *
 * Measured against `Deno.Command` with a process group (1.2 ms for `true`): 0.65 ms, since `posix_spawn` does not
 * copy the page tables of the Deno process and no pipe is read.
 *
 * @module
 */

import { constants } from "node:os";
import {
  type Exit,
  type Process,
  type Spawner,
  SpawnError,
  type SpawnRequest,
} from "./command_process.ts";

const SYMBOLS = {
  posix_spawn: {
    parameters: ["buffer", "buffer", "buffer", "buffer", "buffer", "buffer"],
    result: "i32",
  },
  posix_spawn_file_actions_init: { parameters: ["buffer"], result: "i32" },
  posix_spawn_file_actions_destroy: { parameters: ["buffer"], result: "i32" },
  posix_spawn_file_actions_addopen: {
    parameters: ["buffer", "i32", "buffer", "i32", "u32"],
    result: "i32",
  },
  posix_spawn_file_actions_addchdir_np: { parameters: ["buffer", "buffer"], result: "i32" },
  posix_spawnattr_init: { parameters: ["buffer"], result: "i32" },
  posix_spawnattr_setflags: { parameters: ["buffer", "i16"], result: "i32" },
  posix_spawnattr_setsigdefault: { parameters: ["buffer", "buffer"], result: "i32" },
  posix_spawnattr_setsigmask: { parameters: ["buffer", "buffer"], result: "i32" },
  waitid: { parameters: ["i32", "u32", "buffer", "i32"], result: "i32" },
  wait4: { parameters: ["i32", "buffer", "i32", "buffer"], result: "i32" },
  getrusage: { parameters: ["i32", "buffer"], result: "i32" },
  kill: { parameters: ["i32", "i32"], result: "i32" },
  prctl: {
    parameters: ["i32", "u64", "u64", "u64", "u64"],
    result: "i32",
    optional: true,
  },
} as const;

type Libc = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

const isDarwin = Deno.build.os === "darwin";

// Values of <spawn.h>, <fcntl.h>, <sys/wait.h> and <sys/prctl.h>.
const SPAWN_SETSIGDEF = 0x04;
const SPAWN_SETSIGMASK = 0x08;
const SPAWN_SETSID = isDarwin ? 0x400 : 0x80;
const WRITE_NEW = 0o1 | (isDarwin ? 0x200 | 0x400 : 0o100 | 0o1000);
const P_PID = 1;
const WNOHANG = 1;
const WEXITED = 4;
const WNOWAIT = isDarwin ? 0x20 : 0x01000000;
const RUSAGE_SELF = 0;
const PR_SET_CHILD_SUBREAPER = 36;
/** Larger than `posix_spawnattr_t`, `posix_spawn_file_actions_t`, `sigset_t` and `siginfo_t` of any known C library. */
const STRUCT_BYTES = 512;
/** Offset of `si_pid` in `siginfo_t`, in 32-bit words; on 64-bit Linux a gap comes before it. */
const SI_PID = isDarwin ? 3 : 4;
/** Words of `struct rusage`: two times of two words each, then `ru_maxrss`, in KiB on Linux. */
const RU_MAXRSS = 4;
const RSS_UNIT = isDarwin ? 1 : 1024;
/** File actions kept for the next commands. */
const MAX_ACTIONS = 64;
/** SIGCHLD may be lost while a listener is being added: look from time to time. */
const HEARTBEAT_MS = 500;

const SIGNAL_NAMES = new Map(Object.entries(constants.signals).map(([name, n]) => [n, name]));
const ERROR_NAMES = new Map(Object.entries(constants.errno).map(([name, n]) => [n, name]));

/** A program that has not been reported yet. */
interface Watched {
  /** Groups whose members must all be gone before the exit is reported; the first is the program's. */
  readonly groups: number[];
  readonly innerGroup: (() => number | undefined) | undefined;
  /** Set once the program itself has ended. */
  status: number | undefined;
  cpuMs: number;
  maxRssBytes: number;
  readonly report: (exit: Exit) => void;
}

/** Opens the native spawner, or returns undefined where it cannot work. */
export function openNative(): Spawner | undefined {
  if (Deno.build.os !== "linux" && !isDarwin) return undefined;
  if (Deno.permissions.querySync({ name: "ffi" }).state !== "granted") return undefined;
  try {
    const library = Deno.dlopen(isDarwin ? "libSystem.B.dylib" : "libc.so.6", SYMBOLS);
    return new NativeSpawner(library);
  } catch {
    // Another C library, or one without the chdir action (before glibc 2.29): the portable spawner works there.
    return undefined;
  }
}

class NativeSpawner implements Spawner {
  readonly name = "native";
  readonly #library: Deno.DynamicLibrary<typeof SYMBOLS>;
  readonly #libc: Libc;
  readonly #attributes = new Uint8Array(STRUCT_BYTES);
  readonly #watched = new Map<number, Watched>();
  readonly #onChild = (): void => this.#sweep();
  readonly #status = new Int32Array(1);
  readonly #rusage = new BigInt64Array(STRUCT_BYTES / 8);
  readonly #siginfo = new Int32Array(STRUCT_BYTES / 4);
  readonly #actions = new Map<string, Uint8Array<ArrayBuffer>>();
  #env: { readonly text: string; readonly strings: Uint8Array<ArrayBuffer> } | undefined;
  #ownPeakBytes = 0;
  #heartbeat: ReturnType<typeof setInterval> | undefined;

  constructor(library: Deno.DynamicLibrary<typeof SYMBOLS>) {
    this.#library = library;
    this.#libc = library.symbols;
    this.#libc.posix_spawnattr_init(this.#attributes);
    this.#libc.posix_spawnattr_setflags(
      this.#attributes,
      SPAWN_SETSID | SPAWN_SETSIGDEF | SPAWN_SETSIGMASK,
    );
    // Deno ignores SIGPIPE; a program must not inherit that.
    this.#libc.posix_spawnattr_setsigdefault(
      this.#attributes,
      new Uint8Array(STRUCT_BYTES).fill(255),
    );
    this.#libc.posix_spawnattr_setsigmask(this.#attributes, new Uint8Array(STRUCT_BYTES));
    // Orphans of our commands become our children, so that we see them end and nobody else must reap them.
    if (Deno.build.os === "linux") {
      this.#libc.prctl?.(PR_SET_CHILD_SUBREAPER, 1n, 0n, 0n, 0n);
    }
    Deno.addSignalListener("SIGCHLD", this.#onChild);
  }

  spawn(request: SpawnRequest): Process {
    const { promise: exit, resolve: report } = Promise.withResolvers<Exit>();
    this.#heartbeat ??= setInterval(this.#onChild, HEARTBEAT_MS);
    // Nothing slow after this: the caller has yet to tell the reaper.
    const pid = this.#start(request);
    this.#watched.set(pid, {
      groups: [pid],
      innerGroup: request.innerGroup,
      status: undefined,
      cpuMs: 0,
      maxRssBytes: 0,
      report,
    });
    return { pid, exit };
  }

  signalGroup(pgid: number, signal: "SIGTERM" | "SIGKILL"): void {
    this.#libc.kill(-pgid, constants.signals[signal]);
  }

  [Symbol.dispose](): void {
    Deno.removeSignalListener("SIGCHLD", this.#onChild);
    clearInterval(this.#heartbeat);
    this.#forgetActions();
    this.#library.close();
  }

  #start(request: SpawnRequest): number {
    const actions = this.#actionsOf(request);
    const env = this.#envStrings(request.env);
    const pid = new Int32Array(1);
    const code = this.#libc.posix_spawn(
      pid,
      cString(request.program),
      actions,
      this.#attributes,
      cStrings(request.argv),
      env,
    );
    if (code === 0) return pid[0];
    const name = ERROR_NAMES.get(code) ?? String(code);
    throw new SpawnError(name, `Cannot start "${request.argv[0]}": ${name}`);
  }

  /** Returns what a new process opens before it becomes the program. Commands share it one after the other. */
  #actionsOf({ stdin, stdout, stderr, status, cwd }: SpawnRequest): Uint8Array<ArrayBuffer> {
    const key = [stdin, stdout, stderr, status, cwd].join("\0");
    const known = this.#actions.get(key);
    if (known !== undefined) return known;
    if (this.#actions.size >= MAX_ACTIONS) this.#forgetActions();
    const libc = this.#libc;
    const actions = new Uint8Array(STRUCT_BYTES);
    libc.posix_spawn_file_actions_init(actions);
    libc.posix_spawn_file_actions_addopen(actions, 0, cString(stdin), 0, 0);
    for (const [i, path] of [stdout, stderr, status].entries()) {
      if (path === undefined) continue;
      libc.posix_spawn_file_actions_addopen(actions, i + 1, cString(path), WRITE_NEW, 0o644);
    }
    libc.posix_spawn_file_actions_addchdir_np(actions, cString(cwd));
    this.#actions.set(key, actions);
    return actions;
  }

  #forgetActions(): void {
    for (const actions of this.#actions.values()) {
      this.#libc.posix_spawn_file_actions_destroy(actions);
    }
    this.#actions.clear();
  }

  #envStrings(env: Readonly<Record<string, string>>): Uint8Array<ArrayBuffer> {
    const texts = Object.entries(env).map(([name, value]) => `${name}=${value}`);
    const text = texts.join("\0");
    if (this.#env?.text !== text) this.#env = { text, strings: cStrings(texts) };
    return this.#env.strings;
  }

  /** Looks for programs that have ended. A few microseconds per running program. */
  #sweep(): void {
    for (const [pid, watched] of this.#watched) {
      if (watched.status === undefined && !this.#leaderEnded(pid, watched)) continue;
      if (!watched.groups.every((group) => this.#isGroupGone(watched, group))) continue;
      this.#watched.delete(pid);
      watched.report(exitOf(watched));
    }
    if (this.#watched.size === 0) {
      clearInterval(this.#heartbeat);
      this.#heartbeat = undefined;
    }
  }

  /** Kills what is left of the group while the ended leader still pins its id; then takes the leader's status. */
  #leaderEnded(pid: number, watched: Watched): boolean {
    this.#siginfo[SI_PID] = 0;
    const found = this.#libc.waitid(P_PID, pid, this.#siginfo, WEXITED | WNOHANG | WNOWAIT);
    if (found === 0 && this.#siginfo[SI_PID] !== pid) return false;
    this.signalGroup(pid, "SIGKILL");
    // Pid 1 of a pid namespace dies with its parent; its end is the end of everything in it.
    const inner = watched.innerGroup?.();
    if (inner !== undefined) watched.groups.push(inner);
    // -1: somebody else reaped it, which nothing in Deno does. There is no status then.
    watched.status = 0;
    if (this.#libc.wait4(pid, this.#status, WNOHANG, this.#rusage) === pid) {
      watched.status = this.#status[0];
      this.#account(watched, true);
    }
    return true;
  }

  /** Reaps the members of a killed group that are our children by now; true when there are no more. */
  #isGroupGone(watched: Watched, group: number): boolean {
    for (;;) {
      const pid = this.#libc.wait4(-group, this.#status, WNOHANG, this.#rusage);
      if (pid <= 0) return pid < 0;
      this.#account(watched, false);
    }
  }

  #account(watched: Watched, isOwnChild: boolean): void {
    const usage = this.#rusage;
    watched.cpuMs += (Number(usage[0]) + Number(usage[2])) * 1000 +
      (microseconds(usage[1]) + microseconds(usage[3])) / 1000;
    const rss = Number(usage[RU_MAXRSS]) * RSS_UNIT;
    if (rss > watched.maxRssBytes && !(isOwnChild && this.#isOwnPeak(rss))) {
      watched.maxRssBytes = rss;
    }
  }

  /**
   * Until it replaces itself by the program, a spawned process shares flow's memory, and the system counts that as its
   * own: a peak that is not above flow's own says nothing. Processes forked by others do not have this.
   */
  #isOwnPeak(rssBytes: number): boolean {
    // Peaks only grow: most programs are smaller than flow was when it was last looked at.
    if (rssBytes <= this.#ownPeakBytes) return true;
    this.#libc.getrusage(RUSAGE_SELF, this.#rusage);
    this.#ownPeakBytes = Number(this.#rusage[RU_MAXRSS]) * RSS_UNIT;
    return rssBytes <= this.#ownPeakBytes;
  }
}

/** `tv_usec` has 32 bits on macOS, followed by padding. */
function microseconds(word: bigint): number {
  return Number(BigInt.asIntN(32, word));
}

function exitOf({ status = 0, cpuMs, maxRssBytes }: Watched): Exit {
  const usage = maxRssBytes === 0 ? { cpuMs } : { cpuMs, maxRssBytes };
  const signal = status & 0x7f;
  if (signal === 0) return { code: (status >> 8) & 0xff, ...usage };
  return { signal: SIGNAL_NAMES.get(signal) ?? `signal ${signal}`, ...usage };
}

const encoder = new TextEncoder();

function cString(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text + "\0");
}

/**
 * Returns a null-terminated array of pointers to C strings. Pointers and strings share one buffer, so that passing the
 * array keeps the strings alive.
 */
function cStrings(texts: readonly string[]): Uint8Array<ArrayBuffer> {
  const bytes = encoder.encode(texts.length === 0 ? "" : texts.join("\0") + "\0");
  const headBytes = (texts.length + 1) * 8;
  const buffer = new Uint8Array(headBytes + bytes.length);
  buffer.set(bytes, headBytes);
  const pointers = new BigUint64Array(buffer.buffer, 0, texts.length + 1);
  const base = Deno.UnsafePointer.value(Deno.UnsafePointer.of(buffer));
  let at = headBytes;
  for (let i = 0; i < texts.length; i++) {
    pointers[i] = BigInt(base) + BigInt(at);
    at = buffer.indexOf(0, at) + 1;
  }
  return buffer;
}
