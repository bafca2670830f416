/** Everything that is generated from the schemas, as path in gen/ → text. */
import { canonicalText, fingerprint } from './canonical.ts';
import { descriptorTable } from './descriptors.ts';
import { schemaFiles } from './json-schema.ts';
import { readModel, type Model } from './model.ts';
import { openApi } from './openapi.ts';
import { protoFiles, protoText } from './proto.ts';
import { messageTypes } from './typescript-messages.ts';
import { avroTypes, schemaTable, styleOf, type StoredSchema } from './typescript-avro.ts';
import { clusterMethodRows, methodRows } from '../table.ts';

export function generate(avroDirectory: string): ReadonlyMap<string, string> {
  return generateFrom(readModel(avroDirectory));
}

export function generateFrom(model: Model): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  files.set('ts/api.ts', messageTypes(model, 'api'));
  files.set('ts/cluster.ts', messageTypes(model, 'cluster'));
  files.set('ts/descriptors.ts', descriptorTable(model));
  files.set('ts/log.ts', avroTypes(model, 'log'));
  files.set('ts/storage.ts', avroTypes(model, 'storage'));
  files.set(`proto/${protoFiles.api.path}`, protoText(model, 'api', methodRows));
  files.set(`proto/${protoFiles.cluster.path}`, protoText(model, 'cluster', clusterMethodRows));
  for (const [name, text] of schemaFiles(model, methodRows)) files.set(`json-schema/${name}.json`, text);
  files.set('openapi.json', openApi(model, methodRows));
  const texts = storedSchemas(model);
  files.set('ts/schemas.ts', schemaTable(texts));
  for (const { name, text } of texts) files.set(`avro/${name}.avsc`, `${text}\n`);
  return files;
}

/** The schemas that bytes in the log and in files are written in. */
function storedSchemas(model: Model): StoredSchema[] {
  return [...model.types.values()].filter((type) => type.kind === 'record' && type.top && type.area !== 'api' && type.area !== 'cluster').map((type) => {
    const text = canonicalText(model, type.fullName);
    return { name: type.name, area: type.area, style: styleOf(type), text, fingerprint: fingerprint(text) };
  });
}
