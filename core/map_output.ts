/**
 * The array that the calls of a map make together, encoded. Does not know who called what.
 *
 * @module
 */

import type { Digest } from "./base/digest.ts";
import { indexOf, linearOf, type Space } from "./base/space.ts";
import { TextColumn } from "./base/text_column.ts";
import { decodeValue, type Encoded, encodeValue, isErrorText } from "./base/value.ts";
import { errorsAbove, spreadErrors } from "./error_value.ts";
import { isError } from "./is_error.ts";
import { fileText } from "./file_array.ts";
import { nestTexts } from "./map_calls.ts";
import { withoutHoles } from "./map_holes.ts";
import { shapeOf } from "./mapplan.ts";
import type { MapSpec } from "./mapspec.ts";
import type { ElementOutput } from "./store/elements.ts";

/** What calls delivered, row-major: `undefined` for calls that took no part. */
export interface Delivered {
  readonly length: number;
  at(call: number): ElementOutput | undefined;
}

/** What calls delivered if all of it is small text. */
interface DeliveredTexts {
  at(call: number): string;
}

/**
 * Arranges what calls delivered along the axes of the outputs. Calls of a map with generated axes deliver arrays; if
 * those axes come last they may have any lengths. An error value stands for all of an array.
 *
 * @param spec The map-spec.
 * @param calls Space of the calls.
 * @param delivered What each call delivered; there is `null` for calls that took no part.
 * @param read Returns the bytes of a stored element.
 * @throws {RangeError} If a call did not deliver an array of the rank and lengths the map-spec says, or lengths must be equal
 *   and are not.
 */
export function arrangeOutput(
  spec: MapSpec,
  calls: Space,
  delivered: Delivered,
  read: (digest: Digest) => Uint8Array,
): Encoded {
  const isInOrder = spec.axes.every((axis, i) => axis === [...spec.mapped, ...spec.generated][i]);
  if (isInOrder && spec.generated.length === 0 && areTexts(delivered)) {
    return { text: nestTexts(delivered, calls.shape) };
  }
  const elements = withoutHoles(spec, listOf(delivered), read);
  const texts = elements.map((element) => textOf(element, read));
  const isText = texts.every((text) => text !== undefined);
  if (isInOrder && isText) {
    if (spec.generated.length > 0) {
      texts.forEach((text, call) => {
        if (!isErrorText(String(text))) {
          checkRank(spec, calls, call, () => decodeValue(String(text)));
        }
      });
    }
    return { text: nestTexts(texts as readonly string[], calls.shape) };
  }
  const values = elements.map((element, i) =>
    decodeValue(texts[i] ?? (typeof element === "string" ? element : read(element.digest)))
  );
  if (spec.generated.length > 0) {
    values.forEach((value, call) => {
      if (!isError(value)) checkRank(spec, calls, call, () => value);
    });
  }
  return encodeValue(isInOrder ? nest(values, calls.shape) : transposed(spec, calls, values));
}

/** The usual case, in which there is nothing to look at and no list of a million texts to make. */
function areTexts(delivered: Delivered): delivered is Delivered & DeliveredTexts {
  if (delivered instanceof TextColumn) return delivered.isText;
  for (let call = 0; call < delivered.length; call++) {
    if (typeof delivered.at(call) !== "string") return false;
  }
  return true;
}

function listOf(delivered: Delivered): (ElementOutput | undefined)[] {
  return Array.from({ length: delivered.length }, (_, call) => delivered.at(call));
}

/** Text of an element, or `undefined` if it is a container. */
function textOf(element: ElementOutput, read: (digest: Digest) => Uint8Array): string | undefined {
  if (typeof element === "string") return element;
  const { digest, sizeBytes, file } = element;
  if (file !== undefined) {
    const kind = file === "program" ? "file" : file;
    return fileText({ kind, digest, sizeBytes, executable: file === "program" });
  }
  const bytes = read(digest);
  return bytes[0] === 0x93 ? undefined : new TextDecoder().decode(bytes);
}

function nest(values: readonly unknown[], shape: readonly number[]): unknown {
  let level: readonly unknown[] = values;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const size = shape[axis];
    const count = shape.slice(0, axis).reduce((product, length) => product * length, 1);
    const before = level;
    level = Array.from({ length: count }, (_, i) => before.slice(i * size, (i + 1) * size));
  }
  return level[0];
}

/** Checks that a call delivered an array along the generated axes, as long as the map-spec says. */
function checkRank(spec: MapSpec, calls: Space, call: number, value: () => unknown): void {
  let level = [value()];
  for (const axis of spec.generated) {
    const arrays = level.filter((item) => !isError(item)) as ArrayLike<unknown>[];
    const wrong = arrays.findIndex((item) => !Array.isArray(item) && !ArrayBuffer.isView(item));
    if (wrong >= 0) throw misplaced(spec, calls, { call, axis, what: "did not return an array" });
    const said: number | undefined = spec.lengths[axis];
    const other = arrays.find(({ length }) => said !== undefined && length !== said);
    if (other !== undefined) {
      const what = `returned ${other.length}, the map-spec says ${said}`;
      throw misplaced(spec, calls, { call, axis, what });
    }
    level = arrays.flatMap((item) => Array.from(item));
  }
}

function misplaced(
  { outputs }: MapSpec,
  { shape }: Space,
  { call, axis, what }: { readonly call: number; readonly axis: string; readonly what: string },
): RangeError {
  const where = shape.length === 0 ? "" : ` [${indexOf(call, shape).join(", ")}]`;
  return new RangeError(
    `Cannot arrange "${outputs[0].name}" along axis "${axis}": call${where} ${what}`,
  );
}

/** Generated axes stand before mapped ones: every element goes to its own place. */
function transposed(spec: MapSpec, calls: Space, delivered: readonly unknown[]): unknown {
  const rank = spec.generated.length;
  const values = spreadErrors(delivered, rank + 1) as readonly unknown[];
  // Nobody knows how long the axes would have been.
  const [unmeasured] = rank === 0 ? [] : errorsAbove(values, rank + 1);
  if (unmeasured !== undefined) return unmeasured;
  const name = spec.outputs[0].name;
  const lengths = values.map((value) => {
    const measured = shapeOf(value, rank, name);
    if (!measured.ok) throw new RangeError(measured.message);
    return measured.shape.map((length) => length ?? 0);
  });
  const [first = spec.generated.map((axis) => spec.lengths[axis] ?? 0)] = lengths;
  const other = lengths.findIndex((shape) => shape.some((length, axis) => length !== first[axis]));
  if (other >= 0) {
    throw new RangeError(
      `Cannot arrange "${name}" as [${spec.axes.join(", ")}]: calls returned shapes [${
        first.join(", ")
      }] and [${lengths[other].join(", ")}]`,
    );
  }
  const own: Space = {
    axes: [...calls.axes, ...spec.generated],
    shape: [...calls.shape, ...first],
  };
  const shape = spec.axes.map((axis) => own.shape[own.axes.indexOf(axis)]);
  const flat = values.flatMap((value) => (value as unknown[]).flat(rank - 1));
  const placed = new Array<unknown>(flat.length);
  flat.forEach((value, i) => {
    const index = indexOf(i, own.shape);
    placed[linearOf(spec.axes.map((axis) => index[own.axes.indexOf(axis)]), shape)] = value;
  });
  return nest(placed, shape);
}
