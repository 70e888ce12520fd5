/** The rules of the code that can be read off the files: layers, headers, length, documentation. */

import { dirname, join, relative } from "node:path";
import { assertEquals } from "./testing/assert.ts";

const ROOT = join(import.meta.dirname ?? "", "..");

/** Plain data and pure functions. Files of `core/` that are neither here nor in `LATE` belong to the engine's layer. */
const PURE = new Set([
  "action",
  "call_name",
  "check",
  "closure",
  "error_value",
  "event",
  "executors",
  "graph",
  "hooks",
  "is_error",
  "left_out",
  "map_axes",
  "check_map_paths",
  "file_array",
  "map_over",
  "map_path",
  "map_paths",
  "map_wires",
  "mapplan",
  "batch",
  "mapspec",
  "names",
  "node_wiring",
  "node_states",
  "partial_maps",
  "redact",
  "result",
  "run_reference",
  "selector",
  "shebang",
  "sweep",
  "swept",
  "taken",
  "template",
  "template_shell",
  "why",
  "wire",
  "with_hash",
  "workflow",
]);

/** Files of the engine's layer that are pure too. */
const PURE_ENGINE = new Set(["core/planner.ts", "core/schedule.ts"]);

/** Files of `core/` that put the parts together. */
const LATE: Readonly<Record<string, number>> = {
  "survey": 4,
  "keep_failure": 4,
  "engine": 5,
  "many": 5,
  "mod": 6,
};

/** Contracts that a group of layer 2 may import from another group. */
const SHARED: readonly (readonly [group: string, file: string])[] = [
  ["executor", "core/store/blobs.ts"],
];

/** A source file with what it imports. */
interface Source {
  /** Relative to the repository. */
  readonly path: string;
  readonly text: string;
  /** Without comments. */
  readonly code: string;
  readonly imports: readonly string[];
  /** Those evaluated when the file is loaded and needed at run time. */
  readonly staticImports: readonly string[];
}

/** Reads all sources below a directory. */
function sourcesOf(dir: string): Source[] {
  return [...Deno.readDirSync(join(ROOT, dir))].flatMap((entry) => {
    const path = `${dir}/${entry.name}`;
    if (entry.isDirectory) return sourcesOf(path);
    return entry.name.endsWith(".ts") ? [sourceOf(path)] : [];
  });
}

