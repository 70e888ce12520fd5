/** Functions of the example `chapters`. */

/** One chapter of the book. */
interface Chapter {
  readonly title: string;
  readonly text: string;
}

/** What is counted in one chapter. */
interface Row {
  readonly title: string;
  readonly words: number;
  readonly distinct: number;
  readonly longest: string;
}

/** Returns a node for every chapter, and `table`, which takes what all of them count. */
export async function chapters({ book }: { book: string }): Promise<{ nodes: object }> {
  const found = split(await Deno.readTextFile(book));
  const names = found.map((_, i) => `chapter_${String(i + 1).padStart(2, "0")}`);
  const nodes: Record<string, object> = {};
  found.forEach((chapter, i) => {
    nodes[names[i]] = {
      call: "nodes.ts#count",
      // The text is part of the node: only a chapter that was edited is counted again.
      inputs: { chapter: { value: chapter } },
      outputs: {
        [names[i]]: null,
        [`list_${i + 1}`]: { file: `out/chapters/${names[i]}.txt` },
      },
    };
  });
  nodes.table = {
    call: "nodes.ts#table",
    inputs: Object.fromEntries(names.map((name) => [name, `${name}.${name}`])),
  };
  return { nodes };
}

function split(text: string): Chapter[] {
  return text.replaceAll("\r", "").split(/^ *CHAPTER [IVXLC]+ *\n/m).slice(1).map((part) => {
    const [title = "", ...lines] = part.trim().split("\n");
    return { title: title.trim(), text: lines.join("\n") };
  });
}

/** Counts the words of a chapter, and lists them in a file. */
export async function count(
  { chapter }: { chapter: Chapter },
  ctx: { out: Readonly<Record<string, string>> },
): Promise<Row> {
  const words = chapter.text.toLowerCase().match(/[a-z]+(?:'[a-z]+)?/g) ?? [];
  const distinct = [...new Set(words)].sort();
  // The node has one file output; its name differs from chapter to chapter.
  const [path] = Object.values(ctx.out);
  await Deno.writeTextFile(path, distinct.join("\n") + "\n");
  const longest = distinct.reduce((a, b) => b.length > a.length ? b : a, "");
  return { title: chapter.title, words: words.length, distinct: distinct.length, longest };
}

/** Puts the rows of all chapters in order. */
export function table(rows: Readonly<Record<string, Row>>): Row[] {
  return Object.keys(rows).sort().map((name) => rows[name]);
}

/** Writes the table as Markdown. */
export async function summary(
  { table }: { table: readonly Row[] },
  ctx: { out: Readonly<Record<string, string>> },
): Promise<void> {
  const lines = table.map(({ title, words, distinct, longest }, i) =>
    `| ${i + 1} | ${title} | ${words} | ${distinct} | ${longest} |`
  );
  const total = table.reduce((sum, { words }) => sum + words, 0);
  const text = [
    "| chapter | title | words | distinct | longest |",
    "| --: | :-- | --: | --: | :-- |",
    ...lines,
    "",
    `${total} words in ${table.length} chapters.`,
  ].join("\n");
  await Deno.writeTextFile(ctx.out.summary, text + "\n");
}
