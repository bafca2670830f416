/** The port's suite on a real broker. */
import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { missing, sharedKafka } from '@proximadb/test-cluster';
import { logContract } from '../contract.ts';
import { KafkaLog } from './index.ts';

const skip = missing('kafka');
if (skip === false) {
  logContract('kafka', async () => {
    const { bootstrap } = await sharedKafka();
    const log = await KafkaLog.open({ brokers: bootstrap, replicationFactor: 1 });
    return { log, close: () => log[Symbol.asyncDispose]() };
  });
} else void test('log contract: kafka', { skip }, () => { assert.fail('there is no Kafka'); });
