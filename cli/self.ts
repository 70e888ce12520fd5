/**
 * How this program starts itself again. Does not know what it is started for.
 *
 * @module
 */

/**
 * Flags of `deno run` that flow needs. No lock: packages of nodes are pinned by the lock of the user, and must not get
 * into ours; the launcher, `deno install` and `deno compile` bake the others.
 */
const DENO_FLAGS = ["-A", "--no-prompt", "--unstable-worker-options", "--quiet", "--no-lock"];

/**
 * Returns program and leading arguments that run this very flow, whatever form it has: from source,
 * as one bundled file, installed, or compiled. Append a command, for example `"host"`.
 */
export function selfCommand(): string[] {
  if (Deno.build.standalone) return [Deno.execPath()];
  return [Deno.execPath(), "run", ...DENO_FLAGS, Deno.mainModule];
}
