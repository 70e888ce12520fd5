/** A workflow with nodes that never end by themselves. Knows nothing of how they are ended. */

/** Files of it: a function in an endless loop, and a command that ignores SIGTERM. */
export const ENDLESS = {
  "sync/x": "",
  "nodes.ts": `export function spin({ n }: { n: number }): number {
  for (;;) if (n > 1e9) return n;
}
export const add = ({ x }: { x: number }) => x + 1;
export const fine = () => 1;
`,
  "workflow.yaml": `name: w
nodes:
  spin: { call: nodes.ts#spin, inputs: { n: { value: 1 } }, retries: 3 }
  after_spin: { call: nodes.ts#add, inputs: { x: spin } }
  deaf:
    run: "trap '' TERM; (sleep 1000 & sleep 1001) & : > sync/deaf; while :; do sleep 0.02; done"
    outputs: {}
    allow: { write: [sync] }
    retries: 3
  after_deaf: { run: "true", outputs: {}, after: [deaf] }
  fine: { call: nodes.ts#fine }
`,
} as const;
