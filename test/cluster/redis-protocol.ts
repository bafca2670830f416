/** One command to Redis, on a connection of its own. */
import { connect } from 'node:net';
import { host } from './ports.ts';

/**
 * @param command words without spaces in them.
 * @returns the text of a simple or bulk answer. @throws Error with Redis's words if it refuses, or does not answer within two seconds.
 */
export function redisCommand(port: number, ...command: readonly (string | number)[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    let received = Buffer.alloc(0);
    socket.setTimeout(2_000, () => socket.destroy(new Error('no answer within two seconds')));
    socket.on('error', reject);
    socket.on('close', () => { reject(new Error('the connection was closed')); });
    socket.on('connect', () => { socket.write(`${command.join(' ')}\r\n`); });
    socket.on('data', (bytes) => {
      received = Buffer.concat([received, bytes]);
      const answer = parse(received);
      if (answer === undefined) return;
      if (answer instanceof Error) reject(answer);
      else resolve(answer);
      socket.destroy();
    });
  });
}

/** @returns undefined until the answer is whole. */
function parse(bytes: Buffer): string | Error | undefined {
  const end = bytes.indexOf('\r\n');
  if (end < 0) return undefined;
  const kind = String.fromCharCode(bytes[0] ?? 0);
  const rest = bytes.toString('utf8', 1, end);
  if (kind === '-') return new Error(rest);
  if (kind !== '$') return rest;
  const length = Number(rest);
  return bytes.length < end + 2 + length + 2 ? undefined : bytes.toString('utf8', end + 2, end + 2 + Math.max(length, 0));
}
