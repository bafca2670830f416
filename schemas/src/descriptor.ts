import type { enums, Messages } from '../gen/ts/api.ts';

/** What a message looks like in JSON. */
export interface MessageDescriptor {
  readonly name: keyof Messages;
  /**
   * - 'inline': in JSON it is its only field.
   * - 'flatten': in JSON its fields stand in the message that has it.
   * - any other name: a form of its own (Filter, StoredRecord, Hit).
   */
  readonly json: string | null;
  readonly fields: readonly FieldDescriptor[];
}

export interface FieldDescriptor {
  /** Name in the message. */
  readonly key: string;
  readonly jsonName: string;
  /**
   * - 'path': comes from the route, not from the body.
   * - 'none': not in JSON.
   * - any other name: a form of its own (VectorRecord, PatchRecord, Conditions).
   */
  readonly json: string | null;
  /** It is null where it is absent. */
  readonly nullable: boolean;
  /** May be absent from JSON: it is then null, or at its default. */
  readonly optional: boolean;
  readonly type: TypeDescriptor;
}

export type TypeDescriptor =
  | { readonly kind: 'boolean' | 'int' | 'long' | 'float' | 'double' | 'string' | 'bytes' | 'null' }
  /** Float32Array. */
  | { readonly kind: 'floats' }
  | { readonly kind: 'array'; readonly items: TypeDescriptor }
  /** Strings by string. */
  | { readonly kind: 'map' }
  | { readonly kind: 'enum'; readonly name: keyof typeof enums; readonly symbols: readonly string[] }
  | { readonly kind: 'message'; readonly name: keyof Messages }
  /** A discriminated union. Only in messages that have a form of their own in JSON. */
  | { readonly kind: 'oneof'; readonly members: readonly { readonly kind: string; readonly type: TypeDescriptor }[] };
