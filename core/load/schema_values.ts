/**
 * The values that options of workflow files take: names, paths, durations, sources, permissions. Shapes
 * that `schema.ts` puts in their places. Does not know which option takes which value.
 *
 * @module
 */

import {
  anything,
  boolean,
  choice,
  documented,
  either,
  exactly,
  type Fields,
  type FieldsRead,
  isMapping,
  list,
  nothing,
  number,
  object,
  type Read,
  refine,
  scalarText,
  type Shape,
  table,
  text,
  word,
} from "./shape.ts";
import { DURATION, parseDuration, parseSize, SIZE } from "./units.ts";
import { REFUSED_PATH } from "../workflow.ts";

/** A name of a node, input, output, argument, pool or parameter. Dots are reserved for references. */
export const NAME = /^[A-Za-z_][A-Za-z0-9_-]*$/;

/** What to do about a name that is none. */
export const NAME_HINT = 'Use letters, digits, "_" and "-", beginning with a letter or "_"';

/** A name of an input, with the scopes it is in: `name`, `scope.name`. */
export const SCOPED_NAME = /^(?!params\.)[A-Za-z_][A-Za-z0-9_-]*(?:\.[A-Za-z_][A-Za-z0-9_-]*)*$/;

/** What to do about a name of an input that is none. */
export const SCOPED_NAME_HINT = `${NAME_HINT}; a scope stands before a dot, and is not "params"`;

