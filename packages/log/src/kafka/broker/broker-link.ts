/**
 * One connection to one broker, made by kafkajs: TLS, SASL, the negotiation of versions, which answer belongs to which request. Nothing
 * else of kafkajs is used, and only here; it is pinned, since this reaches into its Cluster, Broker and Connection. Requests are written
 * to the socket as they are (kafkajs would copy each twice, into zeroed memory). None has kafkajs's timeouts (a timer every 100 ms a
 * connection): each has one of ours, after which the connection is destroyed.
 */
import { readFileSync } from 'node:fs';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import { AppError } from '@proximadb/errors';
import { Kafka, logLevel, type ISocketFactoryArgs, type KafkaConfig } from 'kafkajs';
import type { BrokerAddress, KafkaTls, ReaderSettings } from '../options.ts';
import { versionsNeeded, type WireRequest } from '../wire/request.ts';
import { LinkError } from './link-error.ts';

/** What is used of kafkajs's classes, as they are in 2.2.4. */
interface KafkajsConnection {
  isConnected(): boolean;
  isAuthenticated(): boolean;
  authenticate(): Promise<void>;
  nextCorrelationId(): number;
  rejectRequests(error: Error): void;
  readonly requestQueue: {
    push(request: {
      entry: {
        apiName: string; apiKey: number; apiVersion: number; correlationId: number;
        resolve: (answer: { payload: Buffer }) => void; reject: (error: Error) => void;
      };
      expectResponse: boolean;
      requestTimeout: null;
      sendRequest: () => void;
    }): void;
  };
}
interface KafkajsBroker {
  connect(): Promise<void>;
  readonly versions: Readonly<Record<number, { readonly minVersion: number; readonly maxVersion: number } | undefined>>;
}
interface KafkajsPool {
  getConnection(index: 0): Promise<KafkajsConnection>;
}
interface KafkajsCluster {
  readonly rootLogger: unknown;
  readonly connectionPoolBuilder: { build(address: BrokerAddress): Promise<KafkajsPool> };
  readonly brokerPool: { createBroker(options: { connectionPool: KafkajsPool; logger: unknown }): KafkajsBroker };
}

/** Of a request before the client id: its size, what it is, its number, the length of the id. */
const HEAD_BYTES = 14;

export type LinkSettings = Pick<ReaderSettings, 'clientId' | 'sasl' | 'ssl' | 'connectTimeoutMs' | 'requestTimeoutMs'>;

export class BrokerLink {
  readonly address: BrokerAddress;
  readonly #connection: KafkajsConnection;
  readonly #socket: Socket;
  readonly #clientId: Buffer;
  readonly #requestTimeoutMs: number;
  readonly #needsAuthentication: boolean;
  #inFlight = 0;
  #quiet: PromiseWithResolvers<void> | undefined;
  #lost: Error | undefined;

  private constructor(address: BrokerAddress, settings: LinkSettings, connection: KafkajsConnection, socket: Socket) {
    this.address = address;
    this.#connection = connection;
    this.#socket = socket;
    this.#clientId = Buffer.from(settings.clientId, 'utf8');
    this.#requestTimeoutMs = settings.requestTimeoutMs;
    this.#needsAuthentication = settings.sasl !== undefined;
    // kafkajs hears of errors and of the broker's end of a connection, but not of a socket that is simply gone.
    socket.once('close', () => { this.destroy(new Error('the connection was closed')); });
  }

