/**
 * What the keys mean that are pressed while a run goes on. Does not know terminals, and does nothing.
 *
 * @module
 */

/** What a key, or a short command of several, asks for. */
export type KeyCommand =
  | { readonly kind: "list" | "finish" | "abort" | "again" | "help" }
  | { readonly kind: "kill"; readonly action: number }
  /** What was pressed means nothing. */
  | { readonly kind: "unknown"; readonly text: string };

/** Every key with its meaning, in the order of the help; fits into 40 columns. */
export const KEYS: readonly (readonly [key: string, meaning: string])[] = [
  ["enter", "list what runs"],
  ["s", "finish what runs, then end"],
  ["a", "stop what runs; twice: kill it"],
  ["r", "run again when this is over"],
  ["k N", "kill node N; twice: at once"],
  ["?", "this help"],
];

const COMMANDS: ReadonlyMap<string, KeyCommand> = new Map<string, KeyCommand>([
  ["\r", { kind: "list" }],
  ["\n", { kind: "list" }],
  ["s", { kind: "finish" }],
  ["a", { kind: "abort" }],
  ["r", { kind: "again" }],
  ["?", { kind: "help" }],
  ["h", { kind: "help" }],
]);

/** A whole escape sequence, as arrow and function keys send it, or one character. */
// deno-lint-ignore no-control-regex
const STROKE = /\x1b(?:\[[0-9;?]*[@-~]|O[A-Za-z]|\[)?|[\s\S]/gu;

/** Keys one presses at once. More are pasted, or typed ahead for the shell: an "a" among them must end nothing. */
const MAX_STROKES = 2;

/** The short command of several keys, whole or in part. */
const KILL = /^k?[ 0-9]*[\r\n]?$/;

/** Digits a number of a running node may have. */
const MAX_DIGITS = 9;

/** Turns key strokes into commands. */
export class KeyReader {
  /** Digits of the command `k`; `undefined` while it is not being typed. */
  #digits: string | undefined;

  /** The command that is being typed, for the screen; empty if none is. */
  get typed(): string {
    return this.#digits === undefined ? "" : `kill number: ${this.#digits}`;
  }

  /** Takes what was typed since the last time, which is short, and returns what is asked for by it. */
  take(text: string): KeyCommand[] {
    const strokes = text.match(STROKE) ?? [];
    if (strokes.length > MAX_STROKES && !KILL.test(text)) {
      this.#digits = undefined;
      return [{ kind: "unknown", text: "Ignored pasted text" }];
    }
    return strokes.flatMap((stroke) => {
      const command = this.#digits === undefined
        ? this.#key(stroke)
        : this.#number(stroke, this.#digits);
      return command === undefined ? [] : [command];
    });
  }

  #key(stroke: string): KeyCommand | undefined {
    const key = stroke.toLowerCase();
    if (key === "k") {
      this.#digits = "";
      return undefined;
    }
    // Escape gets out of things; here there is nothing to get out of.
    if (key === "\x1b") return undefined;
    return COMMANDS.get(key) ?? unknown(stroke);
  }

  #number(stroke: string, digits: string): KeyCommand | undefined {
    if (stroke === " ") return undefined;
    if (/^[0-9]$/.test(stroke)) {
      if (digits.length < MAX_DIGITS) this.#digits = digits + stroke;
      return undefined;
    }
    if (stroke === "\x7f" || stroke === "\b") {
      this.#digits = digits === "" ? undefined : digits.slice(0, -1);
      return undefined;
    }
    this.#digits = undefined;
    if (stroke === "\x1b") return undefined;
    const isEntered = stroke === "\r" || stroke === "\n";
    if (!isEntered) return { kind: "unknown", text: "Cannot kill: write a number and enter" };
    if (digits === "") return { kind: "unknown", text: "Cannot kill: no number is given" };
    return { kind: "kill", action: Number(digits) };
  }
}

/** Control characters and sequences have no name worth printing. */
function unknown(stroke: string): KeyCommand {
  const isPrintable = /^[\p{L}\p{N}\p{P}\p{S}]$/u.test(stroke);
  return { kind: "unknown", text: isPrintable ? `Unknown key "${stroke}"` : "Unknown key" };
}
