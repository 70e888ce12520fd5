/** Help texts, golden: `deno test -A -u tests/cli` rewrites them. */

import { assertEquals } from "../testing/assert.ts";
import { flow } from "./flow.ts";

const COMMANDS = [
  "run",
  "plan",
  "why",
  "graph",
  "ls",
  "show",
  "log",
  "replay",
  "history",
  "diff",
  "check",
  "init",
  "clean",
  "cache",
  "cache gc",
  "cache forget",
  "schema",
  "completions",
];

for (const command of ["", ...COMMANDS]) {
  Deno.test(`flow ${command} --help`, async (t) => {
    const args = [...command.split(" ").filter((word) => word !== ""), "--help"];
    const { code, stdout, stderr } = await flow(args);
    assertEquals([code, stderr], [0, ""]);
    await t.assertSnapshot(stdout);
  });
}

Deno.test("help is the same however it is asked for", async () => {
  const { stdout } = await flow(["plan", "--help"]);
  for (const args of [["help", "plan"], ["plan", "-h"], ["-h", "plan"], ["--help", "plan"]]) {
    assertEquals((await flow(args)).stdout, stdout, args.join(" "));
  }
});

Deno.test("flow --version prints the version of deno.json, wherever it stands", async () => {
  const { version } = JSON.parse(
    Deno.readTextFileSync(new URL("../../deno.json", import.meta.url)),
  );
  for (const args of [["--version"], ["version"], ["run", "--version"]]) {
    assertEquals(await flow(args), { code: 0, stdout: `flow ${version}\n`, stderr: "" });
  }
});
