/** Golden tests of the report of a failure. */

import { digestOf } from "../../../core/base/digest.ts";
import type { FailureFacts } from "../../../core/failure_facts.ts";
import { formatFailureReport } from "../../../core/report/failure_text.ts";
import { assertEquals } from "../../testing/assert.ts";

const key = digestOf("key");
const BASE: FailureFacts = {
  v: 1,
  run: "20260101-000000.000-abcdef",
  workflow: "wf.yaml",
  node: "fit",
  attempt: 1,
  failedAt: "2026-01-01T00:00:02.000Z",
  reason: "threw",
  message: "RangeError: no \x1b[31mrows",
  inputs: [],
  upstreams: [],
  environment: [],
};

Deno.test("formatFailureReport() tells all of a function", () => {
  const facts: FailureFacts = {
    ...BASE,
    place: "wf.yaml:6:3",
    description: "Fits the model",
    function: "nodes.ts#fit",
    key,
    attempt: 2,
    startedAt: "2026-01-01T00:00:00.000Z",
    wallMs: 1500,
    cpuMs: 20,
    maxRssBytes: 3 << 20,
    hint: "Give it rows",
    stack:
      "RangeError: no \x1b[31mrows\n    at helper (/p/nodes.ts:8:40)\n    at fit (/p/nodes.ts:6:3)",
    inputs: [
      {
        name: "rows",
        source: "load.rows",
        kind: "value",
        digest: key,
        sizeBytes: 14_000,
        text: "[0,1…",
        isCut: true,
        output: "load.rows",
      },
      { name: "token", source: "env TOKEN", kind: "value" },
      { name: "z", source: "z", kind: "array", shape: [2, 3] },
      { name: "all", source: "glob *.csv", kind: "files", paths: ["a.csv", "b.csv"], isCut: true },
    ],
    upstreams: ["load", "z"],
    environment: ["TOKEN"],
    stdout: { path: "/p/runs/r/logs/fit.stdout", sizeBytes: 20, lines: ["hello"], isCut: false },
    stderr: { path: "/p/runs/r/logs/fit.stderr", sizeBytes: 9000, lines: ["a", "b"], isCut: true },
  };
  assertEquals(
    formatFailureReport(facts),
    `failed: fit (threw an error)

  place        wf.yaml:6:3
  description  Fits the model
  function     nodes.ts#fit
  run          20260101-000000.000-abcdef
  key          ${key}
  attempt      2
  started      2026-01-01T00:00:00.000Z
  failed       2026-01-01T00:00:02.000Z
  took         1.5 s, cpu 20 ms, memory 3.0 MiB

message
  RangeError: no \\u001b[31mrows
  hint: give it rows

stack
  at helper (/p/nodes.ts:8:40)
  at fit (/p/nodes.ts:6:3)

inputs
  rows from load.rows: value, 14 KiB, ${key.slice(0, 12)}
    [0,1…
    all of it, if it is still stored: flow show wf.yaml load.rows
  token from env TOKEN: value
  z: array 2×3
  all from glob *.csv: files
    a.csv
    b.csv
    …

upstream
  load
  z

environment (values are not shown)
  TOKEN

stdout
  hello
  all of it: /p/runs/r/logs/fit.stdout

stderr, last 2 lines of 8.8 KiB
  a
  b
  all of it: /p/runs/r/logs/fit.stderr
`,
  );
});

Deno.test("formatFailureReport() shows a script as it stands, with the values of its variables", () => {
  const facts: FailureFacts = {
    ...BASE,
    reason: "exit",
    message: "Command failed with exit code 3",
    exitCode: 3,
    command: {
      argv: ["sh", "-ec", 'echo start\ncp "${FLOW_1}" out/x\n'],
      isFilled: true,
      variables: { FLOW_1: "data/a b.csv" },
    },
  };
  assertEquals(
    formatFailureReport(facts),
    `failed: fit (command failed)

  run        20260101-000000.000-abcdef
  attempt    1
  exit code  3
  failed     2026-01-01T00:00:02.000Z

message
  Command failed with exit code 3

command
  sh -ec
    echo start
    cp "\${FLOW_1}" out/x
  FLOW_1=data/a b.csv
`,
  );
});

Deno.test("formatFailureReport() says what could not be started, as it is written", () => {
  const facts: FailureFacts = {
    ...BASE,
    attempt: 0,
    reason: "unavailable",
    message: 'Cannot read file "x": it does not exist',
    command: { argv: ["cp", "${in.x}", "a b"], isFilled: false, variables: {} },
    inputs: [{ name: "x", source: "file x" }],
  };
  assertEquals(
    formatFailureReport(facts),
    `failed: fit (cannot be started)

  run      20260101-000000.000-abcdef
  attempt  not started
  failed   2026-01-01T00:00:02.000Z

message
  Cannot read file "x": it does not exist

command, as written
  cp '\${in.x}' 'a b'

inputs
  x from file x: not read
`,
  );
});
