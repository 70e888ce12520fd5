/**
 * `flow completions`: prints the script that makes a shell complete flow's words. Proposes nothing itself.
 *
 * @module
 */

import { buildCommand, type Command } from "@stricli/core";
import type { CliContext } from "../context.ts";
import { COMMON_FLAGS, type CommonFlags } from "../flags.ts";
import { writeStdout } from "../output.ts";
import { UsageError } from "../../core/base/error.ts";

/** Each asks `flow complete WORDS…`; where flow proposes nothing, the shell completes files. */
const SCRIPTS: Readonly<Record<string, string>> = {
  bash: `# flow completions for bash: eval "$(flow completions bash)"
_flow() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    line=\${line%%$'\\t'*}
    COMPREPLY+=("\${line// /\\\\ }")
  done < <("\${COMP_WORDS[0]}" complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _flow flow
`,
  zsh: `#compdef flow
# flow completions for zsh: source <(flow completions zsh)
_flow() {
  local line word
  local -a proposals
  while IFS= read -r line; do
    word=\${line%%$'\\t'*}
    proposals+=("\${word//:/\\\\:}:\${line#*$'\\t'}")
  done < <("\${words[1]}" complete "\${(@)words[2,CURRENT]}" 2>/dev/null)
  if (( \${#proposals} )); then
    _describe 'flow' proposals
  else
    _files
  fi
}
compdef _flow flow
`,
  fish: `# flow completions for fish: flow completions fish | source
function __flow_complete
    set -l words (commandline -opc)
    set -e words[1]
    flow complete $words (commandline -ct) 2>/dev/null
end
complete -c flow -a '(__flow_complete)'
`,
};

/** `flow completions`. */
export const completionsCommand: Command<CliContext> = buildCommand<
  CommonFlags,
  [string],
  CliContext
>({
  func: completions,
  parameters: {
    flags: COMMON_FLAGS,
    positional: {
      kind: "tuple",
      parameters: [{
        parse: parseShell,
        proposeCompletions: (partial) =>
          Object.keys(SCRIPTS).filter((shell) => shell.startsWith(partial)),
        placeholder: "SHELL",
        brief: Object.keys(SCRIPTS).join(", "),
      }],
    },
  },
  docs: { brief: "Print a completion script for bash, zsh or fish" },
});

function parseShell(text: string): string {
  if (Object.hasOwn(SCRIPTS, text)) return text;
  throw new UsageError(`Cannot complete for shell "${text}"`, {
    hint: `use one of ${Object.keys(SCRIPTS).join(", ")}`,
  });
}

function completions(this: CliContext, _flags: CommonFlags, shell: string): void {
  writeStdout(SCRIPTS[shell]);
}
