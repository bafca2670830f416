/** A process that is a member until it is killed: told its URL, installation, id and, as JSON, what it holds. Says when it has joined. */
import process from 'node:process';
import type { Holding } from '../port.ts';
import { openCoordination } from './index.ts';

const [url = '', installation = '', id = '', holdings = '[]'] = process.argv.slice(2);
const self = { id, kind: 'indexer', group: 1, address: `${id}:1`, incarnation: String(process.pid) } as const;
const coordination = await openCoordination(url, { installation, self });
coordination.announce(JSON.parse(holdings) as Holding[]);
process.send?.('joined');
// Nobody stays alive behind who started it.
process.on('disconnect', () => { process.exit(1); });
