// What parley.js does over event streams and requests, with a server that does what the test says, and when it takes
// which transport. Run by node --test. What it does over each transport with a running server is in transports.mjs.

import assert from 'node:assert/strict';
import { afterEach, mock, test } from 'node:test';
import { connect } from '../../../webapp/parley.js';
import { Asked, AT, LIMITS, message, settle } from './asked.mjs';

/** The requests that were made, and the sockets that were opened, oldest first. */
let requests = [];
let sockets = [];
let parley;
let hosts = 0;

/** A WebSocket whose other end is the test. */
class Socket {
  sent = [];

  constructor(url) {
    this.url = new URL(url);
    sockets.push(this);
  }

  send(frame) {
    this.sent.push(JSON.parse(frame));
  }

  close(code) {
    this.closedWith = code;
  }

  say(...events) {
    this.onmessage({ data: events.map((event) => JSON.stringify(event)).join('\n') });
  }

  welcome(room, joined = {}) {
    this.say({ type: 'welcome', limits: LIMITS }, { type: 'joined', room, epoch: 'e', seq: 0, count: 1, ...joined });
  }

  drop() {
    this.onclose({ code: 1006, reason: '' });
    return settle();
  }
}

/** Opens a connection to a host of its own; timers and clocks stand still until they are told to go on. */
function open(options = {}) {
  mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'] });
  const elapsed = Date.now;
  mock.method(performance, 'now', () => elapsed.call(Date));
  mock.method(globalThis, 'fetch', (url, init = {}) => {
    if (!init.signal || init.redirect !== 'manual' || new URL(url).pathname.includes('/chat/')) {
      return Promise.reject(new TypeError('a plain GET of the address is not answered here'));
    }
    return new Promise((resolve, reject) => requests.push(new Asked(url, init, resolve, reject)));
  });
  const address = `ws://host-${++hosts}.example.org/app/chat?tenant=x`;
  parley = connect(address, { WebSocket: Socket, transport: 'sse', ...options });
  return parley;
}

/** Is in a room, with nothing asked that is not answered. */
async function enter(options = {}, ...more) {
  const room = open(options).join('java', options);
  more.forEach((name) => parley.join(name));
  await settle();
  await streams()[0].welcome();
  await members();
  return room;
}

const streams = () => requests.filter(({ url }) => url.pathname.endsWith('/events'));
const posts = (what = 'messages') =>
  requests.filter(({ method, url }) => method === 'POST' && url.pathname.endsWith(`/${what}`));

/** Answers all who ask for members. */
async function members(names = []) {
  const asked = () => requests.find((request) => request.url.pathname.endsWith('/members') && !request.isAnswered);
  for (let one = asked(); one; one = asked()) {
    one.isAnswered = true;
    const room = one.url.pathname.split('/').at(-2);
    await one.answer(200, { type: 'members', room, names, count: names.length, more: false });
  }
}

async function pass(milliseconds, step = 1000) {
  for (let passed = 0; passed < milliseconds; passed += step) {
    mock.timers.tick(step);
    await settle();
  }
}

function texts(room) {
  const all = [];
  room.addEventListener('message', ({ detail }) => all.push(detail.text));
  return all;
}

afterEach(() => {
  parley?.close();
  mock.timers.reset();
  mock.restoreAll();
  sockets = [];
  requests = [];
});

// Streams

test('rooms are watched by a stream of their own, which is opened again when it is lost', async () => {
  await enter({ token: 't' });
  const calls = [];
  const heard = (rooms) => calls.push([...rooms.keys()].join());
  const taken = parley.watch(['a', 'team-*'], heard, { last: true, marks: true });
  await settle();
  const [first] = watches();
  assert.deepEqual([first.rooms, first.query.get('last'), first.query.get('tenant')], ['a,team-*', 'true', 'x']);
  assert.equal(first.query.get('marks'), 'true');
  assert.equal(first.headers.Authorization, 'Bearer t');
  first.open();
  await first.say({ type: 'welcome', session: 'w', limits: LIMITS });
  await taken;
  await first.say({ type: 'watched', rooms: [{ room: 'a', count: 0 }, { room: 'team-1', count: 1 }] });
  await first.end();
  assert.equal(parley.state.name, 'open');
  await pass(5_000);
  const again = watches()[1];
  again.open();
  await again.say({ type: 'welcome', session: 'w', limits: LIMITS });
  await again.say({ type: 'watched', rooms: [{ room: 'a', count: 1 }] });
  await again.say({ type: 'watched', rooms: [{ room: 'team-2', count: 1 }] });
  assert.deepEqual(calls, ['a,team-1', 'a', 'a,team-2']);
  await parley.watch([]);
  assert.ok(again.isGone);
});

