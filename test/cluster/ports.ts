/** Ports of the loopback address that nobody listens on. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';

/** All parts listen here, and nowhere else. */
export const host = '127.0.0.1';

// Below the range from which systems take the ports of outgoing connections: a client that keeps calling a part that is down would
// in the end be given the part's own port, connect to itself, and the part could not listen again. Above the ports that fetch refuses
// (https://fetch.spec.whatwg.org/#port-blocking; 10080 is the last): a part that listens on one of them never looks ready.
const lowest = 10_100;
const highest = 32_000;
const given = new Set<number>();

// A part takes a while until it listens: meanwhile other processes, of tests that run at the same time, would be given its port, too. So a file says who was.
const claims = join(tmpdir(), `proximadb-ports-${process.getuid?.() ?? 0}`);
process.once('exit', () => { for (const port of given) rmSync(claimOf(port), { force: true }); });

/**
 * @returns `count` ports, each free when it was looked at, never given twice by this process, nor by others that go on while it does.
 * @throws Error after 1,000 taken ones.
 */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  for (let tries = 0; ports.length < count; tries++) {
    if (tries === 1_000 + count) throw new Error(`no ${count} free ports between ${lowest} and ${highest}`);
    const port = lowest + Math.floor(Math.random() * (highest - lowest));
    if (await take(port)) ports.push(port);
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
  const taken: number[] = [];
  for (const port of wanted) if (await take(port)) taken.push(port);
  if (taken.length === wanted.length) return taken;
  for (const port of taken) giveBack(port);
  return freePorts(wanted.length);
}

/** @returns whether nobody has it. */
async function take(port: number): Promise<boolean> {
  if (given.has(port) || !claim(port)) return false;
  given.add(port);
  if (await isFree(port)) return true;
  giveBack(port);
  return false;
}

function giveBack(port: number): void {
  given.delete(port);
  rmSync(claimOf(port), { force: true });
}

function claimOf(port: number): string {
  return join(claims, String(port));
}

/** @returns whether no other process that goes on has claimed it. */
function claim(port: number): boolean {
  mkdirSync(claims, { recursive: true });
  if (write(port)) return true;
  if (goesOn(readClaim(port))) return false;
  rmSync(claimOf(port), { force: true });
  return write(port);
}

function write(port: number): boolean {
  try {
    writeFileSync(claimOf(port), String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** @returns whose it is; NaN: nobody's any more, or not written yet. */
function readClaim(port: number): number {
  try {
    return Number(readFileSync(claimOf(port), 'utf8') || NaN);
  } catch {
    return NaN;
  }
}

function goesOn(pid: number): boolean {
  // Being written: whose it is says the next look.
  if (Number.isNaN(pid)) return true;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Asked by a connection: a socket that listens to find out may outlive its end, in what is being started meanwhile, and the part would find the port taken. */
function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host);
    socket.once('error', () => { resolve(true); });
    socket.once('connect', () => {
      socket.destroy();
      resolve(false);
    });
  });
}
