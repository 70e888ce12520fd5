/** Tests of the map-spec grammar and of the axis check. */

import fc from "fast-check";
import {
  findItem,
  formatItem,
  type MapSpec,
  parseMapItems,
  parseMapSpec,
} from "../../core/mapspec.ts";
import { assertEquals, assertIncludes, assertOk } from "../testing/assert.ts";

/** Parses a map-spec that must be right. */
function spec(text: string): MapSpec {
  const result = parseMapSpec(text);
  assertOk(result.ok, result.ok ? "" : result.message);
  return result.spec;
}

/** Puts carets under the place of a problem. */
function carets(text: string): string {
  const result = parseMapSpec(text);
  assertOk(!result.ok, `expected a problem in ${text}`);
  return " ".repeat(result.start) + "~".repeat(result.end - result.start) + " " +
    result.message.slice(`Cannot read map-spec "${text}": `.length);
}

Deno.test("parseMapSpec() reads every form of the grammar", () => {
  const cases: readonly (readonly [string, string, string, string, string])[] = [
    // text, normal form, mapped, generated, reduced
    ["x[i] -> y[i]", "x[i] -> y[i]", "i", "", ""],
    ["x[i]->y[i]", "x[i] -> y[i]", "i", "", ""],
    [" x [ i ] ,\n y[j]->z[i,j] ", "x[i], y[j] -> z[i, j]", "i j", "", ""],
    ["x[a], y[a], z[b] -> r[a, b]", "x[a], y[a], z[b] -> r[a, b]", "a b", "", ""],
    ["x[i] -> p[i], q[i]", "x[i] -> p[i], q[i]", "i", "", ""],
    ["x[i], y[j] -> z[j, i]", "x[i], y[j] -> z[j, i]", "j i", "", ""],
    ["... -> x[i]", "... -> x[i]", "", "i", ""],
    ["...->x[i,j]", "... -> x[i, j]", "", "i j", ""],
    ["b[i] -> c[i, j]", "b[i] -> c[i, j]", "i", "j", ""],
    ["b[i] -> c[j, i]", "b[i] -> c[j, i]", "i", "j", ""],
    ["b[i] -> c[i, j = 3]", "b[i] -> c[i, j=3]", "i", "j", ""],
    ["... -> x[i=10,j]", "... -> x[i=10, j]", "", "i j", ""],
    ["b[i] -> p[i, j], q[i, j=0]", "b[i] -> p[i, j=0], q[i, j=0]", "i", "j", ""],
    ["y[i, :] -> s[i]", "y[i, :] -> s[i]", "i", "", "y"],
    ["z[:, j, :] -> r[j]", "z[:, j, :] -> r[j]", "j", "", "z"],
    ["x[:], w[k] -> r[k]", "x[:], w[k] -> r[k]", "k", "", "x"],
    ["foo.x[i] -> foo.bar.y[i]", "foo.x[i] -> foo.bar.y[i]", "i", "", ""],
    ["my-node.a[i] -> step-1[i]", "my-node.a[i] -> step-1[i]", "i", "", ""],
    ["größe[zeit] -> _y[zeit]", "größe[zeit] -> _y[zeit]", "zeit", "", ""],
  ];
  for (const [text, normal, mapped, generated, reduced] of cases) {
    const { text: got, ...rest } = spec(text);
    assertEquals(got, normal);
    assertEquals(rest.mapped.join(" "), mapped, text);
    assertEquals(rest.generated.join(" "), generated, text);
    assertEquals(rest.reduced.join(" "), reduced, text);
  }
});

Deno.test("parseMapSpec() returns plain data", () => {
  assertEquals(spec("x[i, :] -> y[i, k]"), {
    text: "x[i, :] -> y[i, k]",
    inputs: [{ name: "x", axes: ["i", ":"] }],
    outputs: [{ name: "y", axes: ["i", "k"] }],
    axes: ["i", "k"],
    mapped: ["i"],
    generated: ["k"],
    lengths: {},
    reduced: ["x"],
  });
  assertEquals(spec("x[i] -> y[i, j=2, k]").lengths, { j: 2 });
});

