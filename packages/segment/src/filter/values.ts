/** The types of other packages that filters are made of; this file goes when those packages have them. */
export type MetadataValue = null | boolean | bigint | number | string | Uint8Array | readonly MetadataValue[] | ReadonlyMap<string, MetadataValue>;

export interface FilterValue {
  readonly value:
    | { readonly kind: 'nullValue'; readonly value: object } | { readonly kind: 'boolean'; readonly value: boolean }
    | { readonly kind: 'long'; readonly value: bigint } | { readonly kind: 'double'; readonly value: number }
    | { readonly kind: 'string'; readonly value: string } | null;
}
export type FilterOperator = 'eq' | 'ne' | 'gt' | 'gte' | 'lt' | 'lte' | 'in' | 'nin' | 'exists' | 'contains' | 'starts_with';
export interface Comparison {
  readonly path: readonly string[];
  readonly operator: FilterOperator;
  readonly values: readonly FilterValue[];
}
export interface Combination {
  readonly operator: 'and' | 'or';
  readonly filters: readonly Filter[];
}
export interface Filter {
  readonly node:
    | { readonly kind: 'combination'; readonly value: Combination } | { readonly kind: 'not'; readonly value: Filter }
    | { readonly kind: 'comparison'; readonly value: Comparison } | null;
}
