// Fetches and builds the parts ahead of their first start. Arguments: parts; all without any.
import process from 'node:process';
import { kafkaSoftware } from './kafka-software.ts';
import { minioProgram } from './minio.ts';
import { missing, type Part } from './missing.ts';
import { missingPython, pythonWheels } from './python-client.ts';
import { registrySoftware } from './registry.ts';

const provisions: Readonly<Record<Part, () => Promise<string>>> = {
  kafka: async () => (await kafkaSoftware()).folder,
  registry: registrySoftware,
  redis: async () => 'as installed',
  minio: minioProgram,
};
const parts = Object.keys(provisions) as Part[];
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !parts.some((part) => part === name));
if (unknown.length > 0) {
  console.error(`no such part: ${unknown.join(', ')}; there are ${parts.join(', ')}`);
  process.exit(2);
}

for (const part of parts.filter((name) => wanted.length === 0 || wanted.includes(name))) {
  const lack = missing(part);
  if (lack !== false) {
    console.error(`${part}: ${lack}`);
    process.exitCode = 1;
    continue;
  }
  const begin = performance.now();
  if (part === 'minio') console.log('minio: built from its sources the first time, which takes minutes ...');
  console.log(`${part}: ${await provisions[part]()} (${((performance.now() - begin) / 1_000).toFixed(1)} s)`);
}

// For the pages that install the Python client.
if (wanted.length === 0) console.log(`Python packages: ${missingPython() || await pythonWheels()}`);
