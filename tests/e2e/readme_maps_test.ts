/** The example of maps in README.md is run as it stands there, and each command must print what is said beside it. */

import { assertEquals, assertOk } from "../testing/assert.ts";
import { TestSpace } from "../testing/space.ts";

const README = Deno.readTextFileSync(new URL("../../README.md", import.meta.url));

/** Text of the first block of code behind a place. */
function blockBehind(place: string, language: string): string {
  const from = README.indexOf(place);
  const found = new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``).exec(README.slice(from));
  assertOk(from >= 0 && found, `no ${language} behind ${place}`);
  return found[1];
}

Deno.test("the maps of README.md give what it says", async () => {
  using space = new TestSpace({
    "maps.flow.yaml": blockBehind("**Maps.**", "yaml"),
    "maps.ts": blockBehind("**Maps.**", "ts"),
  });
  const lines = blockBehind("**Maps.**", "sh").trim().split("\n");
  assertEquals(lines.length, 4);
  for (const line of lines) {
    const [, command, value] = /^\$ flow (.*?) +# ([^:]*)/.exec(line) ?? [];
    assertOk(command, line);
    const words = [...command.matchAll(/[^\s']+(?:'[^']*')?|'[^']*'/g)].map(([word]) =>
      word.replaceAll("'", "")
    );
    const { stdout, stderr } = await space.flow(...words);
    assertEquals(stdout.trim(), value, stderr);
  }
});
