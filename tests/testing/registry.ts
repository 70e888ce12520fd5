/**
 * An npm registry of invented packages on this machine, with a cache directory of its own. Knows what Deno asks a registry,
 * nothing of flow.
 *
 * @module
 */

import { join } from "node:path";
import { createHash } from "node:crypto";
import { cpSync, existsSync } from "node:fs";
import { assertOk } from "./assert.ts";

/** An invented version of a package. */
export interface FakePackage {
  /** Below `@fake/`, the scope this registry serves. */
  readonly name: string;
  readonly version: string;
  /** Ranges by name below `@fake/`. */
  readonly dependencies?: Readonly<Record<string, string>>;
  /** Contents by path; `package.json` is made. */
  readonly files: Readonly<Record<string, string>>;
}

/** A package ready to be served. */
interface Packed extends FakePackage {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly integrity: string;
}

/** Serves packages until the end of the scope. */
export class FakeRegistry implements AsyncDisposable {
  readonly #dir = Deno.makeTempDirSync({ prefix: "flow-registry-" });
  readonly #packages: readonly Packed[];
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  /** Paths of tarballs that were asked for. */
  readonly fetched: string[] = [];

  /** @param real Names of real packages that are there too, if this machine has them cached. */
  constructor(packages: readonly FakePackage[], real: readonly string[] = []) {
    this.#packages = packages.map((each) => this.#pack(each));
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      (request) => this.#answer(new URL(request.url)),
    );
    copyCachedPackages(`${this.#dir}/deno/npm`, [...ownPackages(), ...real]);
    Deno.writeTextFileSync(`${this.#dir}/.npmrc`, `@fake:registry=${this.#origin}/\n`);
  }

  get #origin(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  /** Variables for a program that is to use this registry. */
  get env(): Readonly<Record<string, string>> {
    return { HOME: this.#dir, DENO_DIR: `${this.#dir}/deno` };
  }

  /** Returns a `deno.lock` that pins exactly these versions. */
  lock(...ids: readonly string[]): string {
    const npm: Record<string, object> = {};
    const specifiers: Record<string, string> = {};
    for (const id of ids) {
      const found = this.#packages.find(({ name, version }) => id === `${name}@${version}`);
      assertOk(found !== undefined, `no package ${id}`);
      const dependencies = Object.keys(found.dependencies ?? {}).map((name) => `@fake/${name}`);
      npm[`@fake/${id}`] = {
        integrity: found.integrity,
        ...(dependencies.length === 0 ? {} : { dependencies }),
      };
      specifiers[`npm:@fake/${id}`] = found.version;
    }
    return JSON.stringify({ version: "5", specifiers, npm });
  }

  #pack(each: FakePackage): Packed {
    const { name, version, dependencies = {}, files } = each;
    const manifest = {
      name: `@fake/${name}`,
      version,
      type: "module",
      dependencies: scoped(dependencies),
    };
    const dir = `${this.#dir}/${name}-${version}`;
    const all = { "package.json": JSON.stringify(manifest), ...files };
    for (const [path, text] of Object.entries(all)) {
      const target = join(dir, "package", path);
      Deno.mkdirSync(join(target, ".."), { recursive: true });
      Deno.writeTextFileSync(target, text);
    }
    const { success, stdout } = new Deno.Command("tar", {
      args: ["-czf", "-", "-C", dir, "package"],
      stderr: "inherit",
    }).outputSync();
    assertOk(success, "tar failed");
    const integrity = `sha512-${createHash("sha512").update(stdout).digest("base64")}`;
    return { ...each, bytes: new Uint8Array(stdout), integrity };
  }

  #answer({ pathname }: URL): Response {
    const [, scope, name, tarball] = decodeURIComponent(pathname).split("/");
    const found = this.#packages.filter((each) => scope === "@fake" && each.name === name);
    if (found.length === 0) return new Response("not found", { status: 404 });
    if (tarball === undefined) return Response.json(this.#manifestOf(name, found));
    this.fetched.push(tarball);
    const wanted = found.find(({ version }) => tarball === `${name}-${version}.tgz`);
    return wanted === undefined
      ? new Response("not found", { status: 404 })
      : new Response(wanted.bytes);
  }

  #manifestOf(name: string, found: readonly Packed[]): object {
    const versions = found.map(({ version, dependencies = {}, integrity }) => [version, {
      name: `@fake/${name}`,
      version,
      dependencies: scoped(dependencies),
      dist: { tarball: `${this.#origin}/@fake/${name}/${name}-${version}.tgz`, integrity },
    }]);
    return {
      name: `@fake/${name}`,
      "dist-tags": { latest: found.at(-1)?.version },
      versions: Object.fromEntries(versions),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
    Deno.removeSync(this.#dir, { recursive: true });
  }
}

function scoped(dependencies: Readonly<Record<string, string>>): Record<string, string> {
  const entries = Object.entries(dependencies);
  return Object.fromEntries(entries.map(([name, range]) => [`@fake/${name}`, range]));
}

/** Names of the packages of flow itself. */
function ownPackages(): string[] {
  const lock = Deno.readTextFileSync(join(import.meta.dirname ?? "", "../../deno.lock"));
  const { npm } = JSON.parse(lock) as { npm: Record<string, unknown> };
  return Object.keys(npm).map((key) => key.slice(0, key.indexOf("@", 1)));
}

/** Copies packages of the usual cache, so that nothing is downloaded for them. */
function copyCachedPackages(target: string, names: readonly string[]): void {
  const { stdout } = new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).outputSync();
  const { npmCache } = JSON.parse(new TextDecoder().decode(stdout)) as { npmCache: string };
  // One directory per registry that was asked, called like its host.
  const registries = [...Deno.readDirSync(npmCache)].filter((entry) => entry.isDirectory);
  for (const { name: registry } of registries) {
    for (const name of names) {
      const from = `${npmCache}/${registry}/${name}`;
      if (existsSync(from)) cpSync(from, `${target}/${registry}/${name}`, { recursive: true });
    }
  }
}
