/**
 * Geometry of a connected layered drawing in cells: boxes, lines and arrow heads, with right angles only.
 * Works in "across" (along a layer) and "along" (the direction of flow) so that one algorithm draws both
 * top-down and left-to-right. Knows no characters.
 *
 * @module
 */

import { type Pins, routeChannel, type Wire } from "./channel.ts";
import { type Coordinates, makeCoordinates, type Spacing } from "./coordinates.ts";
import { type Layers, type Link, makeLayers } from "./layers.ts";
import { starNets } from "./nets.ts";
import type { IndexedEdge } from "./view.ts";

/** A rectangle of a node; both sizes in cells, borders included. */
export interface Box {
  readonly node: number;
  readonly across: number;
  readonly along: number;
  readonly acrossSize: number;
  readonly alongSize: number;
}

/** A straight line; both ends belong to it. */
export interface Segment {
  /** Lines of one net belong together; lines of different nets only cross. */
  readonly net: number;
  readonly isOrder: boolean;
  /** Whether it runs across the flow. */
  readonly isAcross: boolean;
  /** Cell in the other direction. */
  readonly at: number;
  readonly from: number;
  readonly to: number;
}

/** Where everything of a drawing is. */
export interface Layout {
  readonly acrossSize: number;
  readonly alongSize: number;
  readonly boxes: readonly Box[];
  readonly segments: readonly Segment[];
  /** Cells of arrow heads, each right before its box. */
  readonly arrows: readonly { readonly across: number; readonly along: number }[];
}

/** Sizes a drawing direction wants. */
export interface Metrics extends Spacing {
  /** Cells between a box and the first track. */
  readonly lead: number;
  /** Cells from track to track. */
  readonly step: number;
  /** Cells between the last track and the arrow head. */
  readonly tail: number;
}

/** Least size of the box of a node, borders included. */
export interface BoxSize {
  readonly across: number;
  readonly along: number;
}

/** Lays out a connected acyclic graph. */
export function layOut(
  sizes: readonly BoxSize[],
  edges: readonly IndexedEdge[],
  metrics: Metrics,
): Layout {
  const nets = starNets(sizes.length, edges);
  const layers = makeLayers(sizes.length, edges, nets);
  const coordinates = makeCoordinates(layers, sizes.map((size) => size.across), metrics);
  const channels = layers.gaps.map((links) => routeChannel(pinsOf(links, coordinates)));
  const depths = layers.orders.map((order) =>
    Math.max(...order.map((i) => layers.items[i].node < 0 ? 1 : sizes[layers.items[i].node].along))
  );
  const tops = [0];
  channels.forEach(({ tracks }, k) => {
    const routing = tracks === 0 ? 0 : (tracks - 1) * metrics.step + 1;
    tops.push(tops[k] + depths[k] + metrics.lead + routing + metrics.tail + 1);
  });
  const boxes = boxesOf(layers, coordinates, tops, depths);
  const segments: Segment[] = [];
  const arrows: { across: number; along: number }[] = [];
  channels.forEach(({ wires }, k) => {
    const track = (t: number): number => tops[k] + depths[k] + metrics.lead + t * metrics.step;
    const isPassing = passingCells(layers, layers.gaps[k], coordinates);
    for (const wire of wires) {
      const { net } = wire;
      const isOrder = nets[net].isOrder;
      const from = (cell: number): number =>
        wire.from !== null
          ? track(wire.from)
          : isPassing.upper.has(cell)
          ? tops[k]
          : tops[k] + depths[k] - 1;
      const to = (cell: number): number =>
        wire.to !== null ? track(wire.to) : tops[k + 1] - (isPassing.lower.has(cell) ? 0 : 1);
      segments.push(...segmentsOf(wire, isOrder, track, from, to));
      if (wire.to !== null) continue;
      for (const cell of wire.lowers) {
        if (!isPassing.lower.has(cell)) arrows.push({ across: cell, along: tops[k + 1] - 1 });
      }
    }
  });
  const ends = [
    ...boxes.map((box) => box.across + box.acrossSize),
    ...segments.map((s) => (s.isAcross ? s.to : s.at) + 1),
  ];
  const last = tops.length - 1;
  return {
    acrossSize: Math.max(...ends),
    alongSize: tops[last] + depths[last],
    boxes,
    segments,
    arrows,
  };
}

function pinsOf(links: readonly Link[], coordinates: Coordinates): Pins[] {
  const pins = new Map<number, { uppers: Set<number>; lowers: Set<number> }>();
  for (const { net, upper, lower } of links) {
    const found = pins.get(net) ?? { uppers: new Set(), lowers: new Set() };
    pins.set(net, found);
    found.uppers.add(coordinates.outPort(upper, net));
    found.lowers.add(coordinates.inPort(lower, net));
  }
  return [...pins].map(([net, p]) => ({ net, uppers: [...p.uppers], lowers: [...p.lowers] }));
}

/** Cells of a channel where a line goes on through the layer instead of ending at a box. */
function passingCells(
  layers: Layers,
  links: readonly Link[],
  coordinates: Coordinates,
): { upper: Set<number>; lower: Set<number> } {
  const upper = new Set<number>();
  const lower = new Set<number>();
  for (const link of links) {
    if (layers.items[link.upper].node < 0) upper.add(coordinates.outPort(link.upper, link.net));
    if (layers.items[link.lower].node < 0) lower.add(coordinates.inPort(link.lower, link.net));
  }
  return { upper, lower };
}

function boxesOf(
  layers: Layers,
  { starts, sizes }: Coordinates,
  tops: readonly number[],
  depths: readonly number[],
): Box[] {
  return layers.items.flatMap((item, i) =>
    item.node < 0 ? [] : [{
      node: item.node,
      across: starts[i],
      along: tops[item.layer],
      acrossSize: sizes[i],
      alongSize: depths[item.layer],
    }]
  );
}

function segmentsOf(
  wire: Wire,
  isOrder: boolean,
  track: (t: number) => number,
  from: (cell: number) => number,
  to: (cell: number) => number,
): Segment[] {
  const common = { net: wire.net, isOrder };
  const down = (at: number, from: number, to: number): Segment => ({
    ...common,
    isAcross: false,
    at,
    from,
    to,
  });
  if (wire.track < 0) {
    const cell = wire.uppers[0];
    return [down(cell, from(cell), to(cell))];
  }
  const at = track(wire.track);
  const cells = [...wire.uppers, ...wire.lowers];
  const across = { from: Math.min(...cells), to: Math.max(...cells) };
  return [
    { ...common, isAcross: true, at, ...across },
    ...wire.uppers.map((cell) => down(cell, from(cell), at)),
    ...wire.lowers.map((cell) => down(cell, at, to(cell))),
  ];
}
