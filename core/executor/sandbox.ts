/**
 * Confines commands with bubblewrap: only the system, the program, and what is declared exist inside. Knows no actions,
 * no templates and no store.
 *
 * Inside are /usr, /etc, /opt and the package stores (read-only), the installations that PATH and the program name
 * (read-only), the given paths, an empty /tmp with an empty home, /proc and /dev of its own pid namespace, and the
 * network only if allowed. Everything else does not exist (ENOENT) or cannot be written (EROFS).
 *
 * @module
 */

import { basename, dirname, isAbsolute, join, relative } from "node:path";

/** What a confined command may see, beside the system. All paths are absolute. */
export interface SandboxOptions {
  /** Working directory; it exists inside even if nothing in it is visible. */
  readonly cwd: string;
  readonly workflowDir: string;
  /** Paths to read. Those that do not exist are left out. */
  readonly read: readonly string[];
  /** Existing paths to read and write. */
  readonly write: readonly string[];
  /** Executable files that must be reachable. */
  readonly programs: readonly string[];
  /** The PATH of the command. */
  readonly searchPath: string;
  readonly net: boolean;
}

/** HOME inside the sandbox: empty, writable, gone with the command. */
export const SANDBOX_HOME = "/tmp/home";

/** Seen by every command: what comes with the machine rather than with a user or project. */
const SYSTEM_DIRS = ["/usr", "/etc", "/opt", "/nix/store", "/gnu/store", "/run/current-system"];
/** Directories whose parent is the installation they belong to. */
const BIN_NAMES = new Set(["bin", "sbin", "libexec", "shims", ".bin", "condabin"]);
/** Deepest chain of symlinks from a command's name to its program. */
const MAX_LINKS = 16;

let probed: Promise<string | undefined> | undefined;

/**
 * Returns the path of a bubblewrap that works on this machine, or undefined. Tried once per process: it may be missing,
 * or user namespaces may be switched off.
 */
export function findBubblewrap(): Promise<string | undefined> {
  return probed ??= probe();
}

async function probe(): Promise<string | undefined> {
  if (Deno.build.os !== "linux") return undefined;
  const bwrap = findProgram("bwrap", "/", Deno.env.get("PATH") ?? "/usr/bin:/bin");
  if (bwrap === undefined) return undefined;
  const args = sandboxArgs({
    cwd: "/tmp",
    workflowDir: "/tmp",
    read: [],
    write: [],
    programs: [],
    searchPath: "",
    net: false,
  });
  try {
    const { code } = await new Deno.Command(bwrap, {
      args: [...args, "--", "/bin/sh", "-c", "exit 0"],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).output();
    return code === 0 ? bwrap : undefined;
  } catch (error) {
    // Not executable here, or flow may not run it: the same as not being there.
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotCapable) {
      return undefined;
    }
    if (error instanceof Deno.errors.PermissionDenied) return undefined;
    throw error;
  }
}

/**
 * Returns bubblewrap's arguments up to, not including, the command.
 *
 * A bind costs about 0.45 ms, so a path inside another one with the same right is left to that one.
 */
export function sandboxArgs(options: SandboxOptions): string[] {
  const args = [
    ...["--unshare-user-try", "--unshare-pid", "--unshare-ipc", "--unshare-uts"],
    ...(options.net ? [] : ["--unshare-net"]),
    ...["--die-with-parent", "--new-session"],
    ...systemArgs(),
    ...["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--dir", SANDBOX_HOME],
  ];
  const kept = binds(options);
  // Below /tmp the directory would be writable: writes would succeed and vanish.
  const { workflowDir } = options;
  const needsMount = workflowDir !== "/tmp" && isWithin(workflowDir, "/tmp") &&
    enclosing(workflowDir, kept) === undefined;
  if (needsMount) args.push("--tmpfs", workflowDir);
  args.push("--dir", options.cwd);
  for (const { path, isWritable } of kept.values()) {
    args.push(isWritable ? "--bind" : "--ro-bind", path, path);
  }
  if (options.net) args.push(...resolverArgs());
  if (needsMount) args.push("--remount-ro", workflowDir);
  args.push("--remount-ro", "/");
  args.push("--chdir", options.cwd);
  return args;
}

let cachedSystemArgs: readonly string[] | undefined;

function systemArgs(): readonly string[] {
  return cachedSystemArgs ??= [
    ...SYSTEM_DIRS.filter(exists).flatMap((dir) => ["--ro-bind", dir, dir]),
    ...["/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"].flatMap((dir) => {
      const info = lstat(dir);
      if (info === undefined) return [];
      return info.isSymlink ? ["--symlink", Deno.readLinkSync(dir), dir] : ["--ro-bind", dir, dir];
    }),
  ];
}