test('a list of rooms to watch that is refused over HTTP is rejected', async () => {
  await enter();
  const refused = assert.rejects(parley.watch(['secret'], () => {}), { code: 'forbidden' });
  await settle();
  await requests.find(({ url }) => url.pathname.endsWith('/watch')).refuse(403, 'forbidden', 'no');
  await refused;
  await pass(10_000);
  assert.equal(requests.filter(({ url }) => url.pathname.endsWith('/watch')).length, 1);
});

/** Watches rooms, and gets an event of one. */
async function watching(callback) {
  await enter();
  const taken = parley.watch(['a'], callback);
  await settle();
  const [first] = watches();
  first.open();
  await first.say({ type: 'welcome', session: 'w', limits: LIMITS });
  await taken;
  await first.say({ type: 'watched', rooms: [{ room: 'a', count: 1 }] });
  return first;
}

const watches = () => requests.filter(({ url }) => url.pathname.endsWith('/watch'));

test('a stream of watched rooms is asked for again while the server cannot open it', async () => {
  const calls = [];
  const first = await watching((rooms, { error }) => calls.push(error?.code ?? [...rooms.values()][0].count));
  await first.end();
  const passing = [[503, 'unavailable'], [429, 'rate-limited'], [502], [504], [404]];
  for (const [at, [status, code]] of passing.entries()) {
    await pass(6_000);
    await watches()[at + 1].refuse(status, code, 'no');
    await streams()[0].message(at + 1); // or that stream would be lost
  }
  await pass(6_000);
  const last = watches()[passing.length + 1];
  last.open();
  await last.say({ type: 'welcome', session: 'w', limits: LIMITS });
  await last.say({ type: 'watched', rooms: [{ room: 'a', count: 2 }] });
  assert.deepEqual(calls, [1, 2]);
});

test('a list of rooms that the server refuses over HTTP ends with an error, and is not sent again', async () => {
  const calls = [];
  const first = await watching((rooms, change) => calls.push([rooms.size, change.gone, change.error?.code]));
  await first.end();
  await pass(5_000);
  await watches()[1].refuse(403, 'forbidden', 'no');
  assert.deepEqual(calls, [[1, [], undefined], [0, ['a'], 'forbidden']]);
  await pass(20_000);
  assert.equal(watches().length, 2);
});

test('a token that has expired when watched rooms are asked for again has the connection take another one', async () => {
  open({ token: () => 't' }).join('java');
  await settle();
  await streams()[0].welcome();
  await members();
  parley.watch(['a'], () => {});
  await settle();
  watches()[0].open();
  await watches()[0].say({ type: 'welcome', session: 'w', limits: LIMITS });
  await watches()[0].end();
  await pass(5_000);
  await watches()[1].refuse(401, 'unauthorized', 'the token has expired');
  await pass(20_000);
  assert.equal(streams().length, 2);
  assert.equal(watches().length, 2);
});

test('what a callback for watched rooms throws is reported, and the stream goes on', async () => {
  const reported = [];
  let calls = 0;
  const first = await watching((rooms, change) => {
    calls++;
    if (calls > 1) {
      throw new Error(`of ${change.changed}`);
    }
  });
  mock.method(globalThis, 'queueMicrotask', (task) => {
    try {
      task();
    } catch (error) {
      reported.push(error.message);
    }
  });
  await first.say({ type: 'watched', rooms: [{ room: 'a', count: 2 }] });
  await first.say({ type: 'watched', rooms: [{ room: 'a', count: 3 }] });
  assert.deepEqual(reported, ['of a', 'of a']);
  await pass(10_000);
  assert.equal(watches().length, 1);
});

test('a stream of watched rooms that cannot be read is ended before it is opened again', async () => {
  const first = await watching(() => {});
  first.controller.enqueue(new TextEncoder().encode('data: no JSON\n\n'));
  await settle();
  assert.ok(first.isGone);
  await pass(5_000);
  assert.equal(watches().length, 2);
});

test('rooms, name and query are in the address of one stream, and the token in a header', async () => {
  open({ name: 'Ann & Bob', token: 't' });
  parley.join('java', { history: 5 });
  parley.join('tea', { history: 5 });
  await settle();
  const [{ url, headers }] = streams();
  assert.equal(url.origin, `http://host-${hosts}.example.org`);
  const key = url.searchParams.get('key');
  assert.match(key, /^[0-9a-f]{32}$/);
  assert.equal(url.pathname, '/app/events');
  assert.equal(url.search, `?tenant=x&key=${key}&room=java&room=tea&history=5&name=Ann+%26+Bob`);
  assert.equal(headers.Authorization, 'Bearer t');
  assert.equal(parley.transport, null);
  await streams()[0].welcome();
  assert.equal(parley.state.name, 'open');
  assert.equal(parley.transport, 'sse');
  assert.equal(streams().length, 1);
});

