/**
 * A small lexer of POSIX shell scripts: tells in which quoting every `$` stands. Does not know templates or values,
 * and does not run or validate scripts.
 *
 * It need not be perfect to be safe: values reach a script only as expansions of variables, which no shell parses
 * again, except in arithmetic; so a mistake here can split or misquote a value but never turn it into code.
 * Grammar: POSIX.1-2017 Shell Command Language, sections 2.2 (quoting), 2.3 (tokens), 2.7.4 (here-documents), and
 * bash's `((`, `[[`, `<<<`, `$'…'`.
 *
 * @module
 */

/**
 * Where a reference stands. `words`: unquoted. `word`: unquoted in an assignment, where several words would become a
 * command. `integer`: the shell evaluates the text as arithmetic.
 */
export type ShellPlace = "words" | "word" | "double" | "single" | "heredoc" | "integer";

/** Places where no value can be inserted, or that are not part of the program. */
export type ShellNoPlace =
  | "comment"
  | "backtick"
  | "quoted-heredoc"
  | "expansion"
  | "ansi"
  | "delimiter";

/** A `$` that may begin a reference. */
export interface ShellDollar {
  readonly offset: number;
  readonly place: ShellPlace | ShellNoPlace;
}

/** What the closing character of a stretch of code is. */
type Closer = ")" | "end";

/** State of one stretch of unquoted code: the script, or the inside of `$( )`. */
interface Code {
  readonly closer: Closer;
  /** Open `(` of subshells and functions. */
  parens: number;
  /** Open `case`, whose patterns end with an unbalanced `)`. */
  cases: number;
  /** The next word is in command position. */
  atCommand: boolean;
  /** Offset of the current word, or -1 between words. */
  wordStart: number;
  /** End of the `[[ … ]]` around, if it compares numbers; else -1. */
  numericEnd: number;
}

interface Heredoc {
  readonly delimiter: string;
  readonly isQuoted: boolean;
  readonly stripTabs: boolean;
}

/** After these the next word is in command position again. */
const PREFIX_WORDS = new Set(
  [
    "if",
    "then",
    "else",
    "elif",
    "do",
    "while",
    "until",
    "!",
    "{",
    "time",
    "esac",
    "fi",
    "done",
    "}",
  ],
);
const ASSIGNMENT = /^[A-Za-z_]\w*(\[[^\]]*\])?\+?=/;
const SUBSCRIPT = /^[A-Za-z_]\w*\[[^\]]*$/;
const NUMERIC_TEST = /\s-(eq|ne|lt|le|gt|ge)\s/;

/**
 * Returns every `$` that is followed by `{` or `${` and not escaped by a backslash, in order, with its place. O(n)
 * for usual scripts.
 *
 * @param script The text of a script.
 */
export function lexShell(script: string): readonly ShellDollar[] {
  const lexer = new ShellLexer(script);
  lexer.code("end");
  return lexer.dollars;
}

/** Position in a script. Each method consumes one construct, so nesting is the call stack. */
class ShellLexer {
  readonly dollars: ShellDollar[] = [];
  readonly #text: string;
  #at = 0;
  /** Here-documents whose bodies begin after the next newline. */
  #pending: Heredoc[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  /** Consumes code until its closer or the end of the text. */
  code(closer: Closer): void {
    const code: Code = {
      closer,
      parens: 0,
      cases: 0,
      atCommand: true,
      wordStart: -1,
      numericEnd: -1,
    };
    while (this.#at < this.#text.length) {
      if (this.#codeCharacter(code)) return;
    }
    this.#endWord(code);
  }

  /** Consumes one character or construct of code; true if the code ended. */
  #codeCharacter(code: Code): boolean {
    const c = this.#text[this.#at];
    switch (c) {
      case " ":
      case "\t":
        this.#endWord(code);
        this.#at++;
        return false;
      case "\n":
        this.#separator(code, 1);
        this.#heredocBodies();
        return false;
      case ";":
      case "&":
      case "|":
        this.#separator(code, 1);
        return false;
      case "<":
      case ">":
        this.#redirection(code);
        return false;
      case "(":
        this.#openParen(code);
        return false;
      case ")":
        return this.#closeParen(code);
      case "#":
        if (code.wordStart < 0) this.#comment();
        else this.#at++;
        return false;
      default:
        this.#wordCharacter(code, c);
        return false;
    }
  }