/** /etc/resolv.conf is often a link into /run. */
function resolverArgs(): string[] {
  const real = realPath("/etc/resolv.conf");
  return real === undefined || isWithin(real, "/etc") ? [] : ["--ro-bind", real, real];
}

interface Bind {
  readonly path: string;
  readonly isWritable: boolean;
}

/** Parents come before children, or they would hide them. */
function binds(options: SandboxOptions): ReadonlyMap<string, Bind> {
  const wanted = new Map<string, Bind>();
  const readable = [...options.read.filter(exists), ...toolPaths(options)];
  for (const path of readable) wanted.set(path, { path, isWritable: false });
  for (const path of options.write) wanted.set(path, { path, isWritable: true });
  const sorted = [...wanted.values()].sort((a, b) => a.path < b.path ? -1 : 1);
  const kept = new Map<string, Bind>();
  for (const bind of sorted) {
    const around = enclosing(bind.path, kept);
    const isCovered = around === undefined
      ? !bind.isWritable && isSystem(bind.path)
      : around.isWritable === bind.isWritable;
    if (!isCovered) kept.set(bind.path, bind);
  }
  return kept;
}

/** Returns the innermost kept bind that holds a path. O(depth of the path). */
function enclosing(path: string, kept: ReadonlyMap<string, Bind>): Bind | undefined {
  for (let dir = path;;) {
    const found = kept.get(dir);
    if (found !== undefined) return found;
    const parent = dirname(dir);
    if (parent === dir) return undefined;
    dir = parent;
  }
}

/** Returns the paths outside the system that PATH and the programs need. */
function toolPaths(options: SandboxOptions): string[] {
  const paths = new Set<string>();
  for (const dir of options.searchPath.split(":")) {
    if (!isAbsolute(dir) || isSystem(dir) || !exists(dir)) continue;
    const installation = installationOf(dir, options.workflowDir);
    if (installation !== undefined) paths.add(installation);
  }
  for (const program of options.programs) {
    for (const hop of linkChain(program)) {
      if (!isSystem(hop)) paths.add(installationOf(dirname(hop), options.workflowDir) ?? hop);
    }
  }
  return [...paths];
}

/**
 * Returns the directory that holds what the programs of `dir` need beside them: `~/.pyenv` for `~/.pyenv/shims`,
 * `node_modules` for `node_modules/.bin`; or `dir` itself. Never one around the workflow or the home, which would show
 * what is not declared: undefined if `dir` is such a one.
 */
function installationOf(dir: string, workflowDir: string): string | undefined {
  const home = Deno.env.get("HOME") || "/";
  const isTooWide = (candidate: string): boolean =>
    isWithin(workflowDir, candidate) || isWithin(home, candidate) ||
    candidate === join(home, ".local");
  if (isTooWide(dir)) return undefined;
  const parent = dirname(dir);
  return BIN_NAMES.has(basename(dir)) && !isTooWide(parent) ? parent : dir;
}

/** Returns a path and every path its symlinks lead through. */
function linkChain(path: string): string[] {
  const chain = [path];
  for (let hop = path; chain.length < MAX_LINKS;) {
    if (lstat(hop)?.isSymlink !== true) break;
    const target = Deno.readLinkSync(hop);
    hop = isAbsolute(target) ? target : join(dirname(hop), target);
    chain.push(hop);
  }
  const real = realPath(path);
  if (real !== undefined && !chain.includes(real)) chain.push(real);
  return chain;
}

function isSystem(path: string): boolean {
  return SYSTEM_DIRS.some((dir) => isWithin(path, dir)) ||
    /^\/(bin|sbin|lib|lib32|lib64|libx32)(\/|$)/.test(path);
}

const programs = new Map<string, string | undefined>();

/**
 * Returns the executable file a command name means, or undefined. Names without a slash are searched in PATH, once per
 * process.
 *
 * @param name As in argv[0].
 * @param cwd Where relative names start.
 */
export function findProgram(name: string, cwd: string, searchPath: string): string | undefined {
  if (name.includes("/")) {
    const path = isAbsolute(name) ? name : join(cwd, name);
    return isExecutable(path) ? path : undefined;
  }
  const key = `${name}\0${searchPath}`;
  const known = programs.get(key);
  // A miss is looked up again: the program may have been installed by an earlier node.
  if (known !== undefined) return known;
  for (const dir of searchPath.split(":")) {
    const path = join(dir, name);
    if (isAbsolute(dir) && isExecutable(path)) {
      programs.set(key, path);
      return path;
    }
  }
  return undefined;
}