test('a stream is read in whatever parts and with whatever ends of lines it comes', async () => {
  const read = texts(await enter());
  const [stream] = streams();
  const bytes = new TextEncoder().encode(
    ': a comment\r\n\r\nid:e:1\r\ndata:{"type":"message","room":"java","seq":1,\r\n' +
      `data: "at":"${AT}","text":"ä€😀"}\r\n\r\n` +
      `retry: 5\rid: e:2\rdata: ${JSON.stringify(message(2))}\r\rnothing\n\ndata: ${JSON.stringify(message(3))}\n\n`,
  );
  for (const byte of bytes) {
    stream.controller.enqueue(new Uint8Array([byte]));
  }
  await settle();
  while (read.length < 3) {
    await settle();
  }
  assert.deepEqual(read, ['ä€😀', 'm2', 'm3']);
});

test('a stream that ends is opened again behind the last message of each room', async () => {
  const java = await enter({}, 'tea');
  const read = texts(java);
  await streams()[0].message(1);
  await streams()[0].say(message(7, { room: 'tea' }), 'java=e:1,tea=e:7');
  await streams()[0].end();
  assert.equal(parley.state.name, 'waiting');
  await pass(1000);
  assert.equal(streams()[1].query.get('lastEventId'), 'java=e:1,tea=e:7');
  await streams()[1].welcome();
  await streams()[1].message(1);
  await streams()[1].message(2);
  assert.deepEqual(read, ['m1', 'm2']);
});

test('rooms that are joined and left replace the stream, and nothing is lost between the two', async () => {
  const java = await enter();
  const read = texts(java);
  const [first] = streams();
  await first.message(1);
  const tea = parley.join('tea');
  const mate = parley.join('mate');
  await settle();
  const second = streams()[1];
  assert.equal(second.rooms, 'java,tea,mate');
  assert.equal(second.query.get('lastEventId'), 'java=e:1');
  await first.message(2);
  assert.equal(first.isGone, false);
  second.open();
  await second.say({ type: 'welcome', limits: LIMITS });
  await second.say({ type: 'joined', room: 'java', epoch: 'e', seq: 2, count: 1, recovered: true }, 'java=e:1');
  await first.message(3);
  await second.message(2);
  await second.message(3);
  await second.say({ type: 'joined', room: 'tea', epoch: 'e', seq: 0, count: 1 }, 'java=e:3,tea=e:0');
  assert.equal(first.isGone, false);
  await second.say({ type: 'joined', room: 'mate', epoch: 'e', seq: 0, count: 1 }, 'java=e:3,tea=e:0,mate=e:0');
  assert.equal(first.isGone, true);
  await Promise.all([tea.joined, mate.joined]);
  assert.deepEqual(read, ['m1', 'm2', 'm3']);
  await members(['Ann']);
  assert.deepEqual(java.members, ['Ann'], 'presence between the two is asked for');

  tea.leave();
  await settle();
  assert.equal(streams()[2].rooms, 'java,mate');
  assert.equal(second.isGone, false);
  await streams()[2].welcome();
  assert.equal(second.isGone, true);
  assert.equal(parley.state.name, 'open');
});

test('streams that were left or lost are ended at the server, as soon as it answers', async () => {
  await enter();
  const keys = () => streams().map(({ query }) => query.get('key'));
  const ends = () => requests.filter(({ method }) => method === 'DELETE');
  parley.join('tea');
  await settle();
  await streams()[1].welcome();
  assert.deepEqual(ends().map(({ url }) => url.pathname), [`/app/events/${keys()[0]}`]);
  await ends()[0].answer(204);
  streams()[1].controller.error(new TypeError('network error'));
  await settle();
  await ends()[1].fail();
  parley.retry();
  await settle();
  await streams()[2].welcome();
  assert.equal(ends()[2].url.pathname, `/app/events/${keys()[1]}`);
  await ends()[2].refuse(404, 'not-found', 'there is no event stream with this key on this server');
  await streams()[2].say({ type: 'bye', reason: 'shutdown', retry: { min: 500, max: 500 } });
  await streams()[2].end();
  assert.equal(ends().length, 3, 'the server ended that one');
});

test('a room that begins anew is told, also when that happens between two streams', async () => {
  const java = await enter();
  const resets = [];
  java.addEventListener('reset', ({ detail }) => resets.push(detail.epoch));
  await streams()[0].say({ type: 'joined', room: 'java', epoch: 'f', seq: 0, count: 1 }, 'f:0');
  parley.join('tea');
  await settle();
  assert.equal(streams()[1].query.get('lastEventId'), 'java=f:0');
  streams()[1].open();
  await streams()[1].say({ type: 'welcome', limits: LIMITS });
  await streams()[1].say({ type: 'joined', room: 'java', epoch: 'g', seq: 0, count: 1, recovered: false }, 'java=g:0');
  assert.deepEqual(resets, ['f', 'g']);
});

