/**
 * A helper process that outlives flow by a moment: it kills the process groups that were running when flow itself was
 * killed and could not do it. Does not know actions.
 *
 * @module
 */

/**
 * Reads `+GROUP` and `-GROUP`; at the end of its input, which is flow's death, it asks the remaining groups to stop
 * and then kills them. `kill -s … -- -N`: dash does not understand `kill -TERM -- -N`.
 */
const SCRIPT = `
trap '' HUP INT TERM PIPE
groups=' '
while read -r line; do
  case $line in
    +*) groups="$groups\${line#+} " ;;
    -*) n=\${line#-}
        case $groups in *" $n "*) groups="\${groups%% $n *} \${groups#* $n }" ;; esac ;;
  esac
done
alive() { for n in $groups; do kill -s 0 -- "-$n" 2>/dev/null && return 0; done; return 1; }
for n in $groups; do kill -s TERM -- "-$n" 2>/dev/null; done
tries=0
while alive && [ $tries -lt 20 ]; do sleep 0.1; tries=$((tries + 1)); done
for n in $groups; do kill -s KILL -- "-$n" 2>/dev/null; done
exit 0
`;

/** Keeps the helper's list of running groups. The process starts with the first group; nobody waits for it. */
export class Reaper implements AsyncDisposable {
  #process: Deno.ChildProcess | undefined;
  #writer: WritableStreamDefaultWriter<Uint8Array> | undefined;
  #isBroken = false;

  /** Adds a running group. */
  add(pgid: number): void {
    this.#write(`+${pgid}\n`);
  }

  /** Removes a group that is gone. */
  remove(pgid: number): void {
    this.#write(`-${pgid}\n`);
  }

  /** Ends the helper. Groups that are still listed are killed. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process === undefined) return;
    this.#process.ref();
    await this.#writer?.close().catch(() => this.#giveUp());
    await this.#process.status;
    this.#process = undefined;
  }

  #write(line: string): void {
    if (this.#isBroken) return;
    this.#writer ??= this.#start();
    // Not awaited: the pipe takes the line at once, and a command must not wait for it.
    this.#writer.write(new TextEncoder().encode(line)).catch(() => this.#giveUp());
  }

  /** Somebody killed the helper: commands go on without this second net. */
  #giveUp(): void {
    this.#isBroken = true;
  }

  #start(): WritableStreamDefaultWriter<Uint8Array> {
    // Its own session: Ctrl-C in the terminal must not end it before flow.
    this.#process = new Deno.Command("/bin/sh", {
      args: ["-c", SCRIPT, "flow-reaper"],
      cwd: "/",
      stdin: "piped",
      stdout: "null",
      stderr: "null",
      detached: true,
    }).spawn();
    this.#process.unref();
    return this.#process.stdin.getWriter();
  }
}
