/** Filters, typed from the type of the metadata: `{ year: { $gte: 2020 }, 'author.name': 'Le Guin', $or: [{ lang: 'de' }, { tags: 'x' }] }`. */

type Scalar = string | number | bigint | boolean | null;

/**
 * All conditions hold. A bare value means `$eq`; dots lead into nested maps, and every path goes into the elements of arrays.
 * `$timestamp` is the record's own.
 * A dot, a backslash or a leading `$` of a key is written with a backslash before it, which types do not follow: use `Filter` without a type.
 */
export type Filter<M = never> = [M] extends [never] ? AnyFilter : string extends keyof M ? AnyFilter
  : { readonly [Path in Paths<M>]?: Condition<At<M, Path>> } & {
    readonly $and?: readonly Filter<M>[];
    readonly $or?: readonly Filter<M>[];
    readonly $not?: Filter<M>;
    /** The record's own, µs since 1970. */
    readonly $timestamp?: Condition<number>;
  };

export interface AnyFilter {
  readonly [path: string]: Scalar | Operators<string | number | boolean> | readonly AnyFilter[] | AnyFilter | undefined;
}

type Condition<V> = Operand<Reached<V>> | Operators<V>;

export interface Operators<V> {
  readonly $eq?: Operand<Reached<V>>;
  readonly $ne?: Operand<Reached<V>>;
  readonly $in?: readonly Operand<Reached<V>>[];
  readonly $nin?: readonly Operand<Reached<V>>[];
  readonly $gt?: Ordered<Reached<V>>;
  readonly $gte?: Ordered<Reached<V>>;
  readonly $lt?: Ordered<Reached<V>>;
  readonly $lte?: Ordered<Reached<V>>;
  readonly $exists?: boolean;
  /** An element of the array, or a part of the string. */
  readonly $contains?: Operand<Reached<V>> | Extract<Reached<V>, string>;
  readonly $startsWith?: Widened<Extract<Reached<V>, string>>;
}

/** The values that a path to a `V` reaches: of an array its elements. */
type Reached<V> = V extends Uint8Array ? never : V extends readonly (infer Item)[] ? Reached<Item> : V extends Scalar ? V : never;
/** A null may be anywhere. */
type Operand<V> = null | (V extends number | bigint ? number | bigint : V);
type Ordered<V> = V extends number | bigint ? number | bigint : Widened<Extract<V, string>>;
type Widened<V extends string> = [V] extends [never] ? never : string;

/** What of a value has keys: of an array its elements. */
type Inner<V> = V extends Uint8Array ? never : V extends readonly (infer Item)[] ? Inner<Item> : V extends Scalar | undefined ? never : V;
type Key<M> = M extends unknown ? Exclude<keyof M & string, `${string}.${string}` | `$${string}`> : never;
type ValueOf<M, K extends string> = M extends unknown ? (K extends keyof M ? M[K] : never) : never;

/** Deeper paths than this are not typed. */
type Deepest = [1, 1, 1, 1];

/** Of a map of any keys: any. */
type Paths<M, Depth extends readonly 1[] = []> = Depth extends Deepest ? never : string extends keyof M ? string : {
  [K in Key<M>]: K | ([Inner<ValueOf<M, K>>] extends [never] ? never : `${K}.${Paths<Inner<ValueOf<M, K>>, [...Depth, 1]>}`)
}[Key<M>];

type At<M, Path extends string> = string extends keyof M ? string | number | boolean : Path extends Key<M> ? ValueOf<M, Path>
  : Path extends `${infer K}.${infer Rest}` ? At<Inner<ValueOf<M, K>>, Rest> : never;
