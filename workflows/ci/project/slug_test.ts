import assert from "node:assert/strict";
import { slug } from "./slug.ts";

Deno.test("slug() joins words by hyphens", () => {
  assert.equal(slug("Hello, brave new World!"), "hello-brave-new-world");
});

Deno.test("slug() drops accents", () => {
  assert.equal(slug("Crème brûlée"), "creme-brulee");
});

Deno.test("slug() of nothing is nothing", () => {
  assert.equal(slug(" ?! "), "");
});
