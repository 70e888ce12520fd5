/**
 * The commands of flow and the text around them. Does not know what a command does.
 *
 * @module
 */

import {
  type Application,
  buildApplication,
  buildRouteMap,
  type StricliIntegration,
  text_en,
} from "@stricli/core";
import type { CliContext } from "./context.ts";
import { formatHelp } from "./help_text.ts";
import { writeStdout } from "./output.ts";
import { unknownCommand, usageErrorOf } from "./usage.ts";
import { cacheRoutes } from "./commands/cache.ts";
import { checkCommand } from "./commands/check.ts";
import { cleanCommand } from "./commands/clean.ts";
import { completionsCommand } from "./commands/completions.ts";
import { diffCommand } from "./commands/diff.ts";
import { graphCommand } from "./commands/graph.ts";
import { historyCommand } from "./commands/history.ts";
import { initCommand } from "./commands/init.ts";
import { logCommand } from "./commands/log.ts";
import { lsCommand } from "./commands/ls.ts";
import { planCommand } from "./commands/plan.ts";
import { replayCommand } from "./commands/replay.ts";
import { runCommand } from "./commands/run.ts";
import { schemaCommand } from "./commands/schema.ts";
import { showCommand } from "./commands/show.ts";
import { whyCommand } from "./commands/why.ts";
import { printWorkflowHelp } from "./workflow_help.ts";

const ROOT_TEXT =
  `WORKFLOW is a file; without it flow takes the only workflow.yaml, workflow.yml, workflow.ts or
*.flow.yaml of the directory. NAMES are nodes or outputs; fit+ is fit with everything that needs it,
+fit with everything it needs, 'fit*' every node called so.

  flow run                        run what is not up to date
  flow run churn.yaml report -j4  run one node and what it needs, four at once
  flow run --skip report          run all but a node and what needs it
  flow why model                  explain why a node would run
  flow show 'z[:,3]'              print a stored value
  flow replay 'model[17]'         run one call of a map node again, in the foreground
  flow clean                      remove published files that no node has any more
  flow run churn.yaml --help      list the inputs and params of a workflow

Exit codes: 0 ok, 1 a node failed, 2 wrong usage or definition, 3 work is needed (plan --exit-code),
4 the cache is damaged, 5 denied by policy, 75 locked, 124 timeout, 130 and 143 stopped by
a key or signal.`;

/** All commands under their names. */
const ROUTES = buildRouteMap({
  routes: {
    run: runCommand,
    plan: planCommand,
    why: whyCommand,
    graph: graphCommand,
    ls: lsCommand,
    show: showCommand,
    log: logCommand,
    replay: replayCommand,
    history: historyCommand,
    diff: diffCommand,
    check: checkCommand,
    init: initCommand,
    clean: cleanCommand,
    cache: cacheRoutes,
    schema: schemaCommand,
    completions: completionsCommand,
  },
  docs: {
    brief: "Run the pipeline of a YAML or TypeScript file, and keep every result by content",
    fullDescription: ROOT_TEXT,
  },
});

/** `--help`, which also lists the inputs and params of the workflow that is named with `flow run`. */
const HELP: StricliIntegration<CliContext> = {
  flag: {
    brief: "Print help",
    aliases: ["h"],
    global: true,
    complete: true,
    defaultForRouteMap: true,
    async run(_app, { result }) {
      writeStdout(formatHelp(result.target, result.prefix));
      if (result.prefix[1] === "run") await printWorkflowHelp(result.unprocessedInputs);
    },
  },
};

/**
 * Builds the application. Its errors are thrown, never printed.
 *
 * @param prefix Words of the command that is being read, filled by the context; named in errors.
 */
export function createApp(prefix: () => readonly string[]): Application<CliContext> {
  return buildApplication<CliContext>(ROUTES, {
    name: "flow",
    scanner: {
      caseStyle: "allow-kebab-for-camel",
      allowArgumentEscapeSequence: true,
      distanceOptions: {
        threshold: 3,
        weights: { insertion: 1, deletion: 1, substitution: 1, transposition: 1 },
      },
    },
    documentation: { caseStyle: "convert-camel-to-kebab", disableAnsiColor: true },
    localization: {
      text: {
        ...text_en,
        noCommandRegisteredForInput({ input, corrections }) {
          throw unknownCommand(input, corrections);
        },
        exceptionWhileParsingArguments(thrown) {
          throw usageErrorOf(thrown, prefix().join(" "));
        },
        exceptionWhileLoadingCommandFunction: rethrow,
        exceptionWhileLoadingCommandContext: rethrow,
        exceptionWhileRunningCommand: rethrow,
        commandErrorResult: rethrow,
        exceptionWhileRunningIntegrationFlag({ exception }) {
          throw exception;
        },
      },
    },
  }, { help: HELP });
}

/** Hands an error on to `main.ts`, the one place that prints errors. */
function rethrow(thrown: unknown): never {
  throw thrown;
}
