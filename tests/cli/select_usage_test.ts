/** Wrong ways to choose nodes: exact messages, exit code 2, and nothing has run. */

import { assertEquals } from "../testing/assert.ts";
import { flow, TemporaryDirectory } from "./flow.ts";

const WORKFLOW = `nodes:
  load: { run: [touch, "\${out.load}"], outputs: { load: { file: load.txt, allowEmpty: true } } }
  fit: { run: [cat, "\${in.load}"], inputs: { load: load }, stdout: { output: score, as: text }, outputs: [score] }
  report: { run: [echo, "\${in.score}"], inputs: { score: score }, stdout: { output: report, as: text } }
  old: { enabled: false, run: [cat, "\${in.load}"], inputs: { load: load }, stdout: { output: old, as: text } }
  older: { run: [echo, "\${in.old}"], inputs: { old: old }, stdout: { output: older, as: text } }
`;

/** Arguments and what is printed on standard error. */
const WRONG: readonly (readonly [args: string, stderr: string])[] = [
  ["run --only fti", `error: Unknown node or output "fti"\n  hint: did you mean "fit"?\n`],
  ["run --skip repotr", `error: Unknown node or output "repotr"\n  hint: did you mean "report"?\n`],
  ["run zebra+", `error: Unknown node or output "zebra"\n  hint: flow ls lists them\n`],
  [
    "run repotr*",
    `error: Cannot find a node that matches "repotr*"\n  hint: did you mean "report"?\n`,
  ],
  [
    "plan load++",
    `error: Cannot select "load++": it is no name with a "+" before or behind it
  hint: write NAME, +NAME (with what it needs), NAME+ (with what needs it) or +NAME+
`,
  ],
  [
    "run --only fit",
    `error: Cannot run only "fit": it needs "load", which is not up to date
  load: has no result yet
  hint: leave out --only, or run it with what it needs: flow run +fit
`,
  ],
  [
    "plan --only load,report",
    `error: Cannot run only "report": it needs "fit", which is not up to date
  fit: an upstream runs first
  hint: leave out --only, or run it with what it needs: flow run +report
`,
  ],
  [
    "run --only load --skip load",
    `error: Cannot run "load": it is left out by --skip
  hint: skip neither what is asked for nor what that needs
`,
  ],
  [
    "run report --skip load",
    `error: Cannot run "report": it needs "load", which is left out by --skip
  hint: skip neither what is asked for nor what that needs
`,
  ],
  [
    "run --output report --skip fit",
    `error: Cannot run "report": it needs "fit", which is left out by --skip
  hint: skip neither what is asked for nor what that needs
`,
  ],
  [
    "run re* --skip fit+",
    `error: Cannot run "re*": all of it is left out
  report: left out by --skip
  hint: skip neither what is asked for nor what that needs
`,
  ],
  [
    "run --skip *",
    `error: Cannot run anything: --skip leaves out everything
  hint: skip less; what is downstream of a skipped node is left out with it
`,
  ],
  [
    "run report --only load",
    `error: Cannot run "report": --only does not name it
  hint: names have commas between them: --only load,report
`,
  ],
  [
    "run load --from report",
    `error: Cannot run "report" again: nothing that is asked for needs it
  hint: name it too, or leave out the other names
`,
  ],
  [
    "run old",
    `error: Cannot run "old": it is disabled
  hint: remove \`enabled: false\` from the workflow file
`,
  ],
  [
    "plan older",
    `error: Cannot run "older": it needs "old", which is disabled
  hint: remove \`enabled: false\` from the workflow file
`,
  ],
  [
    "run --only a,,b",
    `error: Cannot parse arguments of "flow run": "a,,b" is no value of "--only": write names with commas between them
  hint: see "flow run --help"
`,
  ],
  [
    "run -n --forget fit",
    `error: Cannot combine "--dry-run" and "--forget"\n  hint: leave out one\n`,
  ],
  ["run --forget fti", `error: Unknown node or output "fti"\n  hint: did you mean "fit"?\n`],
  [
    "cache forget workflow.yaml",
    `error: Cannot forget results: no node is named
  hint: name nodes; "flow cache ls" lists what is stored
`,
  ],
];

for (const [args, stderr] of WRONG) {
  Deno.test(`flow ${args}: says what is wrong, and runs nothing`, async () => {
    using dir = new TemporaryDirectory().write({ "workflow.yaml": WORKFLOW });
    const result = await flow(args.split(" "), { cwd: dir.path });
    assertEquals(result, { code: 2, stdout: "", stderr });
    assertEquals(
      [...Deno.readDirSync(dir.path)].map(({ name }) => name).includes("load.txt"),
      false,
    );
  });
}

Deno.test("flow cache forget: says what is wrong with names the store does not have", async () => {
  using dir = new TemporaryDirectory().write({ "workflow.yaml": WORKFLOW });
  assertEquals((await flow(["run", "fit"], { cwd: dir.path })).code, 0);
  const wrong = {
    fti: `error: Cannot forget "fti": no node of that name ever ran here
  hint: did you mean "fit"?
`,
    "zebra*": `error: Cannot forget "zebra*": no node of that name ever ran here
  hint: flow cache ls lists what is stored
`,
    "fit+": `error: Cannot forget "fit+": the store does not know the graph
  hint: forget it with a run: flow run --forget fit+
`,
  };
  for (const [name, stderr] of Object.entries(wrong)) {
    assertEquals(await flow(["cache", "forget", name], { cwd: dir.path }), {
      code: 2,
      stdout: "",
      stderr,
    });
  }
});
