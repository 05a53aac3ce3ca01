// A client that says more at once than a server takes in a second: all of it arrives, over one connection.
// Usage: node burst.mjs ws://127.0.0.1:8080/chat messages bytes [path of the package ws]

import assert from 'node:assert/strict';
import { connect } from '../../../webapp/parley.js';

const [url, messages, bytes, ws] = process.argv.slice(2);
const WebSocket = globalThis.WebSocket ?? (await import(ws)).default;

const parley = connect(url, { WebSocket });
const states = [];
parley.addEventListener('state', ({ detail }) => states.push(detail.name));
const room = parley.join(`burst-${Math.floor(Math.random() * 1e9)}`);
await room.joined;
const began = performance.now();
const said = await Promise.all(Array.from({ length: Number(messages) }, (_, i) => room.say(`${i} `.padEnd(Number(bytes), 'x'))));
const seconds = (performance.now() - began) / 1000;
assert.deepEqual(said.map(({ seq }) => seq), said.map((_, i) => i + 1));
assert.deepEqual(states, ['connecting', 'open']);
parley.close();
console.log(`${messages} messages of ${bytes} bytes at once, in ${seconds.toFixed(1)} s over one connection`);
