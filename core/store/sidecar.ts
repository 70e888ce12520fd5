/**
 * Digests of files from their sidecars: `big.bam.sha256` beside `big.bam`, as `sha256sum` writes it. Never reads the
 * file itself; does not know workflows.
 *
 * @module
 */

import { basename } from "node:path";
import { type Digest, isDigest } from "../base/digest.ts";
import { FlowError } from "../base/error.ts";
import { type FileDigest, fileStat } from "./files.ts";

/** A sidecar is missing, wrong or out of date. */
export class SidecarError extends FlowError {
  constructor(message: string, hint: string) {
    super(message, { code: "sidecar", exitCode: 1, hint });
  }
}

/** What `sha256sum` writes: the digest, then the mode and the name; a backslash in front if the name is escaped. */
const LINE = /^\\?([^\s]+)(?:[ \t]+[ *]?([^\r\n]+?))?\s*$/;

/**
 * Returns the path of the sidecar of a file.
 *
 * @param path The file, as it is written.
 */
export function sidecarOf(path: string): string {
  return `${path}.sha256`;
}

/**
 * Returns the digest of a file as its sidecar says.
 *
 * @param path Absolute path of the file; its state is that of what it leads to.
 * @param shown How the file is called in messages.
 * @throws {SidecarError} If the sidecar is missing, older than the file, or holds something else than one SHA-256.
 * @throws {Deno.errors.NotFound} If the file itself is missing.
 */
export function digestBySidecar(path: string, shown: string): FileDigest {
  const stat = fileStat(path);
  const fail = (state: string): never => {
    throw new SidecarError(
      `Cannot take the digest of "${shown}" from "${sidecarOf(shown)}": ${state}`,
      `make it: sha256sum ${quoted(shown)} > ${quoted(sidecarOf(shown))}`,
    );
  };
  const sidecar = readIfThere(sidecarOf(path)) ?? fail("it does not exist");
  if (sidecar.mtimeMs < stat.mtimeMs) fail("it is older than the file");
  const digest = digestIn(sidecar.text, basename(path), fail);
  return { digest, sizeBytes: stat.sizeBytes, stat };
}

function digestIn(text: string, name: string, fail: (state: string) => never): Digest {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  if (lines.length !== 1) fail(`it holds ${lines.length} lines, not one`);
  const [, written = "", of] = LINE.exec(lines[0]) ?? [];
  const digest = written.toLowerCase();
  if (/[^0-9a-f]/.test(digest)) fail("what it holds is no hexadecimal number");
  if (!isDigest(digest)) return fail(`it holds ${digest.length} hexadecimal digits, not 64`);
  const isEscaped = lines[0].startsWith("\\");
  if (of !== undefined && !isEscaped && basename(of) !== name) fail(`it is of "${of}"`);
  return digest;
}

function readIfThere(path: string): { text: string; mtimeMs: number } | undefined {
  try {
    const { mtimeMs } = fileStat(path);
    return { text: Deno.readTextFileSync(path), mtimeMs };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** A name as a shell reads it. */
function quoted(name: string): string {
  return /^[\w./+=:,@%-]+$/.test(name) ? name : `'${name.replaceAll("'", `'\\''`)}'`;
}
