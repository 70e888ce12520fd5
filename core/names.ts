/**
 * What every name of a workflow stands for, and the problems of names: doubles, clashes, paths written twice. Does not
 * know who uses a name.
 *
 * @module
 */

import type { Diagnostic } from "./base/error.ts";
import type { InputDef, NodeDef, Workflow } from "./workflow.ts";

/** Dense id of a node: 0 … size-1 in the order of the workflow; never reused. */
export type NodeId = number & { readonly [nodeIdBrand]: true };
declare const nodeIdBrand: unique symbol;

/** What a name stands for. */
export type Meaning =
  | { readonly kind: "input"; readonly input: InputDef }
  /** `output` indexes the node's declared outputs. */
  | { readonly kind: "output"; readonly node: NodeId; readonly output: number };

/** A place in a definition, for `Locate`. */
export type DefinitionPath = readonly (string | number)[];

/** What a problem has beside its code, message and place. */
export interface ProblemOptions {
  readonly part?: "key" | "value";
  readonly hint?: string | undefined;
  readonly related?: Diagnostic["related"];
}

/** Problems of one workflow, with their places. */
export class Problems {
  readonly found: Diagnostic[] = [];
  readonly #workflow: Workflow;

  constructor(workflow: Workflow) {
    this.#workflow = workflow;
  }

  /** Adds an error at a place of the definition. */
  add(code: string, message: string, path: DefinitionPath, options: ProblemOptions = {}): void {
    const span = this.#workflow.locate(path, options.part ?? "value");
    this.found.push({
      severity: "error",
      code,
      message,
      ...(span === undefined ? {} : { span }),
      ...(options.related === undefined ? {} : { related: options.related }),
      ...(options.hint === undefined ? {} : { hint: options.hint }),
    });
  }

  /** Another place to show with a problem; nothing if the definition has no text. */
  placeOf(message: string, path: DefinitionPath): NonNullable<Diagnostic["related"]> {
    const span = this.#workflow.locate(path, "key");
    return span === undefined ? [] : [{ message, span }];
  }
}

/** The names of one workflow. */
export class Names {
  /** By input, output, `node.output`, and node with one output. */
  readonly meanings = new Map<string, Meaning>();
  readonly nodeIds = new Map<string, NodeId>();
  readonly #workflow: Workflow;
  readonly #problems: Problems;
  readonly #provided: ReadonlySet<string>;

  /**
   * Declares all names.
   *
   * @param provided Outputs that are taken from outside instead of being computed.
   */
  constructor(workflow: Workflow, problems: Problems, provided: ReadonlySet<string>) {
    this.#workflow = workflow;
    this.#problems = problems;
    this.#provided = provided;
    this.#declareInputs();
    this.#declareNodes();
    this.#declareSoleOutputs();
    this.#checkPaths();
  }

