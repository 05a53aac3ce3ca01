// Three clients of a running server, cut at random moments a few hundred times while they talk: in the end each has
// every message of the others and its own exactly once, in order. Usage:
// node cut.mjs ws://127.0.0.1:8080/chat [path of the package ws] [websocket or sse] [cuts]

import assert from 'node:assert/strict';
import { connect } from '../../../webapp/parley.js';

const [url, ws, transport = 'websocket', most = '300'] = process.argv.slice(2);
const WebSocket = globalThis.WebSocket ?? (await import(ws)).default;

const CUTS = Number(most);
const MOST = 60; // milliseconds that a connection lasts, while there are cuts left
const REQUESTS = 0.2; // the share of requests that are cut

let cuts = 0;

/** A WebSocket that goes without a word some time soon. */
class Cut extends WebSocket {
  constructor(address, protocol) {
    super(address, protocol);
    if (cuts < CUTS) {
      setTimeout(() => this.#cut(), Math.random() * MOST);
    }
  }

  #cut() {
    if (this.readyState <= WebSocket.OPEN) {
      cuts++;
      const { onclose } = this;
      this.onmessage = null;
      this.onclose = null;
      this.terminate?.() ?? this.close();
      onclose({ code: 1006, reason: 'cut by the test' });
    }
  }
}

/** The same for streams, and for some requests: before they are sent, or before their answer is there. */
const { fetch } = globalThis;
globalThis.fetch = (address, options) => {
  const isStream = address.pathname.endsWith('/events');
  if (cuts >= CUTS || (!isStream && Math.random() > REQUESTS)) {
    return fetch(address, options);
  }
  const cut = new AbortController();
  const response = fetch(address, { ...options, signal: AbortSignal.any([options.signal, cut.signal]) });
  const timer = setTimeout(
    () => {
      cuts++;
      cut.abort(new TypeError('cut by the test'));
    },
    Math.random() * (isStream ? MOST : 5),
  );
  options.signal.addEventListener('abort', () => clearTimeout(timer));
  return response;
};

const room = `cut-${Math.floor(Math.random() * 1e9)}`;
const clients = ['Ann', 'Bob', 'Cay'].map((name) => {
  const parley = connect(url, { name, WebSocket: Cut, transport, wait: { least: 1, most: 5 } });
  // Cay comes by way of another room, so that it goes on with 'join' and not by its address.
  const first = name === 'Cay' ? parley.join('elsewhere') : null;
  const joined = parley.join(room, { history: 1000 });
  const read = [];
  const odd = [];
  joined.addEventListener('message', ({ detail }) => read.push(detail));
  joined.addEventListener('gap', ({ detail }) => odd.push(detail));
  joined.addEventListener('reset', ({ detail }) => odd.push(detail));
  return { name, parley, first, room: joined, read, odd };
});
await Promise.all(clients.map((client) => client.room.joined));

/** Says one message after the other; each is acknowledged before the next. */
async function talk({ name, room }) {
  const receipts = [];
  while (cuts < CUTS || receipts.length < 100) {
    receipts.push({ text: `${name} ${receipts.length}`, ...(await room.say(`${name} ${receipts.length}`)) });
  }
  return receipts;
}

const said = (await Promise.all(clients.map(talk))).flat().sort((a, b) => a.seq - b.seq);
const last = said.at(-1).seq;
const deadline = Date.now() + 30_000;
for (const { room, name, read } of clients) {
  while (read.at(-1)?.seq !== last) {
    assert.ok(Date.now() < deadline, `${name} has not read message ${last}, but ${read.at(-1)?.seq} last`);
    await Promise.race([
      new Promise((resolve) => room.addEventListener('message', resolve, { once: true })),
      new Promise((resolve) => setTimeout(resolve, 100)),
    ]);
  }
}
for (const { name, read, odd } of clients) {
  assert.deepEqual(odd, [], `${name} was told of a gap`);
  assert.deepEqual(
    read.map(({ seq, text }) => `${seq} ${text}`),
    said.map(({ seq, text }) => `${seq} ${text}`),
    `what ${name} read is what was said`,
  );
}
clients.forEach(({ parley }) => parley.close());
const duplicates = said.filter(({ duplicate }) => duplicate).length;
const messages = `${said.length} messages over ${cuts} cuts, each once`;
console.log(`${transport}: ${messages}; ${duplicates} were said again after their ack was lost`);
