/**
 * Programs started for `ctx.sh`: allowed by name, in a process group of their own. Does not know workers.
 *
 * @module
 */

import type { CallWork } from "../action.ts";
import type { ShOptions, ShResult } from "./worker_protocol.ts";

/** Who wants to run a program, and what it may. */
export interface ShellRequest {
  readonly argv: readonly string[];
  readonly options: ShOptions;
  readonly allowed: CallWork["sh"];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/** A program that was refused: the message names the line to add. */
export class ShellDenied extends Error {}

/**
 * Runs a program to its end.
 *
 * @param request What to run.
 * @param onStart Gets the process group.
 * @throws {ShellDenied} If the program is not allowed.
 * @throws {Error} If it cannot be started, or its exit code is not in `okCodes`.
 */
export async function runShell(
  request: ShellRequest,
  onStart: (pid: number) => void,
): Promise<ShResult> {
  const { argv, options, allowed } = request;
  if (!Array.isArray(argv) || argv.length === 0 || argv.some((arg) => typeof arg !== "string")) {
    throw new Error("Cannot run a program: `ctx.sh` takes an array of strings, the program first");
  }
  const [program, ...args] = argv;
  if (allowed !== true && !allowed.includes(program)) {
    throw new ShellDenied(`Cannot run "${program}": the node does not allow it`);
  }
  const child = new Deno.Command(program, {
    args,
    cwd: options.cwd ?? request.cwd,
    clearEnv: true,
    env: { ...baseEnvironment(), ...request.env, ...options.env },
    stdin: options.stdin === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
    detached: true,
  }).spawn();
  onStart(child.pid);
  const output = child.output();
  if (options.stdin !== undefined) await feed(child, options.stdin);
  const { code, stdout, stderr } = await output;
  const result = { code, stdout: decode(stdout), stderr: decode(stderr) };
  if (options.okCodes && !options.okCodes.includes(code)) {
    const tail = result.stderr.trimEnd().split("\n").slice(-5).join("\n");
    throw new Error(`Program "${program}" exited with code ${code}${tail && `:\n${tail}`}`);
  }
  return result;
}

/** What a program needs to be found and to behave; everything else is declared. */
function baseEnvironment(): Record<string, string> {
  const env: Record<string, string> = {};
  for (const name of ["PATH", "HOME", "TMPDIR", "LANG"]) {
    const value = Deno.env.get(name);
    if (value !== undefined) env[name] = value;
  }
  return env;
}

async function feed(child: Deno.ChildProcess, input: string | Uint8Array): Promise<void> {
  const writer = child.stdin.getWriter();
  try {
    await writer.write(typeof input === "string" ? new TextEncoder().encode(input) : input);
    await writer.close();
  } catch (error) {
    // A program need not read all of its input.
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** Kills a process group; one that is gone already is fine. */
export function killGroup(pid: number): void {
  try {
    Deno.kill(-pid, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound) && !/ESRCH/.test(String(error))) throw error;
  }
}