  #declareInputs(): void {
    for (const input of this.#workflow.inputs) {
      if (input.name === "params") {
        this.#problems.add("reserved-name", `Cannot name an input "params": the name is reserved`, [
          "inputs",
          input.name,
        ], { part: "key", hint: "choose another name" });
      }
      this.meanings.set(input.name, { kind: "input", input });
    }
  }

  #declareNodes(): void {
    this.#workflow.nodes.forEach((def, index) => {
      const node = index as NodeId;
      if (def.name === "params") {
        this.#problems.add("reserved-name", `Cannot name a node "params": the name is reserved`, [
          "nodes",
          def.name,
        ], { part: "key", hint: "choose another name" });
      }
      this.nodeIds.set(def.name, node);
      def.outputs.forEach((output, position) => {
        const { name } = output;
        const qualified = `${def.name}.${name}`;
        const meaning: Meaning = this.#provided.has(name) || this.#provided.has(qualified)
          ? {
            kind: "input",
            input: { name: this.#provided.has(name) ? name : qualified, kind: output.kind },
          }
          : { kind: "output", node, output: position };
        this.meanings.set(qualified, meaning);
        const earlier = this.meanings.get(name);
        if (earlier === undefined) this.meanings.set(name, meaning);
        else this.#reportDuplicate(def, name, earlier);
      });
    });
  }

  /** A node with one output can be meant by its own name, unless that name means something else. */
  #declareSoleOutputs(): void {
    for (const [name, id] of this.nodeIds) {
      const { outputs } = this.#workflow.nodes[id];
      const earlier = this.meanings.get(name);
      if (earlier === undefined && outputs.length === 1) {
        const only = this.meanings.get(`${name}.${outputs[0].name}`);
        if (only !== undefined) this.meanings.set(name, only);
      } else if (
        earlier?.kind === "input" && earlier.input.name === name && !this.#provided.has(name)
      ) {
        this.#problems.add(
          "ambiguous-name",
          `Cannot tell "${name}" apart: it is an input and a node`,
          [
            "nodes",
            name,
          ],
          {
            part: "key",
            related: this.#problems.placeOf(`input "${name}"`, ["inputs", name]),
            hint: "rename one of them",
          },
        );
      } else if (earlier?.kind === "output" && earlier.node !== id) {
        const other = this.#workflow.nodes[earlier.node].name;
        this.#problems.add(
          "ambiguous-name",
          `Cannot tell "${name}" apart: it is a node and an output of node "${other}"`,
          ["nodes", name],
          {
            part: "key",
            related: this.#problems.placeOf(`node "${other}"`, ["nodes", other]),
            hint: "rename one of them",
          },
        );
      }
    }
  }

  #reportDuplicate(def: NodeDef, name: string, earlier: Meaning): void {
    const first = earlier.kind === "input"
      ? `input "${name}"`
      : `node "${this.#workflow.nodes[earlier.node].name}"`;
    const path = earlier.kind === "input"
      ? ["inputs", name]
      : ["nodes", this.#workflow.nodes[earlier.node].name, "outputs", name];
    this.#problems.add(
      "duplicate-output",
      `Cannot declare output "${name}" of node "${def.name}": ${first} already provides that name`,
      ["nodes", def.name, "outputs", name],
      { part: "key", related: this.#problems.placeOf("first", path), hint: "rename one of them" },
    );
  }

  /** Two outputs may not publish one path, nor may one lie inside another or overwrite an input. */
  #checkPaths(): void {
    const owners = new Map<string, { def: NodeDef; name: string; kind: "file" | "dir" }>();
    for (const def of this.#workflow.nodes) {
      for (const { name, path, kind } of def.outputs) {
        if (path === undefined || kind === "value") continue;
        const normal = normalizePath(path);
        const owner = owners.get(normal);
        if (owner !== undefined) {
          this.#reportPathClash(def, name, normal, owner, "already writes it");
        } else owners.set(normal, { def, name, kind });
      }
    }
    for (const [path, { def, name }] of owners) {
      for (let cut = path.lastIndexOf("/"); cut > 0; cut = path.lastIndexOf("/", cut - 1)) {
        const owner = owners.get(path.slice(0, cut));
        if (owner !== undefined) {
          this.#reportPathClash(def, name, path, owner, `writes "${path.slice(0, cut)}"`);
        }
      }
    }
    const inputs = this.#workflow.inputs.filter((input) =>
      input.kind !== "value" && typeof input.default === "string"
    );
    for (const input of inputs) {
      const owner = owners.get(normalizePath(String(input.default)));
      if (owner === undefined) continue;
      this.#problems.add(
        "path-conflict",
        `Cannot publish output "${owner.name}" of node "${owner.def.name}": its path "${input.default}" is input "${input.name}"`,
        ["nodes", owner.def.name, "outputs", owner.name],
        {
          related: this.#problems.placeOf(`input "${input.name}"`, ["inputs", input.name]),
          hint: "publish the output under another path",
        },
      );
    }
  }

  #reportPathClash(
    def: NodeDef,
    name: string,
    path: string,
    owner: { def: NodeDef; name: string },
    state: string,
  ): void {
    this.#problems.add(
      "path-conflict",
      `Cannot publish output "${name}" of node "${def.name}" as "${path}": output "${owner.name}" of node "${owner.def.name}" ${state}`,
      ["nodes", def.name, "outputs", name],
      {
        related: this.#problems.placeOf("first", ["nodes", owner.def.name, "outputs", owner.name]),
        hint: "give each output a path of its own",
      },
    );
  }
}

function normalizePath(path: string): string {
  return path.split("/").filter((part) => part !== "" && part !== ".").join("/");
}
