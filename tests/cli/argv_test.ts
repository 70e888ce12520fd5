/** Spellings of flags. */

import { normalizeArgv } from "../../cli/argv.ts";
import { UsageError } from "../../core/base/error.ts";
import { assertEquals, assertThrows } from "../testing/assert.ts";

const SPELLINGS: readonly (readonly [argv: string[], normal: string[]])[] = [
  [[], []],
  [["run"], ["run"]],
  [["run", "-j4"], ["run", "-j", "4"]],
  [["run", "-j=4", "--jobs=4"], ["run", "-j=4", "--jobs=4"]],
  [["run", "--no-color"], ["run", "--color=never"]],
  [["run", "--color", "wf.yaml"], ["run", "--color=always", "wf.yaml"]],
  [["--json", "run", "a"], ["run", "--json", "a"]],
  [["help"], ["--help"]],
  [["help", "cache", "gc"], ["cache", "gc", "--help"]],
  [["run", "-", "-3", "-.5"], ["run", "-", "-3", "-.5"]],
  [["run", "--", "-j4", "--", "--no-color"], ["run", "--", "-j4", "--", "--no-color"]],
  [["run", "--input=a=1\n2"], ["run", "--input", "a=1\n2"]],
  [["run", "--set=a=", "", " "], ["run", "--set=a=", "", " "]],
];

for (const [argv, normal] of SPELLINGS) {
  Deno.test(`normalizeArgv() of ${JSON.stringify(argv)}`, () => {
    assertEquals(normalizeArgv(argv), normal);
  });
}

for (const word of ["--", "--jobs=", "--x", "--a b", "---", "-j é"]) {
  Deno.test(`normalizeArgv() of "${word}" is read as a word, or refused`, () => {
    if (word === "--") assertEquals(normalizeArgv(["run", word]), ["run", word]);
    else assertThrows(() => normalizeArgv(["run", word]), UsageError);
  });
}