test('a room that is not open to this client keeps it out of no other', async () => {
  await enter({ token: 't' });
  const rooms = ['a', 'secret', 'b'].map((name) => parley.join(name));
  const ended = rooms.map(({ joined }) => joined.then(() => 'in', ({ code }) => code));
  await settle();
  assert.equal(streams()[1].rooms, 'java,a,secret,b');
  await streams()[1].refuse(403, 'forbidden', 'this token does not give access to this room');
  await streams()[2].welcome();
  assert.equal(streams()[3].rooms, 'java,a,secret');
  await streams()[3].refuse(403, 'forbidden', 'this token does not give access to this room');
  assert.equal(streams()[4].rooms, 'java,a,b');
  await streams()[4].welcome();
  assert.deepEqual(await Promise.all(ended), ['in', 'forbidden', 'in']);
  assert.equal(parley.state.name, 'open');
});

test('of several rooms that are refused at first each is tried, one at a time', async () => {
  open({ token: 't' });
  const secret = parley.join('secret');
  parley.join('java');
  await settle();
  await streams()[0].refuse(403, 'forbidden', 'this token does not give access to this room');
  assert.equal(parley.state.status, 403);
  await pass(1000);
  assert.equal(streams()[1].rooms, 'secret');
  await streams()[1].refuse(403, 'forbidden', 'this token does not give access to this room');
  await pass(2000);
  assert.equal(streams()[2].rooms, 'java');
  await streams()[2].welcome();
  await streams()[3].refuse(403, 'forbidden', 'this token does not give access to this room');
  await assert.rejects(secret.joined, { code: 'forbidden' });
});

test('a room that is full now is joined when it is not', async () => {
  const java = await enter();
  const tea = parley.join('tea');
  await settle();
  const full = async (stream) => {
    stream.open();
    await stream.say({ type: 'bye', reason: 'the room is full', retry: { min: 5000, max: 10000 } });
    await stream.end();
  };
  await full(streams()[1]);
  assert.equal(streams()[2].rooms, 'tea', 'perhaps it is the other room that is full');
  await full(streams()[2]);
  assert.equal(java.state, 'joined');
  await pass(1000);
  await streams()[3].welcome();
  assert.equal(tea.state, 'joined');
});

test('more rooms than there may be are refused one by one', async () => {
  await enter();
  const rooms = Array.from({ length: 60 }, (_, i) => parley.join(`room-${i}`));
  const ended = rooms.map(({ joined }) => joined.then(() => 'in', ({ code }) => code));
  await settle();
  for (let i = 1; i < 4; i++) {
    await streams()[i].welcome();
  }
  assert.deepEqual(streams().slice(1).map(({ query }) => query.getAll('room').length), [20, 20, 10]);
  const all = await Promise.all(ended);
  assert.equal(all.filter((word) => word === 'in').length, 49);
  assert.equal(all.filter((word) => word === 'too-many-rooms').length, 11);
});

test('another name is taken with another stream, and one that cannot be is not', async () => {
  await enter({ name: 'Ann' });
  const renamed = parley.rename('Ben');
  await settle();
  assert.equal(streams()[1].query.get('name'), 'Ben');
  await streams()[1].welcome();
  await renamed;
  const bad = parley.rename('\u{1fae9}');
  await settle();
  const refused = assert.rejects(bad, { code: 'bad-name' });
  await streams()[2].refuse(400, 'bad-query', 'name is 1 to 40 printable characters');
  await refused;
  assert.equal(parley.name, 'Ben');
  assert.equal(parley.state.name, 'open');
});

test('a stream in which nothing comes is lost after 25 seconds, and one with comments is not', async () => {
  await enter();
  for (let i = 0; i < 4; i++) {
    await pass(15_000);
    await streams()[0].write(':\n\n');
  }
  assert.equal(parley.state.name, 'open');
  await pass(24_000);
  assert.equal(parley.state.name, 'open');
  await pass(2_000);
  assert.equal(parley.state.name, 'waiting');
  assert.equal(streams()[0].isGone, true);
});

test('after bye it comes back within the range that the server names', async () => {
  await enter();
  await streams()[0].say({ type: 'bye', reason: 'shutdown', retry: { min: 7000, max: 7000 } });
  await streams()[0].end();
  assert.deepEqual(parley.state, { name: 'waiting', code: 1001, reason: 'shutdown', seconds: 7 });
});

