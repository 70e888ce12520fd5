/**
 * YAML text as plain data, with every limit that keeps a hostile file harmless.
 * Does not know the workflow format, nor how places are found (`yaml_place.ts`).
 *
 * @module
 */

import {
  boolCoreTag,
  type Event,
  EVENT_ALIAS,
  EVENT_DOCUMENT,
  EVENT_MAPPING,
  EVENT_POP,
  EVENT_SCALAR,
  EVENT_SEQUENCE,
  floatCoreTag,
  getScalarValue,
  intCoreTag,
  NOT_RESOLVED,
  nullCoreTag,
  parseEvents,
  YAMLException,
} from "js-yaml";
import type { Diagnostic } from "../base/error.ts";
import type { SourceFile, Span } from "../base/source.ts";
import type { Json } from "../workflow.ts";
import { type DefinitionDocument, hasControl, isForbiddenKey, MAX_DEPTH } from "./document.ts";
import { YamlPlaces } from "./yaml_place.ts";
import { syntaxProblem } from "./yaml_syntax.ts";

/** Aliases may expand a document to this many values, or to `EXPANSION` times what is written. */
const MAX_EXPANDED = 1_000_000;
const EXPANSION = 10;

/** Problems beyond this many are not collected: the file is not YAML that somebody wrote. */
const MAX_PROBLEMS = 100;

/**
 * Reads YAML 1.2 (core schema: dates, `no`, `1e3x` stay strings) into plain data.
 *
 * Never throws for the content of the text: `data` is absent and `diagnostics` say why.
 * O(text), also for alias bombs, since an alias shares the value of its anchor.
 *
 * @param text The file, decoded.
 * @param name File name for diagnostics.
 */
export function readYaml(text: string, name: string): DefinitionDocument {
  const source: SourceFile = { name, text };
  const places = new YamlPlaces(source);
  const locate = places.locate.bind(places);
  const fail = (diagnostic: Diagnostic): DefinitionDocument => ({
    source,
    diagnostics: [diagnostic],
    locate,
    written: () => undefined,
  });
  let events: Event[];
  try {
    events = parseEvents(text, { maxDepth: MAX_DEPTH + 1 });
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    return fail(syntaxProblem(error, source));
  }
  const builder = new Builder(source, events, places);
  return builder.build(locate);
}

/** A collection under construction. */
interface Frame {
  readonly list: Json[] | undefined;
  readonly map: { [key: string]: Json } | undefined;
  readonly event: number;
  readonly anchor: string | undefined;
  /** Key waiting for its value. */
  key: string | undefined;
  /** The waiting key is invalid: its value is read and dropped. */
  isDropped: boolean;
  /** Values inside, aliases expanded. */
  size: number;
  /** Levels inside, aliases expanded. */
  height: number;
}

/** What an anchor stands for. `isOpen` while its own collection is being read. */
interface Anchor {
  value: Json;
  size: number;
  height: number;
  isOpen: boolean;
}

/** Builds data from events. One use. */
class Builder {
  readonly #source: SourceFile;
  readonly #events: readonly Event[];
  readonly #places: YamlPlaces;
  readonly #problems: Diagnostic[] = [];
  readonly #frames: Frame[] = [];
  readonly #anchors = new Map<string, Anchor>();
  readonly #written = new Map<object, Map<string | number, string>>();
  #root: Json | undefined;
  #expanded = 0;

  constructor(source: SourceFile, events: readonly Event[], places: YamlPlaces) {
    this.#source = source;
    this.#events = events;
    this.#places = places;
  }

  build(locate: DefinitionDocument["locate"]): DefinitionDocument {
    const isWhole = this.#run();
    const written = this.#written;
    return {
      source: this.#source,
      ...(isWhole && this.#root !== undefined ? { data: this.#root } : {}),
      diagnostics: this.#problems,
      locate,
      written: (collection, key) => written.get(collection)?.get(key),
    };
  }

  /** Returns whether the data is whole; otherwise a problem says why it is not. */
  #run(): boolean {
    const limit = Math.max(MAX_EXPANDED, EXPANSION * this.#events.length);
    let documents = 0;
    for (let i = 0; i < this.#events.length; i++) {
      const event = this.#events[i];
      switch (event.type) {
        case EVENT_DOCUMENT:
          if (++documents > 1) return this.#severalDocuments(i);
          if (event.directives.some((d) => d.kind === "tag")) {
            this.#problem(
              i,
              "yaml-tag",
              "Cannot use a %TAG directive: custom tags are not supported",
            );
          }
          break;
        case EVENT_SCALAR:
          this.#scalar(i, event);
          break;
        case EVENT_SEQUENCE:
        case EVENT_MAPPING:
          this.#open(i, event);
          break;
        case EVENT_ALIAS:
          this.#alias(i, event);
          break;
        case EVENT_POP:
          this.#close();
          break;
      }
      if (this.#expanded > limit) return this.#bomb(i, limit);
      if (this.#problems.length >= MAX_PROBLEMS) return false;
    }
    if (documents > 0 && (this.#root !== null || this.#events.length > 3)) return true;
    if (this.#problems.length === 0) {
      this.#problems.push({
        severity: "error",
        code: "empty-file",
        message: `Cannot read "${this.#source.name}": the file is empty`,
        span: { source: this.#source, start: 0, end: 0 },
      });
    }
    return false;
  }

  #severalDocuments(i: number): false {
    const at = this.#source.text.slice(0, this.#places.startOf(this.#events, i + 1)).lastIndexOf(
      "---",
    );
    this.#problems.push({
      severity: "error",
      code: "several-documents",
      message: "Cannot read the file: it holds several YAML documents",
      span: { source: this.#source, start: Math.max(0, at), end: Math.max(0, at) + 3 },
      hint: 'Keep one workflow per file; remove the "---" line',
    });
    return false;
  }

