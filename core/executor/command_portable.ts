/**
 * Starts programs with `Deno.Command`: the fallback where FFI is not allowed. Measures neither CPU time nor memory. Does
 * not know actions.
 *
 * @module
 */

import { messageOf } from "../base/error.ts";
import {
  type Exit,
  type Process,
  type Spawner,
  SpawnError,
  type SpawnRequest,
} from "./command_process.ts";

/** `Deno.Command` cannot connect streams to files, a shell can. Only positional parameters: variables would be inherited. */
const REDIRECT = 'exec <"$1" >"$2" 2>"$3"; shift 3; exec "$@"';
const REDIRECT_STATUS = 'exec <"$1" >"$2" 2>"$3" 3>"$4"; shift 4; exec "$@"';

/** Opens the portable spawner. Needs `--allow-run`. */
export function openPortable(): Spawner {
  return { name: "portable", spawn, signalGroup, [Symbol.dispose]: () => {} };
}

function spawn(request: SpawnRequest): Process {
  const { stdin, stdout, stderr, status } = request;
  const files = status === undefined ? [stdin, stdout, stderr] : [stdin, stdout, stderr, status];
  const script = status === undefined ? REDIRECT : REDIRECT_STATUS;
  const command = new Deno.Command("/bin/sh", {
    args: ["-c", script, "sh", ...files, request.program, ...request.argv.slice(1)],
    cwd: request.cwd,
    clearEnv: true,
    env: { ...request.env },
    stdin: "null",
    stdout: "null",
    stderr: "null",
    detached: true,
  });
  let child: Deno.ChildProcess;
  try {
    child = command.spawn();
  } catch (error) {
    const code = error instanceof Deno.errors.NotFound ? "ENOENT" : "EACCES";
    throw new SpawnError(/os error 7\b/.test(messageOf(error)) ? "E2BIG" : code, messageOf(error));
  }
  return { pid: child.pid, exit: ended(child) };
}

async function ended(child: Deno.ChildProcess): Promise<Exit> {
  const { code, signal } = await child.status;
  signalGroup(child.pid, "SIGKILL");
  return signal === null ? { code } : { signal };
}

function signalGroup(pgid: number, signal: "SIGTERM" | "SIGKILL"): void {
  try {
    Deno.kill(-pgid, signal);
  } catch (error) {
    const isGone = error instanceof Deno.errors.NotFound ||
      /ESRCH|os error 3\b/.test(messageOf(error));
    // macOS says EPERM of a group that holds only zombies.
    if (!isGone && !(error instanceof Deno.errors.PermissionDenied)) throw error;
  }
}