test('a stream that an operator has closed three times in a row is given up', async () => {
  await enter();
  for (let i = 0; i < 3; i++) {
    await streams().at(-1).say({ type: 'bye', reason: 'no flooding', retry: { min: 500, max: 500 } }, 'end');
    await streams().at(-1).end();
    if (i < 2) {
      parley.retry();
      await settle();
      await streams().at(-1).welcome();
    }
  }
  assert.deepEqual(parley.state, { name: 'closed', code: 1008, reason: 'no flooding' });
});

test('a page that answers in place of the server is told', async () => {
  open().join('java');
  await settle();
  await streams()[0].answer(200, '<html>', 'text/html');
  assert.match(parley.state.reason, /another page answers/);
  assert.equal(parley.state.status, 200);
});

test('a token that has ended is replaced by another', async () => {
  let tokens = 0;
  await enter({ token: () => `t${++tokens}` });
  await streams()[0].say({ type: 'bye', reason: 'token expired', retry: { min: 500, max: 500 } });
  await streams()[0].end();
  await pass(1000);
  assert.equal(streams()[1].headers.Authorization, 'Bearer t2');
  await streams()[1].welcome();
  parley.rooms.get('java').say('x').catch(() => {});
  await settle();
  await posts()[0].refuse(401, 'unauthorized', 'the token has expired');
  assert.equal(parley.state.name, 'waiting');
  parley.retry();
  await settle();
  assert.equal(streams()[2].headers.Authorization, 'Bearer t3');
});

test('when the only token has ended, so has the connection', async () => {
  await enter({ token: 't' });
  await streams()[0].say({ type: 'bye', reason: 'token expired', retry: { min: 500, max: 500 } });
  await streams()[0].end();
  assert.deepEqual(parley.state, { name: 'closed', code: 1008, reason: 'token expired' });
});

test('what is closed asks for nothing more', async () => {
  const java = await enter();
  java.say('x').catch(() => {});
  java.history().catch(() => {});
  await settle();
  parley.close();
  assert.ok(streams()[0].isGone && posts()[0].isGone);
  await settle();
  assert.equal(requests.at(-1).method, 'DELETE');
  const asked = requests.length;
  await pass(60_000, 10_000);
  assert.equal(requests.length, asked);
});

// Requests

test('what is said goes in order, one request at a time for a room, with all that waits', async () => {
  const java = await enter({ name: 'Ann' }, 'tea');
  const said = ['one', { two: 2 }, 'three'].map((content, i) => java.say(content, { id: `${i}` }));
  parley.rooms.get('tea').say('beside').catch(() => {});
  await settle();
  assert.deepEqual(posts().map(({ url }) => url.pathname), ['/app/rooms/java/messages', '/app/rooms/tea/messages']);
  assert.deepEqual(posts()[0].lines, [{ text: 'one', id: '0', from: 'Ann' }]);
  assert.equal(posts()[0].headers['Content-Type'], 'application/x-ndjson');
  await posts()[0].keep(1);
  assert.deepEqual(posts()[2].lines, [
    { data: { two: 2 }, id: '1', from: 'Ann' },
    { text: 'three', id: '2', from: 'Ann' },
  ]);
  const large = assert.rejects(said[2], { code: 'too-large', message: 'at most 100' });
  await posts()[2].answer(
    200,
    '{"room":"java","epoch":"e","seq":2,"duplicate":true}\n{"status":413,"code":"too-large","detail":"at most 100"}\n',
  );
  assert.deepEqual(await said[0], { id: '0', seq: 1, duplicate: false });
  assert.deepEqual(await said[1], { id: '1', seq: 2, duplicate: true });
  await large;
});

test('a body is not longer than the server takes', async () => {
  const java = await enter();
  const said = Array.from({ length: 7 }, () => java.say('x'.repeat(300)));
  await settle();
  await posts()[0].keep(1);
  await posts()[1].keep(2);
  await posts()[2].keep(4);
  await posts()[3].keep(6);
  assert.deepEqual(posts().map(({ lines }) => lines.length), [1, 2, 2, 2]);
  assert.ok(posts().every(({ body }) => body.length <= 1000));
  assert.deepEqual((await Promise.all(said)).map(({ seq }) => seq), [1, 2, 3, 4, 5, 6, 7]);
});

test('what came over the rate is said again in order a second later', async () => {
  const java = await enter();
  const said = ['one', 'two', 'three'].map((text) => java.say(text));
  await settle();
  await posts()[0].keep(1);
  const limited = '{"status":429,"code":"rate-limited","detail":"too many messages a second"}\n';
  await posts()[1].answer(200, limited + limited);
  await pass(900, 100);
  assert.equal(posts().length, 2);
  await pass(200, 100);
  await posts()[2].refuse(429, 'rate-limited', 'too many requests a second');
  assert.equal(posts().length, 3, 'what is behind it waits with it');
  await pass(1000);
  await posts()[3].keep(2);
  await posts()[4].keep(3);
  assert.deepEqual(posts().slice(3).flatMap(({ lines }) => lines.map(({ text }) => text)), ['two', 'three']);
  assert.deepEqual((await Promise.all(said)).map(({ seq }) => seq), [1, 2, 3]);
});

