/** Tests of paths below a directory: always what `resolve` says. */

import fc from "fast-check";
import { resolve } from "node:path";
import { pathIn } from "../../../core/base/path.ts";
import { assertEquals } from "../../testing/assert.ts";

Deno.test("pathIn() returns what resolve() returns", () => {
  const part = fc.constantFrom("a", "b c", "..", ".", "", "...", ".x", "x.", "..y");
  const path = fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => parts.join("/"));
  fc.assert(
    fc.property(fc.constantFrom("/", "/d", "/d/e.f"), path, (dir, path) => {
      assertEquals(pathIn(dir, path), resolve(dir, path));
    }),
    { numRuns: 2000, seed: 1 },
  );
});
