/**
 * A random workflow as files: the definition, functions, helpers, commands. Comments, layout, types and order vary with its
 * style. Does not know what anything computes or when it runs.
 */

import {
  type Dag,
  type DagNode,
  type DagOutput,
  type DagSource,
  isValueKind,
  outputName,
  publishedPath,
} from "./dag.ts";

/** A text that is longer than what is stored inline, in digits: `printf` of any shell can make it. */
export const PADDING = "0".repeat(5000);

/** All of a workflow as text. */
export interface DagText {
  /** By path; `null` if the file is not there. */
  readonly files: Readonly<Record<string, string | null>>;
  /** By id: what of the code or the command counts, without comments and layout. */
  readonly work: ReadonlyMap<number, string>;
}

/** What a source is, for who reads it. */
type Shape = "number" | "text" | "file" | "dir";

/** Writes a workflow down. */
export function dagText(dag: Dag): DagText {
  const names = functionNames(dag);
  const present = dag.nodes.filter(({ isAbsent }) => !isAbsent);
  const work = new Map<number, string>();
  const functions = new Map<string, string>();
  for (const node of present) {
    const name = names.get(node.id);
    work.set(node.id, name === undefined ? scriptOf(dag, node) : workText(dag, node, name));
    if (name !== undefined) functions.set(name, functionText(dag, node, name, dag.style));
  }
  const isFlipped = dag.style % 2 === 1;
  const ordered = (texts: Iterable<string>) => isFlipped ? [...texts].reverse() : [...texts];
  const nodes = present.filter(({ maker }) => maker === undefined).map((node) =>
    yamlOf(node.name, nodeObject(dag, node, names), dag.style)
  );
  const inputs = inputsOf(dag, present);
  return {
    work,
    files: {
      ...dag.files,
      "workflow.yaml": [
        `# style ${dag.style}`,
        `params: ${JSON.stringify(dag.params)}`,
        `inputs: ${JSON.stringify(inputs)}`,
        ...dag.isConfined ? [] : ["defaults: { sandbox: off }"],
        "nodes:",
        ...ordered(nodes),
        "",
      ].join("\n"),
      "nodes.ts": [
        `import { ${dag.helpers.map((_, i) => `h${i}`).join(", ")} } from "./helpers.ts";`,
        `type Args = any; // style ${dag.style}`,
        ...ordered(functions.values()),
        "",
      ].join("\n"),
      "helpers.ts": ordered(dag.helpers.map((_, i) => helperText(dag, i, dag.style))).join("\n"),
    },
  };
}

/** The inputs of a workflow that its nodes use: others are errors. */
function inputsOf({ inputs }: Dag, nodes: readonly DagNode[]): Record<string, unknown> {
  const sources = nodes.flatMap(({ takes, tracks }) => [
    ...takes.map(({ source }) => source),
    ...tracks,
  ]);
  const used = sources.flatMap((source) => source.kind === "input" ? [source.name] : []);
  return Object.fromEntries(
    Object.entries(inputs).filter(([name]) => used.includes(name)).map(([name, given]) => [
      name,
      typeof given === "string" ? { file: given } : { type: "integer", default: given },
    ]),
  );
}

/** Names of the functions of nodes, by id. Nodes with one code share a function while they have the same text. */
function functionNames(dag: Dag): Map<number, string> {
  const names = new Map<number, string>();
  const bodies = new Map<string, string>();
  for (const node of dag.nodes) {
    if (node.isAbsent || node.work === "run") continue;
    const body = node.work === "expand" ? "" : functionText(dag, node, "", 0);
    const shared = `f${node.code}`;
    const isShared = bodies.get(shared) === undefined || bodies.get(shared) === body;
    const name = isShared ? shared : `f${node.id}_own`;
    bodies.set(name, body);
    names.set(node.id, name);
  }
  return names;
}

/** What of the code of a function node counts: it and the helpers it reaches. */
function workText(dag: Dag, node: DagNode, name: string): string {
  const helpers = node.helper === undefined ? [] : dag.helpers.slice(0, node.helper + 1);
  return [functionText(dag, node, name, 0), ...helpers.map((_, i) => helperText(dag, i, 0))].join(
    "\n",
  );
}

function helperText(dag: Dag, i: number, style: number): string {
  const call = i === 0 ? "0" : `h${i - 1}()`;
  return layOut([`export function h${i}() {`, `return ${dag.helpers[i]} + ${call};`, "}"], style);
}

