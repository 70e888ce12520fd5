/**
 * Runs the program from source in a process of its own, as a user does. Does not know any command.
 *
 * @module
 */

const MAIN = new URL("../../cli/main.ts", import.meta.url).pathname;

/** How the program is run. */
export interface FlowOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  /** Another form of the program than `cli/main.ts`: program and leading arguments. */
  readonly command?: readonly string[];
}

/** What came of it. */
export interface FlowResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Program and arguments that run flow from source. */
export const SOURCE_COMMAND: readonly string[] = [
  Deno.execPath(),
  "run",
  "-A",
  "--no-prompt",
  "--unstable-worker-options",
  MAIN,
];

/** Runs flow with arguments and waits for its end. Colour and backtraces of the caller do not reach it. */
export async function flow(
  args: readonly string[],
  options: FlowOptions = {},
): Promise<FlowResult> {
  const [program, ...leading] = options.command ?? SOURCE_COMMAND;
  const env = Deno.env.toObject();
  for (const name of ["FORCE_COLOR", "CLICOLOR_FORCE", "RUST_BACKTRACE", "CI"]) delete env[name];
  const child = new Deno.Command(program, {
    args: [...leading, ...args],
    clearEnv: true,
    env: { ...env, NO_COLOR: "1", ...options.env },
    ...options.cwd === undefined ? {} : { cwd: options.cwd },
    stdin: options.stdin === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  if (options.stdin !== undefined) {
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(options.stdin));
    await writer.close();
  }
  const { code, stdout, stderr } = await child.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

/** A directory that goes away with its files. */
export class TemporaryDirectory implements Disposable {
  /** Its real path. */
  readonly path: string = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "flow-test-" }));

  /** Writes files into it, by relative path. */
  write(files: Readonly<Record<string, string>>): this {
    for (const [name, text] of Object.entries(files)) {
      const path = `${this.path}/${name}`;
      Deno.mkdirSync(path.slice(0, path.lastIndexOf("/")), { recursive: true });
      Deno.writeTextFileSync(path, text);
    }
    return this;
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}
