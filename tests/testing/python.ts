/**
 * A Python with packages, to open files with the programs that they are made for. Does not know what for.
 *
 * @module
 */

/** Time for an installation, in milliseconds. */
const TIMEOUT_MS = 300_000;

/**
 * Returns a Python that has packages: the first time they are installed into an environment in the user's cache.
 *
 * @param packages Requirements as pip has them.
 * @returns The program, or why there is none.
 */
export async function pythonWith(
  packages: readonly string[],
): Promise<{ readonly path?: string; readonly why?: string }> {
  const home = Deno.env.get("XDG_CACHE_HOME") || `${Deno.env.get("HOME")}/.cache`;
  const text = new TextEncoder().encode(packages.join("\n"));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", text)).toHex().slice(0, 16);
  const dir = `${home}/flow-tests/python-${digest}`;
  const path = `${dir}/bin/python`;
  if (await succeeds([path, "-c", ""])) return { path };
  if (!await succeeds(["python3", "-m", "pip", "--version"])) return { why: "no python3 with pip" };
  // Made aside and moved, as several may want it at the same moment.
  const aside = `${dir}.${Deno.pid}`;
  try {
    const options = ["--quiet", "--no-input", "--disable-pip-version-check"];
    const isMade = await succeeds(["python3", "-m", "venv", aside]) &&
      await succeeds([`${aside}/bin/python`, "-m", "pip", "install", ...options, ...packages]);
    if (!isMade) return { why: `pip cannot install ${packages.join(", ")}` };
    await Deno.rename(aside, dir).catch(() => undefined);
    return { path };
  } finally {
    await Deno.remove(aside, { recursive: true }).catch(() => undefined);
  }
}

async function succeeds([program, ...args]: readonly string[]): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const options = { args, signal, stdout: "null", stderr: "null" } as const;
    return (await new Deno.Command(program, options).output()).success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
