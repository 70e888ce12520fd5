/** Tests of the value codec: round trips, canonical bytes, refusals, and its life as source text. */

import fc from "fast-check";
import {
  createValueCodec,
  decodeValue,
  digestOfEncoded,
  encodedBytes,
  encodeError,
  encodeValue,
  type ErrorFields,
  holdsErrors,
  isErrorText,
  type ValueCodec,
  ValueError,
} from "../../../core/base/value.ts";
import { isError } from "../../../core/is_error.ts";
import { digestOf } from "../../../core/base/digest.ts";
import { assertEquals, assertIncludes, assertOk, assertThrows } from "../../testing/assert.ts";

function roundTrip(value: unknown): unknown {
  return decodeValue(encodedBytes(encodeValue(value)));
}

const TEXTS: [string, unknown, string][] = [
  ["null", null, "null"],
  ["number", 1.5, "1.5"],
  ["minus zero", -0, '{"$flow":"-0"}'],
  ["nested minus zero", [0, -0], '[0,{"$flow":"-0"}]'],
  ["NaN", NaN, '{"$flow":"NaN"}'],
  ["infinities", [Infinity, -Infinity], '[{"$flow":"Infinity"},{"$flow":"-Infinity"}]'],
  ["undefined", undefined, '{"$flow":"undefined"}'],
  ["undefined member", { a: undefined }, '{"a":{"$flow":"undefined"}}'],
  ["lone surrogate", "\ud800", '"\\ud800"'],
  ["BigInt", 2n ** 70n, '{"$flow":["BigInt","1180591620717411303424"]}'],
  ["Date", new Date(5), '{"$flow":["Date",5]}'],
  ["invalid Date", new Date(NaN), '{"$flow":["Date",null]}'],
  [
    "Map",
    new Map<unknown, unknown>([["a", 1], [2, new Set([3])]]),
    '{"$flow":["Map",[["a",1],[2,{"$flow":["Set",[3]]}]]]}',
  ],
  ["key $flow", { $flow: 1, b: 2 }, '{"$flow":["Object",[["$flow",1],["b",2]]]}'],
  ["insertion order", { b: 1, a: 2 }, '{"b":1,"a":2}'],
  // deno-lint-ignore no-sparse-arrays
  ["holes", [1, , 3], '[1,{"$flow":"hole"},3]'],
  ["key __proto__", JSON.parse('{"__proto__":{"x":1}}'), '{"__proto__":{"x":1}}'],
  [
    "tagged below __proto__",
    JSON.parse('{"__proto__":[1]}', (_, v) => v === 1 ? NaN : v),
    '{"__proto__":[{"$flow":"NaN"}]}',
  ],
];

Deno.test("encodeValue() gives the documented text and decodeValue() the value", async (t) => {
  for (const [name, value, text] of TEXTS) {
    await t.step(name, () => {
      assertEquals(encodeValue(value).text, text);
      assertEquals(decodeValue(text), value);
    });
  }
});

class Point {
  x = 1;
}

const cycle: Record<string, unknown> = { a: {} };
cycle.a = { back: cycle };

