/**
 * `flow complete`, which the completion scripts call: what may stand at the end of a command line.
 * Does not know the shell.
 *
 * @module
 */

import { proposeCompletions } from "@stricli/core";
import { createApp } from "./app.ts";
import { createContext } from "./context.ts";

/**
 * Proposes the last word of a command line.
 *
 * @param words Words after the program's name; the last one is not finished and may be empty.
 * @returns One proposal per line with a tab and its explanation, where there is one.
 */
export async function proposeWords(words: readonly string[]): Promise<string> {
  const context = createContext(words);
  const isFlag = words.at(-1)?.startsWith("-") ?? false;
  const proposals = await proposeCompletions(createApp(() => []), words, context);
  const shown = proposals.filter(({ completion }) =>
    completion !== "--" && completion.startsWith("-") === isFlag
  );
  return shown.map(({ completion, brief }) => `${completion}\t${brief}\n`).join("");
}
