/**
 * A helper process that outlives flow by a moment: it kills the process groups that were running when flow itself was
 * killed and could not do it. Does not know actions.
 *
 * @module
 */

/**
 * Waits for the end of its input, which is flow's death; then asks the groups listed in the file to stop, and kills
 * them. `kill -s … -- -N`: dash does not understand `kill -TERM -- -N`.
 */
const SCRIPT = `
trap '' HUP INT TERM PIPE
exec 3<"$1"
rm -f -- "$1"
while read -r line; do :; done
groups=''
while read -r n <&3; do groups="$groups $n"; done
alive() { for n in $groups; do kill -s 0 -- "-$n" 2>/dev/null && return 0; done; return 1; }
for n in $groups; do kill -s TERM -- "-$n" 2>/dev/null; done
tries=0
while alive && [ $tries -lt 20 ]; do sleep 0.1; tries=$((tries + 1)); done
for n in $groups; do kill -s KILL -- "-$n" 2>/dev/null; done
exit 0
`;

/** Width of an entry of the list, with its newline: a process id has at most 10 digits. */
const ENTRY_BYTES = 12;

/**
 * Keeps the list of running groups in a nameless file that the helper reads once, when flow is gone: an entry costs one
 * small write, which is done when it returns. (A pipe would be written later, by the event loop, and a kill in between
 * would leave the group alive.)
 */
export class Reaper implements AsyncDisposable {
  #process: Deno.ChildProcess | undefined;
  #list: Deno.FsFile | undefined;
  /** Group of each entry, 0 if it is free: as many entries as have ever run at once. */
  readonly #entries: number[] = [];

  /** Starts the helper, the first time. To be called before a group is started. */
  start(): void {
    if (this.#process !== undefined) return;
    const path = Deno.makeTempFileSync({ prefix: "flow-groups-" });
    this.#list = Deno.openSync(path, { write: true });
    // Its own session: Ctrl-C in the terminal must not end it before flow.
    this.#process = new Deno.Command("/bin/sh", {
      args: ["-c", SCRIPT, "flow-reaper", path],
      cwd: "/",
      stdin: "piped",
      stdout: "null",
      stderr: "null",
      detached: true,
    }).spawn();
    this.#process.unref();
  }

  /** Adds a running group. */
  add(pgid: number): void {
    const free = this.#entries.indexOf(0);
    this.#write(free < 0 ? this.#entries.length : free, pgid);
  }

  /** Removes a group that is gone. */
  remove(pgid: number): void {
    const entry = this.#entries.indexOf(pgid);
    if (entry >= 0) this.#write(entry, 0);
  }

  /** Ends the helper. Groups that are still listed are killed. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process === undefined) return;
    this.#process.ref();
    await this.#process.stdin.close();
    await this.#process.status;
    this.#list?.close();
    this.#process = undefined;
    this.#list = undefined;
  }

  #write(entry: number, pgid: number): void {
    this.#entries[entry] = pgid;
    const text = (pgid === 0 ? "" : String(pgid)).padEnd(ENTRY_BYTES - 1) + "\n";
    this.#list?.seekSync(entry * ENTRY_BYTES, Deno.SeekMode.Start);
    this.#list?.writeSync(new TextEncoder().encode(text));
  }
}