  /**
   * @throws LinkError if the broker cannot be reached; AppError UNAUTHENTICATED if it does not take the credentials;
   *   FAILED_PRECONDITION if it is too old, or a certificate file cannot be read.
   */
  static async open(address: BrokerAddress, settings: LinkSettings): Promise<BrokerLink> {
    const sockets: Socket[] = [];
    const place = `${address.host}:${address.port}`;
    const deadline = Promise.withResolvers<never>();
    const timer = setTimeout(() => { deadline.reject(new Error(`not connected within ${settings.connectTimeoutMs} ms`)); }, settings.connectTimeoutMs);
    const connecting = connect(address, settings, sockets);
    try {
      const { broker, connection } = await Promise.race([connecting, deadline.promise]);
      const [socket] = sockets;
      if (socket === undefined || socket.destroyed) throw new Error('the connection was closed at once');
      checkVersions(broker, place);
      return new BrokerLink(address, settings, connection, socket);
    } catch (error) {
      connecting.catch(() => undefined);
      for (const socket of sockets) socket.destroy();
      if (error instanceof AppError) throw error;
      const reason = error instanceof Error ? error : new Error(String(error));
      if (reason.name === 'KafkaJSSASLAuthenticationError') {
        throw new AppError('UNAUTHENTICATED', `the broker ${place} does not take the credentials: ${reason.message}`, { cause: reason });
      }
      throw new LinkError(`no connection to the broker ${place}: ${reason.message}`, false, reason);
    } finally {
      clearTimeout(timer);
    }
  }

  get isAlive(): boolean {
    return this.#lost === undefined && this.#connection.isConnected();
  }

