/** Records of this release in the schema of the server's, older or newer. */
import { AppError } from '@proximadb/errors';
import { wireHeaderBytes } from '@proximadb/record';
import { avroType, avroTypeOf } from '@proximadb/schemas/avro';

/**
 * Writes a record anew as Avro resolves schemas: fields are found by name, those that only the server knows get their defaults.
 * @param name of the schema.
 * @param theirs text of the server's.
 * @returns takes a record with its wire header; throws AppError FAILED_PRECONDITION if the server's schema has no place for all of it
 * @throws AppError FAILED_PRECONDITION if the schemas do not resolve
 */
export function translator(name: 'VectorRecord' | 'PatchRecord', theirs: string): (record: Uint8Array) => Uint8Array {
  const { there, back } = resolve(name, theirs);
  return (record) => {
    const header = record.subarray(0, wireHeaderBytes);
    const ours = Buffer.from(record.buffer, record.byteOffset + wireHeaderBytes, record.byteLength - wireHeaderBytes);
    const body = there(ours);
    if (!back(body).equals(ours)) {
      throw new AppError('FAILED_PRECONDITION', `the server's ${name} has no place for all that this record has: upgrade the server`);
    }
    return Buffer.concat([header, body]);
  };
}

type Rewrite = (body: Buffer) => Buffer;

function resolve(name: 'VectorRecord' | 'PatchRecord', theirText: string): { readonly there: Rewrite; readonly back: Rewrite } {
  try {
    const [ours, theirs] = [avroType(name), avroTypeOf(name, theirText)];
    const [intoTheirs, intoOurs] = [theirs.createResolver(ours), ours.createResolver(theirs)];
    return {
      there: (body) => theirs.toBuffer(theirs.fromBuffer(body, intoTheirs)),
      back: (body) => ours.toBuffer(ours.fromBuffer(body, intoOurs)),
    };
  } catch (cause) {
    throw new AppError('FAILED_PRECONDITION', `the server's ${name} is one that this client cannot write: use the client of the server's release`, { cause });
  }
}
