/** Writes the same work for flow and its peers into a directory. Does not run or time anything. */

/**
 * Two-command chains over tiny files: node 2k copies an input, node 2k+1 copies that copy. The peers do not confine
 * commands, so flow does not either unless asked.
 */
export function writeChains(dir: string, nodes: number, sandbox: "auto" | "off" = "off"): void {
  const chains = Math.ceil(nodes / 2);
  Deno.mkdirSync(`${dir}/in`, { recursive: true });
  Deno.mkdirSync(`${dir}/out`, { recursive: true });
  const flow = ["name: chains", `defaults: { sandbox: ${sandbox} }`, "nodes:"];
  const ninja = ["rule cp", "  command = cp $in $out"];
  const make: string[] = [];
  const tasks: Record<string, unknown> = {};
  const all: string[] = [];
  for (let i = 0; i < chains; i++) {
    Deno.writeTextFileSync(`${dir}/in/${i}.txt`, `${i}\n`);
    flow.push(
      `  a${i}: { run: [cp, "\${in.src}", "\${out.a${i}}"], inputs: { src: { file: in/${i}.txt } }, outputs: { a${i}: { file: out/a${i}.txt } } }`,
      `  b${i}: { run: [cp, "\${in.src}", "\${out.b${i}}"], inputs: { src: a${i}.a${i} }, outputs: { b${i}: { file: out/b${i}.txt } } }`,
    );
    ninja.push(`build out/a${i}.txt: cp in/${i}.txt`, `build out/b${i}.txt: cp out/a${i}.txt`);
    make.push(
      `out/a${i}.txt: in/${i}.txt\n\tcp $< $@`,
      `out/b${i}.txt: out/a${i}.txt\n\tcp $< $@`,
    );
    tasks[`a${i}`] = {
      command: `cp in/${i}.txt out/a${i}.txt`,
      files: [`in/${i}.txt`],
      output: [`out/a${i}.txt`],
    };
    tasks[`b${i}`] = {
      command: `cp out/a${i}.txt out/b${i}.txt`,
      files: [`out/a${i}.txt`],
      output: [`out/b${i}.txt`],
      dependencies: [`a${i}`],
    };
    all.push(`out/b${i}.txt`);
  }
  tasks.all = { dependencies: all.map((_, i) => `b${i}`) };
  Deno.writeTextFileSync(`${dir}/workflow.yaml`, flow.join("\n") + "\n");
  Deno.writeTextFileSync(`${dir}/build.ninja`, ninja.join("\n") + "\n");
  Deno.writeTextFileSync(`${dir}/Makefile`, `all: ${all.join(" ")}\n${make.join("\n")}\n`);
  Deno.writeTextFileSync(`${dir}/deno.json`, JSON.stringify({ tasks }));
}

/** Many calls of one small function with different literals, and one function that takes the first and last. */
export function writeCalls(dir: string, nodes: number): void {
  Deno.mkdirSync(dir, { recursive: true });
  Deno.writeTextFileSync(
    `${dir}/nodes.ts`,
    `export function double({ x }: { x: number }): number {\n  return 2 * x;\n}\n`,
  );
  const lines = ["name: calls", "nodes:"];
  for (let i = 0; i < nodes; i++) {
    lines.push(`  n${i}: { call: nodes.ts#double, inputs: { x: { value: ${i} } } }`);
  }
  Deno.writeTextFileSync(`${dir}/workflow.yaml`, lines.join("\n") + "\n");
}

/** A function and a command: the smallest workflow that uses both. */
export function writeHello(dir: string): void {
  Deno.mkdirSync(dir, { recursive: true });
  Deno.writeTextFileSync(
    `${dir}/nodes.ts`,
    "export function greet({ name }: { name: string }): string {\n  return `Hello, ${name}!`;\n}\n",
  );
  Deno.writeTextFileSync(
    `${dir}/workflow.yaml`,
    [
      "name: hello",
      "inputs:",
      "  name: { type: string, default: world }",
      "nodes:",
      "  greeting: { call: nodes.ts#greet, inputs: { name: name } }",
      "",
    ].join("\n"),
  );
}
