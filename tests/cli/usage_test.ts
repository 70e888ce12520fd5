/** Wrong command lines: exact messages and exit codes. */

import { assertEquals } from "../testing/assert.ts";
import { flow } from "./flow.ts";

/** Arguments and what is printed on standard error. All exit with 2 and print nothing else. */
const WRONG: readonly (readonly [args: readonly string[], stderr: string])[] = [
  [["rnu"], `error: Cannot find command "rnu"\n  hint: did you mean "run"?\n`],
  [["zebra"], `error: Cannot find command "zebra"\n  hint: see "flow --help" for the commands\n`],
  [
    ["wf.yaml"],
    `error: Cannot find command "wf.yaml"\n  hint: run a workflow with "flow run wf.yaml"\n`,
  ],
  [["cache", "veryfi"], `error: Cannot find command "veryfi"\n  hint: did you mean "verify"?\n`],
  [
    ["-x"],
    `error: Cannot parse arguments: flag "-x" stands before the command
  hint: write "flow COMMAND -x"; see "flow --help" for the commands
`,
  ],
  [
    ["run", "--jbos", "3"],
    `error: Cannot parse arguments of "flow run": unknown flag "--jbos"
  hint: did you mean "--jobs"?
`,
  ],
  [
    ["run", "--zebra"],
    `error: Cannot parse arguments of "flow run": unknown flag "--zebra"
  hint: see "flow run --help"
`,
  ],
  [
    ["run", "-x"],
    `error: Cannot parse arguments of "flow run": unknown flag "-x"
  hint: see "flow run --help"
`,
  ],
  [
    ["run", "--x"],
    `error: Cannot parse arguments: unknown flag "--x"
  hint: put "--" before names that start with a dash
`,
  ],
  [
    ["run", "-j", "many"],
    `error: Cannot parse arguments of "flow run": "many" is no value of "--jobs": write a whole number from 1 to 4096
  hint: see "flow run --help"
`,
  ],
  [
    ["run", "-j0"],
    `error: Cannot parse arguments of "flow run": "0" is no value of "--jobs": write a whole number from 1 to 4096
  hint: see "flow run --help"
`,
  ],
  [
    ["run", "--jobs=-1"],
    `error: Cannot parse arguments of "flow run": "-1" is no value of "--jobs": write a whole number from 1 to 4096
  hint: see "flow run --help"
`,
  ],
  [
    ["run", "-j"],
    `error: Cannot parse arguments of "flow run": flag "--jobs" needs a value
  hint: see "flow run --help"
`,
  ],
  [["run", "--jobs="], `error: Cannot parse arguments: flag "--jobs" has an empty value\n`],
  [
    ["run", "-j1", "-j2"],
    `error: Cannot parse arguments of "flow run": flag "--jobs" is given twice: "1" and "2"
  hint: see "flow run --help"
`,
  ],
  [
    ["run", "--set", "depth"],
    `error: Cannot parse arguments of "flow run": "depth" is no value of "--set": write it as PATH=VALUE
  hint: see "flow run --help"
`,
  ],
  [
    ["run", "--input", "=3"],
    `error: Cannot parse arguments of "flow run": "=3" is no value of "--input": write it as NAME=VALUE
  hint: see "flow run --help"
`,
  ],
  [
    ["run", "--grace", "soon"],
    `error: Cannot parse arguments of "flow run": "soon" is no value of "--grace": write a duration such as 500ms, 10s or 2m
  hint: see "flow run --help"
`,
  ],
  [
    ["show", "--format", "xml"],
    `error: Cannot parse arguments of "flow show": "xml" is no value of "--format"
  hint: use one of auto, raw, json, ndjson, csv, path, tsv, arrow, parquet, zarr
`,
  ],
  [
    ["run", "-k", "--fail-fast"],
    `error: Cannot combine "--keep-going" and "--fail-fast"\n  hint: leave out one\n`,
  ],
  [
    ["graph", "--dot", "--json"],
    `error: Cannot combine "--dot" and "--json"\n  hint: leave out one\n`,
  ],
  [
    ["completions", "tcsh"],
    `error: Cannot complete for shell "tcsh"\n  hint: use one of bash, zsh, fish\n`,
  ],
  [
    ["completions"],
    `error: Cannot parse arguments of "flow completions": SHELL is missing
  hint: see "flow completions --help"
`,
  ],
  [
    ["init", "a", "b"],
    `error: Cannot parse arguments of "flow init": "b" is too much
  hint: see "flow init --help"
`,
  ],
];

for (const [args, stderr] of WRONG) {
  Deno.test(`flow ${args.join(" ")}: says what is wrong and exits with 2`, async () => {
    assertEquals(await flow(args, { env: { RUST_BACKTRACE: "full" } }), {
      code: 2,
      stdout: "",
      stderr,
    });
  });
}