  #wordCharacter(code: Code, c: string): void {
    if (code.wordStart < 0) {
      code.wordStart = this.#at;
      if (code.atCommand) this.#beginTest(code);
    }
    switch (c) {
      case "\\":
        this.#at += 2;
        return;
      case "'":
        this.#singleQuoted(this.#isNumeric(code) ? "expansion" : "single");
        return;
      case '"':
        this.#doubleQuoted(this.#isNumeric(code) ? "integer" : "double");
        return;
      case "`":
        this.#backticks();
        return;
      case "$":
        this.#dollar(this.#unquotedPlace(code), true);
        return;
      default:
        this.#at++;
    }
  }

  #unquotedPlace(code: Code): ShellPlace {
    if (this.#isNumeric(code)) return "integer";
    const word = this.#text.slice(code.wordStart, this.#at);
    return ASSIGNMENT.test(word) ? "word" : "words";
  }

  /** The shell evaluates the text as arithmetic, also if it is quoted: `[[ "1" -eq 1 ]]`, `a["1"]=x`. */
  #isNumeric(code: Code): boolean {
    return this.#at < code.numericEnd || SUBSCRIPT.test(this.#text.slice(code.wordStart, this.#at));
  }

  /** Bash evaluates the operands of `[[ a -eq b ]]` as arithmetic, in which a value could hold `x[$(command)]`. */
  #beginTest(code: Code): void {
    if (!this.#text.startsWith("[[", this.#at)) return;
    const found = this.#text.indexOf("]]", this.#at);
    const end = found < 0 ? this.#text.length : found;
    if (NUMERIC_TEST.test(this.#text.slice(this.#at, end))) code.numericEnd = end;
  }

  #endWord(code: Code): void {
    if (code.wordStart < 0) return;
    const word = this.#text.slice(code.wordStart, this.#at);
    code.wordStart = -1;
    if (!code.atCommand) return;
    if (word === "case") code.cases++;
    if (word === "esac" && code.cases > 0) code.cases--;
    code.atCommand = PREFIX_WORDS.has(word) || ASSIGNMENT.test(word);
  }

  #separator(code: Code, length: number): void {
    this.#endWord(code);
    code.atCommand = true;
    this.#at += length;
  }

  #openParen(code: Code): void {
    // Also after `for`; elsewhere two parentheses in a row are a syntax error or a needlessly nested subshell.
    const isArithmetic = code.wordStart < 0 && this.#text.startsWith("((", this.#at);
    this.#separator(code, 1);
    if (isArithmetic) {
      this.#at++;
      this.#arithmetic("(", ")", 2);
    } else {
      code.parens++;
    }
  }

  #closeParen(code: Code): boolean {
    this.#separator(code, 1);
    if (code.parens > 0) {
      code.parens--;
      return false;
    }
    return code.cases === 0 && code.closer === ")";
  }

  #comment(): void {
    const newline = this.#text.indexOf("\n", this.#at);
    const end = newline < 0 ? this.#text.length : newline;
    for (; this.#at < end; this.#at++) {
      if (this.#text[this.#at] === "$") this.#note("comment");
    }
  }

  #redirection(code: Code): void {
    this.#endWord(code);
    if (this.#text.startsWith("<<<", this.#at)) {
      this.#at += 3;
    } else if (this.#text.startsWith("<<", this.#at)) {
      this.#at += 2;
      this.#heredocDelimiter();
    } else if (/^[<>]\(/.test(this.#text.slice(this.#at, this.#at + 2))) {
      this.#at += 2;
      this.code(")");
    } else {
      // `>&2`, `>|f`, `&>f`: the operator's second character must not look like a separator.
      this.#at += /^[<>][&|>]/.test(this.#text.slice(this.#at, this.#at + 2)) ? 2 : 1;
    }
  }

  #heredocDelimiter(): void {
    const rest = this.#text.slice(this.#at);
    const match = /^(-?)[ \t]*((?:\\[^]|'[^']*'|"[^"]*"|[^\s;&|<>()'"\\])+)/.exec(rest);
    if (match === null) return;
    const word = match[2];
    const start = this.#at + match[0].length - word.length;
    for (this.#at = start; this.#at < start + word.length; this.#at++) {
      if (this.#text[this.#at] === "$") this.#note("delimiter");
    }
    this.#pending.push({
      delimiter: word.replace(/\\([^])|['"]/g, "$1"),
      isQuoted: /['"\\]/.test(word),
      stripTabs: match[1] === "-",
    });
  }

  #heredocBodies(): void {
    const pending = this.#pending;
    this.#pending = [];
    for (const heredoc of pending) this.#heredocBody(heredoc);
  }

  #heredocBody(heredoc: Heredoc): void {
    while (this.#at < this.#text.length) {
      const newline = this.#text.indexOf("\n", this.#at);
      const end = newline < 0 ? this.#text.length : newline;
      let line = this.#text.slice(this.#at, end);
      if (heredoc.stripTabs) line = line.replace(/^\t+/, "");
      if (line === heredoc.delimiter) {
        this.#at = Math.min(end + 1, this.#text.length);
        return;
      }
      this.#heredocLine(heredoc, end);
      // A `$( )` may have run past the end of the line.
      if (this.#at <= end) this.#at = Math.min(end + 1, this.#text.length);
    }
  }

  #heredocLine(heredoc: Heredoc, end: number): void {
    while (this.#at < end) {
      const c = this.#text[this.#at];
      if (heredoc.isQuoted) {
        if (c === "$") this.#note("quoted-heredoc");
        this.#at++;
      } else if (c === "\\") this.#at += 2;
      else if (c === "`") this.#backticks();
      else if (c === "$") this.#dollar("heredoc", false);
      else this.#at++;
    }
  }

  #singleQuoted(place: "single" | "expansion"): void {
    this.#at++;
    for (; this.#at < this.#text.length && this.#text[this.#at] !== "'"; this.#at++) {
      if (this.#text[this.#at] === "$") this.#note(place);
    }
    this.#at++;
  }

  /** `$'…'`: unlike in single quotes a backslash escapes. */
  #ansiQuoted(): void {
    this.#at += 2;
    for (; this.#at < this.#text.length && this.#text[this.#at] !== "'"; this.#at++) {
      if (this.#text[this.#at] === "\\") this.#at++;
      else if (this.#text[this.#at] === "$") this.#note("ansi");
    }
    this.#at++;
  }

  #doubleQuoted(place: "double" | "integer"): void {
    this.#at++;
    while (this.#at < this.#text.length && this.#text[this.#at] !== '"') {
      const c = this.#text[this.#at];
      if (c === "\\") this.#at += 2;
      else if (c === "`") this.#backticks();
      else if (c === "$") this.#dollar(place, false);
      else this.#at++;
    }
    this.#at++;
  }

  #backticks(): void {
    this.#at++;
    for (; this.#at < this.#text.length && this.#text[this.#at] !== "`"; this.#at++) {
      if (this.#text[this.#at] === "\\") this.#at++;
      else if (this.#text[this.#at] === "$") this.#note("backtick");
    }
    this.#at++;
  }

  /** Consumes a `$` and the expansion it begins. References are noted and left to the caller of the lexer. */
  #dollar(place: ShellPlace, mayQuote: boolean): void {
    const next = this.#text[this.#at + 1];
    if (next === "(") {
      if (this.#text[this.#at + 2] === "(") {
        this.#at += 3;
        this.#arithmetic("(", ")", 2);
      } else {
        this.#at += 2;
        this.code(")");
      }
    } else if (next === "{" || this.#text.startsWith("$${", this.#at)) {
      const escapes = next === "$" ? 1 : 0;
      this.#note(place);
      if (
        /^\$\{(in|out|params)\./.test(this.#text.slice(this.#at + escapes, this.#at + escapes + 9))
      ) {
        const close = this.#text.indexOf("}", this.#at);
        this.#at = close < 0 ? this.#text.length : close + 1;
      } else if (escapes === 1) {
        this.#at += 2; // `$$` is the process id; a `{` after it is text
      } else {
        this.#at += 2;
        this.#expansion();
      }
    } else if (next === "[") {
      this.#at += 2;
      this.#arithmetic("[", "]", 1);
    } else if (next === "'" && mayQuote) {
      this.#ansiQuoted();
    } else if (next === "#" || next === "$") {
      this.#at += 2;
    } else {
      this.#at++;
    }
  }

  /** Consumes the rest of a shell's own `${…}`. */
  #expansion(): void {
    while (this.#at < this.#text.length && this.#text[this.#at] !== "}") {
      const c = this.#text[this.#at];
      if (c === "\\") this.#at += 2;
      else if (c === "`") this.#backticks();
      else if (c === "$" && this.#text[this.#at + 1] === "{") {
        this.#note("expansion");
        this.#at += 2;
        this.#expansion();
      } else if (c === "$") this.#dollar("double", false);
      else this.#at++;
    }
    this.#at++;
  }

  /** Consumes arithmetic after its opening brackets, `depth` of which are to be closed. */
  #arithmetic(open: string, close: string, depth: number): void {
    while (this.#at < this.#text.length && depth > 0) {
      const c = this.#text[this.#at];
      if (c === open) depth++;
      if (c === close) depth--;
      if (c === "\\") this.#at += 2;
      else if (c === "`") this.#backticks();
      else if (c === "$") this.#dollar("integer", false);
      else this.#at++;
    }
  }

  #note(place: ShellPlace | ShellNoPlace): void {
    const text = this.#text;
    const isBrace = text[this.#at + 1] === "{" || text.startsWith("$${", this.#at);
    if (!isBrace) return;
    // In single quotes and the like the second `$` of `$${` is seen again; it belongs to the first.
    const last = this.dollars.at(-1);
    if (last !== undefined && last.offset === this.#at - 1 && text[last.offset + 1] === "$") return;
    this.dollars.push({ offset: this.#at, place });
  }
}
