/** The thread of snapshots. Nobody waits for one; reads do not wait for it either. */
import { giveWay } from './priority.ts';

giveWay(1);
await import('./snapshot-work.ts');
