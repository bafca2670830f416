/** Ports of the loopback address that nobody listens on. */
import { createServer } from 'node:net';

/** All parts listen here, and nowhere else. */
export const host = '127.0.0.1';

// Below the range from which systems take the ports of outgoing connections: a client that keeps calling a part that is down would
// in the end be given the part's own port, connect to itself, and the part could not listen again. Above the ports that fetch refuses
// (https://fetch.spec.whatwg.org/#port-blocking; 10080 is the last): a part that listens on one of them never looks ready.
const lowest = 10_100;
const highest = 32_000;
const given = new Set<number>();

/** @returns `count` ports, each free when it was looked at, and never given twice by this process. @throws Error after 1,000 taken ones. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  for (let tries = 0; ports.length < count; tries++) {
    if (tries === 1_000 + count) throw new Error(`no ${count} free ports between ${lowest} and ${highest}`);
    const port = lowest + Math.floor(Math.random() * (highest - lowest));
    if (given.has(port) || !await isFree(port)) continue;
    given.add(port);
    ports.push(port);
  }
  return ports;
}

export async function freePort(): Promise<number> {
  const [port] = await freePorts(1);
  if (port === undefined) throw new Error('no free port');
  return port;
}

/** @returns those that are wanted, if all of them are free and were not given yet; else as many others. */
export async function portsLike(wanted: readonly number[]): Promise<number[]> {
  const free = await Promise.all(wanted.map(async (port) => !given.has(port) && await isFree(port)));
  if (!free.every(Boolean)) return freePorts(wanted.length);
  for (const port of wanted) given.add(port);
  return [...wanted];
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => { resolve(false); });
    server.listen(port, host, () => { server.close(() => { resolve(true); }); });
  });
}
