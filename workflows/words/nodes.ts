/** Makes a table of the most frequent words. */
export async function report(
  { top, total }: { top: readonly string[]; total: number },
  ctx: { out: { report: string } },
): Promise<void> {
  const rows = top.map((line) => {
    const [word, count] = line.split("\t");
    return `| ${word} | ${count} | ${(100 * Number(count) / total).toFixed(2)} % |`;
  });
  const head = [`${total} words`, "", "| word | count | share |", "| --- | ---: | ---: |"];
  await Deno.writeTextFile(ctx.out.report, [...head, ...rows, ""].join("\n"));
}
