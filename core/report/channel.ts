/**
 * Lines between two layers: each net gets one track across, such that lines of different nets only ever
 * cross at right angles. The channel routing of chip design; knows neither boxes nor characters.
 *
 * @module
 */

/** What has to be connected between two layers. */
export interface Pins {
  readonly net: number;
  /** Cells at the upper side, distinct over all nets. */
  readonly uppers: readonly number[];
  /** Cells at the lower side, distinct over all nets. */
  readonly lowers: readonly number[];
}

/** A piece of a net on one track; a net whose pins are all in one cell has track -1. */
export interface Wire extends Pins {
  readonly track: number;
  /** Where `uppers` come from: `null` the upper side, else the track of an earlier piece of the net. */
  readonly from: number | null;
  /** Where `lowers` go to: `null` the lower side, else the track of a later piece of the net. */
  readonly to: number | null;
}

interface Piece extends Pins {
  readonly low: number;
  readonly high: number;
  /** The other piece of a net that had to be cut in two. */
  tail?: Piece;
  head?: Piece;
}

/** Routes a channel. Returns the wires and the number of tracks; deterministic. */
export function routeChannel(
  nets: readonly Pins[],
): { readonly wires: readonly Wire[]; readonly tracks: number } {
  const used = new Set<number>(nets.flatMap((net) => [...net.uppers, ...net.lowers]));
  const straight: Wire[] = [];
  const pieces: Piece[] = [];
  for (const net of nets) {
    const piece = pieceOf(net);
    if (piece.low === piece.high) straight.push({ ...net, track: -1, from: null, to: null });
    else pieces.push(piece);
  }
  const order = inOrder(pieces, used);
  const tracks = tracksOf(order, used);
  const wires = order.map((piece): Wire => ({
    net: piece.net,
    uppers: piece.uppers,
    lowers: piece.lowers,
    track: tracks.get(piece)!, // every piece of `order` has a track
    from: piece.head === undefined ? null : tracks.get(piece.head)!,
    to: piece.tail === undefined ? null : tracks.get(piece.tail)!,
  }));
  return {
    wires: [...straight, ...wires],
    tracks: Math.max(0, ...tracks.values()) + (order.length ? 1 : 0),
  };
}

function pieceOf(pins: Pins): Piece {
  const cells = [...pins.uppers, ...pins.lowers];
  return { ...pins, low: Math.min(...cells), high: Math.max(...cells) };
}

/** `a` must lie above `b`: in some cell `a` comes down from above and `b` goes on below. */
function isAbove(a: Piece, b: Piece): boolean {
  if (a === b || a.head === b) return false;
  return a.tail === b || a.uppers.some((cell) => b.lowers.includes(cell));
}

/** Crossings between two pieces if `a` lies above `b`. */
function crossings(a: Piece, b: Piece): number {
  const inside = (cells: readonly number[], p: Piece): number =>
    cells.filter((cell) => cell > p.low && cell < p.high).length;
  return inside(b.uppers, a) + inside(a.lowers, b);
}

/** Orders pieces from top to bottom, cutting nets in two where they must lie above each other. */
function inOrder(pieces: readonly Piece[], used: Set<number>): Piece[] {
  const left = [...pieces].sort((a, b) => a.low - b.low || a.high - b.high || a.net - b.net);
  const order: Piece[] = [];
  while (left.length > 0) {
    const free = left.findIndex((piece) => !left.some((other) => isAbove(other, piece)));
    if (free >= 0) {
      order.push(...left.splice(free, 1));
      continue;
    }
    const stuck = onCycle(left);
    left.splice(left.indexOf(stuck), 1, ...cut(stuck, used));
  }
  improve(order);
  return order;
}

/**
 * Walks up from a piece with no free one above it until a piece repeats. Never returns a piece that was
 * cut: a head has nothing above it and a tail nothing below it, so both are on no cycle.
 */
function onCycle(blocked: readonly Piece[]): Piece {
  const seen = new Set<Piece>();
  let piece = blocked[0];
  while (!seen.has(piece)) {
    seen.add(piece);
    const below = piece;
    // Every blocked piece has one above it.
    piece = blocked.find((other) => isAbove(other, below))!;
  }
  return piece;
}

/** Cuts a net in two pieces that meet in a cell nobody else uses. */
function cut(piece: Piece, used: Set<number>): [Piece, Piece] {
  const middle = (piece.low + piece.high) >> 1;
  const cell = nearest(middle, (c) => [c - 1, c, c + 1].every((near) => !used.has(near)));
  used.add(cell);
  const head = pieceOf({ net: piece.net, uppers: piece.uppers, lowers: [cell] });
  const tail = pieceOf({ net: piece.net, uppers: [cell], lowers: piece.lowers });
  head.tail = tail;
  tail.head = head;
  return [head, tail];
}

/** Returns the cell nearest to `middle` that is free, not negative. */
function nearest(middle: number, isFree: (cell: number) => boolean): number {
  for (let distance = 0;; distance++) {
    if (isFree(middle + distance)) return middle + distance;
    if (distance <= middle && isFree(middle - distance)) return middle - distance;
  }
}

/** Exchanges neighbours while that removes crossings. */
function improve(order: Piece[]): void {
  for (let round = 0, changed = true; changed && round < order.length; round++) {
    changed = false;
    for (let k = 0; k + 1 < order.length; k++) {
      const [a, b] = [order[k], order[k + 1]];
      if (isAbove(a, b) || crossings(b, a) >= crossings(a, b)) continue;
      order[k] = b;
      order[k + 1] = a;
      changed = true;
    }
  }
}

/** Packs the pieces in order; pieces share a track if a blank cell without any line is between them. */
function tracksOf(order: readonly Piece[], used: ReadonlySet<number>): Map<Piece, number> {
  const tracks = new Map<Piece, number>();
  for (const piece of order) {
    let track = 0;
    for (const [other, at] of tracks) {
      // One blank between corners of different nets in one cell: without corners of its own, ASCII
      // could not tell them from one line.
      if (isAbove(other, piece)) track = Math.max(track, at + (other.tail === piece ? 1 : 2));
      else if (!isApart(other, piece, used)) track = Math.max(track, at + 1);
    }
    tracks.set(piece, track);
  }
  return tracks;
}

function isApart(a: Piece, b: Piece, used: ReadonlySet<number>): boolean {
  const [first, second] = a.low < b.low ? [a, b] : [b, a];
  for (let cell = first.high + 1; cell < second.low; cell++) if (!used.has(cell)) return true;
  return false;
}