  #bomb(i: number, limit: number): false {
    this.#problem(
      i,
      "alias-bomb",
      `Cannot read the file: its aliases expand to more than ${limit.toLocaleString("en")} values`,
    );
    return false;
  }

  #problem(
    i: number,
    code: string,
    message: string,
    more: { hint?: string; related?: { message: string; span: Span }[] } = {},
  ): void {
    const span = this.#places.spanOf(this.#events, i);
    this.#problems.push({ severity: "error", code, message, span, ...more });
  }

  #tooDeep(i: number): void {
    const message = `Cannot read the file as YAML: it is nested deeper than ${MAX_DEPTH} levels`;
    this.#problem(i, "yaml-syntax", message);
  }

  #scalar(i: number, event: Extract<Event, { type: typeof EVENT_SCALAR }>): void {
    const text = getScalarValue(this.#source.text, event);
    const frame = this.#frames.at(-1);
    if (frame?.map !== undefined && frame.key === undefined) return this.#key(i, frame, text);
    let value: Json = text;
    if (event.tagStart >= 0) value = this.#tagged(i, event, text);
    else if (event.style === 1) value = resolvePlain(text);
    if (typeof value !== "string" && frame !== undefined && String(value) !== text) {
      this.#remember(frame, text);
    }
    if (event.anchorStart >= 0) {
      const name = this.#source.text.slice(event.anchorStart, event.anchorEnd);
      this.#anchors.set(name, { value, size: 1, height: 0, isOpen: false });
    }
    this.#add(value, 1, 0);
  }

  /** Keeps the text of a scalar whose value does not tell how it was written. */
  #remember(frame: Frame, text: string): void {
    const collection = frame.list ?? frame.map;
    const key = frame.list?.length ?? frame.key;
    // A root scalar has no frame, and a mapping that gets a value has its key.
    if (collection === undefined || key === undefined) return;
    const texts = this.#written.get(collection) ?? new Map<string | number, string>();
    this.#written.set(collection, texts.set(key, text));
  }

  #tagged(
    i: number,
    event: Extract<Event, { type: typeof EVENT_SCALAR }>,
    text: string,
  ): Json {
    const tag = this.#source.text.slice(event.tagStart, event.tagEnd);
    if (tag === "!!str" || tag === "!") return text;
    const known = SCALAR_TAGS[tag];
    const value = known?.resolve(text, true, known.tagName);
    if (value !== undefined && value !== NOT_RESOLVED) return value as Json;
    const message = known === undefined
      ? `Cannot use tag "${tag}": custom tags are not supported`
      : `Cannot read "${text}" as ${tag}`;
    this.#problem(i, "yaml-tag", message);
    return text;
  }

  #key(i: number, frame: Frame, text: string): void {
    frame.key = text;
    frame.isDropped = true;
    const event = this.#events[i];
    const isPlain = event.type === EVENT_SCALAR && event.style === 1;
    if (isForbiddenKey(text)) {
      this.#problem(i, "forbidden-key", `Cannot use key "${text}": the name is reserved`);
    } else if (hasControl(text)) {
      this.#problem(
        i,
        "control-character",
        `Cannot use key ${JSON.stringify(text)}: it holds a control character`,
      );
    } else if (text === "<<" && isPlain) {
      this.#problem(i, "merge-key", 'Cannot use merge key "<<": it is not part of YAML 1.2', {
        hint: 'Write options shared by all nodes under "defaults"',
      });
    } else if (frame.map !== undefined && Object.hasOwn(frame.map, text)) {
      const first = this.#places.keySpan(this.#events, frame.event, text);
      this.#problem(i, "duplicate-key", `Duplicate key "${text}"`, {
        related: [{ message: "first defined here", span: first }],
        hint: "Remove or rename one of them",
      });
    } else {
      frame.isDropped = false;
    }
  }

  #open(
    i: number,
    event: Extract<Event, { type: typeof EVENT_SEQUENCE | typeof EVENT_MAPPING }>,
  ): void {
    const isList = event.type === EVENT_SEQUENCE;
    if (event.tagStart >= 0) {
      const tag = this.#source.text.slice(event.tagStart, event.tagEnd);
      if (tag !== (isList ? "!!seq" : "!!map")) {
        this.#problem(i, "yaml-tag", `Cannot use tag "${tag}": custom tags are not supported`);
      }
    }
    // The parser's own limit counts scalars too, so it lets one level more of empty collections pass.
    if (this.#frames.length === MAX_DEPTH) this.#tooDeep(i);
    const parent = this.#frames.at(-1);
    if (parent?.map !== undefined && parent.key === undefined) {
      this.#problem(i, "complex-key", "Cannot use a list or mapping as a key");
      parent.key = "";
      parent.isDropped = true;
      // The key itself is read into a frame that hands its value to nobody.
      this.#frames.push(this.#frame(i, isList, undefined, "key"));
      return;
    }
    const anchor = event.anchorStart < 0
      ? undefined
      : this.#source.text.slice(event.anchorStart, event.anchorEnd);
    const frame = this.#frame(i, isList, anchor);
    this.#frames.push(frame);
    const value = frame.list ?? frame.map ?? null;
    if (anchor !== undefined) {
      this.#anchors.set(anchor, { value, size: 0, height: 0, isOpen: true });
    }
  }

  #frame(event: number, isList: boolean, anchor: string | undefined, role?: "key"): Frame {
    return {
      list: isList ? [] : undefined,
      map: isList ? undefined : {},
      event: role === "key" ? -1 : event,
      anchor,
      key: undefined,
      isDropped: false,
      size: 1,
      height: 1,
    };
  }

  #close(): void {
    const frame = this.#frames.pop();
    // The last pop closes the document, which has no frame; a frame without event is a complex key.
    if (frame === undefined || frame.event < 0) return;
    const anchor = frame.anchor === undefined ? undefined : this.#anchors.get(frame.anchor);
    const value: Json = frame.list ?? frame.map ?? null;
    if (anchor !== undefined && anchor.value === value) {
      anchor.size = frame.size;
      anchor.height = frame.height;
      anchor.isOpen = false;
    }
    this.#add(value, frame.size, frame.height);
  }

  #alias(i: number, event: Extract<Event, { type: typeof EVENT_ALIAS }>): void {
    const name = this.#source.text.slice(event.anchorStart, event.anchorEnd);
    const frame = this.#frames.at(-1);
    if (frame?.map !== undefined && frame.key === undefined) {
      this.#problem(i, "complex-key", `Cannot use alias "*${name}" as a key`);
      frame.key = "";
      frame.isDropped = true;
      return;
    }
    const anchor = this.#anchors.get(name);
    if (anchor === undefined || anchor.isOpen) {
      const why = anchor === undefined ? `no anchor "&${name}" before it` : "it contains itself";
      this.#problem(i, "unknown-alias", `Cannot resolve alias "*${name}": ${why}`);
      this.#add(null, 1, 0);
      return;
    }
    if (this.#frames.length + anchor.height > MAX_DEPTH) {
      this.#tooDeep(i);
      this.#add(null, 1, 0);
      return;
    }
    this.#expanded += anchor.size;
    this.#add(anchor.value, anchor.size, anchor.height);
  }

  #add(value: Json, size: number, height: number): void {
    const frame = this.#frames.at(-1);
    this.#expanded++;
    if (frame === undefined) {
      this.#root = value;
      return;
    }
    frame.size += size;
    if (height >= frame.height) frame.height = height + 1;
    if (frame.list !== undefined) frame.list.push(value);
    else if (frame.map !== undefined && frame.key !== undefined) {
      if (!frame.isDropped) frame.map[frame.key] = value;
      frame.key = undefined;
      frame.isDropped = false;
    }
  }
}