/** Lines with comments and indentation that depend on the style. */
function layOut(lines: readonly string[], style: number): string {
  const indent = " ".repeat(style % 5);
  const comment = style % 3 === 0 ? "" : ` /* ${style} */`;
  return lines.map((line) => `${indent}${line}${comment}`).join(style % 4 === 0 ? "\n" : "\n\n");
}

function functionText(dag: Dag, node: DagNode, name: string, style: number): string {
  const type = style % 3 === 1 ? "Args" : "any";
  const parameters = node.takes.map(({ argument }) => argument).join(", ");
  const helper = node.helper === undefined ? [] : [`h${node.helper}()`];
  const read = (path: string) => `parseInt(Deno.readTextFileSync(${path}))`;
  const terms = node.takes.map(({ argument, source }) => {
    const shape = shapeOf(dag, source);
    if (shape === "number") return argument;
    if (shape === "text") return `parseInt(${argument})`;
    return read(shape === "dir" ? `${argument} + "/a"` : argument);
  });
  const sum = [node.salt, ...helper, ...terms, ...node.reads.map((path) => read(`"${path}"`))];
  return layOut([
    `export function ${name}({ ${parameters} }: ${type}, ctx: ${type}) {`,
    `const sum = ${sum.join(" + ")};`,
    ...node.isFailing ? [`throw new Error("broken " + sum);`] : [],
    ...node.work === "expand" ? expandLines(dag, node) : deliverLines(node),
    "}",
  ], style);
}

/** Writes files, and returns values: one by itself, several by name. */
function deliverLines(node: DagNode): string[] {
  const lines: string[] = [];
  const values: string[] = [];
  node.outputs.forEach((output, position) => {
    const number = `(Math.floor(sum / ${position + 1}) % ${node.modulus})`;
    const mark = output.isMarked ? ` ${output.name}` : "";
    if (output.kind === "number") values.push(`${output.name}: ${number}`);
    else if (output.kind === "text") {
      values.push(`${output.name}: ${number} + "${mark} " + "0".repeat(${PADDING.length})`);
    } else {
      const text = `${number} + "${mark}\\n"`;
      const path = `ctx.out.${output.name}`;
      if (output.kind === "file") lines.push(`Deno.writeTextFileSync(${path}, ${text});`);
      else {
        lines.push(
          `Deno.mkdirSync(${path} + "/sub", { recursive: true });`,
          `Deno.writeTextFileSync(${path} + "/a", ${text});`,
          `Deno.writeTextFileSync(${path} + "/sub/b", "same\\n");`,
        );
      }
    }
  });
  if (values.length === 1) lines.push(`return ${values[0].slice(values[0].indexOf(":") + 1)};`);
  if (values.length > 1) lines.push(`return { ${values.join(", ")} };`);
  return lines;
}

/** Returns the nodes that a node makes, but for those behind a gate. */
function expandLines(dag: Dag, node: DagNode): string[] {
  const names = functionNames(dag);
  const members = dag.nodes.filter(({ maker, isAbsent }) => maker === node.id && !isAbsent);
  const nodes = Object.fromEntries(
    members.map((made) => [made.name, nodeObject(dag, made, names)]),
  );
  return [
    `const number = sum % ${node.modulus};`,
    `const nodes: Record<string, unknown> = ${JSON.stringify(nodes)};`,
    ...members.flatMap(({ name, gate }) =>
      gate === undefined ? [] : [`if (number === ${gate}) delete nodes["${name}"];`]
    ),
    "return { nodes };",
  ];
}

function scriptOf(dag: Dag, node: DagNode): string {
  const add = "s=$((s+n))";
  const take = ({ argument, source }: DagNode["takes"][number]) => {
    if (source.kind === "param") return `n=\${params.${source.name}}; ${add}`;
    const value = `\${in.${argument}}`;
    switch (shapeOf(dag, source)) {
      case "number":
        return `n=${value}; ${add}`;
      case "text":
        return `n=${value}; n=\${n%% *}; ${add}`;
      case "dir":
        return `read n r < ${value}/a; ${add}`;
      case "file":
        return `read n r < ${value}; ${add}`;
    }
  };
  return [
    `s=${node.salt}`,
    ...node.takes.map(take),
    ...node.reads.map((path) => `read n r < ${path}; ${add}`),
    ...node.isFailing ? ["exit 7"] : [],
    ...node.outputs.flatMap((output, position) => printLines(node, output, position)),
  ].join("\n");
}

