/**
 * The text of the module that calls several functions one after the other, as one. Does not know graphs, nor where the text
 * goes.
 *
 * Nothing between two functions is stored, copied or frozen, so it may be what cannot be stored: a connection, a class.
 *
 * @module
 */

/** Where an argument of a step comes from: an argument of the whole, or an output of an earlier step. */
export type StepSource =
  | { readonly argument: string }
  | { readonly step: number; readonly output: string };

/** One function. */
export interface Step {
  /** Name of the node, for messages. */
  readonly node: string;
  /** What to import it from, and its name there. */
  readonly specifier: string;
  readonly export: string;
  readonly inputs: readonly (readonly [argument: string, source: StepSource])[];
  /** Names of its outputs. */
  readonly outputs: readonly string[];
}

/** Name of the function that the module exports. */
export const NEST_EXPORT = "nest";

/** Helpers of every such module: plain JavaScript, as all of it. */
const HELPERS = `
const open = (value) => value?.[Symbol.for("flow.with-hash")] === true ? value.value : value;
const pick = (result, name, node) => {
  if (typeof result === "object" && result !== null && Object.hasOwn(result, name)) {
    return result[name];
  }
  throw new TypeError(\`"\${node}" returned no output "\${name}"\`);
};
const within = (ctx, names) => Object.create(ctx, {
  in: {
    enumerable: true,
    value: Object.freeze(Object.fromEntries(
      names.flatMap(([own, outer]) => outer in ctx.in ? [[own, ctx.in[outer]]] : []),
    )),
  },
});
`;

/**
 * Returns a module whose function calls the steps in order and returns outputs of them.
 *
 * @param steps Each takes arguments of the whole, and outputs of those before it.
 * @param outputs What it returns: one output as it is, several by name, of none nothing.
 */
export function nestModule(
  steps: readonly Step[],
  outputs: readonly { readonly step: number; readonly output: string }[],
): string {
  const json = JSON.stringify;
  const imports = steps.map((step, i) =>
    `import { ${json(step.export)} as f${i} } from ${json(step.specifier)};`
  );
  const raw = (step: number, output: string): string => {
    const { outputs: all, node } = steps[step];
    return all.length === 1 ? `r${step}` : `pick(r${step}, ${json(output)}, ${json(node)})`;
  };
  const calls = steps.map(({ inputs }, i) => {
    const values = inputs.map(([argument, source]) =>
      `${json(argument)}: ${
        "argument" in source
          ? `args[${json(source.argument)}]`
          : `open(${raw(source.step, source.output)})`
      }`
    );
    const names = inputs.flatMap(([argument, source]) =>
      "argument" in source ? [[argument, source.argument]] : []
    );
    return `  const r${i} = await f${i}({ ${values.join(", ")} }, within(ctx, ${json(names)}));`;
  });
  const returned = outputs.length === 1
    ? `  return ${raw(outputs[0].step, outputs[0].output)};`
    : outputs.length === 0
    ? ""
    : `  return { ${
      outputs.map(({ step, output }) => `${json(output)}: ${raw(step, output)}`).join(", ")
    } };`;
  return [
    ...imports,
    HELPERS,
    `export async function ${NEST_EXPORT}(args, ctx) {`,
    ...calls,
    returned,
    "}",
    "",
  ].join("\n");
}
