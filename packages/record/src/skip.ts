import type { AvroType } from './avro.ts';
import type { Reader } from './reader.ts';
import type { Sizes } from './sizes.ts';

/** Moves past one value; refuses what no Avro reader could read. */
export type Skip = (reader: Reader) => void;

/** Records, arrays and maps inside of each other in a field that we do not know. */
const depthMax = 64;
/** Items of arrays that take no bytes: a reader that builds them pays for each, so a short record must not hold many. */
const emptyItemsMax = 65_536;

const primitives: Readonly<Record<'null' | 'boolean' | 'int' | 'long' | 'float' | 'double' | 'string' | 'bytes', Skip>> = {
  null: () => undefined,
  boolean: (reader) => { reader.readBoolean(); },
  int: (reader) => { reader.skipInt(); },
  long: (reader) => { reader.skipLong(); },
  float: (reader) => { reader.skip(4); },
  double: (reader) => { reader.skip(8); },
  string: (reader) => { reader.skipString(); },
  bytes: (reader) => { reader.skip(reader.readLength()); },
};

/** Compiles the walk over values of types that have no meaning to us. */
export class SkipCompiler {
  readonly #sizes: Sizes;
  readonly #records = new Map<AvroType, Skip>();

  constructor(sizes: Sizes) {
    this.#sizes = sizes;
  }

  compile(type: AvroType): Skip {
    switch (type.kind) {
      case 'array': return this.#sizes.takesNoBytes(type.items) ? skipEmptyItems : arrayOf(this.compile(type.items));
      case 'map': return mapOf(this.compile(type.values));
      case 'union': {
        const branches = type.branches.map((branch) => this.compile(branch));
        return (reader) => { branches[reader.readBranch(branches.length)]?.(reader); };
      }
      case 'enum': {
        const { symbols } = type;
        return (reader) => {
          const symbol = reader.readLong();
          if (symbol < 0 || symbol >= symbols) throw reader.fault(`the enum has ${symbols} symbols, and no number ${symbol}`);
        };
      }
      case 'fixed': {
        const { size } = type;
        return (reader) => { reader.skip(size); };
      }
      case 'record': return this.#record(type);
      default: return primitives[type.kind];
    }
  }

  #record(type: Extract<AvroType, { kind: 'record' }>): Skip {
    const known = this.#records.get(type);
    if (known !== undefined) return known;
    // Fields without bytes are left out: each step that stays consumes at least a byte, so the walk is linear in the input.
    const steps: Skip[] = [];
    const skip: Skip = (reader) => {
      descend(reader);
      for (const step of steps) step(reader);
      reader.depth--;
    };
    this.#records.set(type, skip);
    for (const field of type.fields) {
      if (!this.#sizes.takesNoBytes(field.type)) steps.push(this.compile(field.type));
    }
    return skip;
  }
}

function descend(reader: Reader): void {
  if (++reader.depth > depthMax) throw reader.fault(`nests deeper than ${depthMax} levels`);
}

function arrayOf(item: Skip): Skip {
  return (reader) => {
    descend(reader);
    for (let count = reader.readBlock(1); count > 0; count = reader.readBlock(1)) {
      const { blockEnd } = reader;
      for (let index = 0; index < count; index++) item(reader);
      reader.closeBlock(blockEnd);
    }
    reader.depth--;
  };
}

function skipEmptyItems(reader: Reader): void {
  for (let count = reader.readBlock(0); count > 0; count = reader.readBlock(0)) {
    reader.closeBlock(reader.blockEnd);
    reader.emptyItems += count;
    if (reader.emptyItems > emptyItemsMax) throw reader.fault(`more than ${emptyItemsMax} items without bytes`);
  }
}

function mapOf(value: Skip): Skip {
  return (reader) => {
    descend(reader);
    for (let count = reader.readBlock(1); count > 0; count = reader.readBlock(1)) {
      const { blockEnd } = reader;
      for (let index = 0; index < count; index++) {
        reader.skipString();
        value(reader);
      }
      reader.closeBlock(blockEnd);
    }
    reader.depth--;
  };
}
