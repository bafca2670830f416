/** A process of its own that registers one schema at a given moment and prints its id: `URL SUBJECT TEXT EPOCH_MS`. */
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { ConfluentRegistry } from '../index.ts';

const [url = '', subject = '', schemaText = '', startMs = '0'] = process.argv.slice(2);
const registry = new ConfluentRegistry({ url, timeoutMs: 60_000 });
await delay(Math.max(Number(startMs) - Date.now(), 0));
process.stdout.write(String(await registry.register(subject, schemaText)));
