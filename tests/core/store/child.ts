/** A second process on the same store, for the tests: `child.ts DIR record|claim|hold NAME COUNT`. */

import { Store } from "../../../core/store/store.ts";
import { entryOf, keysOf } from "./fixture.ts";

const [dir = "", mode = "", name = "", count = "0"] = Deno.args;
const store = Store.open(dir);
const shared = Array.from({ length: Number(count) }, (_, i) => entryOf(`shared ${i}`));

if (mode === "record") {
  for (let i = 0; i < shared.length; i += 10) {
    const own = shared.slice(i, i + 10).map((_, j) => entryOf(`${name} ${i + j}`));
    store.record([...shared.slice(i, i + 10), ...own]);
    store.blobs.put(new TextEncoder().encode(`blob ${i}`));
  }
  console.log("recorded");
  store.close();
} else if (mode === "claim") {
  const got = shared.filter((entry) => store.claims.claim(entry.key));
  console.log(JSON.stringify(keysOf(got)));
  // Holds its claims until the parent has heard from everybody.
  Deno.stdin.readSync(new Uint8Array(1));
  store.close();
} else {
  store.claims.claimAll(keysOf(shared));
  store.runs.begin("w.yaml");
  Deno.writeTextFileSync(`${store.sessionDir}/private`, "x");
  console.log(store.sessions.id);
  Deno.stdin.readSync(new Uint8Array(1));
}
