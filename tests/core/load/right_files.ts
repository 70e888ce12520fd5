/** Right workflow files. Data of `definition_test.ts`. */

/** Nodes by the text of their options, with the part of the `NodeDef` that the text decides. */
export const rightNodes: readonly [options: string, expected: Readonly<Record<string, unknown>>][] =
  [
    ["run: ls", {
      work: { kind: "run", script: "ls", shell: "sh" },
      outputs: [],
      command: { okCodes: [0], cwd: ".", env: {}, sandbox: "auto" },
    }],
    ["run: 'a; b', shell: bash", { work: { kind: "run", script: "a; b", shell: "bash" } }],
    ["run: [head, -n, 5, 1.10, true, '']", {
      work: { kind: "run", argv: ["head", "-n", "5", "1.10", "true", ""] },
    }],
    ["call: 'lib/n.ts#f'", {
      work: { kind: "call", module: "lib/n.ts", path: "/p/lib/n.ts", export: "f" },
      outputs: [{ name: "n", kind: "value", temp: false, allowEmpty: false }],
      inputs: {},
      scope: { read: [], write: [], net: [], env: [], sys: [], run: [], ffi: [], import: [] },
      cache: "auto",
      track: [],
      after: [],
      retry: { limit: 0, delayMs: 1000, factor: 2 },
      resources: { cpus: 1, pools: {} },
      isolate: "pooled",
      onError: "fail",
      enabled: true,
    }],
    ["call: '../n.mjs#default'", {
      work: { kind: "call", module: "../n.mjs", path: "/n.mjs", export: "default" },
    }],
    ["call: 'n.ts#f', inputs: [a, b]", {
      inputs: { a: { kind: "ref", ref: "a" }, b: { kind: "ref", ref: "b" } },
    }],
    [
      "call: 'n.ts#f', inputs: { a: b.c, p: params.x.y, v: { value: [1] }, f: { file: /e/x }, " +
      "d: { dir: ../d }, g: { glob: '*.csv' }, e: { env: HOME }, z: { value: null } }",
      {
        inputs: {
          a: { kind: "ref", ref: "b.c" },
          p: { kind: "ref", ref: "params.x.y" },
          v: { kind: "value", value: [1] },
          f: { kind: "file", path: "/e/x" },
          d: { kind: "dir", path: "../d" },
          g: { kind: "glob", pattern: "*.csv" },
          e: { kind: "env", name: "HOME" },
          z: { kind: "value", value: null },
        },
      },
    ],
    ["call: 'n.ts#f', outputs: [x, y]", {
      outputs: [
        { name: "x", kind: "value", temp: false, allowEmpty: false },
        { name: "y", kind: "value", temp: false, allowEmpty: false },
      ],
    }],
    ["call: 'n.ts#f', outputs: []", { outputs: [] }],
    ["call: 'n.ts#f', outputs: none", { outputs: [] }],
    ["call: 'n.ts#f', outputs:", { outputs: [] }],
    [
      "call: 'n.ts#f', outputs: { a: , b: ./out//b.txt, c: { dir: c/ }, d: { file: d, temp: true, allowEmpty: true } }",
      {
        outputs: [
          { name: "a", kind: "value", temp: false, allowEmpty: false },
          { name: "b", kind: "file", path: "out/b.txt", temp: false, allowEmpty: false },
          { name: "c", kind: "dir", path: "c", temp: false, allowEmpty: false },
          { name: "d", kind: "file", path: "d", temp: true, allowEmpty: true },
        ],
      },
    ],
    ["call: 'n.ts#f', temp: true", {
      outputs: [{ name: "n", kind: "value", temp: true, allowEmpty: false }],
    }],
    ["run: ls, temp: true, stdout: o", {
      outputs: [{ name: "o", kind: "value", temp: true, allowEmpty: false }],
    }],
    ["call: 'n.ts#f', temp: true, outputs: { a: , b: b.txt }", {
      outputs: [
        { name: "a", kind: "value", temp: true, allowEmpty: false },
        { name: "b", kind: "file", path: "b.txt", temp: true, allowEmpty: false },
      ],
    }],
    ["run: ls, stdout: o", {
      outputs: [{ name: "o", kind: "value", temp: false, allowEmpty: false }],
      command: {
        stdout: { output: "o", as: "text" },
        okCodes: [0],
        cwd: ".",
        env: {},
        sandbox: "auto",
      },
    }],
    [
      "run: ls, stderr: { output: o, as: lines }, stdin: i, inputs: [i], okCodes: [0, 1], cwd: private, env: { A: 1.0, B: { env: C } }, sandbox: off",
      {
        command: {
          stdin: "i",
          stderr: { output: "o", as: "lines" },
          okCodes: [0, 1],
          cwd: "private",
          env: { A: "1.0", B: { env: "C" } },
          sandbox: "off",
        },
      },
    ],
    ["run: ls, stdout: o, outputs: { o: o.txt }", {
      outputs: [{ name: "o", kind: "file", path: "o.txt", temp: false, allowEmpty: false }],
    }],
    ["call: 'n.ts#f', allow: { read: [a], net: true, env: false, run: [git], ffi: false }", {
      scope: {
        read: ["a"],
        write: [],
        net: true,
        env: [],
        sys: [],
        run: ["git"],
        ffi: [],
        import: [],
      },
    }],
    ["run: ls, cache: false", { cache: false }],
    ["run: ls, cache: { ttl: 1d }", { cache: { ttlMs: 86_400_000 } }],
    ["run: ls, retries: 3", { retry: { limit: 3, delayMs: 1000, factor: 2 } }],
    ["run: ls, retries: { limit: 2, delay: 500ms, factor: 1 }", {
      retry: { limit: 2, delayMs: 500, factor: 1 },
    }],
    ["run: ls, timeout: 90", { timeoutMs: 90_000 }],
    ["run: ls, timeout: 1h30m", { timeoutMs: 5_400_000 }],
    ["run: ls, resources: { cpus: 2, memory: 1.5GiB, gpu: 1 }", {
      resources: { cpus: 2, memoryBytes: 1_610_612_736, pools: { gpu: 1 } },
    }],
    ["run: ls, track: [a, { file: x }], after: b", {
      track: [{ kind: "ref", ref: "a" }, { kind: "file", path: "x" }],
      after: ["b"],
    }],
    ["run: ls, after: [b, c], enabled: false, onError: continue, description: hi", {
      after: ["b", "c"],
      enabled: false,
      onError: "continue",
      description: "hi",
    }],
    ["call: n.ts#f, outputs: { x: { pick: 'a[0].b', temp: true } }", {
      outputs: [{ name: "x", kind: "value", temp: true, allowEmpty: false, pick: ["a", 0, "b"] }],
    }],
    ["call: n.ts#f, onEnd: h.ts#g, onFailure: { run: [echo], allow: { net: true }, timeout: 3s }", {
      hooks: [
        {
          when: "failure",
          about: "node",
          work: { kind: "run", argv: ["echo"] },
          scope: { read: [], write: [], net: true, env: [], sys: [], run: [], ffi: [], import: [] },
          timeoutMs: 3000,
          at: ["nodes", "n", "onFailure", "run"],
        },
        {
          when: "end",
          about: "node",
          work: { kind: "call", module: "h.ts", path: "/p/h.ts", export: "g" },
          scope: { read: [], write: [], net: [], env: [], sys: [], run: [], ffi: [], import: [] },
          timeoutMs: 60_000,
          at: ["nodes", "n", "onEnd"],
        },
      ],
    }],
    ["call: n.ts#f, resources: { memory: 2KiB * attempt }", {
      resources: { cpus: 1, memoryBytes: 2048, scales: true, pools: {} },
    }],
    ["run: ls, resources: { call: lib.ts#need, cpus: 2 }", {
      resources: {
        cpus: 2,
        by: { kind: "function", module: "lib.ts", path: "/p/lib.ts", export: "need" },
        pools: {},
      },
    }],
    ["call: n.ts#f, concurrency: 8", { concurrency: 8 }],
    ["call: n.ts#f, executor: default, chunk: 4096", { executor: "default", chunk: 4096 }],
    ["run: ls, track: [{ call: 'lib/n.ts#f' }, params.a]", {
      track: [
        { kind: "function", module: "lib/n.ts", path: "/p/lib/n.ts", export: "f" },
        { kind: "ref", ref: "params.a" },
      ],
    }],
    ["run: ls, inputs: { a: { file: a, sidecar: true }, b: { file: b, sidecar: false } }", {
      inputs: {
        a: { kind: "file", path: "a", sidecar: true },
        b: { kind: "file", path: "b" },
      },
    }],
    ["run: ls, exitCode: c, commandLine: l, okCodes: [0, 1], outputs: { l: l.json }", {
      outputs: [
        { name: "l", kind: "file", path: "l.json", temp: false, allowEmpty: false },
        { name: "c", kind: "value", temp: false, allowEmpty: false },
      ],
      command: {
        exitCode: "c",
        commandLine: "l",
        okCodes: [0, 1],
        cwd: ".",
        env: {},
        sandbox: "auto",
      },
    }],
    ["run: [ls], hooks: { before: [a, 1], after: 'b; c' }", {
      command: {
        hooks: { before: { argv: ["a", "1"] }, after: { script: "b; c", shell: "sh" } },
        okCodes: [0],
        cwd: ".",
        env: {},
        sandbox: "auto",
      },
    }],
    ["run: '#!/usr/bin/env python3'", {
      work: { kind: "run", script: "#!/usr/bin/env python3", shell: "#!" },
    }],
    ["call: 'n.ts#f', outputs: { a: { hash: inputs }, b: { file: b.txt, hash: inputs } }", {
      outputs: [
        { name: "a", kind: "value", temp: false, allowEmpty: false, hash: "inputs" },
        { name: "b", kind: "file", path: "b.txt", temp: false, allowEmpty: false, hash: "inputs" },
      ],
    }],
  ];