const SCALAR_TAGS: Readonly<
  Record<string, typeof nullCoreTag | typeof intCoreTag | typeof boolCoreTag>
> = { "!!null": nullCoreTag, "!!bool": boolCoreTag, "!!int": intCoreTag, "!!float": floatCoreTag };

/**
 * Returns the value of a plain scalar by the core schema of YAML 1.2.
 *
 * @example
 * ```ts
 * import { assertEquals } from "../../tests/testing/assert.ts";
 * import { resolvePlain } from "./yaml.ts";
 *
 * assertEquals(["3", "~", "true", "no", "2024-01-01", "1e3x"].map(resolvePlain), [
 *   3, null, true, "no", "2024-01-01", "1e3x",
 * ]);
 * ```
 */
export function resolvePlain(text: string): Json {
  const first = text.charCodeAt(0);
  // Digits, "+", "-", ".": only these begin a number.
  if ((first >= 48 && first <= 57) || first === 43 || first === 45 || first === 46) {
    const int = intCoreTag.resolve(text, false, intCoreTag.tagName);
    if (int !== NOT_RESOLVED) return int as number;
    const float = floatCoreTag.resolve(text, false, floatCoreTag.tagName);
    return float === NOT_RESOLVED ? text : float as number;
  }
  if (text.length > 5) return text;
  const bool = boolCoreTag.resolve(text, false, boolCoreTag.tagName);
  if (bool !== NOT_RESOLVED) return bool as boolean;
  return nullCoreTag.resolve(text, false, nullCoreTag.tagName) === NOT_RESOLVED ? text : null;
}
