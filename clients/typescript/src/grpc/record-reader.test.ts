import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { encodeVectorRecord } from '@proximadb/record';
import { schemaText, type GetSchemaResponse } from '@proximadb/schemas';
import { RecordReader } from './record-reader.ts';

const record = encodeVectorRecord(7, { id: 'a', vector: [1, 2], timestamp: 5n });

/** Of a server that answers each question for a schema with this one. */
function readerOf(told: Partial<GetSchemaResponse>): { reader: RecordReader; asked: () => number } {
  let asked = 0;
  const getSchema = (): Promise<GetSchemaResponse> => {
    asked += 1;
    return Promise.resolve({ name: 'VectorRecord', id: 7, schema: schemaText('VectorRecord'), fingerprint: '', ...told });
  };
  return { reader: new RecordReader({ getSchema }), asked: () => asked };
}

test('a schema is asked for once', async () => {
  const { reader, asked } = readerOf({});
  await reader.learn([record, record], {});
  await reader.learn([record], {});
  assert.equal(asked(), 1);
  assert.equal(reader.view(record).timestamp, 5n);
});

test('a server that is too old to tell another schema than its own has to be upgraded', async () => {
  await assert.rejects(readerOf({ id: 3 }).reader.learn([record], {}), { code: 'FAILED_PRECONDITION', message: /schema 7, .*upgrade the server/ });
});

test('a record that only a newer client can read is not read wrongly', async () => {
  const schema = schemaText('VectorRecord').replace('"items":"float"', '"items":"double"');
  await assert.rejects(readerOf({ schema }).reader.learn([record], {}), { code: 'FAILED_PRECONDITION', message: /schema 7, .*upgrade the client/ });
});
