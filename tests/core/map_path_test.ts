/** Paths of the files of calls: no two calls have one, and which of two outputs may clash. */

import {
  canBeSame,
  parseMapPath,
  pathOutline,
  positionIn,
  renderMapPath,
} from "../../core/map_path.ts";
import { MapPaths } from "../../core/map_paths.ts";
import { assertEquals, assertOk } from "../testing/assert.ts";

const AXES = ["i", "j"];
/** Positions with one, two and three digits. */
const POSITIONS = [0, 1, 2, 9, 10, 11, 12, 21, 99, 100, 101, 110, 111, 112, 120];

/** Paths with both axes that may stand in a workflow. */
const PATHS = [
  "{i}_{j}",
  "{j:02}-{i:03}.png",
  "{i}/{j}.txt",
  "a1{i}b2{j}3.c",
  "{i}x{i}y{j}",
  "0{i}.{j}0",
];

function parsed(text: string) {
  const result = parseMapPath(text, AXES);
  assertOk(result.ok, text);
  return result.path;
}

Deno.test("renderMapPath() gives every call a path of its own, and positionIn() finds it", () => {
  for (const text of PATHS) {
    const path = parsed(text);
    const seen = new Set<string>();
    for (const i of POSITIONS) {
      for (const j of POSITIONS) {
        const written = renderMapPath(path, AXES, [i, j]);
        assertOk(!seen.has(written), `${text}: ${written} twice`);
        seen.add(written);
        assertEquals([...positionIn(path, written) ?? []].sort(), [["i", i], ["j", j]], written);
      }
    }
  }
});

Deno.test("positionIn() takes nothing that no call can have", () => {
  const table: readonly (readonly [text: string, path: string])[] = [
    ["{i}_{j}", "1_"],
    ["{i}_{j}", "01_2"],
    ["{i}_{j}", "x1_2"],
    ["{j:02}-{i:03}.png", "1-001.png"],
    ["{j:02}-{i:03}.png", "01-0001.png"],
    ["{i}x{i}y{j}", "1x2y3"],
    ["{i}.{j}", "1x2"],
  ];
  for (const [text, path] of table) assertEquals(positionIn(parsed(text), path), undefined, text);
});

Deno.test("canBeSame() says of one axis what trying all positions says", () => {
  const texts = [
    "{i}",
    "1{i}",
    "{i}0",
    "1{i}0",
    "{i:02}",
    "2{i:02}",
    "{i:03}1",
    "7",
    "07",
    "10",
    "110",
  ];
  const all = new Map(texts.map((text) => {
    const result = parseMapPath(text, []);
    const path = text.includes("{") ? parseMapPath(text, ["i"]) : result;
    assertOk(path.ok, text);
    const { path: found } = path;
    const written = Array.from({ length: 3000 }, (_, i) => renderMapPath(found, ["i"], [i]));
    return [text, new Set(written)];
  }));
  for (const one of texts) {
    for (const other of texts) {
      const common = [...all.get(one) ?? []].some((path) => all.get(other)?.has(path));
      assertEquals(pathOutline(one), pathOutline(other));
      // It may suspect too much: two words are never compared digit by digit.
      if (common) assertOk(canBeSame(one, other), `${one} and ${other}`);
      const isExact = !(one.includes("{") && other.includes("{"));
      if (isExact) assertEquals(canBeSame(one, other), common, `${one} and ${other}`);
    }
  }
});

Deno.test("MapPaths finds what may be a path, around it and below it", () => {
  const paths = new MapPaths([["out/{i}/a.txt", "a"], ["out/{i}", "b"], ["x{j:02}.png", "c"]]);
  const at = (path: string) => paths.at(path).map(({ owner }) => owner);
  const below = (path: string) => paths.below(path).map(({ owner }) => owner);
  assertEquals([at("out/3/a.txt"), at("out/3"), at("out/x"), at("x3.png"), at("x03.png")], [
    ["a"],
    ["b"],
    [],
    [],
    ["c"],
  ]);
  assertEquals([below("out"), below("out/12"), below("x03.png")], [["a", "b"], ["a"], []]);
});
