// parley.js behind a proxy that does not let WebSocket through, and later does. With a running server, on which
// everybody may publish over HTTP. Usage: node fallback.mjs ws://127.0.0.1:8080/chat [path of the package ws]

import assert from 'node:assert/strict';
import net from 'node:net';
import { connect } from '../../../webapp/parley.js';

const [url, ws] = process.argv.slice(2);
const WebSocket = globalThis.WebSocket ?? (await import(ws)).default;
const server = new URL(url);

/** What the proxy does with a handshake: an answer, `cut`, `swallow` or `pass`. */
let policy;
let handshakes = 0;
const lines = new Set();

/** Passes connections on, but for those whose first request is a handshake. */
const proxy = net.createServer((client) => {
  lines.add(client);
  client.on('error', () => {}).on('close', () => lines.delete(client));
  client.once('data', (head) => {
    const isHandshake = /^upgrade: websocket/im.test(head.toString('latin1'));
    handshakes += isHandshake ? 1 : 0;
    if (isHandshake && policy !== 'pass') {
      if (policy === 'cut') {
        client.destroy();
      } else if (policy !== 'swallow') {
        client.end(policy);
      }
      return;
    }
    const there = net.connect(server.port, server.hostname);
    there.on('error', () => client.destroy()).on('close', () => client.destroy());
    client.on('close', () => there.destroy());
    there.write(head);
    client.pipe(there).pipe(client);
  });
});
await new Promise((resolve) => proxy.listen(0, '127.0.0.1', resolve));

/** Waits until something holds, asked again at each event. */
async function until(holds, target, type) {
  while (!holds()) {
    await new Promise((resolve) => target.addEventListener(type, resolve, { once: true }));
  }
}

const refusals = {
  cut: 'cut',
  403: 'HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n',
  'an upgrade that is ignored': 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
};
const direct = connect(url, { name: 'Direct', WebSocket, transport: 'websocket' });
for (const [what, answer] of Object.entries(refusals)) {
  policy = answer;
  handshakes = 0;
  // A host of its own each time: what was found out about one is remembered.
  const host = `127.0.0.${2 + Object.keys(refusals).indexOf(what)}`;
  const own = net.createServer((client) => proxy.emit('connection', client));
  await new Promise((resolve) => own.listen(0, host, resolve));
  const address = `ws://${host}:${own.address().port}${server.pathname}`;

  const name = `fallback-${Math.floor(Math.random() * 1e9)}`;
  const other = direct.join(name);
  const parley = connect(address, { name: 'Ann', WebSocket, wait: { least: 500, most: 1000 } });
  const room = parley.join(name);
  const read = [];
  room.addEventListener('message', ({ detail }) => read.push(detail.text));
  await Promise.all([room.joined, other.joined]);
  assert.equal(parley.transport, 'sse', what);
  // The next one may begin before HTTP has answered behind the second.
  const tried = handshakes;
  assert.ok(tried >= 2, `${what}: ${tried} handshakes were tried, two at least`);

  const second = connect(address, { WebSocket });
  await second.join(name).joined;
  assert.equal(second.transport, 'sse');
  assert.equal(handshakes, tried, `${what}: the next connection knows`);
  second.close();

  // Messages go on from both sides while WebSocket comes back.
  policy = 'pass';
  const said = [];
  for (let i = 0; i < 200; i++) {
    said.push(room.say(`a${i}`), other.say(`b${i}`));
    if (i === 50) {
      parley.retry();
    }
    await said.at(-2);
  }
  await until(() => parley.transport === 'websocket', parley, 'state');
  const receipts = await Promise.all(said);
  await until(() => read.length >= said.length, room, 'message');
  const all = receipts.map((_, i) => `${i % 2 === 0 ? 'a' : 'b'}${Math.floor(i / 2)}`);
  assert.deepEqual([...read].sort(), all.sort(), what);
  for (const from of ['a', 'b']) {
    const its = read.filter((text) => text.startsWith(from));
    assert.deepEqual(its, its.map((_, i) => `${from}${i}`), `${what}: in order`);
  }
  await room.say('over WebSocket');
  parley.close();
  own.close();
  console.log(`${what}: event streams, then WebSocket when it was let through; ${read.length} messages, each once`);
}
direct.close();
lines.forEach((line) => line.destroy());
proxy.close();
