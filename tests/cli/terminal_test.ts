/** Tests of what a terminal is taken to show. */

import { detectStyle } from "../../cli/terminal.ts";
import { assertEquals } from "../testing/assert.ts";

type Env = Readonly<Record<string, string>>;

function styleOf(env: Env, isTerminal = true, os = "linux") {
  return detectStyle({ isTerminal, os, env: (name) => env[name] });
}

Deno.test("detectStyle() decides on colour", () => {
  const cases: [Env, isTerminal: boolean, color: boolean][] = [
    [{}, true, true],
    [{}, false, false],
    [{ NO_COLOR: "1" }, true, false],
    [{ NO_COLOR: "" }, true, true],
    [{ NO_COLOR: "1", FORCE_COLOR: "1" }, true, false],
    [{ FORCE_COLOR: "1" }, false, true],
    [{ FORCE_COLOR: "0" }, true, false],
    [{ FORCE_COLOR: "3", TERM: "dumb" }, false, true],
    [{ CLICOLOR_FORCE: "1" }, false, true],
    [{ CLICOLOR_FORCE: "0" }, true, false],
    [{ CLICOLOR: "0" }, true, false],
    [{ TERM: "dumb" }, true, false],
  ];
  for (const [env, isTerminal, color] of cases) {
    assertEquals(styleOf(env, isTerminal).color, color, JSON.stringify([env, isTerminal]));
  }
});

Deno.test("detectStyle() lets the flag win over the environment", () => {
  const facts = { isTerminal: false, env: () => "1" };
  assertEquals(detectStyle(facts, "always").color, true);
  assertEquals(detectStyle({ isTerminal: true, env: () => undefined }, "never").color, false);
});

Deno.test("detectStyle() takes Unicode from the locale", () => {
  const cases: [Env, os: string, unicode: boolean][] = [
    [{ LANG: "en_US.UTF-8" }, "linux", true],
    [{ LANG: "C.utf8" }, "linux", true],
    [{ LANG: "C" }, "linux", false],
    [{ LANG: "de_DE.ISO-8859-1" }, "darwin", false],
    [{ LANG: "en_US.UTF-8", LC_ALL: "C" }, "linux", false],
    [{ LANG: "C", LC_CTYPE: "UTF-8" }, "linux", true],
    [{ LANG: "C.UTF-8", LC_ALL: "" }, "linux", true],
    [{}, "linux", false],
    [{}, "darwin", true],
    [{}, "windows", true],
  ];
  for (const [env, os, unicode] of cases) {
    assertEquals(styleOf(env, true, os).unicode, unicode, JSON.stringify([env, os]));
  }
});

Deno.test("detectStyle() redraws only on a terminal that can", () => {
  assertEquals(styleOf({}, true).canRedraw, true);
  assertEquals(styleOf({}, false).canRedraw, false);
  assertEquals(styleOf({ TERM: "dumb" }, true).canRedraw, false);
});
