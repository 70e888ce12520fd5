/**
 * `allow` as it stands in a file to a scope. Does not know what is on disk.
 *
 * @module
 */

import { EMPTY_SCOPE, type Scope } from "../workflow.ts";
import type { NodeFields } from "./schema.ts";
import { isList } from "./shape.ts";

/** Returns what `allow` allows; nothing without it. */
export function scopeOf(allow: NodeFields["allow"]): Scope {
  if (allow === undefined || allow === false) return EMPTY_SCOPE;
  const listed = (value: readonly string[] | boolean = []): readonly string[] =>
    isList(value as readonly string[]) ? value as readonly string[] : [];
  const open = (value: readonly string[] | boolean = []): readonly string[] | true =>
    value === true ? true : listed(value);
  return {
    read: listed(allow.read),
    write: listed(allow.write),
    net: open(allow.net),
    env: listed(allow.env),
    sys: open(allow.sys),
    run: open(allow.run),
    ffi: open(allow.ffi),
    import: open(allow.import),
  };
}
