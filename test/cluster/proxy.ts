/** A TCP proxy that breaks what passes through it, when it is told to. */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort, host } from './ports.ts';

/** What a fault is about: a piece of what one side sent, in the order in which it was sent. */
export interface Frame {
  readonly direction: 'request' | 'answer';
  readonly bytes: Buffer;
}

/** Cuts the bytes of one connection into frames. What is not whole yet, it keeps. */
export interface Framing<F extends Frame> {
  frames(direction: Frame['direction'], bytes: Buffer): F[];
}

export interface FaultOptions {
  /** What happens to the connection of a frame that was swallowed: it is reset, or stays open and nothing passes any more. @default 'cut' */
  readonly then?: 'cut' | 'hang';
  /** How many frames. @default 1 */
  readonly times?: number;
}

/** A fault that was ordered. */
export interface Fault<F extends Frame> {
  /** Frames swallowed so far. */
  readonly swallowed: readonly F[];
  /** Resolves with the last of them when all have been swallowed. */
  readonly done: Promise<F>;
  cancel(): void;
}

interface Order<F extends Frame> {
  readonly matches: (frame: F) => boolean;
  readonly then: 'cut' | 'hang';
  readonly swallowed: F[];
  readonly finish: (frame: F) => void;
  left: number;
}

interface Connection {
  readonly client: Socket;
  readonly server: Socket;
  /** Resolves when it is over. */
  readonly closed: Promise<void>;
  hangs: boolean;
}

export interface ProxyTarget {
  /** @default 127.0.0.1 */
  readonly host?: string;
  readonly port: number;
  /** Where it listens itself. @default a free one */
  readonly listenPort?: number;
}

export class FaultProxy<F extends Frame = Frame> implements AsyncDisposable {
  readonly host = host;
  readonly port: number;
  readonly #target: ProxyTarget;
  readonly #framing: () => Framing<F>;
  readonly #connections = new Set<Connection>();
  readonly #orders = new Set<Order<F>>();
  #server: Server | undefined;
  #delayMs = 0;
  #open: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined;

  private constructor(target: ProxyTarget, port: number, framing: () => Framing<F>) {
    this.#target = target;
    this.port = port;
    this.#framing = framing;
  }

  /** @param framing one for each connection. The target may come up later: until then connections are closed. */
  static async start<F extends Frame>(target: ProxyTarget, framing: () => Framing<F>): Promise<FaultProxy<F>> {
    const proxy = new FaultProxy(target, target.listenPort ?? await freePort(), framing);
    await proxy.accept();
    return proxy;
  }

  get address(): string {
    return `${this.host}:${this.port}`;
  }

  /** Open ones. */
  get connections(): number {
    return this.#connections.size;
  }

  /** The next frames that match, on any connection, are not passed on. The first order that matches takes a frame. */
  swallow(matches: (frame: F) => boolean, options: FaultOptions = {}): Fault<F> {
    const { promise, resolve } = Promise.withResolvers<F>();
    const order: Order<F> = { matches, then: options.then ?? 'cut', swallowed: [], finish: resolve, left: options.times ?? 1 };
    this.#orders.add(order);
    return { swallowed: order.swallowed, done: promise, cancel: () => { this.#orders.delete(order); } };
  }

  /** Every frame, in both directions, passes so much later. 0 ends it. */
  delay(milliseconds: number): void {
    this.#delayMs = milliseconds;
  }

  /** Nothing passes on any connection until `flow`; then all that was sent does. */
  hold(): void {
    this.#open ??= Promise.withResolvers<void>();
  }

  flow(): void {
    this.#open?.resolve();
    this.#open = undefined;
  }

  /** Resets every open connection. New ones are taken. */
  cut(): void {
    for (const connection of this.#connections) cut(connection);
  }

  /** Stops listening and resets every connection: the host is gone. */
  async refuse(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    this.cut();
    if (server !== undefined) await new Promise<void>((resolve) => { server.close(() => { resolve(); }); });
  }

  /** Listens (again), on the same port. */
  async accept(): Promise<void> {
    if (this.#server !== undefined) return;
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => { this.#connect(client); });
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.port, host, resolve);
    });
    server.unref();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.refuse();
    this.flow();
  }

  #connect(client: Socket): void {
    const server = connect({ host: this.#target.host ?? host, port: this.#target.port, allowHalfOpen: true, noDelay: true });
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    const connection: Connection = { client, server, closed, hangs: false };
    this.#connections.add(connection);
    for (const [socket, other] of [[client, server], [server, client]] as const) {
      socket.on('error', () => { /* Its end is what the other side is told. */ });
      socket.on('close', () => {
        other.destroy();
        resolve();
        this.#connections.delete(connection);
      });
    }
    const framing = this.#framing();
    // Neither rejects but for an error in a predicate, which must be seen.
    void this.#pass('request', connection, client, server, framing);
    void this.#pass('answer', connection, server, client, framing);
  }

  /** One direction of one connection. A side that reads slowly, or a fault that waits, stops the other from sending more. */
  async #pass(direction: Frame['direction'], connection: Connection, from: Socket, to: Socket, framing: Framing<F>): Promise<void> {
    try {
      for await (const bytes of from as AsyncIterable<Buffer>) {
        for (const frame of framing.frames(direction, bytes)) await this.#passFrame(connection, frame, to);
      }
    } catch (error) {
      if (!from.destroyed) throw error;
      return;
    }
    if (!connection.hangs) to.end();
  }

  async #passFrame(connection: Connection, frame: F, to: Socket): Promise<void> {
    if (this.#delayMs > 0) await Promise.race([delay(this.#delayMs), connection.closed]);
    while (this.#open !== undefined && this.#connections.has(connection)) await Promise.race([this.#open.promise, connection.closed]);
    if (connection.hangs || this.#swallows(connection, frame) || to.destroyed) return;
    if (!to.write(frame.bytes)) await Promise.race([new Promise((resolve) => { to.once('drain', resolve); }), connection.closed]);
  }

  #swallows(connection: Connection, frame: F): boolean {
    for (const order of this.#orders) {
      if (!order.matches(frame)) continue;
      order.swallowed.push(frame);
      order.left -= 1;
      if (order.then === 'hang') connection.hangs = true;
      else cut(connection);
      if (order.left === 0) {
        this.#orders.delete(order);
        order.finish(frame);
      }
      return true;
    }
    return false;
  }
}

function cut({ client, server }: Connection): void {
  for (const socket of [client, server]) {
    // A socket that is being shut down cannot be reset: Node would neither close it nor end the process (seen with 24.21).
    if (socket.writableEnded) socket.destroy();
    else socket.resetAndDestroy();
  }
}

/** Frames are what the sockets happen to deliver at once. */
export function startProxy(target: ProxyTarget): Promise<FaultProxy> {
  return FaultProxy.start(target, () => ({ frames: (direction, bytes) => [{ direction, bytes }] }));
}
