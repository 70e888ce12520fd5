/** Tests of `core/store/sidecar.ts`: what is taken from a sidecar, and what is refused. */

import { digestBySidecar, SidecarError } from "../../../core/store/sidecar.ts";
import { assertEquals, assertThrows } from "../../testing/assert.ts";
import { TemporaryDirectory } from "../../cli/flow.ts";

const HEX = "0123456789abcdef".repeat(4);

/** Texts of `big.bam.sha256` that are right. */
const RIGHT: readonly string[] = [
  HEX,
  `${HEX}\n`,
  `${HEX}  big.bam\n`,
  `${HEX} *big.bam\n`,
  `${HEX}  elsewhere/big.bam\r\n`,
  `\n${HEX.toUpperCase()}\n\n`,
  `\\${HEX}  big\\n.bam\n`,
];

for (const text of RIGHT) {
  Deno.test(`digestBySidecar() takes ${JSON.stringify(text)}`, () => {
    using dir = new TemporaryDirectory().write({ "big.bam": "xy", "big.bam.sha256": text });
    const { digest, sizeBytes } = digestBySidecar(`${dir.path}/big.bam`, "big.bam");
    assertEquals([digest, sizeBytes], [HEX, 2]);
  });
}

/** Texts of the sidecar, or none, and what is said of it. */
const WRONG: readonly (readonly [text: string | undefined, state: string])[] = [
  [undefined, "it does not exist"],
  ["", "it holds 0 lines, not one"],
  [`${HEX}  big.bam\n${HEX}  other.bam\n`, "it holds 2 lines, not one"],
  [HEX.slice(1), "it holds 63 hexadecimal digits, not 64"],
  [`${HEX}0  big.bam`, "it holds 65 hexadecimal digits, not 64"],
  [`g${HEX.slice(1)}`, "what it holds is no hexadecimal number"],
  [`SHA256 (big.bam) = ${HEX}`, "what it holds is no hexadecimal number"],
  [`${HEX}  data/other.bam\n`, 'it is of "data/other.bam"'],
];

for (const [text, state] of WRONG) {
  Deno.test(`digestBySidecar() refuses ${JSON.stringify(text)}`, () => {
    using dir = new TemporaryDirectory().write({
      "big.bam": "xy",
      ...text === undefined ? {} : { "big.bam.sha256": text },
    });
    const error = assertThrows(
      () => digestBySidecar(`${dir.path}/big.bam`, "d/big.bam"),
      SidecarError,
    );
    assertEquals([error.message, error.hint], [
      `Cannot take the digest of "d/big.bam" from "d/big.bam.sha256": ${state}`,
      "make it: sha256sum d/big.bam > d/big.bam.sha256",
    ]);
  });
}

Deno.test("digestBySidecar() refuses a sidecar that is older than its file", () => {
  using dir = new TemporaryDirectory().write({ "it's": "xy", "it's.sha256": HEX });
  Deno.utimeSync(`${dir.path}/it's.sha256`, 1000, 1000);
  const error = assertThrows(() => digestBySidecar(`${dir.path}/it's`, "it's"), SidecarError);
  assertEquals([error.message, error.hint], [
    `Cannot take the digest of "it's" from "it's.sha256": it is older than the file`,
    String.raw`make it: sha256sum 'it'\''s' > 'it'\''s.sha256'`,
  ]);
  // As old as the file is enough: a file system may have whole seconds only.
  Deno.utimeSync(`${dir.path}/it's`, 1000, 1000);
  assertEquals(digestBySidecar(`${dir.path}/it's`, "it's").digest, HEX);
});