Deno.test("parseMapSpec() points at what is wrong", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["x[i]", '~~~~ it has no "->"'],
    ["", ' it has no "->"'],
    ["x[i] -> y[i] -> z[i]", '             ~~ it has more than one "->"'],
    ["x -> y", '~ "x" has no axes'],
    ["x[i] -> y", '        ~ "y" has no axes'],
    ["x[] -> y[i]", ' ~~ the brackets of "x" are empty'],
    ["x[i], garbage -> y[i]", '      ~~~~~~~ "garbage" has no axes'],
    ["x[i] y[i] -> z[i]", '     ~ expected "," before "y"'],
    ["x[i]] -> z[i]", '    ~ expected "," before "]"'],
    ["x[i], -> z[i]", "       expected an input"],
    [" -> z[i]", "  expected an input"],
    ["x[i] -> ", "         expected an output"],
    ["1x[i] -> z[i]", '~~ "1x" is no name'],
    ["x$[i] -> z[i]", '~~ "x$" is no name'],
    ["x.[i] -> z[i]", '~~ "x." is no name'],
    ["[i] -> z[i]", '~ "[" is no name'],
    ["x[1] -> z[i]", '  ~ "1" is no axis of "x"'],
    ["x[i+1] -> z[i]", '  ~~~ "i+1" is no axis of "x"'],
    ["x[i,] -> z[i]", '    ~ "]" is no axis of "x"'],
    ["x[i j] -> z[i]", '    ~ expected "," or "]" before "j"'],
    ["x[::] -> z[i]", '  ~~ "::" is no axis of "x"'],
    ["x[i -> z[i]", ' ~~~ "x[" is not closed'],
    ["x[i] -> z[i", '         ~~ "z[" is not closed'],
    ["x[i, i] -> z[i]", '     ~ "x" has axis "i" twice'],
    ["x[i] -> z[i, i]", '             ~ "z" has axis "i" twice'],
    ["..., x[i] -> z[i]", '~~~ "..." must be the only input'],
    ["x[i] -> ...", '        ~~~ "..." must be the only input'],
    ["x[i] -> z[:]", '          ~ output "z" has ":"'],
    ["x[i] -> p[i], q[j]", '              ~~~~ outputs "p" and "q" have different axes'],
    ["x[i], y[j] -> z[i]", '        ~ axis "j" of input "y" is missing in output "z"'],
    ["x[i], x[j] -> z[i, j]", '      ~~~~ "x" is input twice'],
    ["x[i] -> z[i], z[i]", '              ~~~~ "z" is output twice'],
    ["x[i=3] -> z[i]", '   ~~ input "x" has a length for axis "i"'],
    ["x[i] -> z[i=3]", '           ~~ axis "i" of output "z" is as long as input "x"'],
    ["... -> z[i=]", '           ~ "]" is no length of axis "i"'],
    ["... -> z[i=?]", '           ~ "?" is no length of axis "i"'],
    ["... -> z[i=-1]", '           ~~ "-1" is no length of axis "i"'],
    ["... -> z[i= 1.5]", '            ~~~ "1.5" is no length of axis "i"'],
    [
      "... -> z[i=99999999999999999]",
      '           ~~~~~~~~~~~~~~~~~ "99999999999999999" is no length of axis "i"',
    ],
    ["... -> z[:=3]", '         ~~~ ":=3" is no axis of "z"'],
    ["... -> z[i=3", '        ~~~~ "z[" is not closed'],
    ["... -> p[i=3], q[i=4]", '                  ~~ axis "i" has two lengths, 3 and 4'],
    ["x[i] -> x[i]", '        ~~~~ "x" is both input and output'],
  ];
  for (const [text, expected] of cases) {
    assertEquals(carets(text).trimEnd(), expected.trimEnd(), text);
  }
});

Deno.test("parseMapSpec() gives every problem a hint", () => {
  const result = parseMapSpec("x[i], y[j] -> z[i]");
  assertOk(!result.ok);
  assertEquals(result.hint, 'Add "j" to the output, or write ":" to reduce it');
});

Deno.test("parseMapSpec() is the inverse of its normal form", () => {
  const axis = fc.constantFrom("i", "j", "k");
  const axes = fc.uniqueArray(axis, { minLength: 1, maxLength: 3 });
  const model = fc.tuple(axes, fc.array(fc.array(fc.nat(5), { minLength: 1, maxLength: 3 })));
  fc.assert(fc.property(model, fc.constantFrom("", " ", "\t "), ([out, picks], gap) => {
    const inputs = picks.map((pick, at) => {
      const names = pick.map((n) => out[n] ?? ":");
      const unique = names.map((n, k) => names.indexOf(n) === k ? n : ":");
      return `a${at}[${unique.join(gap + "," + gap)}]`;
    });
    const left = inputs.length === 0 ? "..." : inputs.join("," + gap);
    const parsed = spec(`${left}${gap}->${gap}out[${out.join(",")}]`);
    assertEquals(spec(parsed.text), parsed);
    assertEquals(new Set([...parsed.mapped, ...parsed.generated]), new Set(out));
  }));
});

Deno.test("parseMapSpec() reports a place inside any text and never throws", () => {
  const text = fc.string({ unit: fc.constantFrom(..."xyij[]:,.->\t 1é💥") });
  fc.assert(
    fc.property(text, (t) => {
      const result = parseMapSpec(t);
      if (result.ok) return;
      assertOk(0 <= result.start && result.start <= result.end && result.end <= t.length, t);
      assertIncludes(result.message, "Cannot read map-spec");
    }),
    { numRuns: 1000 },
  );
});

Deno.test("findItem() finds an array and its axes as they are written", () => {
  const text = '"xs[i],x-y [ i , j ] -> foo.x[i, j]"';
  const cut = (name: string, at?: number) => {
    const found = findItem(text, name, at);
    return found === undefined ? undefined : text.slice(found.start, found.end);
  };
  assertEquals([cut("xs"), cut("x-y"), cut("foo.x")], ["xs[i]", "x-y [ i , j ]", "foo.x[i, j]"]);
  assertEquals([cut("x-y", 0), cut("x-y", 1), cut("foo.x", 1)], ["i", "j", "j"]);
  assertEquals([cut("x"), cut("y"), cut("foo")], [undefined, undefined, undefined]);
});

Deno.test("parseMapItems() reads arrays with names for all axes", () => {
  const read = (text: string) => {
    const parsed = parseMapItems(text);
    return parsed.ok ? parsed.items.map((item) => formatItem(item)).join(" ") : parsed.message;
  };
  assertEquals(read("x[i]"), "x[i]");
  assertEquals(read("foo.a[i,k], b[ j ]"), "foo.a[i, k] b[j]");
  assertEquals(read("x"), '"x" has no axes');
  assertEquals(read("x[:]"), '"x" has ":"');
  assertEquals(read("x[i], x[j]"), '"x" is input twice');
  assertEquals(read("x[i] -> y[i]"), 'expected "," before "->"');
  assertEquals(read(""), "expected an array");
});
