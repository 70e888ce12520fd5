/**
 * The version of flow, taken from `deno.json`. Knows nothing else, so that `--version` costs nothing.
 *
 * @module
 */

import config from "../deno.json" with { type: "json" };

/** Version of this program, as `major.minor.patch`. */
export const VERSION: string = config.version;
