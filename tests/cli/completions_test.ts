/** Completion scripts and what they are fed with. */

import { assertEquals, assertIncludes, assertOk } from "../testing/assert.ts";
import { flow, SOURCE_COMMAND, TemporaryDirectory } from "./flow.ts";

/** Syntax checks of the shells; `-n` reads without running. */
const SHELLS = ["bash", "zsh", "fish"] as const;

function has(program: string): boolean {
  return new Deno.Command("sh", { args: ["-c", `command -v ${program} >/dev/null`] }).outputSync()
    .success;
}

for (const shell of SHELLS) {
  Deno.test({
    name: `flow completions ${shell}: is a script ${shell} can read`,
    ignore: !has(shell),
    async fn() {
      using dir = new TemporaryDirectory();
      const { code, stdout } = await flow(["completions", shell]);
      assertEquals(code, 0);
      dir.write({ script: stdout });
      const { success, stderr } = new Deno.Command(shell, {
        args: ["-n", `${dir.path}/script`],
      }).outputSync();
      assertOk(success, new TextDecoder().decode(stderr));
    },
  });

  Deno.test(`flow completions ${shell}: asks the program that is completed`, async () => {
    assertIncludes((await flow(["completions", shell])).stdout, " complete ");
  });
}

Deno.test("flow complete: proposes commands, flags and values", async () => {
  const first = async (...words: string[]) =>
    (await flow(["complete", ...words])).stdout.split("\n").map((line) => line.split("\t")[0])
      .filter((word) => word !== "");
  assertEquals(await first("pl"), ["plan"]);
  assertEquals(await first("cl"), ["clean"]);
  assertEquals(await first("clean", "--a"), ["--all"]);
  assertEquals(await first("clean", "--dr"), ["--dry-run"]);
  assertEquals(await first("run", "--fa"), ["--fail-fast"]);
  assertEquals(await first("run", "--format", "n"), ["ndjson"]);
  assertEquals(await first("show", "--format", "p"), ["path", "parquet"]);
  assertEquals(await first("completions", "b"), ["bash"]);
});

Deno.test("flow complete: proposes names for the flags that choose nodes", async () => {
  using dir = new TemporaryDirectory().write({
    "workflow.yaml": "nodes: { fit: { run: ls, outputs: [] }, fill: { run: ls, outputs: [] } }\n",
  });
  const first = async (...words: string[]) =>
    (await flow(["complete", ...words], { cwd: dir.path })).stdout.split("\n")
      .map((line) => line.split("\t")[0]).filter((word) => word !== "").sort();
  assertEquals(await first("run", "--on"), ["--only"]);
  assertEquals(await first("plan", "--sk"), ["--skip"]);
  assertEquals(await first("run", "--fo"), ["--force", "--forget", "--format"]);
  assertEquals(await first("cache", "fo"), ["forget"]);
  for (const flag of ["--only", "--skip", "--forget", "--from", "--until"]) {
    assertEquals(await first("run", flag, "fi"), ["fill", "fit"], flag);
  }
  assertEquals(await first("run", "--skip", "fit,fi"), ["fit,fill", "fit,fit"]);
  assertEquals(await first("run", "--skip", "fit,+fil"), ["fit,+fill"]);
  assertEquals(await first("run", "+fil"), ["+fill"]);
});

Deno.test("flow complete: proposes executors, and nodes to give them to", async () => {
  using dir = new TemporaryDirectory().write({
    "workflow.yaml": `executors: { heavy: { kind: process }, io: { slots: 2 } }
nodes:
  fit: { run: ls, outputs: [] }
  each: { call: nodes.ts#f, map: "x[i] -> each[i]", inputs: { x: { value: [1] } } }
  a: { call: nodes.ts#f, inputs: { x: { value: [1] } } }
  b: { call: nodes.ts#f, inputs: { x: a } }
  ab: { nest: [a, b], map: "x[i] -> b[i]" }
`,
  });
  const first = async (...words: string[]) =>
    (await flow(["complete", ...words], { cwd: dir.path })).stdout.split("\n")
      .map((line) => line.split("\t")[0]).filter((word) => word !== "").sort();
  assertEquals(await first("run", "--exec"), ["--executor"]);
  assertEquals(await first("plan", "--executor", ""), [
    "ab=",
    "default",
    "each=",
    "fit=",
    "heavy",
    "io",
  ]);
  assertEquals(await first("run", "--executor", "fit=h"), ["fit=heavy"]);
  assertEquals(await first("run", "--chunk", ""), ["ab=", "each="]);
});

Deno.test("flow complete: proposes what can be swept", async () => {
  using dir = new TemporaryDirectory().write({
    "workflow.yaml": `params: { lr: 1 }
inputs: { seed: 1 }
sweeps: { small: { product: { lr: [1] } } }
nodes: { fit: { run: ls, inputs: [seed], outputs: [] } }
`,
  });
  const first = async (...words: string[]) =>
    (await flow(["complete", ...words], { cwd: dir.path })).stdout.split("\n")
      .map((line) => line.split("\t")[0]).filter((word) => word !== "").sort();
  for (const command of ["run", "plan", "show"]) {
    assertEquals(await first(command, "--sweep", ""), ["lr=", "seed=", "small"], command);
  }
  assertEquals(await first("run", "--sweep", "s"), ["seed=", "small"]);
  assertEquals(await first("run", "--sweep-zip", "s"), ["seed="]);
  assertEquals(await first("run", "--max"), ["--max-concurrent"]);
  assertEquals(await first("plan", "--swe"), ["--sweep", "--sweep-zip"]);
});

Deno.test("flow complete: proposes variants", async () => {
  using dir = new TemporaryDirectory().write({
    "workflow.yaml": `variants: { fast: { fit: ridge } }
nodes: { fit: { variants: { ridge: { run: ls }, forest: { run: ls } }, outputs: [] } }
`,
  });
  const first = async (...words: string[]) =>
    (await flow(["complete", ...words], { cwd: dir.path })).stdout.split("\n")
      .map((line) => line.split("\t")[0]).filter((word) => word !== "").sort();
  assertEquals(await first("plan", "--variant", ""), ["fast", "fit=forest", "fit=ridge"]);
  assertEquals(await first("run", "--variant", "fit=r"), ["fit=ridge"]);
  assertEquals(await first("run", "--sweep", "var"), ["variant.fit=", "variant="]);
});

Deno.test("flow completions bash: completes in bash", async () => {
  using dir = new TemporaryDirectory();
  const { stdout } = await flow(["completions", "bash"]);
  dir.write({
    script: `${stdout}
flow() { ${SOURCE_COMMAND.map((word) => `'${word}'`).join(" ")} "$@"; }
COMP_WORDS=(flow run --dr); COMP_CWORD=2; _flow
printf '%s\\n' "\${COMPREPLY[@]}"
`,
  });
  const { stdout: out } = new Deno.Command("bash", { args: [`${dir.path}/script`] }).outputSync();
  assertEquals(new TextDecoder().decode(out), "--dry-run\n");
});
