/** Tests of the keyboard on a real terminal: which keys arrive, and that the terminal is given back whatever happens. */

import { Keyboard } from "../../cli/keyboard.ts";
import * as fs from "node:fs";
import { assertEquals, assertMatches } from "../testing/assert.ts";
import { Dialog, HAS_SCRIPT } from "../testing/dialog.ts";
import { TestSpace } from "../testing/space.ts";

const ENTRY = new URL("../testing/keyboard_entry.ts", import.meta.url).pathname;
const COMMAND = [Deno.execPath(), "run", "-A", "--no-prompt", "--quiet", ENTRY];

for (
  const [end, key, code] of [
    ["it is disposed of", "d", 0],
    ["the process exits", "e", 3],
    ["something is thrown", "t", 1],
    ["SIGQUIT ends the process", "\x1c", 131],
  ] as const
) {
  Deno.test({
    name: `Keyboard gives the terminal back when ${end}`,
    ignore: !HAS_SCRIPT,
    async fn() {
      using space = new TestSpace();
      await using dialog = new Dialog(space, [], { command: COMMAND, hasTerminal: true });
      await dialog.sees("readable");
      await dialog.type(key);
      assertEquals(await dialog.code(), code, dialog.said);
      assertMatches(space.read("stty.txt"), /[^-]icanon[^]* echo /);
    },
  });
}

Deno.test({
  name: "Keyboard gets each key at once, unseen, and goes on after a Ctrl-Z that stops nothing",
  ignore: !HAS_SCRIPT,
  async fn() {
    using space = new TestSpace();
    await using dialog = new Dialog(space, [], { command: COMMAND, hasTerminal: true });
    await dialog.sees("readable");
    await dialog.type("x");
    await dialog.sees(`keys "x"`);
    await dialog.type("\x1a");
    await dialog.type("é");
    await dialog.sees(`keys "é"`);
    await dialog.type("d");
    assertEquals(await dialog.code(), 0, dialog.said);
    assertEquals(
      dialog.said.replaceAll("\r", ""),
      `readable\nkeys "x"\nkeys "é"\nkeys "d"\n`,
    );
  },
});

Deno.test("Keyboard.open() returns nothing where the process has no terminal", () => {
  const noTerminal = {
    ...fs,
    openSync(): number {
      throw Object.assign(new Error("ENXIO: no such device or address"), { code: "ENXIO" });
    },
  };
  const listener = { onKeys() {}, onReadable() {}, onProblem() {} };
  assertEquals(Keyboard.open(listener, noTerminal), undefined);
});