/** `name`, `node.output`, `scope.input` or `params.a.b`. */
const REFERENCE = /^[A-Za-z_][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*$/;

const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** A function of a local module: `nodes.ts#load`. */
const FUNCTION = /^(?![a-z][a-z0-9+.-]+:)[^#\s]+\.(?:ts|mts|tsx|js|mjs|jsx)#[A-Za-z_$][\w$]*$/;

/** A relative path below the workflow's directory and outside `.pipecache`. */
const OUTPUT_PATH =
  // deno-lint-ignore no-control-regex -- NUL is what it is about
  /^(?![\\/])(?!(?:.*[\\/])?\.\.(?:[\\/]|$))(?!(?:\.?\/+)*\.pipecache(?:\/|$))(?!(?:\.?\/*)+$)[^\u0000]+$/;

/** A path, wherever it points. */
// deno-lint-ignore no-control-regex -- NUL is what it is about
export const path = text({ expected: "a path", pattern: /^[^\u0000]+$/ });

const outputPath: Shape<string> = text({
  expected: "a path inside the workflow directory",
  pattern: OUTPUT_PATH,
  hint: (value) =>
    value.includes(".pipecache")
      ? '".pipecache" belongs to flow: choose another directory'
      : 'Write a relative path without "..", for example "out/report.pdf"',
});

/** A name. */
export const name = text({ expected: "a name", pattern: NAME, hint: () => NAME_HINT });

/** A duration in milliseconds, written as "30s" or as a number of seconds. */
export const duration: Shape<number> = refine(
  either(
    number({ min: 0, max: 1e9 }),
    text({
      expected: 'a duration such as "30s", "5m" or "1d"',
      pattern: DURATION,
      hint: () => "Units are ms, s, m, h, d and w; a bare number is in seconds",
    }),
  ),
  (value) => typeof value === "number" ? value * 1000 : parseDuration(value),
  { expected: 'a duration such as "30s"' },
);

/** A duration above 0. */
export const positiveDuration: Shape<number> = refine(duration, (value, visit) => {
  if (value > 0) return value;
  visit.report("wrong-value", `Cannot read ${visit.name}: expected a duration above 0`);
  return undefined;
});

const PER_ATTEMPT = /\s*\*\s*attempt$/;

/** Memory in bytes, written as "2GiB" or as a number; `scales` if it is for each attempt that much more. */
export const memory: Shape<{ readonly bytes: number; readonly scales?: true }> = refine(
  either(
    number({ integer: true, min: 1 }),
    text({
      expected: 'a size such as "2GiB", "512M" or "2GiB * attempt"',
      pattern: new RegExp(SIZE.source.replace(/\$$/, "(?:\\s*\\*\\s*attempt)?$")),
      hint: () => "Units are KB, MB, GB, TB (1000) and KiB, MiB, GiB, TiB or K, M, G, T (1024)",
    }),
  ),
  (value, visit) => {
    if (typeof value === "number") return { bytes: value };
    const bytes = parseSize(value.replace(PER_ATTEMPT, ""));
    if (bytes === undefined) {
      visit.mismatch("a size that a machine can have", value);
      return undefined;
    }
    return PER_ATTEMPT.test(value) ? { bytes, scales: true as const } : { bytes };
  },
  { expected: 'a size such as "2GiB"' },
);

/** A function of a local module. */
export const functionName: Shape<string> = text({
  expected: 'a function such as "nodes.ts#load"',
  pattern: FUNCTION,
  hint: functionHint,
});

function functionHint(value: string): string | undefined {
  if (/^[a-z][a-z0-9+.-]+:/.test(value)) {
    return "Import the package in a local module and export a function that uses it";
  }
  if (!value.includes("#")) {
    if (/\.[cm]?[jt]sx?$/.test(value)) return `Add the name of the export: "${value}#NAME"`;
    return 'Write the module too: "nodes.ts#' + (/^[\w$]+$/.test(value) ? value : "NAME") + '"';
  }
  const module = value.slice(0, value.indexOf("#"));
  if (!/\.[cm]?[jt]sx?$/.test(module)) {
    return "Functions live in TypeScript or JavaScript modules; use run for other programs";
  }
  return 'Write MODULE#EXPORT, for example "nodes.ts#load"';
}

/** Beside a file: its digest is known. */
export const sidecar: Shape<boolean> = documented(
  boolean,
  "The file's digest is taken from PATH.sha256, as sha256sum writes it, instead of reading the file.",
  { default: false },
);

const sourceFields = {
  value: documented(anything, "A literal value."),
  file: documented(path, "A file, relative to the workflow file."),
  dir: documented(path, "A directory, relative to the workflow file."),
  glob: documented(path, "All files that match a pattern, sorted."),
  env: documented(
    text({ expected: "the name of a variable", pattern: VARIABLE }),
    "The value of an environment variable.",
  ),
};

/** A mapping with exactly one of several kinds of source; a file may have a sidecar. */
function oneSource<F extends Fields>(
  fields: F,
): Shape<FieldsRead<F & { readonly sidecar: Shape<boolean> }>> {
  const kinds = Object.keys(fields);
  const shape = object(
    { ...fields, sidecar },
    { expected: `a mapping with one of ${kinds.join(", ")}` },
  );
  return refine(
    shape,
    (read, visit, raw) => {
      if (isMapping(raw) && Object.hasOwn(raw, "sidecar") && !Object.hasOwn(raw, "file")) {
        visit.report("misfit", `Cannot use "sidecar" in ${visit.name}: only files have one`, {
          part: "key",
          member: ["sidecar"],
          hint: "Remove it, or write { file: PATH, sidecar: true }",
        });
      }
      const given = kinds.filter((kind) => Object.hasOwn(read, kind));
      if (given.length === 1) return read;
      // What is left of a wrong mapping has been reported already.
      if (isMapping(raw) && Object.keys(raw).length !== Object.keys(read).length) return undefined;
      visit.report(
        "wrong-value",
        `Cannot read ${visit.name}: expected exactly one of ${kinds.join(", ")}`,
      );
      return undefined;
    },
    {
      json: {
        oneOf: kinds.map((kind) => ({ required: [kind] })),
        dependentRequired: { sidecar: ["file"] },
      },
    },
  );
}

/** Where an argument comes from, in its long form. */
const sourceObject = oneSource(sourceFields);

/** What `track` may name in its long form: a source, or a function whose code counts. */
const trackedObject = oneSource({
  ...sourceFields,
  call: documented(functionName, "A function: its code counts, with all it reaches."),
});

const reference = text({
  expected: "the name of an input or output",
  pattern: REFERENCE,
  hint: (value) => {
    if (FUNCTION.test(value)) return "Make it a node of its own, and name that node here";
    if (/[*?]/.test(value)) return `Write { glob: ${JSON.stringify(value)} } for files`;
    if (/[/\\]/.test(value)) return `Write { file: ${JSON.stringify(value)} } for a file`;
    return `Write { value: ${JSON.stringify(value)} } for a text`;
  },
});

const trackedReference = text({
  expected: "the name of an input or output",
  pattern: REFERENCE,
  hint: (value) => {
    if (value.includes("#")) return `Write { call: ${JSON.stringify(value)} } for a function`;
    if (/[*?]/.test(value)) return `Write { glob: ${JSON.stringify(value)} } for files`;
    return `Write { file: ${JSON.stringify(value)} } for a file`;
  },
});

/** A reference or a long form; a bare literal gets a hint. */
function sourceOf<T>(kinds: Shape<T>): Shape<T> {
  return {
    ...kinds,
    read(value, visit) {
      if (kinds.accepts(value)) return kinds.read(value, visit);
      const literal = Array.isArray(value) ? "[…]" : String(value);
      const hint = `Write { value: ${literal} } for a literal value`;
      visit.mismatch("the name of an input or output", value, hint);
      return undefined;
    },
  };
}

const sourceKinds = either(reference, sourceObject);

/** A source: a reference or the long form. */
export const source: Shape<Read<typeof sourceKinds>> = sourceOf(sourceKinds);

const trackedKinds = either(trackedReference, trackedObject);

/** What `track` may name: a source, or a function. */
export const trackedSource: Shape<Read<typeof trackedKinds>> = sourceOf(trackedKinds);

const listedInput = text({
  expected: "a name",
  pattern: NAME,
  hint: (value) =>
    REFERENCE.test(value)
      ? `Write the inputs as a mapping: { ${value.split(".").at(-1)}: ${value} }`
      : NAME_HINT,
});

/** The `inputs` of a node. */
export const nodeInputs = documented(
  either(
    list(listedInput, { what: "names" }),
    table(source, { what: "arguments", keyPattern: NAME, keyHint: NAME_HINT }),
  ),
  "Arguments and where they come from: an input, an output, params.a.b, node.output, " +
    "{ value }, { file }, { dir }, { glob } or { env }. A list names arguments after their sources.",
);

const outputFields = object({
  file: documented(
    outputPath,
    "Where the file is published, relative to the workflow file. With a map: where that of each " +
      "call is, with every axis in braces, for example plots/{i}_{j:03}.png.",
  ),
  dir: documented(outputPath, "Where the directory is published, as for a file."),
  temp: documented(
    boolean,
    "Drop the bytes, of a value or a file, when all consumers are done; they are made again when needed.",
    { default: false },
  ),
  allowEmpty: documented(boolean, "Accept an empty file.", { default: false }),
  hash: documented(
    choice("inputs"),
    "inputs: what uses the output runs again when what went into it changes, whatever its bytes are.",
  ),
  pick: documented(
    text({ expected: "a path such as stats.mean or [0].x" }),
    "Functions: where the value is in what is returned: stats.mean, [0].x, rows[-1].",
  ),
}, {
  expected: "a mapping with file, dir or pick",
  json: {
    not: {
      anyOf: [["file", "dir"], ["file", "pick"], ["dir", "pick"]].map((required) => ({ required })),
    },
  },
});

/** A bad path is replaced, so that the output keeps its kind. */
const outputText: Shape<string> = {
  ...outputPath,
  read: (value, visit) => outputPath.read(value, visit) ?? REFUSED_PATH,
};

const outputObject = refine(outputFields, (read, _visit, raw) => {
  const isBad = (key: "file" | "dir"): boolean =>
    isMapping(raw) && Object.hasOwn(raw, key) && read[key] === undefined;
  return {
    ...read,
    ...(isBad("file") && { file: REFUSED_PATH }),
    ...(isBad("dir") && { dir: REFUSED_PATH }),
  };
});

/** The `outputs` of a node. */
export const nodeOutputs = documented(
  either(
    nothing,
    word("none"),
    list(name, { what: "names" }),
    table(either(nothing, outputText, outputObject), {
      what: "outputs",
      keyPattern: NAME,
      keyHint: NAME_HINT,
    }),
  ),
  "Names of value outputs, or a mapping of names to nothing (a value), a path (a file), " +
    "{ file } or { dir }. Empty: the node is run for its side effect.",
);

/** A permission whose extent may be everything. */
const permission = either(exactly(true), exactly(false), list(text(), { what: "texts" }));

/** A permission that must be listed, because what it names is tracked. */
const tracked = refine(
  either(boolean, list(text(), { what: "texts" })),
  (value, visit) => {
    if (value !== true) return value;
    visit.report(
      "wrong-value",
      `Cannot allow everything in ${visit.name}: what a node may use is what it depends on`,
      { hint: "List what the node needs" },
    );
    return undefined;
  },
  { json: { anyOf: [{ const: false }, { type: "array", items: text().json }] } },
);

/** The permissions of a node. */
export const allow = object({
  read: documented(tracked, "Paths the node may read; their content is tracked."),
  write: documented(tracked, "Paths the node may write."),
  net: documented(permission, "Hosts the node may reach, true for all."),
  env: documented(tracked, "Environment variables the node may see; their values are tracked."),
  sys: documented(permission, "System information the node may read, true for all."),
  run: documented(permission, "Programs the node may start, true for all."),
  ffi: documented(permission, "Native libraries the node may load, true for all."),
  import: documented(permission, "Hosts the node may import modules from, true for all."),
}, { expected: "a mapping of permissions" });

/** Where a text stream of a command goes. */
export const stream = documented(
  either(
    name,
    object({
      output: documented(name, "Name of the output."),
      as: documented(choice("text", "json", "lines"), "How the text becomes a value.", {
        default: "text",
      }),
    }, { expected: "a mapping with output", required: ["output"] }),
  ),
  "The output that gets this text stream of the command.",
);

/** The variables set for a command. */
export const variables = table(
  either(
    scalarText,
    object({
      env: documented(
        text({ expected: "the name of a variable", pattern: VARIABLE }),
        "Name of the variable of flow's own environment.",
      ),
    }, { expected: "a mapping with env", required: ["env"] }),
  ),
  { what: "variables", keyPattern: VARIABLE },
);
