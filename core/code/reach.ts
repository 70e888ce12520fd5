/**
 * Which declarations can influence a function: what it refers to, and what the modules it needs do when loaded.
 * Knows links between declarations; does not know files or how digests are made.
 *
 * @module
 */

import type { Leaf, Link, Linker } from "./link.ts";
import type { Module, Modules, Unit } from "./modules.ts";

/** Everything that can influence one function. */
export interface Reach {
  readonly units: ReadonlySet<Unit>;
  readonly leaves: ReadonlyMap<string, Leaf[1]>;
  /** Labels of what acts when it is loaded, in order of evaluation. */
  readonly order: readonly string[];
  /** Places of `import(x)` that cannot be followed; then every module counts whole. */
  readonly computed: readonly Unit[];
}

/** What loading one module and everything it imports does. */
interface Effects {
  /** In order of evaluation. */
  readonly modules: readonly Module[];
  /** Modules that act beyond binding their names: they count whole. */
  readonly wholes: readonly Module[];
  /** Packages that are imported for their effect. */
  readonly leaves: readonly Leaf[];
  /** A value -> declarations that hand it, while loading, to code that may change it. */
  readonly changers: ReadonlyMap<Unit, readonly Unit[]>;
}

/** What loading one module by itself does. */
interface OwnEffects {
  readonly isWhole: boolean;
  readonly leaves: readonly Leaf[];
  /** Values and what may change them. */
  readonly changes: readonly (readonly [value: Unit, changer: Unit])[];
}

/** Walks the graph of declarations. */
export class Reacher {
  readonly #modules: Modules;
  readonly #linker: Linker;
  readonly #effects = new Map<Module, Effects>();
  readonly #ownEffects = new Map<Module, OwnEffects>();

  constructor(modules: Modules, linker: Linker) {
    this.#modules = modules;
    this.#linker = linker;
  }

  /** Returns what can influence an export of a module. */
  from(entry: Module, link: Link): Reach {
    const walk = new Walk();
    const computed: Unit[] = [];
    walk.load(this.#effectsOf(entry));
    walk.add(link);
    // A Set iterates over what is added while it is iterated.
    for (const unit of walk.units) {
      const { declaration, module } = unit;
      for (const next of this.#linker.linksOf(unit)) walk.add(next);
      for (const request of declaration.dynamic ?? []) {
        const target = this.#modules.resolve(module, request);
        if (target.kind === "module") walk.load(this.#effectsOf(target.module));
      }
      if (declaration.evals) walk.addUnit(module.body);
      if (declaration.computed === undefined) continue;
      computed.push(unit);
      for (const any of this.closure(entry)) {
        walk.load(this.#effectsOf(any));
        walk.add(this.#linker.whole(any));
      }
    }
    return { units: walk.units, leaves: walk.leaves, order: walk.order(), computed };
  }

  /** Returns the module and all it can load, literal `import()` included, each once, dependencies first. */
  closure(entry: Module): readonly Module[] {
    return this.#postOrder(entry, (module) => module.analysis.requests.keys());
  }

  #postOrder(entry: Module, requests: (module: Module) => Iterable<number>): readonly Module[] {
    const seen = new Set<Module>([entry]);
    const done: Module[] = [];
    // An explicit stack: a chain of imports may be longer than the call stack.
    const stack = [{ module: entry, rest: requests(entry)[Symbol.iterator]() }];
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const next = top.rest.next();
      if (next.done === true) {
        done.push(top.module);
        stack.pop();
        continue;
      }
      const target = this.#modules.resolve(top.module, next.value);
      if (target.kind !== "module" || seen.has(target.module)) continue;
      seen.add(target.module);
      stack.push({ module: target.module, rest: requests(target.module)[Symbol.iterator]() });
    }
    return done;
  }

  #effectsOf(entry: Module): Effects {
    let effects = this.#effects.get(entry);
    if (effects === undefined) this.#effects.set(entry, effects = this.#findEffects(entry));
    return effects;
  }

  #findEffects(entry: Module): Effects {
    const modules = this.#postOrder(entry, (module) => module.analysis.loads);
    const changers = new Map<Unit, Unit[]>();
    const leaves: Leaf[] = [];
    const wholes: Module[] = [];
    for (const module of modules) {
      const own = this.#ownEffectsOf(module);
      leaves.push(...own.leaves);
      if (own.isWhole) wholes.push(module);
      for (const [value, changer] of own.changes) {
        const known = changers.get(value);
        if (known === undefined) changers.set(value, [changer]);
        else known.push(changer);
      }
    }
    return { modules, wholes, leaves, changers };
  }

  #ownEffectsOf(module: Module): OwnEffects {
    let own = this.#ownEffects.get(module);
    if (own === undefined) this.#ownEffects.set(module, own = this.#findOwnEffects(module));
    return own;
  }

