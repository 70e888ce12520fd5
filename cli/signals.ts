/**
 * The signals that steer a run. Does not know what comes of them.
 *
 * @module
 */

import type { Steering } from "./steering.ts";

/** Signals that end a run and the exit code they lead to, 128 plus their number. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** Lets signals end a run instead of the process: the first asks, the second insists. */
export function trapAborts(steering: Steering): Disposable {
  return trap(
    (Object.entries(EXIT_CODES) as [Deno.Signal, number][]).map(([signal, exitCode]) =>
      [signal, () => steering.abort(signal, exitCode)] as const
    ),
  );
}

/**
 * Listens to the signals that ask something of a run without ending it: SIGUSR1 to start nothing more, SIGUSR2 to run
 * again. Between two runs they would end the process, so they are listened to for the whole time.
 *
 * @param current Returns what steers the run that goes on, or the next one.
 */
export function trapRequests(current: () => Steering): Disposable {
  return trap([
    ["SIGUSR1", () => current().finish("SIGUSR1")],
    ["SIGUSR2", () => current().again("SIGUSR2")],
  ]);
}

function trap(listeners: readonly (readonly [Deno.Signal, () => void])[]): Disposable {
  for (const [signal, listener] of listeners) Deno.addSignalListener(signal, listener);
  return {
    [Symbol.dispose](): void {
      for (const [signal, listener] of listeners) Deno.removeSignalListener(signal, listener);
    },
  };
}
