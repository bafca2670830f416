import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { after, before, beforeEach, describe, test } from 'node:test';
import { startProxy, type FaultProxy } from './proxy.ts';

/** Answers what it is sent, and counts it. */
const heard: string[] = [];
const echo = createServer((socket) => {
  socket.on('error', () => { /* A reset. */ });
  socket.on('data', (bytes) => {
    heard.push(bytes.toString());
    socket.write(`answer to ${bytes.toString()}`);
  });
});
before(() => new Promise<void>((resolve) => { echo.listen(0, '127.0.0.1', resolve); }));
after(() => { echo.close(); });
beforeEach(() => { heard.length = 0; });

const start = (): Promise<FaultProxy> => startProxy({ port: (echo.address() as AddressInfo).port });

async function open(proxy: FaultProxy): Promise<Socket> {
  const socket = connect({ host: proxy.host, port: proxy.port });
  socket.on('error', () => { /* Its end is what tests look at. */ });
  await once(socket, 'connect');
  return socket;
}

/** @returns the answer, or why there is none. */
function ask(socket: Socket, text: string, waitMs = 200): Promise<string> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, waitMs, 'silence');
    socket.once('data', (bytes) => { resolve(bytes.toString()); });
    socket.once('close', () => { resolve('closed'); });
    socket.write(text, () => { /* A reset is told by 'close'. */ });
    timer.unref();
  });
}

describe('a proxy', () => {
  test('passes on what it is sent, both ways, and an end', async () => {
    await using proxy = await start();
    using socket = disposable(await open(proxy));
    assert.equal(await ask(socket.it, 'one'), 'answer to one');
    assert.equal(proxy.connections, 1);
    socket.it.end();
    await once(socket.it, 'close');
    assert.equal(proxy.connections, 0);
  });

  test('swallows one answer and cuts the connection: the server has done it, the client does not know', async () => {
    await using proxy = await start();
    const fault = proxy.swallow(({ direction, bytes }) => direction === 'answer' && bytes.includes('two'));
    using first = disposable(await open(proxy));
    assert.equal(await ask(first.it, 'one'), 'answer to one');
    assert.equal(await ask(first.it, 'two'), 'closed');
    assert.deepEqual(heard, ['one', 'two']);
    assert.equal((await fault.done).bytes.toString(), 'answer to two');
    using second = disposable(await open(proxy));
    assert.equal(await ask(second.it, 'two'), 'answer to two', 'it was ordered once');
  });

  test('swallows a request: the server never hears of it', async () => {
    await using proxy = await start();
    proxy.swallow(({ direction }) => direction === 'request');
    using socket = disposable(await open(proxy));
    assert.equal(await ask(socket.it, 'one'), 'closed');
    assert.deepEqual(heard, []);
  });

  test('can leave the connection open and silent instead, as often as ordered', async () => {
    await using proxy = await start();
    const fault = proxy.swallow(({ direction }) => direction === 'answer', { then: 'hang', times: 2 });
    using first = disposable(await open(proxy));
    assert.equal(await ask(first.it, 'one'), 'silence');
    assert.equal(await ask(first.it, 'again'), 'silence');
    using second = disposable(await open(proxy));
    assert.equal(await ask(second.it, 'two'), 'silence');
    using third = disposable(await open(proxy));
    assert.equal(await ask(third.it, 'three'), 'answer to three');
    assert.equal(fault.swallowed.length, 2);
  });

  test('a fault that was cancelled does nothing', async () => {
    await using proxy = await start();
    proxy.swallow(() => true).cancel();
    using socket = disposable(await open(proxy));
    assert.equal(await ask(socket.it, 'one'), 'answer to one');
  });

  test('delays, holds and lets flow', async () => {
    await using proxy = await start();
    using socket = disposable(await open(proxy));
    proxy.delay(50);
    const begin = performance.now();
    assert.equal(await ask(socket.it, 'one', 5_000), 'answer to one');
    assert.ok(performance.now() - begin >= 95, 'there and back');
    proxy.delay(0);
    proxy.hold();
    assert.equal(await ask(socket.it, 'two'), 'silence');
    assert.deepEqual(heard, ['one']);
    const answer = once(socket.it, 'data');
    proxy.flow();
    assert.equal(String(await answer), 'answer to two');
  });

  test('cuts all connections, refuses new ones, and takes them again', async () => {
    await using proxy = await start();
    using first = disposable(await open(proxy));
    assert.equal(await ask(first.it, 'one'), 'answer to one');
    const closed = new Promise((resolve) => { first.it.once('close', resolve); });
    proxy.cut();
    await closed;
    using second = disposable(await open(proxy));
    assert.equal(await ask(second.it, 'two'), 'answer to two');
    await proxy.refuse();
    await assert.rejects(open(proxy), { code: 'ECONNREFUSED' });
    await proxy.accept();
    using third = disposable(await open(proxy));
    assert.equal(await ask(third.it, 'three'), 'answer to three');
  });

  test('closes a connection whose server is not there', async () => {
    await using proxy = await startProxy({ port: 1 });
    using socket = disposable(await open(proxy));
    assert.equal(await ask(socket.it, 'one', 5_000), 'closed');
  });
});

function disposable(it: Socket): Disposable & { it: Socket } {
  return { it, [Symbol.dispose]() { it.destroy(); } };
}
