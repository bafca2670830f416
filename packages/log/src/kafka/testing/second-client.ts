/** Another client of Kafka, written by others: what it sees is what is there. */
import { Consumer, Producer } from '@platformatic/kafka';

export interface Seen {
  readonly offset: number;
  readonly key: Buffer;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, Buffer>>;
}

/** A producer whose messages go to the partition that they name. */
export function foreignProducer(brokers: readonly string[], transactionalId?: string): Producer {
  return new Producer({
    clientId: 'foreign', bootstrapBrokers: [...brokers], autocreateTopics: false,
    ...(transactionalId === undefined ? {} : { transactionalId, idempotent: true }),
  });
}

/** The first `count` records of a partition. */
export async function readWithSecondClient(brokers: readonly string[], topic: string, partition: number, count: number): Promise<Seen[]> {
  const consumer = new Consumer({ clientId: 'second', groupId: `second-${Math.random()}`, bootstrapBrokers: [...brokers], autocommit: false });
  try {
    const stream = await consumer.consume({ topics: [topic], mode: 'manual', offsets: [{ topic, partition, offset: 0n }] });
    const seen: Seen[] = [];
    for await (const message of stream) {
      if (message.partition !== partition) continue;
      const headers = Object.fromEntries([...message.headers].map(([name, value]) => [name.toString(), value]));
      // Its types have no null.
      const value = (message.value as Buffer | null | undefined) ?? null;
      seen.push({ offset: Number(message.offset), key: message.key, value, headers });
      if (seen.length === count) break;
    }
    return seen;
  } finally {
    await consumer.close(true);
  }
}

/** What the second client calls the topic's id, as Kafka's tools print it. */
export async function topicIdSeenBySecondClient(brokers: readonly string[], topic: string): Promise<string> {
  const consumer = new Consumer({ clientId: 'second', groupId: 'second', bootstrapBrokers: [...brokers] });
  try {
    const { topics } = await consumer.metadata({ topics: [topic] });
    return Buffer.from((topics.get(topic)?.id ?? '').replaceAll('-', ''), 'hex').toString('base64url');
  } finally {
    await consumer.close(true);
  }
}