/**
 * Returns the programs a script may start by name, and the interpreter of a program that is itself a script: what must be
 * reachable beside argv[0]. Only those outside the system matter.
 */
export function programsNamedIn(text: string, cwd: string, searchPath: string): string[] {
  const found = new Set<string>();
  for (const [word] of text.matchAll(/[\w./+-]*\w/g)) {
    if (word.includes("/") && !isAbsolute(word)) continue;
    const program = findProgram(word, cwd, searchPath);
    if (program !== undefined && linkChain(program).some((hop) => !isSystem(hop))) {
      found.add(program);
    }
  }
  return [...found];
}

/** Returns the `#!` line of a program without the mark, or an empty text. */
export function shebangOf(program: string): string {
  try {
    using file = Deno.openSync(program);
    const bytes = new Uint8Array(256);
    const count = file.readSync(bytes) ?? 0;
    const text = new TextDecoder().decode(bytes.subarray(0, count));
    return text.startsWith("#!") ? text.slice(2).split("\n", 1)[0] : "";
  } catch (error) {
    // Executable but not readable is allowed; it is then no script.
    if (error instanceof Deno.errors.PermissionDenied) return "";
    throw error;
  }
}

/** An access the sandbox has hidden, as far as the command's messages tell. */
export interface DeniedAccess {
  readonly permission: "read" | "write" | "net";
  /** As the command wrote it. */
  readonly value?: string;
  readonly hint: string;
}

const ACCESS_ERROR =
  /no such file|not found|cannot (open|access|read|find|create|stat)|can't open|ENOENT|EROFS|read-only file system|does not exist|permission denied|failed to open/i;
const NETWORK_ERROR =
  /network is unreachable|could not resolve|name resolution|name or service not known|temporary failure in name|ENETUNREACH|EAI_AGAIN|failed to lookup address|dns error/i;

/**
 * Looks in a failed command's messages for paths that exist outside but not in its sandbox.
 *
 * @param messages The end of what it wrote to stderr.
 */
export function deniedAccess(messages: string, options: SandboxOptions): DeniedAccess | undefined {
  for (const line of messages.split("\n")) {
    if (!options.net && NETWORK_ERROR.test(line)) {
      return {
        permission: "net",
        hint: "The sandbox has no network: add the host under allow.net",
      };
    }
    if (!ACCESS_ERROR.test(line)) continue;
    for (const [word] of line.matchAll(/[^\s'"`‘’“”:;,()[\]]+/g)) {
      const denied = deniedPath(word, /read-only|EROFS/i.test(line), options);
      if (denied !== undefined) return denied;
    }
  }
  return undefined;
}

function deniedPath(
  word: string,
  isWrite: boolean,
  options: SandboxOptions,
): DeniedAccess | undefined {
  const path = isAbsolute(word) ? join(word) : join(options.cwd, word);
  if (path === options.cwd || isSystem(path) || /^\/(proc|dev|tmp)$/.test(path)) return undefined;
  const isInProject = isWithin(path, options.workflowDir);
  const shown = isInProject ? relative(options.workflowDir, path) : path;
  if (isWrite && !options.write.some((dir) => isWithin(path, dir))) {
    if (!word.includes("/") && !word.includes(".") && !exists(path)) return undefined;
    return {
      permission: "write",
      value: shown,
      hint:
        `"${shown}" is outside the sandbox: write to a declared output, or add it under allow.write`,
    };
  }
  const isVisible = [...options.read, ...options.write].some((dir) => isWithin(path, dir));
  if (isVisible || !exists(path)) return undefined;
  return {
    permission: "read",
    value: shown,
    hint: `"${shown}" exists but is not declared: add it under inputs or allow.read`,
  };
}

function isWithin(path: string, dir: string): boolean {
  return path === dir || path.startsWith(dir.endsWith("/") ? dir : `${dir}/`);
}

function lstat(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.lstatSync(path);
  } catch {
    // Missing, or in a directory we may not search: either way not there for us.
    return undefined;
  }
}

function realPath(path: string): string | undefined {
  try {
    return Deno.realPathSync(path);
  } catch {
    // A dangling link leads nowhere.
    return undefined;
  }
}

function exists(path: string): boolean {
  return realPath(path) !== undefined;
}

function isExecutable(path: string): boolean {
  try {
    const info = Deno.statSync(path);
    return info.isFile && ((info.mode ?? 0o111) & 0o111) !== 0;
  } catch {
    // Not there.
    return false;
  }
}
