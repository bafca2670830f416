/** As much of Kafka's protocol as tells whether a broker is up, and one request from another. */
import { connect } from 'node:net';
import { host } from './ports.ts';

/** The numbers of requests, as the protocol gives them. */
export const apiKeys = {
  produce: 0, fetch: 1, listOffsets: 2, metadata: 3, offsetCommit: 8, offsetFetch: 9, findCoordinator: 10, joinGroup: 11, heartbeat: 12,
  saslHandshake: 17, apiVersions: 18, createTopics: 19, deleteTopics: 20, deleteRecords: 21, initProducerId: 22,
  describeConfigs: 32, alterConfigs: 33, saslAuthenticate: 36, createPartitions: 37, incrementalAlterConfigs: 44,
} as const;

export interface BrokerAddress {
  readonly id: number;
  readonly host: string;
  readonly port: number;
}

/** The brokers that are alive, as the one on this port sees them. @throws Error if it does not answer within a second. */
export async function listBrokers(port: number): Promise<BrokerAddress[]> {
  // Metadata, version 4, of no topic: client id "parts", an empty array of topics, no topic made on the way.
  const body = Buffer.alloc(23);
  body.writeInt16BE(apiKeys.metadata, 0);
  body.writeInt16BE(4, 2);
  body.writeInt32BE(1, 4);
  body.writeInt16BE(5, 8);
  body.write('parts', 10, 'latin1');
  body.writeInt32BE(0, 15);
  const answer = await ask(port, body.subarray(0, 20));
  // Behind the correlation id and the throttle time.
  let at = 8;
  const int32 = (): number => answer.readInt32BE((at += 4) - 4);
  const text = (): string => {
    const length = answer.readInt16BE(at);
    at += 2 + Math.max(length, 0);
    return answer.toString('utf8', at - Math.max(length, 0), at);
  };
  return Array.from({ length: int32() }, () => {
    const broker = { id: int32(), host: text(), port: int32() };
    text();
    return broker;
  });
}

/** Whether the broker on this port knows itself to be part of the cluster: then it takes requests. */
export async function brokerListed(port: number, id: number): Promise<boolean> {
  return (await listBrokers(port)).some((broker) => broker.id === id);
}

/** One request, one answer, on a connection of its own. */
function ask(port: number, request: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    let received = Buffer.alloc(0);
    socket.setTimeout(1_000, () => socket.destroy(new Error('no answer within a second')));
    socket.on('error', reject);
    socket.on('close', () => { reject(new Error('the connection was closed')); });
    socket.on('connect', () => {
      const size = Buffer.alloc(4);
      size.writeInt32BE(request.length);
      socket.write(Buffer.concat([size, request]));
    });
    socket.on('data', (bytes) => {
      received = Buffer.concat([received, bytes]);
      if (received.length < 4 || received.length < 4 + received.readInt32BE(0)) return;
      resolve(received.subarray(4, 4 + received.readInt32BE(0)));
      socket.destroy();
    });
  });
}
