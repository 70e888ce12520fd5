/** Tests of what key strokes mean. */

import { type KeyCommand, KeyReader } from "../../cli/keys.ts";
import { assertEquals } from "../testing/assert.ts";

/** What strokes ask for, each taken by itself; a string is the text of what is unknown. */
function meaning(...strokes: readonly string[]): (string | number)[] {
  const reader = new KeyReader();
  return strokes.flatMap((stroke) => reader.take(stroke)).map(short);
}

function short(command: KeyCommand): string | number {
  if (command.kind === "kill") return command.action;
  return command.kind === "unknown" ? command.text : command.kind;
}

Deno.test("KeyReader.take() knows every key, in either case", () => {
  assertEquals(meaning("\n", "\r"), ["list", "list"]);
  assertEquals(meaning("s", "a", "r", "?", "h"), ["finish", "abort", "again", "help", "help"]);
  assertEquals(meaning("S", "A", "R", "H"), ["finish", "abort", "again", "help"]);
  assertEquals(meaning("sr"), ["finish", "again"]);
});

Deno.test("KeyReader.take() says of other keys that they mean nothing, once for a sequence", () => {
  assertEquals(meaning("x", "é", "1"), ['Unknown key "x"', 'Unknown key "é"', 'Unknown key "1"']);
  const up = "\x1b[A";
  const shiftF5 = "\x1b[15;2~";
  assertEquals(meaning(up, shiftF5, "\x1bOP", "\x04", "\t"), Array(5).fill("Unknown key"));
  assertEquals(meaning("\x1b"), []);
});

Deno.test("KeyReader.take() reads the number of k up to enter", () => {
  const cases: [strokes: string[], expected: (string | number)[]][] = [
    [["k", "1", "2", "\n"], [12]],
    [["k12\r"], [12]],
    [["k 7\n"], [7]],
    [["K", "3", "\x7f", "4", "\n"], [4]],
    [["k", "1", "\x1b", "s"], ["finish"]],
    [["k", "\x7f", "s"], ["finish"]],
    [["k", "\n", "\n"], ["Cannot kill: no number is given", "list"]],
    [["k", "a", "\n"], ["Cannot kill: write a number and enter", "list"]],
    [["k", "1".repeat(30)], []],
    [["k", ..."1234567890".split(""), "\n"], [123456789]],
  ];
  for (const [strokes, expected] of cases) {
    assertEquals(meaning(...strokes), expected, JSON.stringify(strokes));
  }
});

Deno.test("KeyReader.typed shows the command that is not complete", () => {
  const reader = new KeyReader();
  const shown = ["", "k", "4", "2", "\x7f", "\n"].map((stroke) => {
    reader.take(stroke);
    return reader.typed;
  });
  assertEquals(shown, [
    "",
    "kill number: ",
    "kill number: 4",
    "kill number: 42",
    "kill number: 4",
    "",
  ]);
});

Deno.test("KeyReader.take() ignores what was pasted or typed ahead for the shell", () => {
  assertEquals(meaning("make clean all\n", "s"), ["Ignored pasted text", "finish"]);
  assertEquals(meaning("k", "aaa", "a"), ["Ignored pasted text", "abort"]);
});