  #findOwnEffects(module: Module): OwnEffects {
    const leaves: Leaf[] = [];
    for (const request of module.analysis.bare) {
      const target = this.#modules.resolve(module, request);
      if (target.kind === "npm") leaves.push([target.id, target.digest]);
    }
    const running = module.units.filter(({ declaration }) => declaration.runs);
    const changes: (readonly [Unit, Unit])[] = [];
    let isWhole = module.analysis.hasEffects;
    for (const unit of isWhole ? [] : running) {
      const reached = this.#plainReach(unit);
      // An initialiser such as `const id = register(f)` changes state that others see.
      if (reached.some(({ declaration }) => declaration.mutates)) isWhole = true;
      for (const value of this.#exposedBy(reached)) {
        if (!value.declaration.isInert && value !== unit) changes.push([value, unit]);
      }
    }
    return { isWhole, leaves, changes };
  }

  /** Values that some units hand to code which may change them: only who uses these values is concerned. */
  #exposedBy(units: readonly Unit[]): ReadonlySet<Unit> {
    const values = new Set<Unit>();
    for (const { module, declaration } of units) {
      for (const name of declaration.exposes ?? []) {
        for (const value of this.#linker.name(module, name)?.units ?? []) values.add(value);
      }
    }
    return values;
  }

  /** The unit and all it refers to, whatever loading does. */
  #plainReach(root: Unit): readonly Unit[] {
    const units = new Set<Unit>([root]);
    for (const unit of units) {
      for (const link of this.#linker.linksOf(unit)) for (const next of link.units) units.add(next);
    }
    return [...units];
  }
}

/** What one walk has found so far. */
class Walk {
  readonly units = new Set<Unit>();
  readonly leaves = new Map<string, Leaf[1]>();
  readonly #loaded = new Set<Effects>();

  add(link: Link): void {
    for (const [name, digest] of link.leaves) this.leaves.set(name, digest);
    for (const unit of link.units) this.addUnit(unit);
  }

  addUnit(unit: Unit): void {
    if (this.units.has(unit)) return;
    this.units.add(unit);
    for (const { changers } of this.#loaded) {
      for (const changer of changers.get(unit) ?? []) this.addUnit(changer);
    }
  }

  /** Takes in what loading a module does, also to values found before. */
  load(effects: Effects): void {
    if (this.#loaded.has(effects)) return;
    this.#loaded.add(effects);
    for (const [name, digest] of effects.leaves) this.leaves.set(name, digest);
    for (const module of effects.wholes) this.addUnit(module.body);
    for (const [value, changers] of effects.changers) {
      if (this.units.has(value)) { for (const changer of changers) this.addUnit(changer); }
    }
  }

  /** What acts while loading, in order: swapping two registrations is a change even if both stay the same. */
  order(): readonly string[] {
    const order = new Set<string>();
    for (const module of [...this.#loaded].flatMap(({ modules }) => modules)) {
      if (this.units.has(module.body)) order.add(module.key);
      else {
        for (const unit of module.units) {
          const { runs, exposes } = unit.declaration;
          if (runs && exposes !== undefined && this.units.has(unit)) order.add(unit.label);
        }
      }
    }
    return [...order];
  }
}
