/** The plot, as SVG. Does not know where its numbers come from. */

import { parse, View } from "vega";
import { compile, type Config, type TopLevelSpec } from "vega-lite";
import type { Calculation } from "./nodes.ts";

const FLIPPER = { title: "Flipper length (mm)", type: "quantitative" } as const;
const MASS = { title: "Body mass (g)", type: "quantitative" } as const;
const SPECIES = {
  field: "species",
  title: "Species",
  type: "nominal",
} as const;
const NOT_FROM_ZERO = { zero: false, nice: true };

/** Draws every bird, and the line of each species over the range of its flippers. */
export async function draw(
  { calc, size }: {
    calc: Calculation;
    size: { width: number; height: number };
  },
  ctx: { out: { svg: string } },
): Promise<void> {
  const ends = calc.fits.flatMap((
    { species, slope, intercept, shortest, longest },
  ) =>
    [shortest, longest].map((flipper) => ({
      species,
      flipper,
      mass: intercept + slope * flipper,
    }))
  );
  const spec: TopLevelSpec = {
    ...size,
    padding: 12,
    background: "white",
    title: {
      text: "Heavier penguins have longer flippers",
      subtitle: subtitleOf(calc),
    },
    layer: [
      {
        // Copies: values are frozen, and Vega marks its data.
        data: { values: calc.birds.map((bird) => ({ ...bird })) },
        mark: {
          type: "point",
          filled: true,
          size: 36,
          opacity: 0.6,
          aria: false,
        },
        encoding: {
          x: { field: "flipper", ...FLIPPER, scale: NOT_FROM_ZERO },
          y: { field: "mass", ...MASS, scale: NOT_FROM_ZERO },
          color: SPECIES,
          shape: SPECIES,
        },
      },
      {
        data: { values: ends },
        mark: { type: "line", strokeWidth: 2.5 },
        encoding: {
          x: { field: "flipper", ...FLIPPER },
          y: { field: "mass", ...MASS },
          color: SPECIES,
        },
      },
    ],
    config: CONFIG,
  };
  const view = new View(parse(compile(spec).spec), { renderer: "none" });
  await Deno.writeTextFile(ctx.out.svg, await view.toSVG() + "\n");
  view.finalize();
}

const CONFIG: Config = {
  font: "DejaVu Sans",
  title: {
    anchor: "start",
    fontSize: 16,
    subtitleFontSize: 12,
    subtitlePadding: 6,
    offset: 14,
  },
  axis: {
    labelFontSize: 11,
    labelFlush: false,
    titleFontSize: 12,
    titlePadding: 8,
    gridColor: "#e5e5e5",
  },
  legend: { labelFontSize: 12, titleFontSize: 12, symbolSize: 80 },
  range: { category: ["#e66101", "#5e3c99", "#1b9e77"] },
};

function subtitleOf({ birds, fits }: Calculation): string {
  const slopes = fits.map(({ species, slope }) => `${species} ${slope.toFixed(0)} g/mm`);
  return `${birds.length} birds; ${slopes.join(", ")}`;
}
