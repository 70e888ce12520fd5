/**
 * What went wrong with a command, in words for the user: exits, signals, refusals, with the end of what it wrote. Does
 * not know processes.
 *
 * @module
 */

import type { Action, Failure, FailureReason } from "../action.ts";
import { messageOf } from "../base/error.ts";
import { CommandFailure } from "./command_plan.ts";
import { type Exit, SpawnError } from "./command_process.ts";
import { lstat } from "./command_scratch.ts";
import type { DeniedAccess } from "./sandbox.ts";
import { FillError } from "./shell.ts";

/** Of the end of stderr that goes into a failure's message. */
const TAIL_BYTES = 8192;
const TAIL_LINES = 20;

/** Returns the end of a log file as text. */
export function tail(path: string): string {
  const info = lstat(path);
  if (info === undefined || !info.isFile) return "";
  using file = Deno.openSync(path);
  file.seekSync(Math.max(0, info.size - TAIL_BYTES), Deno.SeekMode.Start);
  const bytes = new Uint8Array(TAIL_BYTES);
  let count = 0;
  for (;;) {
    const more = file.readSync(bytes.subarray(count));
    if (more === null || more === 0) break;
    count += more;
  }
  return new TextDecoder().decode(bytes.subarray(0, count));
}

/** Returns the lines at the end of a text that go into a message. */
export function lastLines(text: string): string[] {
  return text.trimEnd().split("\n").slice(-TAIL_LINES).filter((line) => line !== "");
}

/** Says how a command ended. */
export function exitText({ code, signal }: Exit): string {
  if (signal !== undefined) return `Command was ended by ${signal}`;
  return code === undefined ? "Command has vanished" : `Command failed with exit code ${code}`;
}

/** Says what may help, if that can be told from the code. */
export function exitHint({ code, signal }: Exit, messages: string): string | undefined {
  if (code === 127) {
    const name = /([\w./+-]+): (?:command )?not found/.exec(messages)?.[1];
    return name === undefined ? undefined : `Check that "${name}" is installed and on PATH`;
  }
  if (signal === "SIGKILL" || code === 137) return "The system may have run out of memory";
  return undefined;
}

/** Returns the part of a denied access that goes into a failure. */
export function permissionOf({ permission, value }: DeniedAccess): Failure["denied"] {
  return value === undefined ? { permission } : { permission, value };
}

/** The command took too long, or flow is being stopped. */
export function stopped(action: Action, reason: "timeout" | "aborted"): CommandFailure {
  const message = reason === "aborted"
    ? "Command was stopped"
    : `Command took longer than ${(action.timeoutMs ?? 0) / 1000} s`;
  return new CommandFailure({ reason, message });
}

/** There is no such program. */
export function notFound(name: string, cwd: string, searchPath: string): CommandFailure {
  if (name.includes("/")) {
    return new CommandFailure({
      reason: "unavailable",
      message: `Cannot start "${name}": there is no such executable file in "${cwd}"`,
      hint: "Check the path, and that the file is executable (chmod +x)",
      isFinal: true,
    });
  }
  return new CommandFailure({
    reason: "unavailable",
    message: `Cannot start "${name}": there is no such program on PATH (${searchPath})`,
    hint: `Install "${name}", or write its path`,
    isFinal: true,
  });
}

/** A sandbox is demanded, and there is none. */
export function noSandbox(): CommandFailure {
  return new CommandFailure({
    reason: "unavailable",
    message: "Cannot confine the command: bubblewrap is not installed or does not work here",
    hint: "Install bubblewrap (bwrap) and allow user namespaces, or write sandbox: auto",
    isFinal: true,
  });
}

/** What each refusal of the system means for the user. */
const SPAWN_HINTS: Readonly<Record<string, string>> = {
  E2BIG: "The command line is too long: pass the values through stdin or a file",
  ENOEXEC: "The program has no known format: add a first line such as #!/bin/sh",
  ENOENT: "Check the interpreter in the program's first line, and the working directory",
  EACCES: "Check the permissions of the program and of the working directory",
};

/** Returns the failure of an action for whatever was thrown. */
export function failureOf(error: unknown): Failure {
  if (error instanceof CommandFailure) return error.failure;
  if (error instanceof FillError) {
    return failure("contract", error.message, error.hint, true);
  }
  if (error instanceof SpawnError) {
    return failure("unavailable", error.message, SPAWN_HINTS[error.code], false);
  }
  // The store or the file system: not the command's fault, so trying again may help.
  return failure("unavailable", messageOf(error), undefined, false);
}

function failure(
  reason: FailureReason,
  message: string,
  hint: string | undefined,
  isFinal: boolean,
): Failure {
  return { reason, message, ...(hint === undefined ? {} : { hint }), isFinal };
}
