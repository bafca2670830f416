/** Filters over metadata and timestamps: what they ask, what they mean, and the columns that answer them for a whole segment. README.md has it all. */
export { compileFilter, filterLimits, type Bound, type Predicate, type Scalar } from './predicate.ts';
export { matches } from './matcher.ts';
export { RowSet } from './row-set.ts';
export { RecentSelections } from './recent.ts';
export { Columns, type Selection } from './columns.ts';
export { ColumnsBuilder, columnLimits, type ColumnLimits } from './columns-builder.ts';
