// Clients that talk while the servers behind the address are stopped and started one after the other: in the end each
// has every message that was acknowledged exactly once. Ends when a line comes on stdin. Usage: node rolling.mjs
// wss://127.0.0.1:8443/chat [path of the package ws]

import assert from 'node:assert/strict';
import { createInterface } from 'node:readline';
import { connect } from '../../../webapp/parley.js';

const [url, ws] = process.argv.slice(2);
const WebSocket = globalThis.WebSocket ?? (await import(ws)).default;

const NAMES = ['Ann', 'Bob', 'Cay', 'Dan', 'Eve'];

let isOver = false;
let comebacks = 0;

const clients = NAMES.map((name) => {
  const parley = connect(url, { name, WebSocket });
  const room = parley.join('rolling', { history: 1000 });
  const read = [];
  const lost = [];
  room.addEventListener('message', ({ detail }) => read.push(detail.text));
  room.addEventListener('gap', ({ detail }) => detail.state === 'lost' && lost.push(detail));
  let before = '';
  parley.addEventListener('state', () => {
    comebacks += parley.state.name === 'waiting' && before !== 'waiting' ? 1 : 0; // told every second
    before = parley.state.name;
  });
  return { name, parley, room, read, lost };
});
await Promise.all(clients.map(({ room }) => room.joined));
console.log('talking');

createInterface({ input: process.stdin }).once('line', () => {
  isOver = true;
});

async function talk({ name, room }) {
  const said = [];
  while (!isOver) {
    const text = `${name} ${said.length}`;
    await room.say(text);
    said.push(text);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return said;
}

const said = (await Promise.all(clients.map(talk))).flat();
const deadline = Date.now() + 30_000;
for (const { name, read } of clients) {
  while (new Set(read).size < said.length) {
    assert.ok(Date.now() < deadline, `${name} lacks ${said.filter((text) => !read.includes(text)).slice(0, 9)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
for (const { name, read, lost } of clients) {
  assert.deepEqual(lost, [], `${name} was told of a gap`);
  assert.deepEqual([...read].sort(), [...said].sort(), `what ${name} read is what was said, each once`);
  for (const speaker of NAMES) {
    const order = read.filter((text) => text.startsWith(`${speaker} `)).map((text) => Number(text.split(' ')[1]));
    assert.deepEqual(order, [...order].sort((a, b) => a - b), `${name} read what ${speaker} said in its order`);
  }
}
clients.forEach(({ parley }) => parley.close());
console.log(`${said.length} messages to ${clients.length} clients over ${comebacks} lost connections, each once`);
process.exit(0);
