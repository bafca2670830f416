/** Compiles a writer schema to a walk over its records: one step a field, nothing decoded. */
import { invalid, type AppError } from '@proximadb/errors';
import { parseSchema, type AvroField, type AvroType, type RecordType } from './avro.ts';
import { valueLayout, type ValueLayout } from './layout.ts';
import { LocatedRecord } from './located.ts';
import { Reader } from './reader.ts';
import { measureSizes, type Sizes } from './sizes.ts';
import { SkipCompiler } from './skip.ts';
import { idBytesMax, keyBytesMax, type RecordKind, type RecordLimits, type Walker } from './types.ts';
import { checkMap, readString, skipMap } from './values.ts';
import { checkVector, locateVector } from './vectors.ts';
import { wireHeaderBytes, wireSchemaId } from './wire.ts';

/** One field of a record; `limits` null: only say where it is. */
type Step = (reader: Reader, record: LocatedRecord, limits: RecordLimits | null) => void;

const recordKinds: ReadonlyMap<string, RecordKind> = new Map([
  ['proximadb.v1.VectorRecord', 'upsert'], ['proximadb.v1.PatchRecord', 'patch'], ['proximadb.v1.DeleteRecord', 'delete'],
]);

/** What a writer's fields are, for the one place that writes into its records. */
export interface WriterFields {
  /** Int or long; null: the schema has no such field. */
  readonly timestamp: 'int' | 'long' | null;
  /** The writer's branches in their order; a type that is no union has one and no tag. */
  readonly expiry: { readonly branches: readonly AvroType['kind'][]; readonly tagged: boolean } | null;
  readonly hasVector: boolean;
  /** Layout of the metadata's values. */
  readonly layout: ValueLayout | null;
}

export class CompiledWalker implements Walker {
  readonly kind: RecordKind;
  readonly fields: WriterFields;
  readonly #steps: readonly Step[];
  readonly #layout: ValueLayout | null;
  readonly #reader = new Reader();

  constructor(kind: RecordKind, fields: WriterFields, steps: readonly Step[]) {
    this.kind = kind;
    this.fields = fields;
    this.#steps = steps;
    this.#layout = fields.layout;
  }

  check(bytes: Uint8Array, limits: RecordLimits): LocatedRecord {
    if (bytes.length > limits.recordBytesMax) throw invalid(`a record of ${bytes.length} bytes is larger than ${limits.recordBytesMax}`);
    const record = this.#walk(bytes, limits);
    if (this.kind === 'patch') refuseContradiction(record);
    if (this.kind === 'upsert' && !this.fields.hasVector) throw invalid("the writer's schema has no vector", { field: 'vector' });
    return record;
  }

  view(bytes: Uint8Array): LocatedRecord {
    return this.#walk(bytes, null);
  }

  #walk(bytes: Uint8Array, limits: RecordLimits | null): LocatedRecord {
    wireSchemaId(bytes);
    const record = new LocatedRecord(bytes, this.kind, this.#layout);
    const reader = this.#reader;
    reader.open(bytes, wireHeaderBytes);
    try {
      for (const step of this.#steps) step(reader, record, limits);
      reader.enterField('');
      if (limits !== null && reader.position !== reader.end) throw reader.fault(`${reader.end - reader.position} bytes follow the record`);
    } finally {
      reader.close();
    }
    return record;
  }
}

/**
 * @param writerSchema - parsed JSON or its text, self-contained
 * @throws AppError INVALID_ARGUMENT if it is not a VectorRecord, PatchRecord or DeleteRecord of ours that resolves to today's
 */
export function compileWalker(writerSchema: unknown): CompiledWalker {
  const type = parseSchema(writerSchema);
  const kind = type.kind === 'record' ? recordKinds.get(type.name) : undefined;
  if (type.kind !== 'record' || kind === undefined) {
    throw invalid(`not a schema of a record; those are ${[...recordKinds.keys()].join(', ')}`);
  }
  const [first] = type.fields;
  if (first?.name !== 'id' || first.type.kind !== 'string') throw invalid(`the first field of ${type.name} is "id", a string`);
  return new FieldCompiler(kind, type).compile();
}

class FieldCompiler {
  readonly #kind: RecordKind;
  readonly #type: RecordType;
  readonly #sizes: Sizes;
  readonly #skips: SkipCompiler;
  #layout: ValueLayout | null = null;
  #timestamp: WriterFields['timestamp'] = null;
  #expiry: WriterFields['expiry'] = null;
  #hasVector = false;

