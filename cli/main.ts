/**
 * Entry point: the one place that prints errors and ends the process. Knows no command.
 *
 * @module
 */

import { hasFlag, normalizeArgv } from "./argv.ts";
import { exitCodeOf, formatError } from "./format_error.ts";
import { writeStderr, writeStdout } from "./output.ts";
import { detectStyle, processFacts } from "./terminal.ts";
import { VERSION } from "./version.ts";

/** Exit code of a tool whose reader went away: 128 + SIGPIPE. */
const BROKEN_PIPE_EXIT_CODE = 141;

/** Runs one command line and returns the exit code. */
async function main(argv: readonly string[]): Promise<number> {
  if (hasFlag(argv, "--version") || argv[0] === "version") {
    writeStdout(`flow ${VERSION}\n`);
    return 0;
  }
  if (argv[0] === "host") {
    // Not through core/mod.ts: a host starts 15 ms earlier without the engine.
    const { hostMain } = await import("../core/executor/host.ts");
    return await hostMain();
  }
  if (argv[0] === "complete") {
    const { proposeWords } = await import("./complete.ts");
    writeStdout(await proposeWords(argv.slice(1)));
    return 0;
  }
  if (argv[0] === "types") {
    const { answerAboutTypes } = await import("./type_process.ts");
    await answerAboutTypes();
    return 0;
  }
  const { runCommandLine } = await import("./run_command_line.ts");
  return await runCommandLine(normalizeArgv(argv));
}

/** Reports what was thrown and returns the exit code for it. */
function report(thrown: unknown, argv: readonly string[]): number {
  if (thrown instanceof Deno.errors.BrokenPipe) return BROKEN_PIPE_EXIT_CODE;
  const mode = hasFlag(argv, "--no-color") || hasFlag(argv, "--color=never")
    ? "never"
    : hasFlag(argv, "--color") || hasFlag(argv, "--color=always")
    ? "always"
    : "auto";
  const { color } = detectStyle(processFacts(Deno.stderr.isTerminal()), mode);
  writeStderr(formatError(thrown, { debug: hasFlag(argv, "--debug"), color }));
  return exitCodeOf(thrown);
}

/** Ends the process on an error outside the main flow of control: always a bug. */
function endOnStrayError(event: ErrorEvent | PromiseRejectionEvent): void {
  event.preventDefault();
  Deno.exit(report("reason" in event ? event.reason : event.error, Deno.args));
}

if (import.meta.main) {
  globalThis.addEventListener("error", endOnStrayError);
  globalThis.addEventListener("unhandledrejection", endOnStrayError);
  let exitCode: number;
  try {
    exitCode = await main(Deno.args);
  } catch (thrown) {
    exitCode = report(thrown, Deno.args);
  }
  // Not just the end of the event loop: a worker that loops would keep the process alive.
  Deno.exit(exitCode);
}