function sourceOf(path: string): Source {
  const text = Deno.readTextFileSync(join(ROOT, path));
  const code = text.replace(/^\s*\/\*\*?[\s\S]*?\*\//gm, "").replace(/^\s*\/\/.*$/gm, "");
  const resolve = (specifier: string) => {
    if (!specifier.startsWith(".")) return [];
    return [relative(ROOT, join(ROOT, dirname(path), specifier))];
  };
  const found = [...code.matchAll(/^(?:import|export)\b([^;"'`]*?)\bfrom "([^"]+)"/gm)];
  const dynamic = [...code.matchAll(/\bimport\(\s*"([^"]+)"/g)].flatMap(([, s]) => resolve(s));
  const isValue = (clause: string) =>
    !/^\s*type\b/.test(clause) &&
    !/^\s*\{(?:\s*type\s[^,}]*,?)+\s*\}\s*$/.test(clause);
  return {
    path,
    text,
    code,
    imports: [...found.flatMap(([, , s]) => resolve(s)), ...dynamic],
    staticImports: found.filter(([, clause]) => isValue(clause)).flatMap(([, , s]) => resolve(s)),
  };
}

/** The layer of a file; imports go to the same layer or a lower one. */
function layerOf(path: string): number {
  const parts = path.split("/");
  if (parts[0] === "cli") return 7;
  if (parts[0] !== "core") return -1;
  if (parts.length === 2) {
    const name = parts[1].replace(/\.ts$/, "");
    return PURE.has(name) ? 1 : LATE[name] ?? 3;
  }
  return { base: 0, report: 4 }[parts[1]] ?? 2;
}

const CORE = sourcesOf("core");
const CLI = sourcesOf("cli");
const ALL = [...CORE, ...CLI];

Deno.test("imports go down only", () => {
  const wrong = CORE.flatMap(({ path, imports }) =>
    imports
      .filter((to) => !to.startsWith("core/") || layerOf(to) > layerOf(path))
      .map((to) => `${path} (layer ${layerOf(path)}) imports ${to} (layer ${layerOf(to)})`)
  );
  assertEquals(wrong, []);
});

Deno.test("groups of layer 2 know only each other's contracts", () => {
  const wrong = CORE.filter(({ path }) => layerOf(path) === 2).flatMap(({ path, imports }) => {
    const group = path.split("/")[1];
    return imports
      .filter((to) => layerOf(to) === 2 && to.split("/")[1] !== group)
      .filter((to) => !SHARED.some(([from, file]) => from === group && file === to))
      .map((to) => `${path} imports ${to}`);
  });
  assertEquals(wrong, []);
});

Deno.test("cli/ imports the public API and the base, and the API only when a command needs it", () => {
  const isAllowed = (to: string) =>
    to === "core/mod.ts" || to === "core/memo.ts" || to === "core/executor/host.ts" ||
    to === "core/executor/host_pool.ts" ||
    to === "deno.json" ||
    to.startsWith("core/base/") ||
    to.startsWith("cli/");
  const wrong = CLI.flatMap(({ path, code, imports, staticImports }) => [
    ...imports.filter((to) => !isAllowed(to)).map((to) => `${path} imports ${to}`),
    ...staticImports.filter((to) => /^core\/\w+\.ts$/.test(to)).map((to) =>
      `${path} loads ${to} early`
    ),
    // They cost more than the rest of the start-up; scripts/bundle.ts relies on it too.
    .../^import .*"node:/m.test(code) ? [`${path} imports a module of Node's`] : [],
  ]);
  assertEquals(wrong, []);
});

Deno.test("no file loads itself through others; types may refer to each other", () => {
  const byPath = new Map(ALL.map((source) => [source.path, source]));
  const cycles: string[] = [];
  const state = new Map<string, "open" | "closed">();
  const visit = (path: string, trail: readonly string[]): void => {
    if (state.get(path) === "closed") return;
    if (state.get(path) === "open") {
      cycles.push([...trail.slice(trail.indexOf(path)), path].join(" -> "));
      return;
    }
    state.set(path, "open");
    for (const to of byPath.get(path)?.staticImports ?? []) visit(to, [...trail, path]);
    state.set(path, "closed");
  };
  for (const { path } of ALL) visit(path, []);
  assertEquals(cycles, []);
});

Deno.test("pure files neither wait nor look at the world", () => {
  const world =
    /\bDeno\.|\bawait\b|\bDate\.now\b|\bMath\.random\b|\bperformance\.|\bfetch\(|"node:/;
  const pure = CORE.filter(({ path }) => layerOf(path) === 1 || PURE_ENGINE.has(path));
  // A hash is a pure function, wherever it comes from.
  const wrong = pure.filter(({ code }) => world.test(code.replaceAll(`"node:crypto"`, "")));
  assertEquals(wrong.map(({ path }) => path), []);
});

Deno.test("a file starts with what it is and what it does not know", () => {
  const limits = /\b(?:not|no|nothing|neither|nor|unaware|without|only|pure)\b/i;
  const wrong = ALL.filter(({ text }) => {
    const header = /^\/\*\*[\s\S]*?\*\//.exec(text)?.[0];
    return header === undefined || !header.includes("@module") || !limits.test(header);
  });
  assertEquals(wrong.map(({ path }) => path), []);
});

Deno.test("a file of more than 450 lines says why it is one", () => {
  const reason = /\b(?:in one piece|in one place|one file|one loop|long because)\b/i;
  const wrong = ALL.filter(({ text }) => text.split("\n").length > 450 && !reason.test(text));
  assertEquals(wrong.map(({ path, text }) => `${path}: ${text.split("\n").length} lines`), []);
});

Deno.test("everything exported is documented", () => {
  const wrong = ALL.flatMap(({ path, text }) => {
    // Texts that hold code, as the files of `flow init` do, are not exports.
    const blank = (literal: string) => literal.replace(/[^\n]/g, "");
    const lines = text.replace(/(?<==\s+)`(?:\\[\s\S]|[^`\\])*`/g, blank).split("\n");
    const documented = new Set<string>();
    return lines.flatMap((line, i) => {
      const name =
        /^export (?:default )?(?:declare )?(?:abstract )?(?:async )?(?:function\*?|class|interface|type|const|let) ([\w$]+)/
          .exec(line)?.[1];
      if (name === undefined) return [];
      if (/\*\/\s*$|^\s*\/\/ deno-lint-ignore/.test(lines[i - 1] ?? "")) documented.add(name);
      return documented.has(name) ? [] : [`${path}:${i + 1}: ${name}`];
    });
  });
  assertEquals(wrong, []);
});

Deno.test("the files of the project do not name machines or people", () => {
  const wrong = ALL.filter(({ text }) => /\/(?:home|Users|root)\/\w/.test(text));
  assertEquals(wrong.map(({ path }) => path), []);
});
