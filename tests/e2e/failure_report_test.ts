/** The reports of failures: who gets one, what is in it, and what never is. */

import { assertEquals, assertIncludes, assertOk } from "../testing/assert.ts";
import { eventsOf, failureOf, TestSpace } from "../testing/space.ts";

/** With what JSON and regular expressions have to escape. */
const SECRET = `hunter2-"$(x)*`;

const WORKFLOW = `name: errs
params: { factor: -1 }
nodes:
  rows: { call: nodes.ts#rows }
  leak: { call: nodes.ts#leak, allow: { env: [TOKEN] } }
  fit:
    description: Fits the model
    call: nodes.ts#fit
    inputs: { rows: rows, factor: params.factor, token: { env: TOKEN }, seen: leak }
  upload:
    run: "echo working; echo using \${in.token} \${in.seen} >&2; cp \${in.src} \${out.pdf}; exit 3"
    inputs: { src: { file: nodes.ts }, token: { env: TOKEN }, seen: leak }
    outputs: { pdf: { file: out/report.pdf } }
    env: { OTHER: { env: TOKEN } }
    sandbox: off
  argv:
    run: [sh, -c, "exit 4", "\${in.token}", "\${out.o}"]
    inputs: { token: { env: TOKEN } }
    outputs: { o: { file: out/o } }
    sandbox: off
  next: { call: nodes.ts#rows2, inputs: { fit: fit } }
`;

const NODES = `export const rows = () => Array.from({ length: 3000 }, (_, i) => i);
export const leak = () => "t=" + Deno.env.get("TOKEN");
export function fit({ rows, factor, token, seen }, ctx) {
  ctx.log("using " + token, seen);
  check(factor, token);
}
function check(factor, token) {
  if (factor < 0) throw new RangeError("factor " + factor + " with " + JSON.stringify(token));
}
export const rows2 = ({ fit }) => fit;
`;

/** Removes what differs from run to run. */
function steady(text: string, w: TestSpace): string {
  return text.replaceAll(w.path, "/w")
    .replace(/\d{8}-\d{6}\.\d{3}-[0-9a-f]{6}/g, "RUN")
    .replace(/[0-9a-f]{64}/g, "KEY")
    .replace(/20\d\d-\S+Z/g, "TIME")
    .replace(/(B), [0-9a-f]{12}$/gm, "$1, DIGEST")
    .replace(/^( {2}took +).*$/m, "$1SOME");
}

Deno.test("a failed node leaves a report with all facts and no secret; others leave none", async () => {
  using w = new TestSpace({ "workflow.yaml": WORKFLOW, "nodes.ts": NODES });
  const result = await w.start(["run", "--json"], { env: { TOKEN: SECRET } }).result();
  assertEquals(eventsOf(result, "failed").map(({ node }) => node).sort(), [
    "argv",
    "fit",
    "upload",
  ]);
  const { error, key } = failureOf(result, "fit");
  assertOk(error !== undefined && key !== undefined);
  const dir = error.slice(0, error.lastIndexOf("/"));
  const names = [...Deno.readDirSync(dir)].map(({ name }) => name).sort();
  const wanted = ["argv", "fit", "upload"].flatMap((node) => [`${node}.json`, `${node}.txt`]);
  assertEquals(names, wanted);
  for (const name of names) {
    const text = Deno.readTextFileSync(`${dir}/${name}`);
    assertOk(!text.includes("hunter2"), `${name} has the secret:\n${text}`);
  }
  assertEquals(
    steady(Deno.readTextFileSync(error), w),
    `failed: fit (threw an error)

  place        workflow.yaml:6:3
  description  Fits the model
  function     nodes.ts#fit
  run          RUN
  key          KEY
  attempt      1
  started      TIME
  failed       TIME
  took         SOME

message
  RangeError: factor -1 with "[env TOKEN]"

stack
  at check (/w/nodes.ts:8:25)
  at fit (/w/nodes.ts:5:3)

inputs
  rows: value, 14 KiB, DIGEST
    [${Array.from({ length: 103 }, (_, i) => i).join(",").slice(0, 299)}…
    all of it, if it is still stored: flow show rows
  factor from params.factor: value, 2 B, DIGEST
    -1
  token from env TOKEN: value
  seen from leak: value, 19 B, DIGEST
    "t=[env TOKEN]"

upstream
  rows
  leak
` +
      logsOf("fit", {
        stdout: [`using [env TOKEN] t=[env TOKEN]`],
        stderr: [
          `RangeError: factor -1 with "[env TOKEN]"`,
          "    at check (/w/nodes.ts:8:25)",
          "    at fit (/w/nodes.ts:5:3)",
        ],
      }),
  );
});

/** The end of a report. */
function logsOf(node: string, logs: Readonly<Record<string, readonly string[]>>): string {
  return Object.entries(logs).map(([name, lines]) =>
    `\n${name}\n${
      lines.map((line) => `  ${line}\n`).join("")
    }  all of it: /w/.pipecache/runs/RUN/logs/${node}.${name}\n`
  ).join("");
}

Deno.test("the report of a command shows it as it was started", async () => {
  using w = new TestSpace({ "workflow.yaml": WORKFLOW, "nodes.ts": NODES });
  await w.start(["run", "--json"], { env: { TOKEN: SECRET } }).result();
  const upload = (await w.flow("log", "upload", "--error")).stdout;
  assertIncludes(
    upload,
    `command
  sh -ec
    echo working; echo using "\${FLOW_1}" "\${FLOW_2}" >&2; cp "\${FLOW_3}" "\${FLOW_4}"; exit 3
  FLOW_1=[env TOKEN]
  FLOW_2=t=[env TOKEN]
  FLOW_3=nodes.ts
  FLOW_4=out/report.pdf
`,
  );
  assertIncludes(upload, "environment (values are not shown)\n  TOKEN\n");
  assertIncludes(upload, "  using [env TOKEN] t=[env TOKEN]\n  all of it: ");
  const argv = (await w.flow("log", "argv", "--error")).stdout;
  assertIncludes(argv, "command\n  sh -c 'exit 4' '[env TOKEN]' out/o\n");
});

Deno.test("flow log --error: prints the newest failure, also after the node was mended", async () => {
  using w = new TestSpace({ "workflow.yaml": WORKFLOW, "nodes.ts": NODES });
  const none = await w.flow("log", "fit", "--error");
  assertEquals(
    [none.code, none.stdout, none.stderr],
    [0, "", `"fit" has not failed in a run whose record is kept\n`],
  );
  const failed = await w.flow("run", "fit");
  assertEquals(failed.code, 1);
  assertIncludes(failed.stderr, "\n  log: flow log fit --error\n");
  await w.flow("run", "fit", "--set", "factor=-2");
  await w.flow("run", "fit", "--set", "factor=1");
  const newest = await w.flow("log", "fit", "--error");
  assertIncludes(newest.stdout, "RangeError: factor -2 with null");
  const paths = (await w.flow("log", "fit", "--error", "--path")).stdout.trimEnd().split("\n");
  assertEquals(paths.map((path) => /factor (-?\d)/.exec(Deno.readTextFileSync(path))?.[1]), [
    "-2",
    "-1",
  ]);
});
