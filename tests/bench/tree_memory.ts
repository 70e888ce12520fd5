/** Memory of a process with all its descendants, sampled from outside. Knows no workload; Linux only. */

/** Pause between two samples in milliseconds. */
const SAMPLE_MS = 50;
const PAGE_BYTES = 4096;

/** Samples the resident memory of a process tree until it is disposed of. */
export class TreeMemory implements Disposable {
  readonly #root: number;
  readonly #timer: ReturnType<typeof setInterval>;
  #peakBytes = 0;

  /** @param root Process id at the top of the tree. */
  constructor(root: number) {
    this.#root = root;
    this.#timer = setInterval(() => this.#sample(), SAMPLE_MS);
  }

  /** Largest sum seen, in bytes; 0 where processes cannot be seen. */
  get peakBytes(): number {
    return this.#peakBytes;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #sample(): void {
    const parents = parentsOfAll();
    let sum = 0;
    for (const pid of parents.keys()) if (isBelow(pid, this.#root, parents)) sum += sizeOf(pid);
    this.#peakBytes = Math.max(this.#peakBytes, sum);
  }
}

function isBelow(pid: number, root: number, parents: ReadonlyMap<number, number>): boolean {
  for (let at: number | undefined = pid; at !== undefined; at = parents.get(at)) {
    if (at === root) return true;
  }
  return false;
}

/** Parent by process id. */
function parentsOfAll(): Map<number, number> {
  const parents = new Map<number, number>();
  if (Deno.build.os !== "linux") return parents;
  for (const { name } of Deno.readDirSync("/proc")) {
    // "pid (name) state ppid …"; the name may hold anything.
    const stat = /^\d+$/.test(name) ? read(`/proc/${name}/stat`) : "";
    const parent = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1];
    if (parent !== undefined) parents.set(Number(name), Number(parent));
  }
  return parents;
}

/** Pages that several processes share, as those of one program, count once in the sum over all who have them. */
function sizeOf(pid: number): number {
  const kib = /^Pss:\s+(\d+)/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1];
  if (kib !== undefined) return Number(kib) * 1024;
  return Number(read(`/proc/${pid}/statm`).split(" ")[1] ?? 0) * PAGE_BYTES;
}

function read(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    // The process has just ended.
    return "";
  }
}
