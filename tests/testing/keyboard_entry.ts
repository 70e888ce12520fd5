/** Says what a keyboard gives it; ends in the way that its key asks for. Run on a terminal by tests. */

import { Keyboard } from "../../cli/keyboard.ts";
import * as fs from "node:fs";

// As the program does.
globalThis.addEventListener("error", (event) => {
  event.preventDefault();
  Deno.exit(1);
});

using keyboard = Keyboard.open({
  onKeys(text) {
    console.log(`keys ${JSON.stringify(text)}`);
    if (text === "e") Deno.exit(3);
    if (text === "t") throw new Error("thrown");
    if (text === "d") end.resolve();
  },
  onReadable: (isReadable) => console.log(isReadable ? "readable" : "unreadable"),
  onProblem: (message) => console.log(message),
}, fs);
const end = Promise.withResolvers<void>();
if (keyboard === undefined) console.log("no terminal");
else await end.promise;