function printLines(node: DagNode, output: DagOutput, position: number): string[] {
  const number = `$((s / ${position + 1} % ${node.modulus}))`;
  const mark = output.isMarked ? ` ${output.name}` : "";
  const path = `\${out.${output.name}}`;
  switch (output.kind) {
    case "number":
      return [`printf '%d' ${number}`];
    case "text":
      return [`printf '%d${mark} %0${PADDING.length}d' ${number} 0`];
    case "file":
      return [`printf '%d${mark}\\n' ${number} > ${path}`];
    case "dir":
      return [
        `mkdir -p ${path}/sub`,
        `printf '%d${mark}\\n' ${number} > ${path}/a`,
        `printf 'same\\n' > ${path}/sub/b`,
      ];
  }
}

/** A node as the file has it. */
function nodeObject(
  dag: Dag,
  node: DagNode,
  names: ReadonlyMap<number, string>,
): Record<string, unknown> {
  const taken = node.takes.filter(({ source }) => node.work !== "run" || source.kind !== "param");
  const inputs = taken.map(({ argument, source }) => [argument, sourceObject(dag, source)]);
  const value = node.outputs.find(({ kind }) => isValueKind(kind));
  return {
    [node.work]: node.work === "run" ? scriptOf(dag, node) : `nodes.ts#${names.get(node.id)}`,
    inputs: Object.fromEntries(inputs),
    ...outputsObject(dag, node),
    ...node.work === "run" && value !== undefined
      ? { stdout: { output: outputName(node, value), as: value.kind === "text" ? "text" : "json" } }
      : {},
    ...node.reads.length === 0 ? {} : { allow: { read: node.reads } },
    ...node.tracks.length === 0
      ? {}
      : { track: node.tracks.map((source) => sourceObject(dag, source)) },
    ...node.after.length === 0 ? {} : { after: node.after.map((id) => dag.nodes[id].name) },
    ...node.isCached ? {} : { cache: false },
  };
}

function outputsObject(dag: Dag, node: DagNode): Record<string, unknown> {
  if (node.work === "expand") {
    const promised = promisesOf(dag, node);
    return promised.length === 0 ? {} : { outputs: Object.fromEntries(promised) };
  }
  if (node.outputs.length === 1 && node.outputs[0].name === "") return {};
  return {
    outputs: Object.fromEntries(node.outputs.map((output) => {
      return [output.name, { ...outputObject(output), ...output.isTemp ? { temp: true } : {} }];
    })),
  };
}

function outputObject(output: DagOutput): Record<string, unknown> {
  const path = publishedPath(output);
  return path === undefined ? {} : { [output.kind]: path };
}

/** The outputs of a node's nodes that nodes of the file take, by name. */
function promisesOf(dag: Dag, { id }: DagNode): (readonly [string, Record<string, unknown>])[] {
  return dag.nodes.filter(({ isAbsent, maker }) => !isAbsent && maker === undefined)
    .flatMap(({ takes }) =>
      takes.flatMap(({ source }) => {
        if (source.kind !== "output") return [];
        const up = dag.nodes[source.node];
        const output = up.outputs[source.position];
        return up.maker === id ? [[outputName(up, output), outputObject(output)] as const] : [];
      })
    );
}

function sourceObject(dag: Dag, source: DagSource): unknown {
  switch (source.kind) {
    case "output": {
      const up = dag.nodes[source.node];
      return outputName(up, up.outputs[source.position]);
    }
    case "param":
      return `params.${source.name}`;
    case "input":
      return source.name;
    case "value":
      return { value: source.value };
    case "file":
    case "dir":
      return { [source.kind]: source.name };
  }
}

function shapeOf(dag: Dag, source: DagSource): Shape {
  switch (source.kind) {
    case "output":
      return dag.nodes[source.node].outputs[source.position].kind;
    case "input":
      return typeof dag.inputs[source.name] === "string" ? "file" : "number";
    case "file":
    case "dir":
      return source.kind;
    case "param":
    case "value":
      return "number";
  }
}

/** A node on one line, or key by key. */
function yamlOf(name: string, node: Record<string, unknown>, style: number): string {
  if (style % 3 === 0) return `  ${name}: ${JSON.stringify(node)}`;
  const described = style % 5 === 0 ? { description: `style ${style}`, ...node } : node;
  const lines = Object.entries(described).map(([key, value]) =>
    `    ${key}: ${JSON.stringify(value)}${style % 2 === 0 ? ` # ${style}` : ""}`
  );
  return [`  ${name}:`, ...lines].join("\n");
}
