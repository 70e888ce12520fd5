/**
 * Places in a YAML text: which characters a path of keys and indices stands for. Works only when a
 * diagnostic asks, by parsing the text again. Does not know what the data means.
 *
 * @module
 */

import {
  type Event,
  EVENT_ALIAS,
  EVENT_DOCUMENT,
  EVENT_MAPPING,
  EVENT_POP,
  EVENT_SCALAR,
  EVENT_SEQUENCE,
  getScalarValue,
  parseEvents,
  YAMLException,
} from "js-yaml";
import type { SourceFile, Span } from "../base/source.ts";

/** Where the parts of one YAML text are. */
export class YamlPlaces {
  readonly #source: SourceFile;
  #index: Index | undefined;

  constructor(source: SourceFile) {
    this.#source = source;
  }

  /** See `Locate` in `workflow.ts`. The first call is O(text), a further one O(siblings). */
  locate(path: readonly (string | number)[], part: "key" | "value" = "value"): Span | undefined {
    const index = this.#index ??= indexText(this.#source.text);
    if (index.events.length < 2) return undefined;
    let key = -1;
    let value = 1;
    for (let depth = 0; depth < path.length; depth++) {
      const next = childOf(index, resolveAlias(index, value), path[depth], this.#source.text);
      if (next === undefined) return this.#nearest(index, key, value);
      [key, value] = next;
    }
    const isEmpty = isEmptyScalar(index.events[value]);
    return this.spanOf(index.events, key >= 0 && (part === "key" || isEmpty) ? key : value);
  }

  /** A missing member is best shown at the key of what should hold it, or at a one-line collection. */
  #nearest(index: Index, key: number, value: number): Span {
    const event = index.events[value];
    const isFlow = (event.type === EVENT_MAPPING || event.type === EVENT_SEQUENCE) &&
      event.style === 2;
    return this.spanOf(index.events, key < 0 || isFlow ? value : key);
  }

  /** Returns the span of the event at `i`; of a collection, from its start to its last scalar. */
  spanOf(events: readonly Event[], i: number): Span {
    const { text } = this.#source;
    let start = this.startOf(events, i);
    let end = start;
    let depth = 0;
    for (let at = i; at < events.length; at++) {
      const event = events[at];
      if (event.type === EVENT_MAPPING || event.type === EVENT_SEQUENCE) depth++;
      else if (event.type === EVENT_POP) depth--;
      else end = Math.max(end, endOf(event));
      if (depth <= 0) break;
    }
    const first = events[i];
    if ((first?.type === EVENT_MAPPING || first?.type === EVENT_SEQUENCE) && first.style === 2) {
      const close = text.indexOf(
        first.type === EVENT_MAPPING ? "}" : "]",
        Math.max(end, start + 1),
      );
      if (close >= 0) end = close + 1;
    }
    start = Math.min(start, text.length);
    return { source: this.#source, start, end: Math.max(end, start) };
  }

  /** Returns the offset at which the event at `i`, or the first one after it with a place, begins. */
  startOf(events: readonly Event[], i: number): number {
    for (let at = i; at < events.length; at++) {
      const event = events[at];
      switch (event.type) {
        case EVENT_SCALAR: {
          if (event.valueStart < 0) continue;
          if (event.style === 2 || event.style === 3) return event.valueStart - 1;
          // Block scalars begin with their indentation.
          const skip = /^\s*/.exec(this.#source.text.slice(event.valueStart, event.valueEnd));
          return event.valueStart + (skip?.[0].length ?? 0);
        }
        case EVENT_MAPPING:
        case EVENT_SEQUENCE:
          return event.start;
        case EVENT_ALIAS:
          return event.anchorStart - 1;
      }
    }
    return this.#source.text.length;
  }

  /** Returns the span of the first key of a mapping that reads `key`. */
  keySpan(events: readonly Event[], mapping: number, key: string): Span {
    let depth = 0;
    let isKey = true;
    for (let at = mapping + 1; at < events.length; at++) {
      const event = events[at];
      if (depth === 0 && isKey && event.type === EVENT_SCALAR) {
        if (getScalarValue(this.#source.text, event) === key) return this.spanOf(events, at);
      }
      if (event.type === EVENT_MAPPING || event.type === EVENT_SEQUENCE) depth++;
      else if (event.type === EVENT_POP) depth--;
      if (depth < 0) break;
      if (depth === 0) isKey = !isKey;
    }
    return this.spanOf(events, mapping);
  }
}

/** Events with what is needed to walk them as a tree. */
interface Index {
  readonly events: readonly Event[];
  /** Index of the first event after the subtree that begins at an event. */
  readonly after: Int32Array;
  /** Alias event to the event its anchor stands at. */
  readonly targets: ReadonlyMap<number, number>;
  /** Members of the collections walked so far: key to key event and value event. */
  readonly members: Map<number, Map<string, readonly [key: number, value: number]>>;
}

/** A text that is no YAML has no places. */
function indexText(text: string): Index {
  try {
    return indexEvents(parseEvents(text, {}), text);
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    return indexEvents([], text);
  }
}

function indexEvents(events: readonly Event[], text: string): Index {
  const after = new Int32Array(events.length);
  const targets = new Map<number, number>();
  const anchors = new Map<string, number>();
  const open: number[] = [];
  for (let i = 0; i < events.length; i++) {
    const event = events[i];
    after[i] = i + 1;
    if (event.type === EVENT_POP) {
      const start = open.pop();
      if (start !== undefined) after[start] = i + 1;
      continue;
    }
    if (event.type === EVENT_DOCUMENT) {
      open.push(i);
      continue;
    }
    const name = event.anchorStart < 0 ? "" : text.slice(event.anchorStart, event.anchorEnd);
    if (event.type === EVENT_ALIAS) {
      const target = anchors.get(name);
      if (target !== undefined) targets.set(i, target);
      continue;
    }
    if (name !== "") anchors.set(name, i);
    if (event.type !== EVENT_SCALAR) open.push(i);
  }
  return { events, after, targets, members: new Map() };
}

function resolveAlias(index: Index, at: number): number {
  return index.targets.get(at) ?? at;
}

function childOf(
  index: Index,
  at: number,
  key: string | number,
  text: string,
): readonly [number, number] | undefined {
  let members = index.members.get(at);
  if (members === undefined) {
    members = membersOf(index, at, text);
    index.members.set(at, members);
  }
  return members.get(String(key));
}

function membersOf(
  index: Index,
  at: number,
  text: string,
): Map<string, readonly [number, number]> {
  const { events, after } = index;
  const members = new Map<string, readonly [number, number]>();
  const kind = events[at].type;
  if (kind !== EVENT_MAPPING && kind !== EVENT_SEQUENCE) return members;
  const end = after[at] - 1;
  for (let i = at + 1, n = 0; i < end; n++) {
    if (kind === EVENT_SEQUENCE) {
      members.set(String(n), [-1, i]);
      i = after[i];
      continue;
    }
    const value = after[i];
    const event = events[i];
    const name = event.type === EVENT_SCALAR ? getScalarValue(text, event) : "";
    if (!members.has(name)) members.set(name, [i, value]);
    i = after[value];
  }
  return members;
}

function isEmptyScalar(event: Event): boolean {
  return event.type === EVENT_SCALAR && event.valueStart < 0;
}

/** Returns the offset after a scalar or alias, closing quote included. */
function endOf(event: Event): number {
  if (event.type === EVENT_SCALAR) {
    return event.valueEnd + (event.style === 2 || event.style === 3 ? 1 : 0);
  }
  return event.type === EVENT_ALIAS ? event.anchorEnd : 0;
}