test('what has no answer is said again with the same id: at once, and then later', async () => {
  const java = await enter();
  const said = java.say('x', { id: 'mine' });
  await settle();
  await posts()[0].fail();
  await posts()[1].fail();
  assert.equal(posts().length, 2);
  await pass(1000);
  await posts()[2].answer(503, 'no page', 'text/html');
  await pass(2000);
  await posts()[3].answer(200, '{"room":"java","epoch":"e","seq":4,"duplicate":true}');
  assert.deepEqual(await said, { id: 'mine', seq: 4, duplicate: true });
  assert.ok(posts().every(({ lines }) => lines[0].id === 'mine'));
});

test('a client that may not publish over HTTP is told why in a sentence, and goes on reading', async () => {
  const java = await enter();
  const said = java.say('x');
  const signal = java.signal(1);
  await settle();
  const refused = [said, signal].map((asked) =>
    assert.rejects(asked, (error) => {
      assert.equal(error.code, 'forbidden');
      assert.match(error.message, /^WebSocket is not in use here, and over HTTP the server .*: publishing .* allowed$/);
      return true;
    }),
  );
  await posts()[0].refuse(401, 'unauthorized', 'publishing in this room over HTTP is not allowed');
  await posts('signals')[0].refuse(403, 'forbidden', 'publishing signals over HTTP is not allowed');
  await Promise.all(refused);
  assert.equal(parley.state.name, 'open');
  assert.equal(java.unacknowledged, 0);
});

test('a signal that has no answer is not sent twice', async () => {
  const java = await enter({ name: 'Ann' });
  const signal = java.signal({ typing: true });
  await settle();
  assert.deepEqual(posts('signals')[0].lines, [{ data: { typing: true }, from: 'Ann' }]);
  const lost = assert.rejects(signal, { code: 'lost' });
  await posts('signals')[0].fail();
  await lost;
  assert.equal(posts('signals').length, 1);
});

test('a reaction is put and deleted in the name of its sender', async () => {
  const java = await enter({ name: 'Ann' });
  const asked = () => requests.filter(({ method }) => method === 'PUT' || method === 'DELETE');
  const on = java.react(3, '👍/');
  await settle();
  assert.equal(asked()[0].method, 'PUT');
  assert.equal(asked()[0].url.pathname, '/app/rooms/java/messages/3/reactions/%F0%9F%91%8D%2F');
  assert.deepEqual([asked()[0].query.get('epoch'), asked()[0].query.get('from')], ['e', 'Ann']);
  await asked()[0].answer(200, { room: 'java', epoch: 'e', seq: 4 });
  assert.deepEqual(await on, { seq: 4, duplicate: false });
  const off = java.react(3, 'ok', false);
  await settle();
  assert.equal(asked()[1].method, 'DELETE');
  await asked()[1].answer(200, { room: 'java', epoch: 'e', seq: 5 });
  assert.deepEqual(await off, { seq: 5, duplicate: false });
});

test('a change names its history, is made again without an answer, and is refused where the server cannot', async () => {
  const java = await enter({ name: 'Ann' });
  const changes = () => requests.filter(({ method }) => method === 'PATCH' || method === 'DELETE');
  const edit = java.edit(3, 'x', { id: 'c' });
  await settle();
  assert.equal(changes()[0].url.pathname, '/app/rooms/java/messages/3');
  assert.equal(changes()[0].query.get('epoch'), 'e');
  await changes()[0].fail();
  await changes()[1].fail();
  await pass(1000);
  assert.deepEqual(changes()[2].lines, [{ text: 'x', id: 'c', from: 'Ann' }]);
  await changes()[2].answer(200, { room: 'java', epoch: 'e', seq: 9, duplicate: true });
  assert.deepEqual(await edit, { seq: 9, duplicate: true });
  const refused = assert.rejects(java.remove(3), { code: 'not-implemented' });
  const other = assert.rejects(java.remove(4), { code: 'other-epoch' });
  await settle();
  await changes()[3].refuse(501, 'not-implemented', 'changing messages in a cluster is not implemented');
  await changes()[4].refuse(409, 'other-epoch', 'the room is in epoch f');
  await Promise.all([refused, other]);
  const said = java.say('goes on');
  await settle();
  await posts()[0].keep(10);
  assert.equal((await said).seq, 10);
});

