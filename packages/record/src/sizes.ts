import { invalid } from '@proximadb/errors';
import type { AvroType } from './avro.ts';

/** An array may hold any number of items of a type that takes no bytes, so readers must know which types those are. */
export interface Sizes {
  /** True if every value of the type takes 0 bytes; otherwise every value takes at least one. */
  takesNoBytes(type: AvroType): boolean;
}

const unbounded = Infinity;

/**
 * Least sizes of all types that `root` reaches: 0, at least 1, or none because a record contains itself.
 * @throws AppError INVALID_ARGUMENT if a record contains itself without a way out
 */
export function measureSizes(root: AvroType): Sizes {
  const least = new Map<AvroType, number>();
  const types = reachable(root);
  for (const type of types) least.set(type, unbounded);
  for (let changed = true; changed;) {
    changed = false;
    for (const type of types) {
      const size = leastSize(type, least);
      if (size === least.get(type)) continue;
      least.set(type, size);
      changed = true;
    }
  }
  for (const [type, size] of least) {
    if (size === unbounded) throw invalid(`the schema has no finite value: ${type.kind === 'record' ? type.name : type.kind} contains itself`);
  }
  return { takesNoBytes: (type) => least.get(type) === 0 };
}

function leastSize(type: AvroType, least: ReadonlyMap<AvroType, number>): number {
  const of = (part: AvroType): number => least.get(part) ?? unbounded;
  switch (type.kind) {
    case 'null': return 0;
    case 'fixed': return Math.min(type.size, 1);
    case 'record': return type.fields.reduce((size, field) => Math.max(size, of(field.type)), 0);
    case 'union': return type.branches.some((branch) => of(branch) !== unbounded) ? 1 : unbounded;
    default: return 1;
  }
}

/** Children before parents where there are no cycles, so that one round settles nearly all. */
function reachable(root: AvroType): AvroType[] {
  const seen = new Set<AvroType>();
  const ordered: AvroType[] = [];
  const visit = (type: AvroType): void => {
    if (seen.has(type)) return;
    seen.add(type);
    switch (type.kind) {
      case 'array': visit(type.items); break;
      case 'map': visit(type.values); break;
      case 'union': type.branches.forEach(visit); break;
      case 'record': type.fields.forEach((field) => { visit(field.type); }); break;
      default: break;
    }
    ordered.push(type);
  };
  visit(root);
  return ordered;
}
