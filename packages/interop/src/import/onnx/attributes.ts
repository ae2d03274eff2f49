import { InputError, type Pair } from '@apb/core';
import { type Constant, readConstant } from './constant.js';
import type { NodeProto } from './decode.js';

/** An operator's attributes, each read with the type that the standard gives it. */
export class Attributes {
  private readonly byName: ReadonlyMap<string, NodeProto['attribute'][number]>;

  /** @param what how messages call the operator */
  constructor(
    node: NodeProto,
    readonly what: string,
  ) {
    this.byName = new Map(node.attribute.map(attribute => [attribute.name, attribute]));
  }

  has(name: string): boolean {
    return this.byName.has(name);
  }

  integer(name: string, absent: number): number {
    const value = this.byName.get(name);
    return value ? Number(value.i) : absent;
  }

  number(name: string, absent: number): number {
    return this.byName.get(name)?.f ?? absent;
  }

  text(name: string, absent: string): string {
    const value = this.byName.get(name);
    return value ? new TextDecoder().decode(value.s) : absent;
  }

  /** Undefined where it is absent. */
  integers(name: string, length?: number): number[] | undefined {
    const value = this.byName.get(name)?.ints.map(Number);
    if (value && length !== undefined && value.length !== length)
      throw new InputError(
        `${this.what}: its ${name} [${value}] has ${value.length} items, not ${length}; only 2-D operators can be imported`,
      );
    return value;
  }

  pair(name: string, absent: Pair): Pair {
    return (this.integers(name, 2) as unknown as Pair | undefined) ?? absent;
  }

  tensor(name: string): Constant | undefined {
    const value = this.byName.get(name)?.t;
    return value && readConstant(value, this.what);
  }

  /** @throws InputError where an attribute has another value than the one that can be imported */
  expect(name: string, only: number, absent = only): void {
    const value = this.integer(name, absent);
    if (value !== only)
      throw new InputError(`${this.what}: its ${name} is ${value}; only ${only} can be imported`);
  }
}
