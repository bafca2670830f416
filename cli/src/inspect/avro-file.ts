/** Any Avro object container file. */
import { compileWalker, metadataToJson, recordToJson, valueToJson, wireHeaderBytes, withWire, type Walker } from '@proximadb/record';
import { ContainerReader, datumsOf } from '../container/container-reader.ts';
import { bytes, count } from '../figures.ts';
import { foreignRecords } from '../import/foreign-avro.ts';
import { clipped, exactJson } from '../tables.ts';
import { leftOut, type View } from './view.ts';

export async function inspectAvro(path: string, limit: number): Promise<View> {
  await using reader = await ContainerReader.open(path);
  const { schema, metadata, size } = reader;
  const textOf = datumText(schema);
  const datums = datumsOf(schema);
  const shown: { readonly bytes: number; readonly json: string }[] = [];
  let records = 0;
  let blocks = 0;
  for await (const block of reader.blocks()) {
    blocks += 1;
    records += block.count;
    // All are walked over, so that a damaged block shows.
    for (const datum of datums(block, path)) if (shown.length < limit) shown.push({ bytes: datum.length, json: textOf(datum) });
  }
  const { name, namespace } = JSON.parse(schema) as { readonly name?: string; readonly namespace?: string };
  const fullName = namespace === undefined || name?.includes('.') === true ? name ?? '' : `${namespace}.${name ?? ''}`;
  const codec = metadata.get('avro.codec')?.toString() ?? 'null';
  const others = [...metadata].filter(([key]) => !key.startsWith('avro.')).map(([key, value]) => [key, value.toString()] as const);
  return {
    kind: 'avro file',
    facts: [['schema', fullName], ['records', count(records)], ['blocks', `${count(blocks)}, codec ${codec}`], ['size', bytes(size)], ...others],
    json: {
      schemaName: fullName, schema: JSON.parse(schema) as unknown, recordCount: records, blockCount: blocks, codec,
      bytes: size, metadata: Object.fromEntries(others),
    },
    sections: [{
      name: 'records', json: shown.map((one) => exactJson(one.json)), ...leftOut(shown.length, records, 'records'),
      columns: [{ title: '', align: 'right' }, { title: 'bytes', align: 'right' }, { title: 'content' }],
      rows: shown.map((one, at) => [String(at + 1), count(one.bytes), clipped(one.json, 120)]),
    }],
    problems: [],
  };
}

/** Records of ours as REST has them, others field by field. */
function datumText(schema: string): (datum: Buffer) => string {
  const parsed = JSON.parse(schema) as { readonly name?: string; readonly fields?: readonly { readonly type: unknown }[] };
  const isLogValue = parsed.name === 'LogValue';
  const walker = ourWalker(isLogValue ? JSON.stringify(parsed.fields?.[1]?.type ?? null) : schema);
  if (walker !== undefined) {
    return (datum) => recordToJson(walker.view(isLogValue ? datum : withWire(0, datum)), { vector: true, metadata: true });
  }
  const foreign = foreignRecords(schema);
  return (datum) => {
    const values = foreign.decode(isLogValue ? datum.subarray(wireHeaderBytes) : datum);
    return values.size === 1 ? `{${[...values].map(([key, value]) => `${JSON.stringify(key)}:${valueToJson(value)}`).join()}}` : metadataToJson(values);
  };
}

function ourWalker(schema: string): Walker | undefined {
  try {
    const walker = compileWalker(schema);
    return walker.kind === 'upsert' ? walker : undefined;
  } catch {
    return undefined;
  }
}
