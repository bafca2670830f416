/** A proxy that understands Kafka's framing: a fault can be about the answer of the next Produce. */
import { apiKeys } from './kafka-protocol.ts';
import { FaultProxy, type Frame, type Framing, type ProxyTarget } from './proxy.ts';

export type KafkaApi = keyof typeof apiKeys;

/** A whole request or answer, with its length in front. An answer carries what its request said. */
export interface KafkaFrame extends Frame {
  readonly apiKey: number;
  readonly apiVersion: number;
  readonly correlationId: number;
  readonly clientId: string;
}

/** For `swallow`: the server has done what the client will never know of. */
export function answerTo(...apis: readonly KafkaApi[]): (frame: KafkaFrame) => boolean {
  return ({ direction, apiKey }) => direction === 'answer' && apis.some((api) => apiKeys[api] === apiKey);
}

/** For `swallow`: the server never hears of it. */
export function requestOf(...apis: readonly KafkaApi[]): (frame: KafkaFrame) => boolean {
  return ({ direction, apiKey }) => direction === 'request' && apis.some((api) => apiKeys[api] === apiKey);
}

/** Not for TLS, which hides what passes. */
export function startKafkaProxy(target: ProxyTarget): Promise<FaultProxy<KafkaFrame>> {
  return FaultProxy.start(target, () => new KafkaFraming());
}

const unansweredMax = 10_000;

class KafkaFraming implements Framing<KafkaFrame> {
  readonly #rest: Record<Frame['direction'], Buffer> = { request: Buffer.alloc(0), answer: Buffer.alloc(0) };
  /** By correlation id, in the order of asking. What wants no answer (a produce with acks 0) is dropped at last. */
  readonly #asked = new Map<number, Omit<KafkaFrame, 'direction' | 'bytes'>>();

  frames(direction: Frame['direction'], bytes: Buffer): KafkaFrame[] {
    const all = this.#rest[direction].length === 0 ? bytes : Buffer.concat([this.#rest[direction], bytes]);
    const frames: KafkaFrame[] = [];
    let at = 0;
    while (all.length - at >= 4 && all.length - at >= 4 + all.readInt32BE(at)) {
      const end = at + 4 + all.readInt32BE(at);
      const frame = all.subarray(at, end);
      frames.push({ direction, bytes: frame, ...(direction === 'request' ? this.#request(frame) : this.#answer(frame)) });
      at = end;
    }
    this.#rest[direction] = all.subarray(at);
    return frames;
  }

  #request(frame: Buffer): Omit<KafkaFrame, 'direction' | 'bytes'> {
    const clientIdLength = frame.readInt16BE(12);
    const header = {
      apiKey: frame.readInt16BE(4), apiVersion: frame.readInt16BE(6), correlationId: frame.readInt32BE(8),
      clientId: frame.toString('utf8', 14, 14 + Math.max(clientIdLength, 0)),
    };
    this.#asked.set(header.correlationId, header);
    const [oldest] = this.#asked.keys();
    if (this.#asked.size > unansweredMax && oldest !== undefined) this.#asked.delete(oldest);
    return header;
  }

  #answer(frame: Buffer): Omit<KafkaFrame, 'direction' | 'bytes'> {
    const correlationId = frame.readInt32BE(4);
    const header = this.#asked.get(correlationId) ?? { apiKey: -1, apiVersion: -1, correlationId, clientId: '' };
    this.#asked.delete(correlationId);
    return header;
  }
}
