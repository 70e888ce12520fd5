/** Placeholder; see the map-spec module. Does not know nodes or values. @module */

/** A parsed map-spec such as `x[i], y[j] -> z[i, j]`. */
export interface MapSpec {
  readonly text: string;
}
