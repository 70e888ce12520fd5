/**
 * Questions about types: their text, how deeply they are arrays, whether they are objects with certain members. Does not know
 * workflows.
 *
 * @module
 */

import type { DataPath } from "../base/data_path.ts";
import type { Compiler, SourceFile, TupleType, Type, TypeChecker } from "./compiler_api.ts";
import { shortType } from "./reason.ts";

/** Why a value cannot be taken apart into outputs. */
export type Misfit =
  | { readonly kind: "no-object" }
  | { readonly kind: "length"; readonly length: number }
  | { readonly kind: "missing" | "extra"; readonly name: string };

/** Answers about the types of one program. */
export class TypeView {
  readonly #compiler: Compiler;
  readonly #checker: TypeChecker;
  readonly #wires: SourceFile;

  constructor(compiler: Compiler, checker: TypeChecker, wires: SourceFile) {
    this.#compiler = compiler;
    this.#checker = checker;
    this.#wires = wires;
  }

  /** The short text of a type, as its module writes it. */
  textOf(type: Type): string {
    const { TypeFormatFlags } = this.#compiler;
    // Names of the module of wires mean nothing to people.
    const isOurs = type.aliasSymbol?.declarations?.[0].getSourceFile() === this.#wires;
    const flags = TypeFormatFlags.UseAliasDefinedOutsideCurrentScope |
      TypeFormatFlags.NoTruncation | (isOurs ? TypeFormatFlags.InTypeAlias : 0);
    return shortType(this.#checker.typeToString(type, undefined, flags));
  }

  /** Tells whether nothing is known of a type. */
  isAny(type: Type): boolean {
    const { TypeFlags } = this.#compiler;
    return (type.flags & (TypeFlags.Any | TypeFlags.Unknown | TypeFlags.Never)) !== 0;
  }

  /** Tells whether a value of one type can be given where another is wanted. */
  fits(source: Type, target: Type): boolean {
    return this.#checker.isTypeAssignableTo(source, target);
  }

  /** Tells whether a literal is the value of an enum's member: a workflow file can write nothing else. */
  isEnumValue(source: Type, target: Type): boolean {
    const members = target.isUnion() ? target.types : [target];
    const sources = source.isUnion() ? source.types : [source];
    return sources.every(({ value }) =>
      value !== undefined &&
      members.some((member) =>
        (member.flags & this.#compiler.TypeFlags.EnumLiteral) !== 0 && member.value === value
      )
    );
  }

  /** What an array, or typed array, holds; of a union what all of its members hold. */
  elementOf(type: Type): Type | undefined {
    const members = type.isUnion() ? type.types : [type];
    const elements = members.map((member) => this.#elementOf(member));
    return elements.every((element) => element !== undefined) ? elements[0] : undefined;
  }

  /** How deeply a type is an array for certain; infinite if nothing is known of what is inside. */
  rankOf(type: Type): number {
    if (this.isAny(type)) return Infinity;
    const members = type.isUnion() ? type.types : [type];
    return Math.min(...members.map((member) => {
      const element = this.#elementOf(member);
      return element === undefined ? 0 : 1 + this.rankOf(element);
    }));
  }

  /** Why a result is not an object, or list, of certain outputs. */
  misfitOf(type: Type, names: readonly string[]): Misfit | undefined {
    if (this.isAny(type)) return undefined;
    const members = type.isUnion() ? type.types : [type];
    for (const member of members) {
      const misfit = this.#misfitOf(member, names);
      if (misfit !== undefined) return misfit;
    }
    return undefined;
  }

  /** Tells whether a value of a type may have something at a path. */
  holds(type: Type, [step, ...rest]: DataPath): boolean {
    if (step === undefined || this.isAny(type)) return true;
    const members = type.isUnion() ? type.types : [type];
    return members.some((member) => {
      const next = typeof step === "number"
        ? this.#elementOf(member)
        : this.#isObject(member) && this.#elementOf(member) === undefined
        ? this.#memberOf(member, step)
        : undefined;
      return this.isAny(member) || (next !== undefined && this.holds(next, rest));
    });
  }

  /** Tells whether a type surely holds no object with members of the user's: a text, a number, an array. */
  isPlain(type: Type): boolean {
    const { TypeFlags } = this.#compiler;
    if (type.isUnion()) return type.types.every((member) => this.isPlain(member));
    const primitive = TypeFlags.StringLike | TypeFlags.NumberLike | TypeFlags.BooleanLike |
      TypeFlags.BigIntLike | TypeFlags.Null | TypeFlags.Void;
    return (type.flags & primitive) !== 0 || this.#elementOf(type) !== undefined;
  }

  /** Names of all members an object may have; `undefined` if it may have others, or it is not known which. */
  membersOf(type: Type): string[] | undefined {
    if (this.isAny(type) || type.isUnion() || !this.#isObject(type)) return undefined;
    if (type.getStringIndexType() !== undefined) return undefined;
    return type.getProperties().map(({ name }) => name);
  }

  /** Whether a result can be nodes as data: `{ nodes: { NAME: { … } } }`. */
  isExpansion(type: Type): boolean {
    if (this.isAny(type)) return true;
    const members = type.isUnion() ? type.types : [type];
    return members.every((member) => {
      const nodes = this.#memberOf(member, "nodes");
      if (nodes === undefined) return false;
      if (this.isAny(nodes)) return true;
      if (!this.#isObject(nodes) || this.#elementOf(nodes) !== undefined) return false;
      return this.#membersOf(nodes).every((each) => this.isAny(each) || this.#isObject(each));
    });
  }

  #misfitOf(type: Type, names: readonly string[]): Misfit | undefined {
    if (this.isAny(type)) return undefined;
    if (this.#checker.isTupleType(type)) {
      const { target } = type as TupleType;
      const length = target.fixedLength;
      const isRight = (target.combinedFlags & this.#compiler.ElementFlags.Variable) !== 0 ||
        length === names.length;
      return isRight ? undefined : { kind: "length", length };
    }
    if (this.#elementOf(type) !== undefined) return undefined;
    if (!this.#isObject(type)) return { kind: "no-object" };
    const missing = names.find((name) => this.#memberOf(type, name) === undefined);
    if (missing !== undefined) return { kind: "missing", name: missing };
    const optional = this.#compiler.SymbolFlags.Optional;
    const extra = type.getProperties().find(({ name, flags }) =>
      !names.includes(name) && (flags & optional) === 0
    );
    return extra === undefined ? undefined : { kind: "extra", name: extra.name };
  }

  #elementOf(type: Type): Type | undefined {
    const { TypeFlags } = this.#compiler;
    if ((type.flags & TypeFlags.StringLike) !== 0) return undefined;
    const length = type.getProperty("length");
    return length === undefined ? undefined : type.getNumberIndexType();
  }

  #memberOf(type: Type, name: string): Type | undefined {
    const property = type.getProperty(name);
    return property === undefined
      ? type.getStringIndexType()
      : this.#checker.getTypeOfSymbol(property);
  }

  #membersOf(type: Type): Type[] {
    const index = type.getStringIndexType();
    const named = type.getProperties().map((property) => this.#checker.getTypeOfSymbol(property));
    return index === undefined ? named : [index, ...named];
  }

  #isObject(type: Type): boolean {
    const { TypeFlags } = this.#compiler;
    if (type.isUnion()) return type.types.every((member) => this.#isObject(member));
    return (type.flags & (TypeFlags.Object | TypeFlags.NonPrimitive | TypeFlags.Intersection)) !==
      0;
  }
}