  constructor(kind: RecordKind, type: RecordType) {
    this.#kind = kind;
    this.#type = type;
    this.#sizes = measureSizes(type);
    this.#skips = new SkipCompiler(this.#sizes);
  }

  compile(): CompiledWalker {
    const steps = this.#type.fields.map((field) => this.#step(field));
    const fields = { timestamp: this.#timestamp, expiry: this.#expiry, hasVector: this.#hasVector, layout: this.#layout };
    return new CompiledWalker(this.#kind, fields, steps);
  }

  #step(field: AvroField): Step {
    if (field.name === 'id') return stepId;
    switch (`${this.#kind}.${field.name}`) {
      case 'upsert.vector': {
        requireVector(field, field.type);
        this.#hasVector = true;
        return stepVector;
      }
      case 'patch.vector': return optional(field, 'array', (inner) => { requireVector(field, inner); return stepVector; });
      case 'upsert.metadata': case 'patch.set': {
        if (field.type.kind !== 'map') throw unresolvable(field);
        this.#layout = valueLayout(field.type.values, this.#sizes, this.#skips);
        return stepMetadata(field.name, this.#layout);
      }
      case 'patch.unset': {
        if (field.type.kind !== 'array' || field.type.items.kind !== 'string') throw unresolvable(field);
        return stepUnset;
      }
      case 'upsert.timestamp': case 'delete.timestamp': {
        if (field.type.kind !== 'long' && field.type.kind !== 'int') throw unresolvable(field);
        this.#timestamp = field.type.kind;
        return stepTimestamp(field.type.kind);
      }
      case 'patch.timestamp': return optional(field, 'long', (inner) => stepTimestamp(inner.kind === 'int' ? 'int' : 'long'));
      case 'upsert.expires_at': {
        const union = field.type.kind === 'union' ? field.type.branches : [field.type];
        this.#expiry = { branches: union.map((branch) => branch.kind), tagged: field.type.kind === 'union' };
        const instant = stepInstant(field);
        return (reader, record, limits) => {
          record.expiryAt = reader.position;
          instant(reader, record, limits);
          record.expiryEnd = reader.position;
        };
      }
      case 'patch.expires_at': return optional(field, 'record', (inner) => this.#expiryStep(field, inner));
      default: return this.#unknownStep(field);
    }
  }

  /** The record `Expiry {at}` of a patch. */
  #expiryStep(field: AvroField, type: AvroType): Step {
    if (type.kind !== 'record' || type.name !== 'proximadb.v1.Expiry' || !type.fields.some((inner) => inner.name === 'at')) throw unresolvable(field);
    const steps = type.fields.map((inner) => inner.name === 'at' ? stepInstant(inner) : this.#unknownStep(inner));
    return (reader, record, limits) => {
      record.expiryAt = reader.position;
      for (const step of steps) step(reader, record, limits);
      record.expiryEnd = reader.position;
    };
  }

  #unknownStep(field: AvroField): Step {
    if (this.#sizes.takesNoBytes(field.type)) return () => undefined;
    const skip = this.#skips.compile(field.type);
    return (reader) => {
      reader.enterField(field.name);
      skip(reader);
    };
  }
}

function unresolvable(field: AvroField): AppError {
  return invalid(`the field "${field.name}" has a type (${field.type.kind}) that today's schema cannot read`);
}

function requireVector(field: AvroField, type: AvroType): void {
  if (type.kind !== 'array' || type.items.kind !== 'float') throw unresolvable(field);
}

/** A union of null and one other type (int goes for long), in any order and of either alone; `compile` gets the other one. */
function optional(field: AvroField, wanted: AvroType['kind'], compile: (type: AvroType) => Step): Step {
  const { type } = field;
  const stepOf = (branch: AvroType): Step | null => {
    if (branch.kind === 'null') return null;
    if (branch.kind !== wanted && !(wanted === 'long' && branch.kind === 'int')) throw unresolvable(field);
    return compile(branch);
  };
  if (type.kind !== 'union') return stepOf(type) ?? (() => undefined);
  const steps = type.branches.map(stepOf);
  return (reader, record, limits) => {
    reader.enterField(field.name);
    steps[reader.readBranch(steps.length)]?.(reader, record, limits);
  };
}

/** An instant or null, of `expires_at`. */
function stepInstant(field: AvroField): Step {
  const step = optional(field, 'long', (inner) => {
    const int = inner.kind === 'int';
    return (reader, record) => {
      record.expiresAtAt = reader.position;
      if (int) reader.skipInt(); else reader.skipLong();
    };
  });
  return (reader, record, limits) => {
    reader.enterField('expires_at');
    step(reader, record, limits);
  };
}

const stepId: Step = (reader, record, limits) => {
  reader.enterField('id');
  const length = reader.readLength();
  record.idStart = reader.position;
  record.idLength = length;
  if (limits === null) {
    reader.skip(length);
    return;
  }
  if (length === 0) throw reader.fault('must not be empty');
  if (length > idBytesMax) throw reader.fault(`has ${length} bytes, more than ${idBytesMax}`);
  reader.skipText(length);
};

const stepVector: Step = (reader, record, limits) => {
  reader.enterField('vector');
  locateVector(reader, record);
  if (limits !== null) checkVector(reader, record, limits);
};

function stepMetadata(name: string, layout: ValueLayout): Step {
  return (reader, record, limits) => {
    reader.enterField(name);
    record.metadataAt = reader.position;
    if (limits === null) skipMap(reader, layout, 1);
    else checkMap(reader, layout, 1);
    record.metadataEnd = reader.position;
  };
}

function stepTimestamp(kind: 'int' | 'long'): Step {
  return (reader, record) => {
    reader.enterField('timestamp');
    record.timestampAt = reader.position;
    if (kind === 'int') reader.skipInt(); else reader.skipLong();
    record.timestampEnd = reader.position;
  };
}

const stepUnset: Step = (reader, record, limits) => {
  reader.enterField('unset');
  record.unsetAt = reader.position;
  let seen = 0;
  for (let count = reader.readBlock(1); count > 0; count = reader.readBlock(1)) {
    const { blockEnd } = reader;
    for (let index = 0; index < count; index++) {
      reader.atIndex(0, seen++);
      const length = reader.readLength();
      if (limits !== null && length > keyBytesMax) throw reader.fault(`a key has ${length} bytes, more than ${keyBytesMax}`);
      reader.skipText(length);
    }
    reader.leave(0);
    reader.closeBlock(blockEnd);
  }
};

const patchReader = new Reader();

/** The keys that a patch removes. */
export function unsetKeys(record: LocatedRecord): string[] {
  const keys: string[] = [];
  if (record.unsetAt < 0) return keys;
  patchReader.open(record.bytes, record.unsetAt);
  try {
    for (let count = patchReader.readBlock(1); count > 0; count = patchReader.readBlock(1)) {
      for (let index = 0; index < count; index++) keys.push(readString(patchReader));
    }
  } finally {
    patchReader.close();
  }
  return keys;
}

function refuseContradiction(record: LocatedRecord): void {
  const unset = unsetKeys(record);
  if (unset.length === 0) return;
  const set = record.readMetadata();
  const index = unset.findIndex((key) => set.has(key));
  if (index >= 0) throw invalid('the key is set, too', { field: `unset[${index}]` });
}
