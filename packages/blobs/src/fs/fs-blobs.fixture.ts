/** A process of its own that uses a directory of blobs; the tests start several, trace them, and kill them. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FsBlobs } from './index.ts';
import { DirectoryMutex } from './mutex.ts';

const [directory = '', what, argument = ''] = process.argv.slice(2);
const store = await FsBlobs.open(directory);

switch (what) {
  /** Adds to a number, so many times. */
  case 'count': {
    for (let done = 0; done < Number(argument);) {
      const found = await store.get('number');
      const next = Number(Buffer.from(found?.content ?? []).toString()) + 1;
      if (await store.putIf('number', Buffer.from(String(next)), found?.revision ?? null) !== undefined) done += 1;
    }
    break;
  }
  case 'hold': {
    await new DirectoryMutex(join(directory, '+lock'), 1_000).run(async () => {
      console.log('held');
      await new Promise((resolve) => setTimeout(resolve, 60_000));
    });
    break;
  }
  /** Puts contents of one repeated byte over each other, for ever. */
  case 'write': {
    for (let round = 0; ; round += 1) {
      const content = Buffer.alloc(300_000 + round, round % 256);
      await writeFile(argument, content);
      await store.upload('deep/er/uploaded', argument);
      await store.putIf('set', content, (await store.get('set'))?.revision ?? null);
      console.log(`wrote ${round}`);
    }
  }
  case 'once': {
    await store.upload('deep/er/uploaded', argument);
    console.log('uploaded');
    await store.putIf('deep/set', Buffer.from('content'), null);
    console.log('set');
    break;
  }
  /** Where files may not become so large. */
  case 'too-large': {
    for (const call of [() => store.putIf('set', Buffer.alloc(1_000_000), null), () => store.upload('uploaded', argument)]) {
      await call().then(() => { console.log('done'); }, (error: { code?: unknown }) => { console.log(String(error.code)); });
    }
    break;
  }
  default: throw new Error(`what is ${String(what)}?`);
}