test('a read mark is set with a request, and the promise has what holds', async () => {
  const java = await enter({ name: 'Ann' });
  const marks = () => requests.filter(({ method, url }) => method === 'PUT' && url.pathname.endsWith('/rooms/java/mark'));
  const set = java.mark(3);
  await settle();
  assert.deepEqual(marks()[0].lines, [{ seq: 3, epoch: 'e' }]);
  await marks()[0].answer(200, { type: 'mark', room: 'java', epoch: 'e', seq: 5, mark: 4, unread: 1 });
  assert.equal(await set, 4);
  const refused = assert.rejects(java.mark(5), { code: 'forbidden' });
  await settle();
  await marks()[1].refuse(403, 'forbidden', 'no user');
  await refused;
  assert.equal(parley.state.name, 'open');
});

test('a gap is filled page by page', async () => {
  const java = await enter();
  const read = texts(java);
  const pages = () => requests.filter(({ method, url }) => method === 'GET' && url.pathname.endsWith('/messages'));
  await streams()[0].message(1);
  await streams()[0].say({ type: 'gap', room: 'java', after: 1, before: 4, missed: 2 }, 'e:3');
  assert.equal(pages()[0].url.search, '?tenant=x&after=1&limit=500&changes=true');
  await pages()[0].answer(200, { type: 'history', room: 'java', epoch: 'e', more: true, messages: [message(2)] });
  await pages()[1].refuse(503, 'unavailable', 'the messages cannot be read now');
  await pass(1000);
  await pages()[2].answer(200, { type: 'history', room: 'java', epoch: 'e', more: false, messages: [message(3)] });
  await streams()[0].message(4);
  assert.deepEqual(read, ['m1', 'm2', 'm3', 'm4']);
});

test('a command without an answer is asked about, and any answer is a sign of life', async () => {
  const java = await enter();
  java.say('x').catch(() => {});
  await settle();
  await pass(6000);
  await members();
  await pass(4000);
  assert.equal(parley.state.name, 'open');
  await pass(20_000);
  assert.notEqual(parley.state.name, 'open', 'nothing comes any more');
});

// Which transport

/** What asks whether HTTP works. */
const checks = () => requests.filter(({ url }) => url.pathname.endsWith('/members') && sockets.length > 0);

test('when WebSocket has not opened twice and HTTP works, event streams are read, at once the next time', async () => {
  open({ transport: 'auto', token: 't' }).join('java');
  await settle();
  await sockets[0].drop();
  await members();
  assert.equal(streams().length, 0);
  await pass(1000);
  await sockets[1].drop();
  assert.equal(checks()[0].url.pathname, '/app/rooms/java/members');
  assert.equal(checks()[0].headers.Authorization, 'Bearer t');
  await members();
  assert.equal(sockets.length, 2);
  await streams()[0].welcome();
  assert.equal(parley.transport, 'sse');
  await streams()[0].end();
  parley.retry();
  await settle();
  assert.equal(streams().length, 2, 'the same connection');
  const other = connect(`ws://host-${hosts}.example.org/app/chat`, { WebSocket: Socket });
  other.join('tea');
  await settle();
  assert.equal(streams()[2].rooms, 'tea', 'another connection');
  other.close();
});

test('a server that is away is waited for with WebSocket', async () => {
  open({ transport: 'auto' }).join('java');
  await settle();
  for (let i = 0; i < 6; i++) {
    await sockets.at(-1).drop();
    await checks().at(-1)?.fail();
    parley.retry();
    await settle();
  }
  assert.equal(sockets.length, 7);
  assert.equal(checks().length, 6);
  sockets.at(-1).welcome('java');
  assert.equal(parley.transport, 'websocket');
  assert.equal(streams().length, 0);
});

test('a server that comes back behind a failed handshake is not one that WebSocket does not reach', async () => {
  open({ transport: 'auto' }).join('java');
  await settle();
  for (let i = 0; i < 3; i++) {
    await sockets.at(-1).drop();
    await checks().at(-1).fail();
    parley.retry();
    await settle();
  }
  await sockets.at(-1).drop(); // and then it is there
  await members();
  assert.equal(streams().length, 0);
  parley.retry();
  await settle();
  sockets.at(-1).welcome('java');
  assert.equal(parley.transport, 'websocket');
});

test('a server that refuses this client is not asked over event streams', async () => {
  open({ transport: 'auto' }).join('java');
  await settle();
  for (const answer of ['nothing', 'unauthorized', 'a page']) {
    await sockets.at(-1).drop();
    const [status, body, type] = answer === 'a page' ? [200, '<html>', 'text/html'] : [401, '{}'];
    await checks().at(-1)?.answer(status, body, type);
    parley.retry();
    await settle();
  }
  assert.equal(streams().length, 0);
});

