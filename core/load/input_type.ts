/**
 * Types that inputs may declare. Does not know inputs, nor texts of the command line.
 *
 * @module
 */

import type { InputDef, Json } from "../workflow.ts";
import { isMapping } from "./shape.ts";

/** Whether a value is of a declared input type. */
export function isOfType(value: Json, type: NonNullable<InputDef["type"]>): boolean {
  switch (type) {
    case "array":
      return Array.isArray(value);
    case "object":
      return isMapping(value);
    case "integer":
      return Number.isSafeInteger(value);
    case "string":
      return typeof value === "string";
    case "number":
      return typeof value === "number";
    case "boolean":
      return typeof value === "boolean";
  }
}
