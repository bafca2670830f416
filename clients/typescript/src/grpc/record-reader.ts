/** Stored records are the bytes that their writers sent: each is read by the schema of its writer, who may have had another release. */
import { AppError } from '@proximadb/errors';
import { compileWalker, wireSchemaId, type RecordView, type Walker } from '@proximadb/record';
import type { Client } from '@proximadb/transport/client';
import type { OneCall } from '@proximadb/transport/retries';

export class RecordReader {
  readonly #client: Pick<Client, 'getSchema'>;
  readonly #walkers = new Map<number, Walker>();

  constructor(client: Pick<Client, 'getSchema'>) {
    this.#client = client;
  }

  /**
   * Asks the server for the schemas of those records whose writers were not met yet.
   * @throws AppError FAILED_PRECONDITION if only a newer client can read one, or only a newer server can tell it
   */
  async learn(records: readonly Uint8Array[], call: OneCall): Promise<void> {
    for (const record of records) {
      const id = wireSchemaId(record);
      if (!this.#walkers.has(id)) this.#walkers.set(id, await this.#walkerOf(id, call));
    }
  }

  /** Of a record whose schema was learnt. */
  view(record: Uint8Array): RecordView {
    const id = wireSchemaId(record);
    const walker = this.#walkers.get(id);
    if (walker === undefined) throw new AppError('INTERNAL', `the schema ${id} of a record was not learnt`);
    return walker.view(record);
  }

  async #walkerOf(id: number, call: OneCall): Promise<Walker> {
    const told = await this.#client.getSchema({ name: 'VectorRecord', id }, call);
    const record = `a record is written in schema ${id}`;
    if (told.id !== id) throw new AppError('FAILED_PRECONDITION', `${record}, which the server is too old to tell: upgrade the server`);
    try {
      return compileWalker(told.schema);
    } catch (cause) {
      throw new AppError('FAILED_PRECONDITION', `${record}, which this client cannot read: upgrade the client`, { cause });
    }
  }
}
