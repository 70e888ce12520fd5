/**
 * What the job control of the shell makes of this process: whether the terminal is its own, whether it can be stopped. Does
 * not know what it is for, and changes nothing.
 *
 * @module
 */

/** What the system says of a process. */
interface ProcessFacts {
  readonly parent: string;
  readonly group: string;
  readonly session: string;
  /** Process group that has the terminal. */
  readonly terminalGroup: string;
}

/** Looks up a process; `undefined` where there is no `/proc`, or it hides others. Takes microseconds. */
function factsOf(pid: number | string): ProcessFacts | undefined {
  let stat: string;
  try {
    stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
  } catch (error) {
    const isHidden = error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.PermissionDenied;
    if (isHidden) return undefined;
    throw error;
  }
  // Behind the name of the program, which may hold anything: see proc(5).
  const [, parent, group, session, , terminalGroup] = stat.slice(stat.lastIndexOf(")") + 2)
    .split(" ");
  return { parent, group, session, terminalGroup };
}

/** Tells whether the terminal is this process's to read; `undefined` where only `ps` knows. */
export function isForeground(): boolean | undefined {
  const own = factsOf(Deno.pid);
  return own && own.group === own.terminalGroup;
}

/** The same by `ps`, which every system has and takes milliseconds. */
export function isForegroundByPs(): boolean {
  const command = new Deno.Command("ps", {
    args: ["-o", "pgid=", "-o", "tpgid=", "-p", String(Deno.pid)],
    stdin: "null",
    stderr: "null",
  });
  const [group, terminalGroup] = new TextDecoder().decode(command.outputSync().stdout).trim()
    .split(/\s+/);
  return group !== "" && group === terminalGroup;
}

/**
 * Tells whether a shell waits that can let a stopped process go on. Else the kernel ignores Ctrl-Z; but Deno, asked to do
 * what is done where nobody listens, would stop the process for good.
 */
export function isStoppable(): boolean {
  const leader = factsOf(factsOf(Deno.pid)?.group ?? "");
  const shell = leader && factsOf(leader.parent);
  return shell !== undefined && shell.session === leader?.session && shell.group !== leader.group;
}