test('event streams that do not open give way to WebSocket', async () => {
  open({ transport: 'auto' }).join('java');
  await settle();
  await sockets[0].drop();
  await members();
  await pass(1000);
  await sockets[1].drop();
  await members();
  await streams()[0].fail();
  parley.retry();
  await settle();
  assert.equal(sockets.length, 3);
  sockets[2].welcome('java');
  assert.equal(parley.transport, 'websocket');
  await sockets[2].drop();
  await pass(2000);
  assert.equal(sockets.length, 4);
});

test('a handshake that a proxy swallows is not waited for as long as when there is no other way', async () => {
  open({ transport: 'auto' }).join('java');
  await settle();
  await pass(10_000);
  assert.equal(parley.state.name, 'waiting');
  await members();
  parley.retry();
  await settle();
  await pass(10_000);
  await members();
  assert.equal(streams().length, 1);
});

async function overStreams() {
  const java = open({ transport: 'auto' }).join('java');
  await settle();
  await sockets[0].drop();
  await members();
  await pass(1000);
  await sockets[1].drop();
  await members();
  await streams()[0].welcome();
  await members();
  return java;
}

test('WebSocket is tried again after 10 seconds, and less and less often', async () => {
  await overStreams();
  const begin = performance.now();
  const times = [];
  while (times.length < 8) {
    await pass(1000);
    await streams()[0].write(':\n\n');
    if (sockets.length > 2 + times.length) {
      times.push(Math.round((performance.now() - begin) / 10_000) * 10);
      await sockets.at(-1).drop();
    }
  }
  assert.deepEqual(times, [10, 30, 70, 150, 310, 630, 1230, 1830]);
  assert.equal(parley.transport, 'sse');
});

test('when WebSocket works again it takes over, and nothing is lost or doubled', async () => {
  const java = await overStreams();
  const read = texts(java);
  const states = [];
  parley.addEventListener('state', ({ detail }) => states.push(detail.name));
  await streams()[0].message(1);
  parley.retry();
  await settle();
  const socket = sockets[2];
  assert.equal(socket.url.search, '?tenant=x&epoch=e&after=1');
  const said = java.say('x', { id: 'mine' });
  await settle();
  await streams()[0].message(2);
  assert.equal(parley.transport, 'sse');
  socket.welcome('java', { seq: 3, recovered: true });
  assert.equal(parley.transport, 'websocket');
  assert.equal(streams()[0].isGone, true);
  assert.equal(socket.sent.filter(({ type }) => type === 'say').length, 0, 'it may be in the replay');
  socket.say(message(2), message(3, { id: 'mine' }));
  assert.deepEqual(await said, { id: 'mine', seq: 3, duplicate: true });
  assert.deepEqual(read, ['m1', 'm2', 'm3']);
  assert.deepEqual(states, ['open']);
  socket.send = (frame) => socket.say({ type: 'pong', ref: JSON.parse(frame).ref });
  socket.sent.forEach(({ ref }) => socket.say({ type: 'members', ref, names: [], count: 1 }));
  await pass(60_000);
  assert.equal(sockets.length, 3);
});

test('WebSocket does not take over while an answer is on its way that would be lost', async () => {
  const java = await overStreams();
  const page = java.history();
  parley.retry();
  await settle();
  sockets[2].welcome('java', { recovered: true });
  assert.equal(parley.transport, 'sse');
  assert.equal(sockets[2].closedWith, 1000);
  await requests.at(-1).answer(200, { type: 'history', room: 'java', epoch: 'e', more: false, messages: [] });
  assert.deepEqual(await page, { messages: [], more: false });
  await pass(1000);
  sockets[3].welcome('java', { recovered: true });
  assert.equal(parley.transport, 'websocket');
});

test('without a WebSocket there are event streams, if they are asked for', () => {
  const { WebSocket } = globalThis;
  delete globalThis.WebSocket;
  try {
    assert.throws(() => connect('ws://example.org/chat'), /transport: 'sse'/);
    connect('ws://example.org/chat', { transport: 'sse' }).close();
    assert.throws(() => connect('ws://example.org/chat', { transport: 'pigeon' }), /'pigeon' is not a transport: auto/);
  } finally {
    if (WebSocket) {
      globalThis.WebSocket = WebSocket;
    }
  }
});

test('members that come while they are asked for are asked for again', async () => {
  const java = open().join('java');
  await settle();
  await streams()[0].welcome();
  const asked = () => requests.filter(({ url }) => url.pathname.endsWith('/members'));
  await streams()[0].say({ type: 'presence', room: 'java', joined: ['Ben'], left: [], count: 2 });
  await asked()[0].answer(200, { type: 'members', room: 'java', names: ['Ann'], count: 1, more: false });
  assert.deepEqual(java.members, ['Ben']);
  await asked()[1].answer(200, { type: 'members', room: 'java', names: ['Ann', 'Ben'], count: 2, more: false });
  assert.deepEqual(java.members, ['Ann', 'Ben']);
});
