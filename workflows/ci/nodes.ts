/** Describes the package: its name, version, size and SHA-256. */
export async function manifest(
  { archive, config }: { archive: string; config: string },
  ctx: { out: { manifest: string } },
): Promise<void> {
  const { name, version } = JSON.parse(await Deno.readTextFile(config));
  const tar = await gunzip(await Deno.readFile(archive));
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", tar));
  const text = JSON.stringify({ name, version, bytes: tar.length, sha256: hash.toHex() }, null, 2);
  await Deno.writeTextFile(ctx.out.manifest, text + "\n");
}

/** The sum is of the archive before compression: not all versions of gzip write the same bytes. */
async function gunzip(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
