/** The process that writes while others search. Arguments: the peer's name, the folder of the data set, where its server is. */
import { StoredSet } from '../data/stored.ts';
import { kindOf } from '../peers/kinds.ts';
import { writeRows, type WriteLoad } from './load.ts';

const [name = '', setFolder = '', server = ''] = process.argv.slice(2);
const set = new StoredSet(setFolder);
const writer = await kindOf(name).writer?.(set, server);
if (writer === undefined) throw new Error(`${name} has no server to write to`);

process.on('message', (load: WriteLoad) => {
  writeRows(writer, set, load).then((written) => process.send?.({ written }), (error: unknown) => {
    process.send?.({ failed: error instanceof Error ? error.message : String(error) });
  });
});
process.send?.({ written: 0 });
