/**
 * Says what is wrong with a command line, in flow's words. Knows the errors of the command library, no command.
 *
 * @module
 */

import {
  AliasNotFoundError,
  ArgumentParseError,
  EnumValidationError,
  FlagNotFoundError,
  InvalidNegatedFlagSyntaxError,
  UnexpectedFlagError,
  UnexpectedPositionalError,
  UnsatisfiedFlagError,
  UnsatisfiedPositionalError,
} from "@stricli/core";
import { FlowError, messageOf, UsageError } from "../core/base/error.ts";
import { didYouMean } from "../core/base/suggest.ts";

/**
 * Turns an error of the argument parser into a `UsageError`; other errors come back as they are.
 *
 * @param thrown What the parser threw.
 * @param command The command as typed, for example `flow run`.
 */
export function usageErrorOf(thrown: unknown, command: string): unknown {
  if (thrown instanceof ArgumentParseError && thrown.exception instanceof FlowError) {
    return thrown.exception;
  }
  const problem = problemOf(thrown);
  if (problem === undefined) return thrown;
  return new UsageError(`Cannot parse arguments of "${command}": ${problem.text}`, {
    hint: problem.hint ?? `see "${command} --help"`,
  });
}

/** Returns the problem in words, or `undefined` if it is not one of the command line. */
function problemOf(thrown: unknown): { text: string; hint?: string } | undefined {
  if (thrown instanceof FlagNotFoundError) {
    const hint = didYouMean(`--${thrown.input}`, thrown.corrections.map((name) => `--${name}`));
    return { text: `unknown flag "--${thrown.input}"`, ...hint === undefined ? {} : { hint } };
  }
  if (thrown instanceof AliasNotFoundError) return { text: `unknown flag "-${thrown.input}"` };
  if (thrown instanceof EnumValidationError) {
    return {
      text: `"${thrown.input}" is no value of "--${thrown.externalFlagName}"`,
      hint: `use one of ${thrown.values.join(", ")}`,
    };
  }
  if (thrown instanceof ArgumentParseError) {
    const flag = thrown.externalFlagNameOrPlaceholder;
    return {
      text: `"${thrown.input}" is no value of "--${flag}": ${messageOf(thrown.exception)}`,
    };
  }
  if (thrown instanceof UnsatisfiedFlagError) {
    return { text: `flag "--${thrown.externalFlagName}" needs a value` };
  }
  if (thrown instanceof UnexpectedFlagError) {
    const { externalFlagName, previousInput, input } = thrown;
    const values = previousInput === input ? "" : `: "${previousInput}" and "${input}"`;
    return { text: `flag "--${externalFlagName}" is given twice${values}` };
  }
  return positionalProblemOf(thrown);
}

/** The same for the words that belong to no flag. */
function positionalProblemOf(thrown: unknown): { text: string; hint?: string } | undefined {
  if (thrown instanceof UnexpectedPositionalError) return { text: `"${thrown.input}" is too much` };
  if (thrown instanceof UnsatisfiedPositionalError) {
    return { text: `${thrown.placeholder} is missing` };
  }
  if (thrown instanceof InvalidNegatedFlagSyntaxError) return { text: thrown.message };
  return undefined;
}

/** Says that a command does not exist. */
export function unknownCommand(input: string, corrections: readonly string[]): UsageError {
  if (input.startsWith("-")) {
    return new UsageError(`Cannot parse arguments: flag "${input}" stands before the command`, {
      hint: `write "flow COMMAND ${input}"; see "flow --help" for the commands`,
    });
  }
  const isFile = /\.(?:ya?ml|ts)$/.test(input);
  return new UsageError(`Cannot find command "${input}"`, {
    hint: isFile
      ? `run a workflow with "flow run ${input}"`
      : didYouMean(input, corrections.map((word) => word.replaceAll("`", ""))) ??
        `see "flow --help" for the commands`,
  });
}
