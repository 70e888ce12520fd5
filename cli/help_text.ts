/**
 * Help as text: of the program and of one command. Does not know any command; reads their definitions.
 *
 * @module
 */

import type { Command, RouteMap } from "@stricli/core";
import type { CliContext } from "./context.ts";

/** Width of the column of names, beyond which a name gets a line of its own. */
const NAME_WIDTH = 24;

/** A command or a group of commands. */
type HelpTarget = Command<CliContext> | RouteMap<CliContext>;

/**
 * Formats the help of a command or of a group of commands.
 *
 * @param target What was asked about.
 * @param prefix Its words, for example `["flow", "cache"]`.
 * @returns Lines with a final newline.
 */
export function formatHelp(target: HelpTarget, prefix: readonly string[]): string {
  return "parameters" in target ? commandHelp(target, prefix) : groupHelp(target, prefix);
}

/** Help of a group: its commands. */
function groupHelp(group: RouteMap<CliContext>, prefix: readonly string[]): string {
  const rows = group.getAllEntries()
    .filter(({ hidden }) => !hidden)
    .map(({ name, target }): Row => [name["convert-camel-to-kebab"], target.brief]);
  return [
    `${group.brief}\n`,
    `Usage: ${prefix.join(" ")} COMMAND [flags]\n`,
    section("Commands", rows),
    section("Flags", [
      ["-h, --help", "Print help, also of a command: flow run --help"],
      ...prefix.length === 1 ? [["    --version", "Print the version"] as const] : [],
    ]),
    ...group.fullDescription === undefined ? [] : [`${group.fullDescription}\n`],
  ].join("\n");
}

/** Help of a command: its words and flags. */
function commandHelp(command: Command<CliContext>, prefix: readonly string[]): string {
  const { flags = {}, aliases = {}, positional } = command.parameters;
  const parameters = positional === undefined
    ? []
    : positional.kind === "array"
    ? [positional.parameter]
    : positional.parameters;
  const words = parameters.map(({ placeholder }) => placeholder ?? "");
  const shorts = new Map(Object.entries(aliases).map(([short, name]) => [name, short]));
  const flagRows = Object.entries(flags).map(([name, flag]): Row => {
    const short = shorts.get(name);
    const value = flag.kind === "enum" ? flag.values.join("|") : flag.placeholder;
    const hasValue = flag.kind !== "boolean" && value !== undefined;
    const long = `--${kebab(name)}${hasValue ? ` ${value}` : ""}`;
    return [`${short === undefined ? "   " : `-${short},`} ${long}`, flag.brief];
  });
  return [
    `${command.brief}\n`,
    `Usage: ${[...prefix, ...words, "[flags]"].join(" ")}\n`,
    ...parameters.length === 0 ? [] : [
      section(
        "Arguments",
        parameters.map(({ placeholder, brief }) => [placeholder ?? "", brief]),
      ),
    ],
    section("Flags", [...flagRows, ["-h, --help", "Print this help"]]),
    ...command.fullDescription === undefined ? [] : [`${command.fullDescription}\n`],
  ].join("\n");
}

type Row = readonly [name: string, text: string];

/** A titled list in two columns. */
export function section(title: string, rows: readonly Row[]): string {
  const lines = rows.map(([name, text]) =>
    name.length <= NAME_WIDTH
      ? `  ${name.padEnd(NAME_WIDTH)}  ${text}`
      : `  ${name}\n${" ".repeat(NAME_WIDTH + 4)}${text}`
  );
  return `${title}:\n${lines.join("\n")}\n`;
}

/** `dryRun` → `dry-run`. */
function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
