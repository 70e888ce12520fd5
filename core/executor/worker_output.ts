/**
 * What code prints, by whatever way, goes to the action's log instead of the pipes of the host.
 * Becomes source text of a worker, so it refers to nothing outside itself.
 *
 * @module
 */

/** Printed text on its way to the log. */
export interface WorkerOutput {
  print(stream: "stdout" | "stderr", text: string): void;
  /** Sends what is held back. */
  flush(): void;
}

/** The node modules that print, patched in place, and what belongs to what is printed. */
export interface PrintingContext {
  // deno-lint-ignore no-explicit-any -- patched by name
  readonly process: any;
  // deno-lint-ignore no-explicit-any -- patched by name
  readonly fs: any;
  /** Call of a batch that is at work; texts of different calls are not sent together. */
  callNow(): number | undefined;
}

/**
 * Replaces the console, `Deno.stdout`, `process.stdout`, and descriptors 0 to 2 of `node:fs`.
 *
 * @param send Gets printed text, and the call that printed it.
 */
export function captureWorkerOutput(
  { process, fs, callNow }: PrintingContext,
  send: (stream: "stdout" | "stderr", text: string, call: number | undefined) => void,
): WorkerOutput {
  const now = performance.now.bind(performance);
  const { defineProperty, freeze } = Object;
  const printed = { stdout: "", stderr: "" };
  let flushedAt = -1e9;
  /** Call that what is held back belongs to. */
  let owner: number | undefined;

  /** At the end of an action; the next one begins quiet. */
  function flush(): void {
    sendHeld();
    flushedAt = -1e9;
  }

  function sendHeld(): void {
    for (const stream of ["stdout", "stderr"] as const) {
      const text = printed[stream];
      if (text === "") continue;
      printed[stream] = "";
      send(stream, text, owner);
    }
  }

  function print(stream: "stdout" | "stderr", text: string): void {
    const call = callNow();
    // Does not count as a flush: the first words of a call are its own.
    if (call !== owner) sendHeld();
    owner = call;
    printed[stream] += text;
    // At once when quiet, so that the last words before a crash are kept; every 10 ms in a loop.
    if (now() - flushedAt > 10 || printed[stream].length > 1 << 16) {
      sendHeld();
      flushedAt = now();
    }
  }

  function printer(stream: "stdout" | "stderr"): (data: Uint8Array | string) => number {
    const decoder = new TextDecoder();
    return (data) => {
      print(stream, typeof data === "string" ? data : decoder.decode(data, { stream: true }));
      return data.length;
    };
  }

  function captureOutput(): void {
    const Console =
      (Deno as unknown as Record<symbol, { Console: new (print: unknown) => object }>)[
        (Deno as unknown as { internal: symbol }).internal
      ].Console;
    const captured = new Console((text: string, level: number) =>
      print(level >= 2 ? "stderr" : "stdout", text)
    ) as Record<string, unknown>;
    for (const name of Object.getOwnPropertyNames(captured)) {
      if (typeof captured[name] === "function" && name in console) {
        (console as unknown as Record<string, unknown>)[name] = captured[name];
      }
    }
    for (const stream of ["stdout", "stderr"] as const) {
      const write = printer(stream);
      const fake = {
        write: (data: Uint8Array) => Promise.resolve(write(data)),
        writeSync: write,
        close() {},
        isTerminal: () => false,
        get writable() {
          return new WritableStream({ write: (data: Uint8Array) => void write(data) });
        },
      };
      defineProperty(Deno, stream, { value: freeze(fake), configurable: false, writable: false });
      let nodeStream: unknown;
      defineProperty(process, stream, {
        configurable: false,
        get: () => nodeStream ??= nodeWritable(write, stream === "stdout" ? 1 : 2),
      });
    }
    captureDescriptors();
  }

  function nodeWritable(write: (data: Uint8Array) => void, fd: number): unknown {
    const { Writable } = process.getBuiltinModule("node:stream");
    const stream = new Writable({
      decodeStrings: true,
      write(data: Uint8Array, _encoding: string, done: () => void) {
        write(data);
        done();
      },
    });
    stream.fd = fd;
    return stream;
  }

  /** Descriptors 0 to 2 are the host's own pipes. */
  function captureDescriptors(): void {
    const outs = [undefined, printer("stdout"), printer("stderr")];
    const { writeSync, write, readSync, read, writeFileSync, appendFileSync, readFileSync } = fs;
    const slice = (data: unknown, offset: unknown, length: unknown): Uint8Array | string => {
      if (typeof data === "string") return data;
      const view = data as Uint8Array;
      const from = typeof offset === "number" ? offset : 0;
      return view.subarray(from, typeof length === "number" ? from + length : undefined);
    };
    fs.writeSync = (fd: number, data: unknown, offset: unknown, length: unknown, at: unknown) =>
      outs[fd] ? outs[fd]!(slice(data, offset, length)) : writeSync(fd, data, offset, length, at);
    fs.write = (fd: number, data: unknown, ...rest: unknown[]) => {
      if (!outs[fd]) return write(fd, data, ...rest);
      const count = outs[fd]!(slice(data, rest[0], rest[1]));
      const done = rest.at(-1) as (error: null, count: number, data: unknown) => void;
      queueMicrotask(() => done(null, count, data));
    };
    fs.readSync = (fd: number, ...rest: unknown[]) => fd === 0 ? 0 : readSync(fd, ...rest);
    fs.read = (fd: number, ...rest: unknown[]) => {
      if (fd !== 0) return read(fd, ...rest);
      const done = rest.at(-1) as (error: null, count: number) => void;
      queueMicrotask(() => done(null, 0));
    };
    const wholes = { writeFileSync, appendFileSync };
    for (const name of ["writeFileSync", "appendFileSync"] as const) {
      fs[name] = (path: unknown, data: unknown, options: unknown) =>
        typeof path === "number" && outs[path]
          ? void outs[path]!(data as string)
          : wholes[name](path, data, options);
    }
    fs.readFileSync = (path: unknown, options: unknown) =>
      path === 0
        ? (options === undefined ? new Uint8Array(0) : "")
        : readFileSync(path as string, options);
  }

  captureOutput();
  return { print, flush };
}
