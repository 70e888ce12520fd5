/** Tests of the account of slots, memory and pools. */

import { Slots } from "../../core/slots.ts";
import { COMMAND_DEFAULTS, type NodeDef, type Resources } from "../../core/workflow.ts";
import { assertEquals } from "../testing/assert.ts";
import { sketchWorkflow } from "../testing/workflow.ts";

const LIMITS = { cpus: 4, memoryBytes: 1000, pools: { gpu: 2 } };

function call(resources: Partial<Resources> = {}): NodeDef {
  const [def] = sketchWorkflow({ f: { resources: { cpus: 1, pools: {}, ...resources } } }).nodes;
  return def;
}

function command(resources: Partial<Resources> = {}): NodeDef {
  return { ...call(resources), work: { kind: "run", argv: ["true"] }, command: COMMAND_DEFAULTS };
}

/** How many of a node may run at once. */
function capacity(def: NodeDef, slots = new Slots(LIMITS)): number {
  let count = 0;
  for (; slots.fits(def); count++) slots.take(def);
  return count;
}

Deno.test("Slots.fits() bounds nodes by slots, memory and pools", () => {
  assertEquals(capacity(command()), 4);
  assertEquals(capacity(command({ cpus: 3 })), 1);
  assertEquals(capacity(command({ memoryBytes: 400 })), 2);
  assertEquals(capacity(command({ pools: { gpu: 1 } })), 2);
  assertEquals(capacity(call({ pools: { gpu: 2 } })), 1);
});

Deno.test("Slots.fits() lets a node that asks for too much run alone", () => {
  assertEquals(capacity(command({ cpus: 99 })), 1);
  assertEquals(capacity(command({ memoryBytes: 5000 })), 1);
});

Deno.test("Slots.fits() bounds the actions of an executor, and sends none of them ahead", () => {
  const limits = { ...LIMITS, executors: { one: 1, default: 3 } };
  const on = (executor: string): NodeDef => ({ ...call(), executor });
  const slots = new Slots(limits);
  assertEquals(capacity(on("one"), slots), 1);
  assertEquals(capacity(call(), slots), 3);
  slots.release(on("one"));
  assertEquals([slots.fits(call()), slots.fits(on("one"))], [false, true]);
  for (let i = 0; i < 3; i++) slots.release(call());
  slots.learn(call(), 0.001);
  assertEquals(capacity(call(), slots), 3);
});

Deno.test("Slots.onRelease() tells all who wait of what any of them gives back", () => {
  const slots = new Slots(LIMITS);
  const told: string[] = [];
  using _first = slots.onRelease(() => told.push("first"));
  {
    using _second = slots.onRelease(() => told.push("second"));
    slots.take(command());
    assertEquals([slots.isTaken, told], [true, []]);
    slots.release(command());
    assertEquals([slots.isTaken, told], [false, ["first", "second"]]);
  }
  slots.take(call());
  assertEquals(slots.isTaken, true);
  slots.release(call());
  assertEquals([slots.isTaken, told], [false, ["first", "second", "first"]]);
});

Deno.test("Slots sends short functions ahead once their duration is known", () => {
  const slots = new Slots(LIMITS);
  assertEquals(capacity(call(), slots), 4);
  for (let i = 0; i < 4; i++) slots.release(call());
  slots.learn(call(), 1);
  assertEquals(capacity(call(), slots), 80);
  assertEquals(slots.fits(command()), false);
});

Deno.test("Slots never runs functions and commands beyond the slots together", () => {
  const slots = new Slots(LIMITS);
  slots.take(command());
  slots.take(command());
  assertEquals(capacity(call(), slots), 2);
  assertEquals(slots.fits(command()), false);
  slots.release(command());
  assertEquals(slots.fits(call()), true);
});
