/**
 * Checks types in a process of its own, which has no lock: the packages it asks for are those of the user, and would get into
 * ours. Both ends of it; does not know types.
 *
 * @module
 */

import type { TypeCheckRequest, TypeReport } from "../core/mod.ts";
import { writeStdout } from "./output.ts";
import { selfCommand } from "./self.ts";

/** What a process answered, or the exit code of one that said on standard error why it has no answer. */
export type TypeAnswer =
  | { readonly ok: true; readonly report: TypeReport }
  | { readonly ok: false; readonly code: number };

/** Starts this program again and asks it about the types of a workflow. */
export async function askAboutTypes(request: TypeCheckRequest): Promise<TypeAnswer> {
  const [program, ...args] = selfCommand();
  const child = new Deno.Command(program, {
    args: [...args, "types"],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(JSON.stringify(request)));
  await writer.close();
  const { code, stdout } = await child.output();
  if (code !== 0) return { ok: false, code };
  return { ok: true, report: JSON.parse(new TextDecoder().decode(stdout)) as TypeReport };
}

/** `flow types`, which {@linkcode askAboutTypes} starts: a request on standard input, a report on standard output. */
export async function answerAboutTypes(): Promise<void> {
  const { checkWorkflowTypes } = await import("../core/mod.ts");
  const request = JSON.parse(await new Response(Deno.stdin.readable).text()) as TypeCheckRequest;
  writeStdout(JSON.stringify(await checkWorkflowTypes(request)));
}
