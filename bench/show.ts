/** `node bench/show.ts FILE…`: results of the bench, as the pages of docs/performance have them. */
import { readTaken, showTaken } from './run-folder.ts';

for (const file of process.argv.slice(2)) console.log(showTaken(readTaken(file)));
