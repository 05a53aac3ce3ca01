// What parley.js does over each transport with a running server, on which everybody may publish over HTTP.
// Usage: node transports.mjs ws://127.0.0.1:8080/chat [path of the package ws]

import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { connect } from '../../../webapp/parley.js';

const [url, ws] = process.argv.slice(2);
const WebSocket = globalThis.WebSocket ?? (await import(ws)).default;

let clients = [];
let rooms = 0;

afterEach(() => {
  clients.forEach((client) => client.close());
  clients = [];
});

/** A room of this test's own. */
const fresh = () => `room-${process.pid}-${++rooms}`;

/** Waits for an event that fits. */
function next(target, type, fits = () => true) {
  return new Promise((resolve) => {
    target.addEventListener(type, function listener({ detail }) {
      if (fits(detail)) {
        target.removeEventListener(type, listener);
        resolve(detail);
      }
    });
  });
}

/** Waits until the room has this many messages, and returns their texts. */
async function read(texts, many, room) {
  while (texts.length < many) {
    await next(room, 'message');
  }
  return texts;
}

function textsOf(room) {
  const texts = [];
  room.addEventListener('message', ({ detail }) => texts.push(detail.text));
  return texts;
}

for (const transport of ['websocket', 'sse']) {
  const open = (name, options) => {
    const client = connect(url, { name, WebSocket, transport, ...options });
    clients.push(client);
    return client;
  };
  const check = (name, body) => test(`${transport}: ${name}`, { timeout: 20_000 }, body);

  check('rooms are watched without being in them', async () => {
    const name = fresh();
    const ann = open('Ann').join(name);
    await ann.joined;
    await ann.say('one');
    const ben = open('Ben');
    await ben.join(fresh()).joined;
    let known = new Map();
    let onChange = () => {};
    const until = (fits) =>
      new Promise((resolve) => {
        onChange = () => fits(known) && resolve();
        onChange();
      });
    const watch = (rooms) => {
      known = rooms;
      onChange();
    };
    await ben.watch([name, `${name}-*`], watch, { last: true });
    await until((rooms) => rooms.get(name)?.last?.text === 'one' && rooms.get(name).count === 1);
    await ann.say('two');
    await until((rooms) => rooms.get(name).last.text === 'two' && rooms.get(name).seq === 2);
    const more = open('Cay');
    await more.join(`${name}-more`).joined;
    await until((rooms) => rooms.get(`${name}-more`)?.count === 1);
    assert.equal(ann.count, 1, 'nobody sees who watches');
  });

  check('messages come once and in order, with their sender, and those of the history before them', async () => {
    const name = fresh();
    const ann = open('Ann');
    const before = ann.join(name);
    await before.joined;
    assert.equal(ann.transport, transport);
    for (const text of ['one', 'two', 'three']) {
      await before.say(text);
    }
    const ben = open('Ben');
    const room = ben.join(name, { history: 2 });
    const seen = [];
    room.addEventListener('message', ({ detail }) => seen.push(detail));
    const said = Array.from({ length: 300 }, (_, i) => room.say(i % 2 === 0 ? `m${i}` : { m: i }));
    const receipts = await Promise.all(said);
    assert.deepEqual(receipts.map(({ seq }) => seq), Array.from({ length: 300 }, (_, i) => i + 4));
    assert.ok(receipts.every(({ duplicate }) => !duplicate));
    await read(seen, 302, room);
    assert.deepEqual(seen.map(({ seq }) => seq), Array.from({ length: 302 }, (_, i) => i + 2));
    assert.deepEqual(seen.slice(0, 3).map(({ text, from, own }) => [text, from, own]), [
      ['two', 'Ann', false],
      ['three', 'Ann', false],
      ['m0', 'Ben', true],
    ]);
    assert.deepEqual(seen[3].data, { m: 1 });
  });

  check('a message with a known id is not published again', async () => {
    const room = open('Ann').join(fresh());
    const [one] = await Promise.all([room.say('x', { id: 'same' }), next(room, 'message')]);
    const two = await room.say('x', { id: 'same' });
    assert.deepEqual([one.duplicate, two.duplicate, two.seq], [false, true, one.seq]);
  });

  check('what is too large is rejected, and what comes behind it is said', async () => {
    const room = open('Ann').join(fresh());
    await room.joined;
    const said = [room.say('a'), room.say('x'.repeat(70_000)).catch(({ code }) => code), room.say('b')];
    const [a, large, b] = await Promise.all(said);
    assert.deepEqual([a.seq, large, b.seq], [1, 'too-large', 2]);
  });

  check('rooms are joined and left, and joined again, and each starts as far back as it was asked to', async () => {
    const names = Array.from({ length: 30 }, fresh);
    const writer = open('Writer');
    await Promise.all(names.map((name) => writer.join(name).joined));
    for (let i = 0; i < 3; i++) {
      await Promise.all(names.map((name) => writer.rooms.get(name).say(`old ${i}`)));
    }
    const reader = open('Reader');
    const all = names.map((name, i) => reader.join(name, { history: i % 3 }));
    const texts = all.map(textsOf);
    await Promise.all(all.map(({ joined }) => joined));
    const late = fresh();
    const more = reader.join(late);
    await more.joined;
    await Promise.all([...names, late].map((name) => writer.join(name).say('new')));
    await Promise.all(all.map((room, i) => read(texts[i], 1 + (i % 3), room)));
    assert.deepEqual(texts[0], ['new']);
    assert.deepEqual(texts[2], ['old 1', 'old 2', 'new']);
    assert.deepEqual(texts[29], ['old 1', 'old 2', 'new']);

    await all[4].leave();
    await writer.rooms.get(names[4]).say('to nobody');
    const gone = writer.rooms.get(names[4]);
    while (gone.members.includes('Reader')) {
      await next(gone, 'members');
    }
    await writer.rooms.get(names[5]).say('to one');
    await read(texts[5], 4, all[5]);
    assert.equal(texts[4].at(-1), 'new');
    const again = reader.join(names[4], { history: 1 });
    const texts4 = textsOf(again);
    await again.joined;
    await read(texts4, 1, again);
    assert.deepEqual(texts4, ['to nobody']);
    assert.equal(reader.state.name, 'open');
  });

  check('members are known, come and go, and take other names', async () => {
    const name = fresh();
    const ann = open('Ann').join(name);
    await ann.joined;
    const parley = open('Ben');
    const ben = parley.join(name);
    while (ann.members.join() !== 'Ann,Ben') {
      await next(ann, 'members');
    }
    while (ben.members.join() !== 'Ann,Ben') {
      await next(ben, 'members');
    }
    await parley.rename('Benedict');
    assert.equal(parley.name, 'Benedict');
    while (ann.members.join() !== 'Ann,Benedict') {
      await next(ann, 'members');
    }
    const heard = next(ann, 'message');
    await ben.say('hi');
    assert.equal((await heard).from, 'Benedict');
    parley.close();
    while (ann.members.join() !== 'Ann') {
      await next(ann, 'members');
    }
  });

  check('signals are passed on and not kept', async () => {
    const name = fresh();
    const ann = open('Ann').join(name);
    const ben = open('Ben').join(name);
    await Promise.all([ann.joined, ben.joined]);
    const heard = next(ann, 'signal');
    await ben.signal({ typing: true });
    assert.deepEqual(await heard, { from: 'Ben', user: undefined, data: { typing: true } });
    assert.deepEqual(await ann.history(), { messages: [], more: false });
  });

  check('pages of history are read', async () => {
    const room = open('Ann').join(fresh());
    for (let i = 1; i <= 5; i++) {
      await room.say(`m${i}`);
    }
    const newest = await room.history({ limit: 2 });
    assert.deepEqual([newest.messages.map(({ text }) => text), newest.more], [['m4', 'm5'], true]);
    const older = await room.history({ before: 4, limit: 10 });
    assert.deepEqual([older.messages.map(({ text }) => text), older.more], [['m1', 'm2', 'm3'], false]);
    assert.ok(older.messages[0].own && older.messages[0].at instanceof Date);
  });
}

test('the transports meet in a room', { timeout: 20_000 }, async () => {
  const name = fresh();
  const [over, beside] = ['websocket', 'sse'].map((transport) => {
    const client = connect(url, { name: transport, WebSocket, transport });
    clients.push(client);
    return client.join(name);
  });
  await Promise.all([over.joined, beside.joined]);
  const texts = [over, beside].map(textsOf);
  await Promise.all([over.say('a'), beside.say('b')]);
  await Promise.all([read(texts[0], 2, over), read(texts[1], 2, beside)]);
  assert.deepEqual(texts[0], texts[1]);
});