const REFUSED: [string, () => unknown, string, string][] = [
  ["function", () => ({ rows: [0, { fn: () => 1 }] }), "$.rows[1].fn", "a function"],
  ["symbol", () => [Symbol("s")], "$[0]", "a symbol"],
  ["symbol key", () => ({ [Symbol.iterator]: 1 }), "$", "Symbol(Symbol.iterator)"],
  ["class instance", () => ({ "a b": new Point() }), '$["a b"]', "class Point"],
  ["promise", () => ({ p: Promise.resolve(1) }), "$.p", "await"],
  ["RegExp", () => /x/, "$", "a RegExp"],
  ["Error", () => [new TypeError("boo")], "$[0]", "TypeError: boo"],
  ["WeakMap", () => new WeakMap(), "$", "WeakMap"],
  ["URL", () => new URL("http://x"), "$", "class URL"],
  ["subclass of Array", () => new (class Rows extends Array {})(), "$", "class Rows"],
  ["cycle", () => cycle, "$.a.back", "cyclic"],
  ["generator", () => (function* () {})(), "$", "a generator"],
  ["Math", () => ({ m: Math }), "$.m", "symbol key"],
  ["boxed", () => Object(1), "$", "class Number"],
  ["toJSON", () => ({ toJSON: () => 1 }), "$.toJSON", "a function"],
  ["inside Map", () => new Map([["k", () => 1]]), '$.get("k")', "a function"],
  ["SharedArrayBuffer", () => new SharedArrayBuffer(1), "$", "SharedArrayBuffer"],
  ["very sparse", () => [new Array(1e9)], "$[0]", "sparse"],
];

Deno.test("encodeValue() refuses what is not data and names the place", async (t) => {
  for (const [name, make, path, problem] of REFUSED) {
    await t.step(name, () => {
      const error = assertThrows(() => encodeValue(make()), ValueError);
      assertEquals((error as Error & { path: string }).path, path);
      assertIncludes(error.message, problem);
    });
  }
});

Deno.test("encodeValue() refuses deep nesting without overflowing the stack", () => {
  let deep: unknown = 1;
  for (let i = 0; i < 100_000; i++) deep = [deep];
  assertIncludes(assertThrows(() => encodeValue(deep), ValueError).message, "1000 levels");
});

Deno.test("encodeValue() accepts nesting below the limit", () => {
  let deep: unknown = 1;
  for (let i = 0; i < 999; i++) deep = i % 2 ? { a: deep } : [deep];
  assertEquals(encodedBytes(encodeValue(roundTrip(deep))), encodedBytes(encodeValue(deep)));
});

Deno.test("encodeValue() keeps typed arrays bit for bit, aligned to 8 bytes", () => {
  const views = [
    new Uint8Array([1, 2, 3]),
    new Float64Array([1.5, -0, NaN]),
    new BigInt64Array([-1n]),
    new Uint16Array([1, 2, 3]).subarray(1),
    new Float32Array(0),
    new DataView(new ArrayBuffer(5)),
    new Uint8ClampedArray([300]),
    new Uint8Array([7, 8, 9]).buffer,
  ];
  const { bytes } = encodeValue({ views, s: "ä" });
  assertEquals(bytes!.length % 8, 0);
  assertEquals(decodeValue(bytes!), { views, s: "ä" });
});

Deno.test("encodeValue() treats a slice like a copy and a Buffer like a Uint8Array", async () => {
  const { Buffer } = await import("node:buffer");
  const expected = encodeValue(new Uint8Array([2, 3]));
  assertEquals(encodeValue(new Uint8Array([1, 2, 3]).subarray(1)), expected);
  assertEquals(encodeValue(Buffer.from([2, 3])), expected);
});

Deno.test("decodeValue() freezes deeply and never shares typed arrays", () => {
  const value = decodeValue('{"a":[{"b":1}],"c":{"$flow":"NaN"}}') as { a: { b: number }[] };
  assertOk(Object.isFrozen(value) && Object.isFrozen(value.a) && Object.isFrozen(value.a[0]));
  const bytes = encodedBytes(encodeValue(new Uint8Array([1])));
  (decodeValue(bytes) as Uint8Array)[0] = 9;
  assertEquals(decodeValue(bytes), new Uint8Array([1]));
});

Deno.test("decodeValue() keeps __proto__ an ordinary key", () => {
  const text = '{"__proto__":{"polluted":{"$flow":"NaN"}}}';
  const value = decodeValue(text) as Record<string, unknown>;
  assertEquals(Object.getPrototypeOf(value), Object.prototype);
  assertEquals(encodeValue(value).text, text);
});

