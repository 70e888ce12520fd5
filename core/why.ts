/**
 * Says in words how two materials of a node differ: which file, which function, which param, from what to what.
 * Pure but for the reader it is given; does not know how materials are made or stored.
 *
 * @module
 */

import type { InputMaterial, Material } from "./action.ts";
import type { Digest } from "./base/digest.ts";

/** A material as it was recorded, with what people want to see beside it. */
export interface Recorded {
  readonly materialText: string;
  readonly notes: RecordedNotes;
}

/** Notes as stored; see `rebuild.ts`. */
export interface RecordedNotes {
  readonly inputs?: Readonly<Record<string, { readonly source: string; readonly text?: string }>>;
  readonly code?: Digest;
  readonly track?: Readonly<Record<string, Digest>>;
}

/** Reads the parts of a code digest from a blob; `undefined` if it is gone. */
type PartsOf = (blob: Digest) => Readonly<Record<string, string>> | undefined;

/**
 * Returns one line per difference, most telling first.
 *
 * @param before The earlier material.
 * @param after The current one.
 * @param partsOf Reads the parts of a code digest from the blob named in the notes; `undefined` if it is gone.
 */
export function explainDifference(
  before: Recorded,
  after: Recorded,
  partsOf: PartsOf,
): string[] {
  const old = JSON.parse(before.materialText) as Material;
  const now = JSON.parse(after.materialText) as Material;
  const lines = [
    ...explainCode(old, now, before.notes, after.notes, partsOf),
    ...explainCommand(old, now),
    ...explainMap(old, now),
    ...explainInputs(old, now, before.notes, after.notes),
    ...explainRecord("variable", old.env, now.env),
    ...explainTracked(old, now, before.notes, after.notes, partsOf),
    ...explainScope(old, now),
    ...explainRecord("output", old.outputs, now.outputs),
  ];
  if (old.version !== now.version) lines.push("flow's format of keys changed");
  return lines;
}

function explainCode(
  old: Material,
  now: Material,
  oldNotes: RecordedNotes,
  notes: RecordedNotes,
  partsOf: PartsOf,
): string[] {
  if (old.code === now.code) return [];
  if (old.code === undefined || now.code === undefined) return ["the node's kind changed"];
  const lines = explainParts("code", oldNotes.code, notes.code, partsOf);
  return lines.length > 0 ? lines : ["the code of the function changed"];
}

/** One line per part of a code digest that differs; none if the parts are not known any more. */
function explainParts(
  what: string,
  before: Digest | undefined,
  after: Digest | undefined,
  partsOf: PartsOf,
): string[] {
  const old = before === undefined ? undefined : partsOf(before);
  const now = after === undefined ? undefined : partsOf(after);
  if (old === undefined || now === undefined) return [];
  const lines: string[] = [];
  for (const name of sortedKeys(old, now)) {
    if (!Object.hasOwn(old, name)) lines.push(`${what}: ${name} is used now`);
    else if (!Object.hasOwn(now, name)) lines.push(`${what}: ${name} is not used any more`);
    else if (old[name] !== now[name]) lines.push(`${what}: ${name} changed`);
  }
  return lines;
}

function explainMap({ map: old }: Material, { map: now }: Material): string[] {
  if (old === now) return [];
  const [from, to] = [old, now].map((map) => map === undefined ? "absent" : JSON.stringify(map));
  return [`map: ${from} -> ${to}`];
}

function explainCommand(old: Material, now: Material): string[] {
  const a = old.command;
  const b = now.command;
  if (a === undefined || b === undefined) return [];
  const lines: string[] = [];
  for (const path of sortedKeys(a.params, b.params)) {
    const from = a.params[path];
    const to = b.params[path];
    if (from !== to) lines.push(`params.${path}: ${from ?? "absent"} -> ${to ?? "absent"}`);
  }
  const fields = [
    "argv",
    "script",
    "shell",
    "cwd",
    "okCodes",
    "stdin",
    "stdout",
    "stderr",
    "exitCode",
    "commandLine",
    "hooks",
  ] as const;
  for (const field of fields) {
    const from = JSON.stringify(a[field]);
    const to = JSON.stringify(b[field]);
    if (from === to) continue;
    const name = field === "argv" || field === "script" ? "command" : field;
    lines.push(`${name}: ${shorten(from)} -> ${shorten(to)}`);
  }
  return lines;
}

function explainInputs(
  old: Material,
  now: Material,
  oldNotes: RecordedNotes,
  notes: RecordedNotes,
): string[] {
  const lines: string[] = [];
  for (const name of sortedKeys(old.inputs, now.inputs)) {
    const from: InputMaterial | undefined = old.inputs[name];
    const to: InputMaterial | undefined = now.inputs[name];
    const source = (notes.inputs ?? {})[name]?.source ?? (oldNotes.inputs ?? {})[name]?.source;
    const label = source === undefined || source === name || source === `input ${name}`
      ? `input ${name}`
      : `input ${name} (${source})`;
    if (from === undefined) lines.push(`${label} is new`);
    else if (to === undefined) lines.push(`${label} is gone`);
    else if (from.digest !== to.digest) {
      const before = (oldNotes.inputs ?? {})[name]?.text ?? short(from.digest);
      const after = (notes.inputs ?? {})[name]?.text ?? short(to.digest);
      lines.push(
        before === after
          ? `${label}: its hash changed, its content did not`
          : `${label}: ${shorten(before)} -> ${shorten(after)}`,
      );
    } else if (from.seen !== to.seen) {
      lines.push(`${label}: name ${from.seen ?? "absent"} -> ${to.seen ?? "absent"}`);
    } else if (from.kind !== to.kind) lines.push(`${label}: ${from.kind} -> ${to.kind}`);
  }
  return lines;
}

function explainTracked(
  old: Material,
  now: Material,
  oldNotes: RecordedNotes,
  notes: RecordedNotes,
  partsOf: PartsOf,
): string[] {
  return sortedKeys(old.track, now.track)
    .filter((name) => old.track[name] !== now.track[name])
    .flatMap((name) => {
      const what = `tracked ${name}`;
      if (!Object.hasOwn(old.track, name)) return [`${what} is new`];
      if (!Object.hasOwn(now.track, name)) return [`${what} is gone`];
      const lines = explainParts(what, oldNotes.track?.[name], notes.track?.[name], partsOf);
      return lines.length > 0 ? lines : [`${what} changed`];
    });
}

function explainScope(old: Material, now: Material): string[] {
  return sortedKeys(old.scope, now.scope)
    .filter((name) => old.scope[name] !== now.scope[name])
    .map((name) => {
      if (!Object.hasOwn(old.scope, name)) return `allow: ${name} is new`;
      if (!Object.hasOwn(now.scope, name)) return `allow: ${name} is gone`;
      return name.startsWith("read ") ? `${name.slice(5)} changed` : `allow: ${name} changed`;
    });
}

function explainRecord(
  what: string,
  old: Readonly<Record<string, string | null>>,
  now: Readonly<Record<string, string | null>>,
): string[] {
  return sortedKeys(old, now)
    .filter((name) => old[name] !== now[name])
    .map((name) =>
      `${what} ${name}: ${shorten(old[name] ?? "absent")} -> ${shorten(now[name] ?? "absent")}`
    );
}

function sortedKeys(a: object, b: object): string[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].sort();
}

function short(digest: string): string {
  return digest.slice(0, 8);
}

function shorten(text: string | undefined): string {
  if (text === undefined) return "absent";
  return text.length > 80 ? text.slice(0, 79) + "…" : text;
}
