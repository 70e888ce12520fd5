/**
 * `flow cache`: looks after the store. Does not run anything.
 *
 * @module
 */

import { buildCommand, buildRouteMap, type RouteMap } from "@stricli/core";
import type { CliContext } from "../context.ts";
import { COMMON_FLAGS, type CommonFlags } from "../flags.ts";

const statsCommand = buildCommand<CommonFlags, [], CliContext>({
  func: () => {},
  parameters: { flags: COMMON_FLAGS },
  docs: { brief: "x" },
});

/** `flow cache …`. */
export const cacheRoutes: RouteMap<CliContext> = buildRouteMap({
  routes: { stats: statsCommand },
  docs: { brief: "Look after the store of results" },
});
