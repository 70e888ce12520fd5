/**
 * Arrays with names for their axes, and the long table they make: one row per element. Does not know nodes, formats or
 * files.
 *
 * @module
 */

import { UsageError } from "../base/error.ts";
import { itemsOf, positionsOf, type Subscript } from "../base/slice.ts";

/** A one-dimensional array that says what the positions along an axis stand for. */
export interface Label {
  readonly name: string;
  /** By position along the axis. */
  readonly values: readonly unknown[];
}

/** One axis of labelled arrays. */
export interface Axis {
  readonly name: string;
  readonly labels: readonly Label[];
}

/** Nested arrays that share their axes; below those the elements may be anything. */
export interface Labelled {
  /** Outermost first. */
  readonly axes: readonly Axis[];
  readonly variables: readonly { readonly name: string; readonly value: unknown }[];
}

/** One column of a long table. */
export interface Column {
  readonly name: string;
  readonly role: "index" | "label" | "variable";
  /** By row. */
  readonly values: readonly unknown[];
}

/** An axis that is left after positions were selected; its labels are called like their columns. */
export interface TableAxis extends Axis {
  /** The positions that were selected: of a ragged axis those of the first row. */
  readonly positions: readonly number[];
}

/** One row per element, in row-major order. */
export interface LongTable {
  readonly rowCount: number;
  /** By axis its index and labels, then the variables. */
  readonly columns: readonly Column[];
  readonly axes: readonly TableAxis[];
  /** Name of an axis along which the lengths differ, if there is one. */
  readonly ragged?: string;
  /** Place of a row in the arrays, for example `[3, 1]`. */
  placeOf(row: number): string;
}

/**
 * Makes a long table of labelled arrays.
 *
 * @param labelled The arrays.
 * @param subscripts What is selected of them, outermost axis first. An axis of which one position is selected goes away.
 * @throws {UsageError} If a position does not exist or the arrays have different lengths.
 *
 * @example
 * ```ts
 * import { assertEquals } from "../../tests/testing/assert.ts";
 * import { longTable } from "./labelled.ts";
 *
 * const axes = [{ name: "i", labels: [{ name: "lrs", values: [0.1, 0.2] }] }];
 * const { columns } = longTable({ axes, variables: [{ name: "z", value: [5, 6] }] }, []);
 * assertEquals(columns.map(({ name }) => name), ["i", "lrs", "z"]);
 * assertEquals(columns.map(({ values }) => values[1]), [1, 0.2, 6]);
 * ```
 */
export function longTable(labelled: Labelled, subscripts: readonly Subscript[]): LongTable {
  const { axes, variables } = labelled;
  if (subscripts.length > axes.length) {
    throw new UsageError(
      `Cannot select from "${variables[0].name}": it has ${axes.length} axes, ` +
        `${subscripts.length} positions are given`,
    );
  }
  const rows = new Rows(labelled, subscripts);
  const isKept = axes.map((_, depth) => subscripts[depth]?.kind !== "at");
  const columns = axes.flatMap((axis, depth) =>
    isKept[depth] ? columnsOfAxis(axis, rows.indices[depth]) : []
  );
  for (const [at, { name }] of variables.entries()) {
    columns.push({ name, role: "variable", values: rows.cells[at] });
  }
  const named = withUniqueNames(columns);
  const names = named.filter(({ role }) => role === "label").map(({ name }) => name).values();
  const kept = axes.flatMap((axis, depth): TableAxis[] => {
    if (!isKept[depth]) return [];
    const labels = axis.labels.map((label) => ({ ...label, name: names.next().value ?? "" }));
    return [{ ...axis, labels, positions: rows.positions[depth] ?? [] }];
  });
  return {
    rowCount: rows.count,
    columns: named,
    axes: kept,
    ...(rows.ragged === undefined ? {} : { ragged: axes[rows.ragged].name }),
    placeOf: (row) =>
      axes.length === 0 ? "" : `[${rows.indices.map((column) => column[row]).join(", ")}]`,
  };
}

/** Walks through all variables at once and notes the selected elements. */
class Rows {
  /** By axis, then by row. */
  readonly indices: number[][];
  /** By variable, then by row. */
  readonly cells: unknown[][];
  /** By axis: what was selected where it was met first. */
  readonly positions: (readonly number[] | undefined)[];
  /** Axis along which lengths differ. */
  ragged: number | undefined;
  count = 0;
  readonly #labelled: Labelled;
  readonly #subscripts: readonly Subscript[];
  readonly #index: number[] = [];

  constructor(labelled: Labelled, subscripts: readonly Subscript[]) {
    this.#labelled = labelled;
    this.#subscripts = subscripts;
    this.indices = labelled.axes.map(() => []);
    this.cells = labelled.variables.map(() => []);
    this.positions = labelled.axes.map(() => undefined);
    this.#walk(0, labelled.variables.map(({ value }) => value));
  }

  #walk(depth: number, values: readonly unknown[]): void {
    if (depth === this.indices.length) {
      this.count++;
      this.#index.forEach((at, axis) => this.indices[axis].push(at));
      values.forEach((value, at) => this.cells[at].push(value));
      return;
    }
    const arrays = values.map((value, at) => this.#itemsAt(value, at));
    const { length } = arrays[0];
    this.#checkLengths(arrays, depth);
    const subscript = this.#subscripts[depth];
    const selected = subscript === undefined
      ? Array.from({ length }, (_, at) => at)
      : positionsOf(subscript, length, this.#labelled.variables[0].name);
    const first = this.positions[depth] ??= selected;
    if (first.length !== selected.length) this.ragged ??= depth;
    for (const at of selected) {
      this.#index[depth] = at;
      this.#walk(depth + 1, arrays.map((items) => items[at]));
    }
  }

  #itemsAt(value: unknown, variable: number): ArrayLike<unknown> {
    const items = itemsOf(value);
    if (items !== undefined) return items;
    const { name } = this.#labelled.variables[variable];
    const place = this.#index.length === 0 ? "" : `[${this.#index.join(", ")}]`;
    throw new UsageError(`Cannot make a table of "${name}": ${name}${place} is no array`);
  }

  #checkLengths(arrays: readonly ArrayLike<unknown>[], depth: number): void {
    const other = arrays.findIndex(({ length }) => length !== arrays[0].length);
    if (other < 0) return;
    const { axes, variables } = this.#labelled;
    throw new UsageError(
      `Cannot put "${variables[0].name}" and "${variables[other].name}" side by side: along axis ` +
        `"${axes[depth].name}" they have lengths ${arrays[0].length} and ${arrays[other].length}`,
      { hint: "show them one by one" },
    );
  }
}

/** A label that is called like its axis stands in for the index. */
function columnsOfAxis({ name, labels }: Axis, indices: readonly number[]): Column[] {
  const index: Column[] = labels.some((label) => label.name === name)
    ? []
    : [{ name, role: "index", values: indices }];
  return [
    ...index,
    ...labels.map((label): Column => ({
      name: label.name,
      role: "label",
      values: indices.map((at) => label.values[at]),
    })),
  ];
}

/** A name that an earlier column has gets a number. */
function withUniqueNames(columns: readonly Column[]): Column[] {
  const seen = new Set<string>();
  return columns.map((column) => {
    let { name } = column;
    for (let number = 2; seen.has(name); number++) name = `${column.name}_${number}`;
    seen.add(name);
    return name === column.name ? column : { ...column, name };
  });
}