  /**
   * Sends a request and waits for its answer. The broker answers one after the other, so a request that waits there holds up the next.
   * @param waitMs what the broker may take by intention, beyond the timeout of any request.
   * @throws LinkError, after which the link is dead.
   */
  async send<T>(request: WireRequest<T>, waitMs = 0): Promise<T> {
    // kafkajs proves who it is again when the session ends, and takes the next answer, whatever it is to, for the broker's reply.
    while (this.#needsAuthentication && this.#inFlight > 0 && !this.#connection.isAuthenticated()) await this.#untilQuiet();
    if (!this.isAlive) throw new LinkError(this.#place('the connection is lost'), false, this.#lost);
    const body = request.encode();
    let sent = false;
    const timeoutMs = waitMs + this.#requestTimeoutMs;
    const timer = setTimeout(() => { this.destroy(new Error(`no answer to ${request.name} within ${timeoutMs} ms`)); }, timeoutMs);
    this.#inFlight += 1;
    try {
      if (this.#needsAuthentication && !this.#connection.isAuthenticated()) await this.#connection.authenticate();
      const payload = await new Promise<Buffer>((resolve, reject) => {
        const correlationId = this.#connection.nextCorrelationId();
        this.#connection.requestQueue.push({
          entry: {
            apiName: request.name, apiKey: request.key, apiVersion: request.version, correlationId, reject,
            resolve: (answer) => { resolve(answer.payload); },
          },
          expectResponse: true, requestTimeout: null,
          sendRequest: () => {
            sent = true;
            this.#write(request, correlationId, body);
          },
        });
      });
      return request.decode(payload);
    } catch (error) {
      const reason = error instanceof Error ? error : new Error(String(error));
      this.destroy(reason);
      if (error instanceof AppError) throw error;
      throw new LinkError(this.#place(reason.message), sent, reason);
    } finally {
      clearTimeout(timer);
      this.#inFlight -= 1;
      if (this.#inFlight === 0) this.#quiet?.resolve();
    }
  }

  /** Head and body go out together, and neither is copied. */
  #write({ key, version }: WireRequest<unknown>, correlationId: number, body: Buffer): void {
    const head = Buffer.allocUnsafe(HEAD_BYTES + this.#clientId.length);
    head.writeInt32BE(head.length - 4 + body.length, 0);
    head.writeInt16BE(key, 4);
    head.writeInt16BE(version, 6);
    head.writeInt32BE(correlationId, 8);
    head.writeInt16BE(this.#clientId.length, 12);
    head.set(this.#clientId, HEAD_BYTES);
    this.#socket.cork();
    this.#socket.write(head);
    this.#socket.write(body);
    this.#socket.uncork();
  }

  /** Ends the connection at once; what waits for an answer fails. */
  destroy(reason: Error): void {
    if (this.#lost !== undefined) return;
    this.#lost = reason;
    this.#connection.rejectRequests(reason);
    this.#socket.destroy();
  }

  #untilQuiet(): Promise<void> {
    if (this.#quiet === undefined) {
      const quiet = Promise.withResolvers<void>();
      this.#quiet = quiet;
      quiet.promise.then(() => { this.#quiet = undefined; }, () => undefined);
    }
    return this.#quiet.promise;
  }

  #place(message: string): string {
    return `broker ${this.address.host}:${this.address.port}: ${message}`;
  }
}

async function connect(
  address: BrokerAddress, settings: LinkSettings, sockets: Socket[],
): Promise<{ broker: KafkajsBroker; connection: KafkajsConnection }> {
  const cluster = clusterOf(address, settings, sockets);
  const pool = await cluster.connectionPoolBuilder.build(address);
  const broker = cluster.brokerPool.createBroker({ connectionPool: pool, logger: cluster.rootLogger });
  await broker.connect();
  return { broker, connection: await pool.getConnection(0) };
}

/** kafkajs hands its Cluster to the assigners of a consumer, which is never run here. */
function clusterOf(address: BrokerAddress, settings: LinkSettings, sockets: Socket[]): KafkajsCluster {
  const tls = tlsOptions(settings.ssl);
  const config: KafkaConfig = {
    brokers: [`${address.host}:${address.port}`],
    clientId: settings.clientId,
    connectionTimeout: settings.connectTimeoutMs,
    authenticationTimeout: settings.connectTimeoutMs,
    enforceRequestTimeout: false,
    // What it would log comes back as an error, and is logged where that is handled.
    logLevel: logLevel.NOTHING,
    socketFactory: (wanted) => {
      const socket = openSocket(wanted, tls);
      sockets.push(socket);
      return socket;
    },
  };
  const { sasl } = settings;
  // A union a mechanism in kafkajs's types.
  const kafka = new Kafka(sasl === undefined ? config : { ...config, sasl: { ...sasl } as NonNullable<KafkaConfig['sasl']> });
  let found: KafkajsCluster | undefined;
  kafka.consumer({
    groupId: 'never-joined',
    partitionAssigners: [({ cluster }) => {
      // The types call it Cluster and show less of it.
      found = cluster as unknown as KafkajsCluster;
      return { name: 'none', version: 0, assign: () => Promise.resolve([]), protocol: () => ({ name: 'none', metadata: Buffer.alloc(0) }) };
    }],
  });
  if (found === undefined) throw new AppError('INTERNAL', 'kafkajs does not hand over its Cluster; the version is not the one that was pinned');
  return found;
}

function openSocket({ host, port, onConnect }: ISocketFactoryArgs, tls: ConnectionOptions | undefined): Socket {
  const serverName = isIP(host) === 0 ? { servername: host } : {};
  const socket = tls === undefined ? connectTcp({ host, port }, onConnect) : connectTls({ host, port, ...serverName, ...tls }, onConnect);
  socket.setNoDelay(true);
  socket.setKeepAlive(true, 60_000);
  return socket;
}

function tlsOptions(ssl: boolean | KafkaTls): ConnectionOptions | undefined {
  if (ssl === false) return undefined;
  if (ssl === true) return {};
  const read = (text: string | undefined, file: string | undefined): string | undefined => {
    if (text !== undefined || file === undefined) return text;
    try {
      return readFileSync(file, 'utf8');
    } catch (error) {
      throw new AppError('FAILED_PRECONDITION', `the file ${file} of the Kafka option ssl cannot be read`, { cause: error });
    }
  };
  const [ca, cert, key] = [read(ssl.ca, ssl.caFile), read(ssl.cert, ssl.certFile), read(ssl.key, ssl.keyFile)];
  return {
    ...(ca === undefined ? {} : { ca }), ...(cert === undefined ? {} : { cert }), ...(key === undefined ? {} : { key }),
    ...(ssl.passphrase === undefined ? {} : { passphrase: ssl.passphrase }),
    ...(ssl.serverName === undefined ? {} : { servername: ssl.serverName }),
  };
}

function checkVersions(broker: KafkajsBroker, place: string): void {
  const missing = versionsNeeded.filter(({ key, version }) => {
    const spoken = broker.versions[key];
    return spoken === undefined || spoken.minVersion > version || spoken.maxVersion < version;
  });
  if (missing.length === 0) return;
  const wanted = missing.map(({ name, version }) => `${name} v${version}`).join(', ');
  throw new AppError('FAILED_PRECONDITION', `the broker ${place} does not speak ${wanted}; Kafka 3.1 or later is needed`);
}
