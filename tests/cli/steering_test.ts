/** Tests of what may be asked of a run, and what comes of asking twice. */

import { Steering } from "../../cli/steering.ts";
import { assertEquals } from "../testing/assert.ts";

function rig(isRepeatable = true): { steering: Steering; said: string[] } {
  const steering = new Steering({ isRepeatable });
  const said: string[] = [];
  steering.tellTo((text) => said.push(text));
  return { steering, said };
}

/** What a run sees: stop, kill, drain, and then exit code and whether it is run again. */
function stateOf({ stop, kill, drain, exitCode, isAgain }: Steering): unknown[] {
  return [stop.aborted, kill.aborted, drain.aborted, exitCode, isAgain];
}

Deno.test("Steering.abort() stops, then kills; the first exit code stands", () => {
  const { steering, said } = rig();
  steering.abort("SIGTERM", 143);
  assertEquals(stateOf(steering), [true, false, false, 143, false]);
  steering.abort("abort");
  assertEquals(stateOf(steering), [true, true, false, 143, false]);
  assertEquals(said, [
    "SIGTERM: stopping what runs; once more to kill it",
    "abort: killing what runs",
  ]);
});

Deno.test("Steering.finish() lets go on what runs, and says so if that is stopped already", () => {
  const { steering, said } = rig();
  steering.finish("stop");
  assertEquals(stateOf(steering), [false, false, true, undefined, false]);
  steering.abort("abort");
  steering.finish("stop");
  assertEquals(stateOf(steering), [true, false, true, 130, false]);
  assertEquals(said, [
    "stop: finishing what runs, starting nothing more",
    "abort: stopping what runs; once more to kill it",
    "stop: what runs is being stopped already",
  ]);
});

Deno.test("Steering.again() is undone by a later abort, not by an earlier one nor by finish()", () => {
  const before = rig().steering;
  before.again("again");
  before.abort("SIGINT");
  assertEquals(before.isAgain, false);
  const after = rig().steering;
  after.abort("SIGINT");
  after.again("again");
  assertEquals(after.isAgain, true);
  after.abort("SIGINT");
  assertEquals(after.isAgain, false);
  const finished = rig().steering;
  finished.again("again");
  finished.finish("stop");
  assertEquals(finished.isAgain, true);
  const late = rig().steering;
  late.again("again");
  late.requestStop(124);
  assertEquals(stateOf(late), [true, false, false, 124, false]);
});

Deno.test("Steering.again() refuses where standard input is read", () => {
  const { steering, said } = rig(false);
  steering.again("SIGUSR2");
  assertEquals(steering.isAgain, false);
  assertEquals(said, ["SIGUSR2: cannot run again: an input was read from standard input"]);
});
