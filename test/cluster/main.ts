/** `npm run cluster`: a whole cluster on this machine, until Ctrl-C. */
import process from 'node:process';
import { parseArguments, usage } from './cluster-arguments.ts';
import { clusterTable, endedIn, stopInOrder, whatNext } from './cluster-text.ts';
import { missingForCluster, startCluster, type ClusterOptions } from './cluster.ts';

const say = (text: string): void => { console.log(text); };

let options: ClusterOptions | undefined;
try {
  options = parseArguments(process.argv.slice(2));
} catch (error) {
  console.error(`${(error as Error).message}\n${usage}`);
  process.exit(2);
}
if (options === undefined) {
  say(usage);
  process.exit(0);
}
const lack = missingForCluster();
if (lack !== false) {
  console.error(`The cluster ${lack}`);
  process.exit(1);
}

const stop = new Promise<undefined>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => { resolve(undefined); });
});
const startMs = performance.now();
const starting = startCluster({ ...options, usualPorts: true, onProgress: (what) => { say(`Starting ${what} ...`); } });
const cluster = await Promise.race([stop, starting]);
// What was being started ends with this process.
if (cluster === undefined) process.exit(130);

say(`\nReady after ${((performance.now() - startMs) / 1_000).toFixed(1)} s. Data and logs are in ${cluster.directory}\n`);
say(`${clusterTable(cluster)}\n\n${whatNext(cluster)}\n\nCtrl-C stops all.`);
const watch = setInterval(() => { for (const line of endedIn(cluster)) say(line); }, 500);
await stop;
clearInterval(watch);
// Once more: at once.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => { process.exit(130); });
await stopInOrder(cluster, say);
await cluster[Symbol.asyncDispose]();
say('Stopped.');
