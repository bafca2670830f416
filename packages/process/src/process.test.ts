import { strict as assert } from 'node:assert';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '@proximadb/errors';
import { createLogger, createMetrics, Deadline, spawn, stopOnSignals } from './index.ts';

test('a deadline counts down on its clock and stays where it is', () => {
  let now = 1000;
  const deadline = Deadline.after(50, () => now);
  assert.equal(deadline.remainingMs(), 50);
  now += 30;
  assert.equal(deadline.remainingMs(), 20);
  assert.equal(deadline.within(500), deadline);
  assert.equal(deadline.within(5).remainingMs(), 5);
  now += 30;
  assert.equal(deadline.remainingMs(), 0);
  assert.ok(deadline.expired);
  assert.throws(() => deadline.check('the read'), (error: AppError) => error.code === 'DEADLINE_EXCEEDED' && /the read/.test(error.message));
  assert.ok(deadline.signal.aborted);
});

test('the signal of a deadline aborts in time, and never for one that never comes', async () => {
  const never = Deadline.after(Infinity);
  const soon = Deadline.after(20);
  assert.equal(soon.signal.aborted, false);
  await sleep(60);
  assert.equal((soon.signal.reason as AppError).code, 'DEADLINE_EXCEEDED');
  assert.equal(never.signal.aborted, false);
  assert.equal(never.remainingMs(), Infinity);
  assert.equal(Deadline.after(2 ** 40).signal.aborted, false);
});

test('background work: failures are reported once, an end by the signal is none', async () => {
  const failures: unknown[] = [];
  const onError = (error: unknown, name: string): void => { failures.push(`${name}: ${String(error)}`); };
  const controller = new AbortController();
  const waiting = spawn('waiting', controller.signal, (signal) => sleep(10_000, undefined, { signal }), onError);
  const failing = spawn('failing', controller.signal, () => Promise.reject(new Error('broken')), onError);
  const throwing = spawn('throwing', controller.signal, () => { throw new Error('at once'); }, onError);
  await Promise.all([failing.done, throwing.done]);
  controller.abort();
  await waiting.done;
  const late = spawn('late', controller.signal, () => Promise.reject(new Error('not because of the signal')), onError);
  await late.done;
  assert.deepEqual(failures.sort(), ['failing: Error: broken', 'late: Error: not because of the signal', 'throwing: Error: at once']);
});

test('the first signal aborts, the second ends the process', () => {
  const exits: unknown[] = [];
  const source = Object.assign(new EventEmitter(), { exit: (code: number) => exits.push(code) });
  const stops: string[] = [];
  const stop = stopOnSignals(source, { onStop: (name) => stops.push(name) });
  source.emit('SIGTERM', 'SIGTERM');
  assert.ok(stop.signal.aborted);
  assert.deepEqual([stops, exits], [['SIGTERM'], []]);
  source.emit('SIGINT', 'SIGINT');
  assert.deepEqual([stops, exits], [['SIGTERM'], [130]]);
  stop[Symbol.dispose]();
  assert.equal(source.listenerCount('SIGINT') + source.listenerCount('SIGTERM'), 0);
});

test('a log line is JSON with the event and its facts', () => {
  const lines: string[] = [];
  const logger = createLogger({ level: 'info', fields: { service: 'gateway' }, destination: { write: (line) => { lines.push(line); } } });
  logger.debug('not-written');
  logger.child({ partition: 3 }).warn('segment-sealed', {
    rows: 5, offset: 2n ** 60n, error: new AppError('DATA_LOSS', 'torn', { cause: new Error('inner') }),
  });
  assert.equal(lines.length, 1);
  const line = JSON.parse(lines[0]!) as Record<string, unknown> & { error: { code: string; cause: { message: string } } };
  assert.deepEqual([line.level, line.service, line.partition, line.event, line.rows], ['warn', 'gateway', 3, 'segment-sealed', 5]);
  assert.deepEqual([line.error.code, line.error.cause.message], ['DATA_LOSS', 'inner']);
  assert.match(lines[0]!, /"offset":1152921504606846976/);
  assert.ok(!Number.isNaN(Date.parse(line.time as string)));
});

test('metrics: one name is one metric, with prefix and labels, in text', async () => {
  const metrics = createMetrics({ labels: { service: 'x' }, processMetrics: false });
  metrics.counter('writes_total', 'Writes.', ['kind']).inc({ kind: 'upsert' });
  metrics.counter('writes_total', 'Writes.', ['kind']).inc({ kind: 'upsert' }, 2);
  metrics.gauge('rows', 'Rows.', [], (gauge) => gauge.set(7));
  metrics.histogram('wait_seconds', 'Waited.').observe(0.003);
  const text = await metrics.text();
  assert.match(text, /^proximadb_writes_total\{kind="upsert",service="x"\} 3$/m);
  assert.match(text, /^proximadb_rows\{service="x"\} 7$/m);
  assert.match(text, /^proximadb_wait_seconds_bucket\{le="0\.005",service="x"\} 1$/m);
  assert.match(await createMetrics().text(), /^proximadb_process_resident_memory_bytes /m);
});
