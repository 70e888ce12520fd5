/** Starts a host, as the hidden sub-command `flow host` does. For tests of the executor. */

import { hostMain } from "../../core/executor/host.ts";

await hostMain();
