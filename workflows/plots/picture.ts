/** An SVG as PNG. The program and the font come from pinned packages, so every machine makes the same bytes. */

import { initWasm, Resvg } from "@resvg/resvg-wasm";
import wasm from "@resvg/resvg-wasm/index_bg.wasm" with { type: "bytes" };
import bold from "dejavu-fonts-ttf/ttf/DejaVuSans-Bold.ttf" with {
  type: "bytes",
};
import regular from "dejavu-fonts-ttf/ttf/DejaVuSans.ttf" with {
  type: "bytes",
};

/** Once per worker: the functions of a module may be called many times. */
const ready = initWasm(wasm);

/** Draws the pixels. */
export async function rasterise(
  { svg, scale }: { svg: string; scale: number },
  ctx: { out: { png: string } },
): Promise<void> {
  await ready;
  const picture = new Resvg(await Deno.readTextFile(svg), {
    fitTo: { mode: "zoom", value: scale },
    font: {
      fontBuffers: [regular, bold],
      defaultFontFamily: "DejaVu Sans",
      loadSystemFonts: false,
    },
  });
  await Deno.writeFile(ctx.out.png, picture.render().asPng());
}