Deno.test("encodeValue() takes null-prototype objects as plain and duplicates shared references", () => {
  const shared = { x: 1 };
  const value = Object.assign(Object.create(null), { a: shared, b: shared });
  assertEquals(encodeValue(value).text, '{"a":{"x":1},"b":{"x":1}}');
});

Deno.test("digestOfEncoded() is the digest of the blob's bytes", () => {
  for (const value of ["ä\ud800", [new Uint8Array(3)]]) {
    const encoded = encodeValue(value);
    assertEquals(digestOfEncoded(encoded), digestOf(encodedBytes(encoded)));
  }
});

Deno.test("createValueCodec() works from its own source text", () => {
  const codec = new Function(`return (${createValueCodec.toString()})()`)() as ValueCodec;
  const value = { a: [1, -0, new Map([["k", 1n]])], b: new Float32Array([1]) };
  assertEquals(codec.encode(value), encodeValue(value));
});

const cause = fc.record({
  node: fc.string(),
  index: fc.option(fc.array(fc.nat()), { nil: undefined }),
  reason: fc.string(),
  message: fc.string({ unit: "binary" }),
}).map(({ index, ...rest }) => index === undefined ? rest : { ...rest, index });

const errorFields = fc.record({ own: cause, causes: fc.array(cause, { minLength: 1 }) })
  .map(({ own, causes }) => ({ ...own, causes }));

Deno.test("encodeError() gives what encodeValue() gives for the decoded error value", () => {
  fc.assert(
    fc.property(errorFields, (fields) => {
      const text = encodeError(fields);
      const value = decodeValue(text) as ErrorFields;
      assertOk(isError(value) && Object.isFrozen(value) && isErrorText(text));
      assertEquals(encodeValue(value).text, text);
      assertEquals<unknown>({ ...value }, { ...fields });
    }),
  );
});

Deno.test("holdsErrors() finds error values at any depth and nothing that only looks like one", () => {
  const fake = '{"$flow":["Error",{}]}';
  fc.assert(
    fc.property(data, errorFields, fc.boolean(), (value, fields, isPacked) => {
      const plain = [
        value,
        fake,
        { $flow: ["Error", fake] },
        ...isPacked ? [new Uint8Array(9)] : [],
      ];
      const mixed = [...plain, { deep: new Map([[1, decodeValue(encodeError(fields))]]) }];
      assertEquals(holdsErrors(encodedBytes(encodeValue(plain))), false);
      assertEquals(holdsErrors(encodedBytes(encodeValue(mixed))), true);
      assertEquals(encodedBytes(encodeValue(roundTrip(mixed))), encodedBytes(encodeValue(mixed)));
    }),
  );
});

const data = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withSparseArray: true,
      withTypedArray: true,
      withNullPrototype: false,
      withUnicodeString: true,
    }),
    fc.dictionary(
      fc.oneof(
        fc.string({ unit: "binary" }),
        fc.constantFrom("$flow", "__proto__", "hole", "toJSON"),
      ),
      tie("value"),
      { noNullPrototype: true },
    ),
    fc.array(tie("value")),
    fc.constantFrom("hole", "\udfff", "$flow", -0, NaN, undefined),
  ),
})).value;

Deno.test("encodeValue() and decodeValue() round-trip any data, canonically", () => {
  fc.assert(
    fc.property(data, (value) => {
      const encoded = encodeValue(value);
      const back = decodeValue(encodedBytes(encoded));
      assertEquals(back, value);
      assertEquals(encodeValue(back), encoded);
    }),
    { numRuns: 500 },
  );
});

Deno.test("encodeValue() gives plain data its JSON text", () => {
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
      const text = JSON.stringify(value);
      // `jsonValue` makes -0, which JSON cannot hold.
      if (!JSON.stringify(value, (_, v) => Object.is(v, -0) ? "minus zero" : v).includes("minus")) {
        assertEquals(encodeValue(value).text, text);
      }
    }),
  );
});
