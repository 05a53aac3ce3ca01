// What parley.js does with a server that does what the test says. Run by node --test.

import assert from 'node:assert/strict';
import { afterEach, mock, test } from 'node:test';
import { connect, ParleyError } from '../../../webapp/parley.js';

/** The sockets that were opened, oldest first. */
let sockets = [];
let parley;

/** A WebSocket whose other end is the test. */
class Socket {
  sent = [];
  closedWith = null;

  constructor(url, protocol) {
    this.url = new URL(url);
    this.protocol = protocol;
    sockets.push(this);
  }

  send(frame) {
    this.sent.push(JSON.parse(frame));
    this.onsend?.(frame.length);
  }

  /** The commands of that type that were sent. */
  all(type) {
    return this.sent.filter((command) => command.type === type);
  }

  close(code) {
    this.closedWith = code;
  }

  /** Sends events, all in one frame. */
  say(...events) {
    this.onmessage({ data: events.map((event) => JSON.stringify(event)).join('\n') });
  }

  /** Answers the last command of that type. */
  answer(type, event) {
    this.say({ ...event, ref: this.sent.findLast((command) => command.type === type).ref });
  }

  welcome(room, joined = {}) {
    this.say(
      { type: 'welcome', session: 's', name: this.url.searchParams.get('name') ?? undefined, limits: { bytes: 100, commandBytes: 1000, rooms: 5, rate: 0 } },
      { type: 'joined', room, epoch: 'e', seq: 0, count: 1, ...joined },
    );
  }

  message(seq, more = {}) {
    return { type: 'message', room: 'java', seq, at: '2026-11-21T09:30:00.123Z', text: `m${seq}`, ...more };
  }

  drop(code = 1006, reason = '') {
    this.onclose({ code, reason });
  }
}

/** Opens a connection; timers and clocks stand still until they are told to go on. */
function open(options = {}) {
  mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'] });
  const elapsed = Date.now;
  mock.method(performance, 'now', () => elapsed.call(Date));
  mock.method(globalThis, 'fetch', () => Promise.reject(new TypeError('there is no network here')));
  parley = connect('ws://example.org/chat/', { WebSocket: Socket, transport: 'websocket', ...options });
  return parley;
}

async function enter(options, joined) {
  const room = open(options).join('java', options);
  await settle();
  sockets[0].welcome('java', joined);
  return room;
}

/** Lets promises run. */
async function settle() {
  for (let i = 0; i < 10; i++) {
    await Promise.resolve();
  }
}

/** Lets time pass in steps: a tick calls all that was due in it at its end. */
function pass(milliseconds) {
  for (let passed = 0; passed < milliseconds; passed += 100) {
    mock.timers.tick(100);
  }
}

async function comeBack(wait = 1000) {
  mock.timers.tick(wait);
  await settle();
  return sockets.at(-1);
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
});

test('the first room is in the address, the others are joined', async () => {
  open({ name: 'Ann & Bob', token: 't' });
  parley.join('java', { history: 5 });
  parley.join('tea', { history: 2 });
  assert.equal(parley.state.name, 'connecting');
  await settle();
  assert.equal(sockets[0].url.href, 'ws://example.org/chat/java?name=Ann+%26+Bob&token=t&history=5');
  assert.equal(sockets[0].protocol, 'parley.v1.json');
  sockets[0].welcome('java');
  assert.equal(parley.state.name, 'open');
  assert.deepEqual(sockets[0].sent[0], { type: 'join', room: 'tea', history: 2, ref: 1 });
});

test('a name that is no room is refused here', () => {
  open();
  for (const name of ['', '.', '..', 'a b', 'ä', 'x'.repeat(65), 42, undefined, null, ['java']]) {
    assert.throws(() => parley.join(name), TypeError, String(name));
  }
  for (const history of [-1, 1.5, NaN, '5', 1e9]) {
    assert.throws(() => parley.join('java', { history }), TypeError, String(history));
  }
  assert.equal(parley.rooms.size, 0);
});

test('what is said resolves with its number when it is acknowledged', async () => {
  const java = await enter();
  const said = java.say('hello', { id: '1' });
  sockets[0].answer('say', { type: 'ack', room: 'java', seq: 7, duplicate: false });
  assert.deepEqual(await said, { id: '1', seq: 7, duplicate: false });
  const data = java.say({ a: 1 });
  assert.deepEqual(sockets[0].sent.at(-1).data, { a: 1 });
  sockets[0].answer('say', { type: 'error', code: 'too-large', reason: 'at most 100 bytes' });
  await assert.rejects(data, (error) => error instanceof ParleyError && error.code === 'too-large');
  assert.equal(java.unacknowledged, 0);
});

test('what was not acknowledged is said again with the same id, in order, and what was said meanwhile too', async () => {
  const java = await enter();
  const one = java.say('one');
  sockets[0].drop();
  const two = java.say('two');
  const again = await comeBack();
  assert.equal(again.url.search, '?epoch=e&after=0');
  assert.deepEqual(again.sent, []);
  again.welcome('java', { recovered: true });
  const says = again.sent.filter(({ type }) => type === 'say');
  assert.deepEqual(says.map(({ text }) => text), ['one', 'two']);
  assert.equal(says[0].id, sockets[0].sent.find(({ type }) => type === 'say').id);
  again.say({ type: 'ack', ref: says[0].ref, seq: 1, duplicate: true }, { type: 'ack', ref: says[1].ref, seq: 2, duplicate: false });
  assert.equal((await one).duplicate, true);
  assert.equal((await two).seq, 2);
});

test('what came over the rate is said again a little later', async () => {
  const java = await enter();
  const said = java.say('x');
  sockets[0].answer('say', { type: 'error', code: 'rate-limited', reason: 'later' });
  const before = sockets[0].sent.length;
  mock.timers.tick(1000);
  assert.equal(sockets[0].sent.length, before + 1);
  sockets[0].answer('say', { type: 'ack', seq: 1, duplicate: false });
  assert.equal((await said).seq, 1);
});

test('what the disk could not keep is said again with the same id until it can, and what is behind it waits', async () => {
  const java = await enter();
  sockets[0].say({ type: 'welcome', limits: { bytes: 100, commandBytes: 1000, rooms: 5, rate: 0 } });
  const { sent } = sockets[0];
  const asked = sent.length;
  const said = [java.say('one'), java.say('two')];
  const not = sent.slice(asked).map(({ ref }) => ({ type: 'error', ref, room: 'java', code: 'unavailable', reason: 'later' }));
  sockets[0].say(...not);
  java.say('three').catch(() => {});
  assert.equal(sent.length, asked + 2);
  mock.timers.tick(1000);
  assert.deepEqual(sent.slice(asked + 2).map(({ text }) => text), ['one', 'two', 'three']);
  assert.deepEqual(sent.slice(asked + 2, asked + 4).map(({ id }) => id), sent.slice(asked, asked + 2).map(({ id }) => id));
  sockets[0].say(not[0], { type: 'ack', ref: not[1].ref, room: 'java', seq: 1, duplicate: false });
  mock.timers.tick(1000);
  assert.equal(sent.length, asked + 5);
  mock.timers.tick(1000);
  assert.equal(sent.at(-1).text, 'one');
  sockets[0].say({ type: 'ack', ref: not[0].ref, room: 'java', seq: 2, duplicate: false });
  assert.deepEqual((await Promise.all(said)).map(({ seq }) => seq), [2, 1]);
});

test('no more than so many may wait to be sent', async () => {
  const java = await enter({ unsent: 2 });
  java.say('1').catch(() => {});
  java.say('2').catch(() => {});
  await assert.rejects(java.say('3'), { code: 'full' });
});

test('messages are passed on once and in order, whatever comes twice', async () => {
  const java = await enter();
  const read = texts(java);
  const { message } = sockets[0];
  sockets[0].say(message(1), message(2), message(2), message(1), message(3));
  assert.deepEqual(read, ['m1', 'm2', 'm3']);
});

test('after a lost connection every room goes on from its last message', async () => {
  const java = await enter();
  parley.join('tea');
  sockets[0].answer('join', { type: 'joined', room: 'tea', epoch: 't', seq: 4, count: 1 });
  sockets[0].say(sockets[0].message(1), sockets[0].message(2));
  sockets[0].drop();
  assert.equal(parley.state.name, 'waiting');
  assert.equal(java.state, 'joining');
  const again = await comeBack();
  assert.equal(again.url.search, '?epoch=e&after=2');
  again.welcome('java', { seq: 2, recovered: true });
  assert.deepEqual(again.sent.find(({ type }) => type === 'join').after, { epoch: 't', seq: 4 });
});

test('what a gap names is fetched page by page, and all is passed on in order', async () => {
  const java = await enter();
  const read = texts(java);
  const gaps = [];
  java.addEventListener('gap', ({ detail }) => gaps.push(`${detail.state} ${detail.after}-${detail.before}`));
  const { message } = sockets[0];
  sockets[0].say(message(1), { type: 'gap', room: 'java', after: 1, before: 5, missed: 3 }, message(5));
  assert.equal(sockets[0].sent.at(-1).after, 1);
  sockets[0].answer('history', { type: 'history', epoch: 'e', more: true, messages: [message(2), message(3)] });
  sockets[0].say(message(6));
  assert.deepEqual(read, ['m1', 'm2', 'm3']);
  sockets[0].answer('history', { type: 'history', epoch: 'e', more: false, messages: [message(4), message(5), message(6)] });
  sockets[0].say(message(7));
  assert.deepEqual(read, ['m1', 'm2', 'm3', 'm4', 'm5', 'm6', 'm7']);
  assert.deepEqual(gaps, ['filling 1-5', 'filled 1-5']);
});

test('what the room does not keep any more is told as lost', async () => {
  const java = await enter();
  const read = texts(java);
  const gaps = [];
  java.addEventListener('gap', ({ detail }) => gaps.push(`${detail.state} ${detail.after}-${detail.before}`));
  const { message } = sockets[0];
  sockets[0].say(message(1), { type: 'gap', room: 'java', after: 1, before: 9, missed: 7 });
  sockets[0].answer('history', { type: 'history', epoch: 'e', more: false, messages: [message(5), message(6)] });
  sockets[0].answer('history', { type: 'history', epoch: 'e', more: false, messages: [] });
  sockets[0].say(message(9));
  assert.deepEqual(read, ['m1', 'm5', 'm6', 'm9']);
  assert.deepEqual(gaps, ['filling 1-9', 'lost 1-5', 'lost 6-9', 'filled 1-9']);
});

test('holes in the numbers of a cluster are no messages that are missing', async () => {
  const java = await enter();
  const read = texts(java);
  const gaps = [];
  java.addEventListener('gap', ({ detail }) => gaps.push(`${detail.state} ${detail.after}-${detail.before}`));
  const { message } = sockets[0];
  const commands = sockets[0].sent.length;
  sockets[0].say(message(4), message(9));
  assert.equal(sockets[0].sent.length, commands);
  sockets[0].say({ type: 'gap', room: 'java', after: 9, before: 30, missed: 2 }, message(30));
  sockets[0].answer('history', { type: 'history', epoch: 'e', more: true, first: 3, messages: [message(15), message(22)] });
  sockets[0].answer('history', { type: 'history', epoch: 'e', more: false, first: 3, messages: [message(30)] });
  sockets[0].say(message(41), { type: 'gap', room: 'java', after: 41, before: 60 }, message(60));
  sockets[0].answer('history', { type: 'history', epoch: 'e', more: false, first: 50, messages: [message(55), message(60)] });
  assert.deepEqual(read, ['m4', 'm9', 'm15', 'm22', 'm30', 'm41', 'm55', 'm60']);
  assert.deepEqual(gaps, ['filling 9-30', 'filled 9-30', 'filling 41-60', 'lost 41-50', 'filled 41-60']);
});

test('another epoch is told, and its messages follow from the start', async () => {
  const java = await enter();
  const read = texts(java);
  const resets = [];
  java.addEventListener('reset', ({ detail }) => resets.push(detail.epoch));
  sockets[0].say(sockets[0].message(1), sockets[0].message(2));
  sockets[0].drop();
  const again = await comeBack();
  again.welcome('java', { epoch: 'f', seq: 5, recovered: false });
  again.say(again.message(4), again.message(5));
  assert.deepEqual(read, ['m1', 'm2', 'm4', 'm5']);
  assert.deepEqual(resets, ['f']);
});

test('a room that begins anew while it is open is told, be it the first or another', async () => {
  const java = await enter();
  const tea = parley.join('tea');
  sockets[0].answer('join', { type: 'joined', room: 'tea', epoch: 't', seq: 4000, count: 1 });
  const read = texts(tea);
  const resets = [];
  tea.addEventListener('reset', ({ detail }) => resets.push(`tea ${detail.epoch}`));
  java.addEventListener('reset', ({ detail }) => resets.push(`java ${detail.epoch}`));
  sockets[0].say(sockets[0].message(4001, { room: 'tea' }));
  sockets[0].say({ type: 'joined', room: 'tea', epoch: 'u', seq: 0, count: 1 }, sockets[0].message(1, { room: 'tea' }));
  sockets[0].say({ type: 'joined', room: 'java', epoch: 'f', seq: 0, count: 1 });
  assert.deepEqual(read, ['m4001', 'm1']);
  assert.deepEqual(resets, ['tea u', 'java f']);
});

test('a connection lost right after a reset goes on from the start of the new history', async () => {
  const java = await enter();
  sockets[0].say(sockets[0].message(1));
  sockets[0].drop();
  (await comeBack()).welcome('java', { epoch: 'f', seq: 5, recovered: false });
  sockets[1].drop();
  assert.equal((await comeBack(20_000)).url.search, '?epoch=f&after=0');
  assert.equal(java.state, 'joining');
});

for (const code of [1000, 1002, 1003, 1007, 1009]) {
  test(`after ${code} it does not come back, and what waits is rejected`, async () => {
    const java = await enter();
    const said = java.say('x');
    sockets[0].drop(code, 'because');
    assert.deepEqual(parley.state, { name: 'closed', code, reason: 'because' });
    await assert.rejects(said, { code: 'closed' });
    mock.timers.tick(100_000);
    await settle();
    assert.equal(sockets.length, 1);
    assert.throws(() => parley.join('tea'), { code: 'closed' });
  });
}

test('the waits are random, double up to 20 s, and are short again after a connection that lasted', async () => {
  mock.method(Math, 'random', () => 1);
  const waits = [];
  const drop = () => {
    sockets.at(-1).drop();
    waits.push(parley.state.seconds);
  };
  await enter();
  for (let i = 0; i < 7; i++) {
    drop();
    await comeBack(20_000);
  }
  assert.deepEqual(waits, [1, 2, 4, 8, 16, 20, 20]);
  sockets.at(-1).welcome('java');
  mock.timers.tick(10_000);
  drop();
  assert.equal(waits.at(-1), 1);
  mock.method(Math, 'random', () => 0);
  await comeBack(20_000);
  drop();
  assert.equal(parley.state.seconds, 1, 'half a second at least, told as one');
  mock.restoreAll();
});

test('after bye it comes back within the range that the server names', async () => {
  mock.method(Math, 'random', () => 1);
  await enter();
  sockets[0].say({ type: 'bye', reason: 'shutdown', retry: { min: 500, max: 8000 } });
  sockets[0].drop(1001, 'shutdown; retry 500-8000 ms');
  assert.equal(parley.state.seconds, 8);
  await comeBack(7_999);
  assert.equal(sockets.length, 1);
  await comeBack(1);
  assert.equal(sockets.length, 2);
  sockets[1].drop(1001, 'shutdown; retry 3000-3000 ms');
  assert.equal(parley.state.seconds, 3, 'the reason of the close says it too');
  mock.restoreAll();
});

test('a server that says nothing is asked, and left when it does not answer', async () => {
  await enter();
  mock.timers.tick(31_000);
  assert.equal(sockets[0].sent.at(-1).type, 'ping');
  mock.timers.tick(12_000);
  assert.equal(parley.state.name, 'waiting');
  assert.equal(sockets[0].closedWith, undefined);
});

test('members are those of who, and then of presence', async () => {
  const java = await enter();
  sockets[0].answer('who', { type: 'members', room: 'java', names: ['Cay', 'Ann'], count: 3, more: false });
  assert.deepEqual(java.members, ['Ann', 'Cay']);
  sockets[0].say({ type: 'presence', room: 'java', joined: ['Bob'], left: ['Cay', 'Dan'], count: 4 });
  assert.deepEqual(java.members, ['Ann', 'Bob']);
  assert.equal(java.count, 4);
  assert.equal(java.hasAllMembers, true);
  sockets[0].say({ type: 'presence', room: 'java', count: 5000 });
  assert.equal(java.hasAllMembers, false);
  sockets[0].say({ type: 'presence', room: 'java', names: ['Eve'], count: 1 });
  assert.deepEqual(java.members, ['Eve']);
  assert.equal(java.hasAllMembers, true);
});

test('people are users with their connections, and names that are no user; any of both may be called __proto__', async () => {
  const java = await enter();
  const ann = { user: '7', name: 'Ann', connections: 2 };
  sockets[0].answer('who', { type: 'members', room: 'java', names: ['Ann', 'Bob'], members: [ann], count: 3, more: false });
  assert.deepEqual(java.people, [ann, { name: 'Bob' }]);
  const proto = { user: '__proto__', name: '__proto__', connections: 1 };
  let told;
  java.addEventListener('members', ({ detail }) => (told = detail), { once: true });
  sockets[0].say({ type: 'presence', room: 'java', joined: ['__proto__'], left: [], members: [proto], count: 4 });
  assert.deepEqual(told.people, [proto, ann, { name: 'Bob' }]);
  assert.deepEqual(java.people, told.people);
  const anna = { user: '7', name: 'Anna', connections: 1 };
  sockets[0].say({
    type: 'presence', room: 'java', joined: ['Anna'], left: ['Ann', '__proto__'], members: [anna], gone: [{ user: '__proto__' }], count: 2,
  });
  assert.deepEqual(java.people, [anna, { name: 'Bob' }]);
  sockets[0].say({ type: 'presence', room: 'java', names: ['Bob'], count: 1 });
  assert.deepEqual(java.people, [{ name: 'Bob' }]);
});

test('a state is sent as fast as it is taken, the newest alone, and again over another connection', async () => {
  const java = await enter();
  const taken = [];
  for (const x of [1, 2, 3]) {
    java.setState({ x }).then(() => taken.push(x));
  }
  const states = (socket) => socket.all('state').map(({ state }) => state);
  assert.deepEqual(states(sockets[0]), [{ x: 1 }]);
  sockets[0].answer('state', { type: 'ack', room: 'java' });
  await settle();
  assert.deepEqual(taken, [1]);
  assert.deepEqual(states(sockets[0]), [{ x: 1 }, { x: 3 }], 'what came meanwhile is one');
  sockets[0].drop();
  mock.timers.tick(60_000);
  await settle();
  sockets[1].welcome('java');
  assert.deepEqual(states(sockets[1]), [{ x: 3 }]);
  sockets[1].answer('state', { type: 'ack', room: 'java' });
  await settle();
  assert.deepEqual(taken, [1, 2, 3]);
  java.setState(null);
  assert.deepEqual(states(sockets[1]), [{ x: 3 }, null]);
  sockets[1].answer('state', { type: 'ack', room: 'java' });
  sockets[1].drop();
  mock.timers.tick(60_000);
  await settle();
  sockets[2].welcome('java');
  assert.deepEqual(states(sockets[2]), [], 'nothing is shown any more');
});

test('a state that the server refuses, or that cannot be told any more, is rejected', async () => {
  const java = await enter();
  const refused = assert.rejects(java.setState({ x: 1 }), { code: 'room-full' });
  sockets[0].answer('state', { type: 'error', room: 'java', code: 'room-full', reason: 'no' });
  await refused;
  const sent = java.setState({ x: 2 });
  const withdrawn = assert.rejects(java.setState({ x: 3 }), { code: 'left' });
  java.leave();
  await withdrawn;
  sockets[0].answer('state', { type: 'ack', room: 'java' });
  await sent;
  await assert.rejects(java.setState({ x: 4 }), { code: 'left' });
});

test('members show states', async () => {
  const java = await enter();
  const bob = { name: 'Bob', connections: 1, state: { ['__proto__']: 1, cursor: [1, 2] } };
  sockets[0].say({ type: 'presence', room: 'java', joined: ['Bob'], left: [], count: 2, members: [bob] });
  assert.deepEqual(java.people, [bob]);
  sockets[0].say({ type: 'presence', room: 'java', joined: [], left: [], count: 2, gone: [{ name: 'Bob' }] });
  assert.deepEqual(java.people, [{ name: 'Bob' }]);
});

test('messages, signals and the connection say which user it is', async () => {
  const java = await enter();
  const users = [];
  java.addEventListener('message', ({ detail }) => users.push(detail.user));
  java.addEventListener('signal', ({ detail }) => users.push(detail.user));
  sockets[0].say({ type: 'welcome', session: 's', user: '7', limits: { bytes: 100, commandBytes: 1000, rooms: 5, rate: 0 } });
  sockets[0].say(sockets[0].message(1, { from: 'Ann', user: '7' }), { type: 'signal', room: 'java', user: '8', data: 1 });
  assert.deepEqual([parley.user, ...users], ['7', '7', '8']);
});

test('an iteration has every message from its beginning and ends when the room is left', async () => {
  const java = await enter();
  const reader = java[Symbol.asyncIterator]();
  sockets[0].say(sockets[0].message(1), sockets[0].message(2));
  java.leave();
  const read = [];
  for await (const message of reader) {
    read.push(message.text);
  }
  assert.deepEqual(read, ['m1', 'm2']);
});

test('an iteration that is read too slowly fails, and does not grow', async () => {
  const java = await enter({ remembered: 2 });
  const reader = java[Symbol.asyncIterator]();
  for (let seq = 1; seq <= 5; seq++) {
    sockets[0].say(sockets[0].message(seq));
  }
  const read = [];
  await assert.rejects(
    async () => {
      for await (const message of { [Symbol.asyncIterator]: () => reader }) {
        read.push(message.text);
      }
    },
    { code: 'full' },
  );
  assert.deepEqual(read, ['m1', 'm2', 'm3']);
});

test("one's own messages are known", async () => {
  const java = await enter();
  const own = [];
  java.addEventListener('message', ({ detail }) => own.push(detail.own));
  java.say('x', { id: 'mine' }).catch(() => {});
  sockets[0].say(sockets[0].message(1, { id: 'mine' }), sockets[0].message(2, { id: 'theirs' }), sockets[0].message(3));
  assert.deepEqual(own, [true, false, false]);
});

test('a room that cannot be entered says why', async () => {
  await enter();
  const tea = parley.join('tea');
  sockets[0].answer('join', { type: 'error', code: 'too-many-rooms', reason: 'leave one first' });
  await assert.rejects(tea.joined, { code: 'too-many-rooms' });
  assert.equal(tea.state, 'left');
  assert.equal(parley.rooms.has('tea'), false);
});

test('a room left while connecting is left on the server too', async () => {
  const java = open().join('java');
  parley.join('tea');
  await settle();
  java.leave();
  sockets[0].welcome('java');
  assert.deepEqual(sockets[0].sent.map(({ type, room }) => `${type} ${room}`), ['leave java', 'join tea']);
});

test('what is asked of a room that was left, or over a connection that was closed, says so', async () => {
  const java = await enter({ unsent: undefined });
  const tea = parley.join('tea');
  tea.leave();
  await assert.rejects(tea.signal(1), { code: 'left' });
  await assert.rejects(tea.history(), { code: 'left' });
  await assert.rejects(tea.say('x'), { code: 'left' });
  parley.close();
  await assert.rejects(java.signal(1), { code: 'left' });
  await assert.rejects(parley.rename('x'), { code: 'closed' });
});

test('another name is taken at once, or with the next connection', async () => {
  await enter({ name: 'Ann' });
  const renamed = parley.rename('Bob');
  sockets[0].answer('rename', { type: 'ack' });
  await renamed;
  sockets[0].drop();
  await parley.rename('Cay');
  assert.equal(parley.name, 'Cay');
  const again = await comeBack();
  again.welcome('java', { recovered: true });
  assert.equal(again.sent[0].name, 'Cay');
  again.answer('rename', { type: 'ack' });
  await settle();
  again.drop();
  assert.equal((await comeBack(2000)).url.searchParams.get('name'), 'Cay');
});

test('a token is asked for before each connection', async () => {
  let tokens = 0;
  open({ token: async () => `t${++tokens}` }).join('java');
  await settle();
  assert.equal(sockets[0].url.searchParams.get('token'), 't1');
  sockets[0].drop();
  assert.equal((await comeBack()).url.searchParams.get('token'), 't2');
});

test('when its token has expired it comes back with another, if there can be one', async () => {
  let tokens = 0;
  open({ token: () => `t${++tokens}` }).join('java');
  await settle();
  sockets[0].welcome('java');
  sockets[0].drop(1008, 'token expired');
  assert.equal(parley.state.name, 'waiting');
  parley.close();
  sockets = [];

  connect('ws://example.org/chat/', { WebSocket: Socket, token: 't' }).join('java');
  await settle();
  sockets[0].welcome('java');
  sockets[0].drop(1008, 'token expired');
  mock.timers.tick(60_000);
  await settle();
  assert.equal(sockets.length, 1);
});

test('back online it comes back at once', async () => {
  const listeners = [];
  globalThis.addEventListener = (type, listener) => listeners.push([type, listener]);
  globalThis.removeEventListener = () => {};
  try {
    await enter();
    sockets[0].drop();
    assert.equal(sockets.length, 1);
    listeners.find(([type]) => type === 'online')[1]();
    await settle();
    assert.equal(sockets.length, 2);
    await comeBack(30_000);
    assert.equal(sockets.length, 2, 'the wait that was over is over');
  } finally {
    delete globalThis.addEventListener;
    delete globalThis.removeEventListener;
  }
});

test('what is said twice with one id is answered twice, over a lost connection too', async () => {
  const java = await enter();
  const said = [java.say('x', { id: 'same' }), java.say('x', { id: 'same' })];
  assert.equal(java.unacknowledged, 2);
  sockets[0].drop();
  const again = await comeBack();
  again.welcome('java', { recovered: true });
  const says = again.sent.filter(({ type }) => type === 'say');
  assert.equal(says.length, 2);
  again.say(...says.map(({ ref }, i) => ({ type: 'ack', ref, seq: 1, duplicate: i > 0 })));
  assert.deepEqual((await Promise.all(said)).map(({ duplicate }) => duplicate), [false, true]);
});

test('what is no JSON is rejected when it is said, and keeps nothing else from being said', async () => {
  const java = await enter();
  sockets[0].drop();
  const circle = {};
  circle.circle = circle;
  for (const content of [circle, 1n, undefined, () => {}]) {
    await assert.rejects(java.say(content), TypeError);
  }
  for (const id of [1n, 7, '', 'x'.repeat(65)]) {
    await assert.rejects(java.say('x', { id }), TypeError);
  }
  const content = { mood: 'fine' };
  java.say(content).catch(() => {});
  content.mood = 'other';
  assert.equal(java.unacknowledged, 1);
  const again = await comeBack();
  again.welcome('java', { recovered: true });
  assert.deepEqual(again.sent.filter(({ type }) => type === 'say').map(({ data }) => data), [{ mood: 'fine' }]);
});

test('a room left while it is being entered stays left, and is left on the server', async () => {
  await enter();
  const tea = parley.join('tea');
  tea.leave();
  sockets[0].answer('join', { type: 'joined', room: 'tea', epoch: 't', seq: 0, count: 1 });
  assert.equal(tea.state, 'left');
  assert.deepEqual(sockets[0].sent.slice(-2).map(({ type, room }) => `${type} ${room}`), ['join tea', 'leave tea']);
});

test('a room joined again by who hears that it was left is left first', async () => {
  const java = await enter();
  java.addEventListener('state', ({ detail }) => detail === 'left' && parley.join('java'));
  java.leave();
  assert.deepEqual(sockets[0].sent.slice(-2).map(({ type }) => type), ['leave', 'join']);
});

test('a room joined again has nothing of the one before', async () => {
  const java = await enter();
  const { message } = sockets[0];
  sockets[0].say(message(1));
  java.leave();
  const again = parley.join('java', { history: 3 });
  const read = texts(again);
  sockets[0].say(message(2), { type: 'gap', room: 'java', after: 2, before: 4, missed: 1 });
  sockets[0].answer('leave', { type: 'left', room: 'java' });
  sockets[0].answer('join', { type: 'joined', room: 'java', epoch: 'e', seq: 3, count: 1 });
  sockets[0].say(message(1), message(2), message(3));
  assert.deepEqual(read, ['m1', 'm2', 'm3']);
});

test('a room left and joined again while connecting starts as it was asked to', async () => {
  open().join('java');
  await settle();
  parley.rooms.get('java').leave();
  const java = parley.join('java', { history: 2 });
  const read = texts(java);
  const { message } = sockets[0];
  sockets[0].welcome('java', { seq: 2 });
  assert.equal(java.state, 'joining');
  sockets[0].answer('join', { type: 'joined', room: 'java', epoch: 'e', seq: 2, count: 1 });
  sockets[0].say(message(1), message(2));
  assert.deepEqual(read, ['m1', 'm2']);
});

test('messages of another epoch are not lost when the connection is, before the first of them', async () => {
  const java = await enter();
  const read = texts(java);
  sockets[0].say(sockets[0].message(1));
  sockets[0].drop();
  const other = await comeBack();
  other.welcome('java', { epoch: 'f', seq: 5, recovered: false });
  other.drop();
  const again = await comeBack(2000);
  assert.equal(again.url.search, '?epoch=f&after=0');
  again.welcome('java', { epoch: 'f', seq: 6, recovered: true });
  again.say(again.message(1), again.message(2));
  assert.deepEqual(read, ['m1', 'm1', 'm2']);
});

test('a history that was asked for begins where it would have, when the connection is lost before it comes', async () => {
  await enter({ history: 3 }, { seq: 10 });
  sockets[0].drop();
  const again = await comeBack();
  assert.equal(again.url.search, '?epoch=e&after=7');
});

test('what is missed before the first message is fetched too', async () => {
  const java = await enter({ history: 3 }, { seq: 3 });
  const read = texts(java);
  const { message } = sockets[0];
  sockets[0].say({ type: 'gap', room: 'java', after: 0, before: 5, missed: 4 }, message(5));
  sockets[0].answer('history', { type: 'history', epoch: 'e', more: false, messages: [1, 2, 3, 4, 5].map((seq) => message(seq)) });
  assert.deepEqual(read, ['m1', 'm2', 'm3', 'm4', 'm5']);
});

test('closed is closed, also by who hears that the connection is lost', async () => {
  const java = await enter();
  java.addEventListener('state', ({ detail }) => detail === 'joining' && parley.close());
  sockets[0].drop();
  assert.equal(parley.state.name, 'closed');
  await comeBack(30_000);
  assert.equal(parley.state.name, 'closed');
});

test('a token that fails after close changes nothing', async () => {
  let fail;
  open({ token: () => new Promise((_, reject) => (fail = reject)) }).join('java');
  await settle();
  parley.close();
  fail(new Error('too late'));
  await settle();
  assert.equal(parley.state.name, 'closed');
});

test('without a token, whatever was thrown, it tries again', async () => {
  open({ token: () => Promise.reject() }).join('java');
  await settle();
  assert.equal(parley.state.name, 'waiting');
});

test('a socket that cannot be made is tried again', async () => {
  let isForbidden = true;
  const Picky = class extends Socket {
    constructor(...all) {
      if (isForbidden) {
        throw new Error('not secure');
      }
      super(...all);
    }
  };
  open({ WebSocket: Picky }).join('java');
  await settle();
  assert.deepEqual({ ...parley.state, seconds: 1 }, { name: 'waiting', seconds: 1, code: 1006, reason: 'not secure' });
  isForbidden = false;
  await comeBack();
  assert.equal(sockets.length, 1);
});

test('a room joined by who hears that the connection is lost is joined with the next', async () => {
  const java = await enter();
  java.addEventListener('state', ({ detail }) => detail === 'joining' && parley.join('tea'));
  sockets[0].drop();
  const again = await comeBack();
  again.welcome('java', { recovered: true });
  assert.ok(again.sent.some(({ type, room }) => type === 'join' && room === 'tea'));
});

test('an iteration answers all who ask, in order, and ends for all of them', { timeout: 5000 }, async () => {
  const java = await enter();
  const reader = java[Symbol.asyncIterator]();
  const asked = [reader.next(), reader.next(), reader.next(), reader.next()];
  sockets[0].say(sockets[0].message(1), sockets[0].message(2));
  assert.equal((await asked[0]).value.text, 'm1');
  assert.equal((await asked[1]).value.text, 'm2');
  await reader.return();
  assert.equal((await asked[2]).done, true);
  assert.equal((await asked[3]).done, true);
  assert.equal((await reader.next()).done, true);
});

test('what came over the rate is given again in order, at less than the rate', async () => {
  const java = await enter();
  sockets[0].say({ type: 'welcome', limits: { bytes: 100, commandBytes: 1000, rooms: 5, rate: 10 } });
  const { sent } = sockets[0];
  const asked = sent.length;
  for (let i = 0; i < 20; i++) {
    java.say(`m${i}`).catch(() => {});
  }
  sockets[0].say(...sent.slice(asked).map(({ ref }) => ({ type: 'error', ref, code: 'rate-limited', reason: 'later' })));
  java.say('m20').catch(() => {});
  assert.equal(sent.length, asked + 20);
  const counts = [];
  for (let i = 0; i < 4; i++) {
    const before = sent.length;
    mock.timers.tick(1000);
    counts.push(sent.length - before);
  }
  assert.deepEqual(counts, [9, 9, 3, 0]);
  assert.deepEqual(sent.slice(asked + 20).map(({ text }) => text), Array.from({ length: 21 }, (_, i) => `m${i}`));
  java.say('at once again').catch(() => {});
  assert.equal(sent.at(-1).text, 'at once again');
});

test('every command that came over the rate is given again, and none over a lost connection', async () => {
  const java = await enter();
  const limited = { type: 'error', code: 'rate-limited', reason: 'later' };
  sockets[0].answer('who', limited);
  mock.timers.tick(1000);
  mock.timers.tick(1000);
  sockets[0].answer('who', { type: 'members', room: 'java', names: ['Ann'], count: 1, more: false });
  assert.deepEqual(java.members, ['Ann']);
  const page = java.history();
  sockets[0].answer('history', limited);
  mock.timers.tick(1000);
  mock.timers.tick(1000);
  sockets[0].answer('history', { type: 'history', room: 'java', epoch: 'e', more: false, messages: [] });
  assert.deepEqual(await page, { messages: [], more: false });
  java.say('x').catch(() => {});
  sockets[0].answer('say', limited);
  sockets[0].drop();
  const again = await comeBack(999);
  again.welcome('java', { recovered: true });
  mock.timers.tick(2000);
  assert.equal(again.sent.filter(({ type }) => type === 'say').length, 1);
});

test('what is said by who hears of the entry comes after what waits, and once', async () => {
  const java = await enter();
  java.say('before').catch(() => {});
  sockets[0].drop();
  java.addEventListener('state', ({ detail }) => detail === 'joined' && java.say('after').catch(() => {}));
  const again = await comeBack();
  again.welcome('java', { recovered: true });
  assert.deepEqual(again.sent.filter(({ type }) => type === 'say').map(({ text }) => text), ['before', 'after']);
});

test('after a room was left nothing comes, of the same page neither', async () => {
  const java = await enter();
  const read = texts(java);
  const { message } = sockets[0];
  java.addEventListener('message', ({ detail }) => detail.seq === 2 && java.leave());
  sockets[0].say(message(1), { type: 'gap', room: 'java', after: 1, before: 5, missed: 3 });
  const commands = sockets[0].sent.length;
  sockets[0].answer('history', { type: 'history', epoch: 'e', more: true, messages: [message(2), message(3)] });
  assert.deepEqual(read, ['m1', 'm2']);
  assert.deepEqual(sockets[0].sent.slice(commands).map(({ type }) => type), ['leave']);
});

test('a room joined by who hears that it is open is joined once', async () => {
  open().join('java');
  parley.addEventListener('state', ({ detail }) => detail.name === 'open' && parley.join('tea'));
  await settle();
  sockets[0].welcome('java');
  assert.equal(sockets[0].sent.filter(({ type }) => type === 'join').length, 1);
});

test('a server that has answered is not left over an older question', async () => {
  const listeners = [];
  globalThis.addEventListener = (type, listener) => listeners.push(listener);
  globalThis.removeEventListener = () => {};
  try {
    await enter();
    listeners[0]();
    mock.timers.tick(100);
    sockets[0].answer('ping', { type: 'pong' });
    mock.timers.tick(9_800);
    listeners[0]();
    mock.timers.tick(200);
    assert.equal(parley.state.name, 'open');
    mock.timers.tick(9_800);
    assert.equal(parley.state.name, 'waiting');
  } finally {
    delete globalThis.addEventListener;
    delete globalThis.removeEventListener;
  }
});

test('what would end the connection by its size is rejected alone', async () => {
  const java = await enter();
  const commands = sockets[0].sent.length;
  await assert.rejects(java.say('ä'.repeat(500)), { code: 'too-large' });
  assert.equal(sockets[0].sent.length, commands);
  assert.equal(java.unacknowledged, 0);
});

// Clocks

test('a clock that is set back neither hides a dead line nor changes a wait', async () => {
  await enter();
  const set = Date.now;
  mock.method(Date, 'now', () => set.call(Date) - 3_600_000);
  pass(15_000);
  assert.equal(sockets[0].sent.at(-1).type, 'ping');
  pass(1_300);
  assert.equal(parley.state.name, 'waiting');
  assert.ok(parley.state.seconds <= 1, `${parley.state.seconds} s`);
  await comeBack();
  assert.equal(sockets.length, 2);
});

// What is final and what is not

test('what is too large is rejected, and not said again', async () => {
  const java = await enter();
  const said = java.say('x');
  sockets[0].answer('say', { type: 'error', room: 'java', code: 'too-large', reason: 'at most 100 bytes' });
  await assert.rejects(said, { code: 'too-large' });
  for (let i = 0; i < 10; i++) {
    mock.timers.tick(1000);
    sockets[0].answer('say', { type: 'pong' }); // of no command: the server lives
  }
  sockets[0].drop();
  (await comeBack()).welcome('java', { recovered: true });
  assert.equal(sockets[0].all('say').length + sockets[1].all('say').length, 1);
});

test('after a close with 1008 it comes back with a fresh token, and gives up after the third in a row', async () => {
  let tokens = 0;
  const java = open({ token: () => `t${++tokens}` }).join('java');
  await settle();
  sockets[0].welcome('java');
  const said = java.say('x');
  for (let i = 1; i <= 2; i++) {
    sockets.at(-1).drop(1008, 'the HTTP session has ended');
    assert.equal(parley.state.name, 'waiting');
    await comeBack(20_000);
    sockets.at(-1).welcome('java', { recovered: true });
    assert.equal(sockets.at(-1).url.searchParams.get('token'), `t${i + 1}`);
  }
  sockets.at(-1).drop(1008, 'the HTTP session has ended');
  assert.deepEqual(parley.state, { name: 'closed', code: 1008, reason: 'the HTTP session has ended' });
  await assert.rejects(said, { code: 'closed' });
});

test('closes with 1008 count anew after a connection that lasted', async () => {
  await enter();
  for (let i = 0; i < 5; i++) {
    mock.timers.tick(10_000);
    sockets.at(-1).drop(1008, 'the HTTP session has ended');
    await comeBack(20_000);
    sockets.at(-1).welcome('java', { recovered: true });
  }
  assert.equal(parley.state.name, 'open');
});

test('a name that cannot be is refused before it is taken, wherever it is given', async () => {
  const bad = ['x'.repeat(41), ' ', 'a\nb', 'a\u202eb', '\ud800', 42];
  for (const name of bad) {
    assert.throws(() => open({ name }), { name: 'TypeError', message: /is not a name: 1 to 40/ }, String(name));
    mock.timers.reset();
    mock.restoreAll();
  }
  assert.throws(() => connect('ws://example.org/chat?name=a%0Ab', { WebSocket: Socket }), TypeError);
  await enter({ name: '\u{1f600}'.repeat(40) });
  for (const name of ['', ...bad]) {
    await assert.rejects(parley.rename(name), { code: 'bad-name' }, String(name));
  }
  sockets[0].drop();
  await assert.rejects(parley.rename('x'.repeat(41)), { code: 'bad-name' });
  assert.equal(parley.name, '\u{1f600}'.repeat(40));
  const again = await comeBack();
  again.welcome('java');
  assert.equal(again.all('rename').length, 0);
});

test('a name that only the server refuses keeps nobody out', async () => {
  await enter({ name: 'Ann' });
  const names = [];
  parley.addEventListener('name', ({ detail }) => names.push(detail));
  sockets[0].drop();
  await parley.rename('\u{1fae9}');
  const again = await comeBack();
  assert.equal(again.url.searchParams.get('name'), 'Ann');
  again.welcome('java');
  again.answer('rename', { type: 'error', code: 'bad-name', reason: 'name is 1 to 40 printable characters' });
  await settle();
  assert.equal(parley.state.name, 'open');
  assert.equal(parley.name, 'Ann');
  assert.deepEqual(names, ['\u{1fae9}', 'Ann']);
});

test('the name that the server gives shows, and is not fought', async () => {
  open({ name: 'Ann', token: 't' }).join('java');
  const names = [];
  parley.addEventListener('name', ({ detail }) => names.push(detail));
  await settle();
  sockets[0].say({ type: 'welcome', session: 's', name: 'Benedict', limits: { bytes: 100, commandBytes: 1000, rooms: 5, rate: 0 } });
  assert.equal(parley.name, 'Benedict');
  assert.deepEqual(names, ['Benedict']);
  assert.equal(sockets[0].all('rename').length, 0);
});

/** A token with these claims that nobody has signed. */
const token = (claims) => `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`;

test('a token that cannot be is told, and the next one is asked for', async () => {
  const tokens = [token({ name: 'ä'.repeat(41) }), 42, 'x'.repeat(8193), token({ name: 'Ä'.repeat(40) })];
  const last = tokens.at(-1);
  assert.throws(() => connect('ws://example.org/chat', { WebSocket: Socket, token: tokens[0] }), /claim 'name' .* is not a name/);
  open({ token: () => tokens.shift() }).join('java');
  await settle();
  for (const words of [/no token: the claim 'name' of the token: .* is not a name/, /a token is a string/, /at most 8192/]) {
    assert.equal(parley.state.name, 'waiting');
    assert.match(parley.state.reason, words);
    await comeBack(20_000);
  }
  assert.equal(sockets.length, 1);
  assert.equal(sockets[0].url.searchParams.get('token'), last);
});

test('a token that never comes is not waited for', async () => {
  let asked = 0;
  open({ token: () => (++asked === 1 ? new Promise(() => {}) : 't') }).join('java');
  await settle();
  mock.timers.tick(30_000);
  await settle();
  assert.equal(parley.state.name, 'waiting');
  assert.match(parley.state.reason, /no token: none came within 30 s/);
  await comeBack();
  assert.equal(sockets[0].url.searchParams.get('token'), 't');
});

test('a connection without a welcome is not waited for', async () => {
  open().join('java');
  await settle();
  sockets[0].onopen();
  mock.timers.tick(30_000);
  assert.equal(parley.state.name, 'waiting');
});

test('a command without an answer for a minute ends the connection, though messages come', async () => {
  const java = await enter();
  const says = () => sockets.flatMap((socket) => socket.all('say')).length;
  java.say('x').catch(() => {});
  for (let i = 1; i <= 62 && parley.state.name === 'open'; i++) {
    sockets[0].say(sockets[0].message(i));
    mock.timers.tick(1000);
  }
  assert.equal(parley.state.name, 'waiting');
  assert.equal(says(), 1);
});

test('a handshake that is refused is explained by a plain GET of the same address', async () => {
  const answers = [
    new Response('no token\n', { status: 401, headers: { 'Content-Type': 'text/plain; charset=utf-8' } }),
    new Response('<h1>Bad gateway</h1>', { status: 502, headers: { 'Content-Type': 'text/html' } }),
    new Response('<form>', { status: 200, headers: { 'Content-Type': 'text/html' } }),
    new Response('a handshake would do', { status: 426 }),
  ];
  const asked = [];
  open({ token: 't' }).join('java');
  mock.method(globalThis, 'fetch', async (url) => {
    asked.push(String(url));
    return answers.shift();
  });
  await settle();
  const reasons = [];
  for (let i = 1; i <= 8; i++) {
    sockets.at(-1).drop();
    await new Promise(setImmediate); // a body is read
    const { status, reason } = parley.state;
    reasons.push(`${status} ${reason}`);
    await comeBack(20_000);
  }
  const page = '200 another page answers at this address, such as a login';
  assert.deepEqual(reasons, [
    '401 no token',
    '502 the server answered with HTTP status 502',
    '502 the server answered with HTTP status 502',
    page,
    page,
    page,
    page,
    'undefined ',
  ]);
  assert.equal(asked[0], 'http://example.org/chat/java?token=t');
});

test('a room that a token does not open keeps nobody out of the others', async () => {
  const java = open({ token: 't' }).join('java');
  mock.method(globalThis, 'fetch', async () => new Response('not this room', { status: 403, headers: { 'Content-Type': 'text/plain' } }));
  parley.join('tea');
  await settle();
  sockets[0].drop();
  await new Promise(setImmediate);
  const again = await comeBack();
  assert.equal(again.url.pathname, '/chat/tea');
  again.welcome('tea');
  again.answer('join', { type: 'error', room: 'java', code: 'forbidden', reason: 'this token does not give access to this room' });
  await assert.rejects(java.joined, { code: 'forbidden' });
  assert.equal(parley.state.name, 'open');
});

test('the query of the address is kept, but for what is of one room; a room in it is refused', async () => {
  open();
  parley.close();
  parley = connect('http://example.org/a/chat?tenant=x&name=Ann&history=9&after=1&epoch=e#here', { WebSocket: Socket, token: 't' });
  parley.join('java', { history: 3 });
  await settle();
  assert.equal(sockets[0].url.href, 'ws://example.org/a/chat/java?tenant=x&name=Ann&token=t&history=3');
  assert.equal(parley.name, 'Ann');
  parley.close();
  assert.throws(() => connect('ws://example.org/chat/java/', { WebSocket: Socket }), /ends in a room: .* join\('java'\)/);
  assert.throws(() => connect('ftp://example.org/chat', { WebSocket: Socket }), TypeError);
  parley = connect('ws://example.org/chat/chat', { WebSocket: Socket });
});

// Rates

/** Counts what a socket sends as the server does, and returns how many commands came over a rate. */
function count(socket, { rate, bytesPerSecond }) {
  const buckets = [
    { perSecond: rate, left: rate * 5 },
    { perSecond: bytesPerSecond, left: bytesPerSecond * 5 },
  ];
  const seen = { over: 0, at: performance.now() };
  socket.onsend = (size) => {
    const at = performance.now();
    buckets.forEach((bucket, i) => {
      const amount = i === 0 ? 1 : size;
      bucket.left = Math.min(bucket.perSecond * 5, bucket.left + ((at - seen.at) / 1000) * bucket.perSecond) - amount;
      seen.over += bucket.left < 0 ? 1 : 0;
    });
    seen.at = at;
  };
  return seen;
}

for (const [many, size, limits] of [
  [400, 60_000, { rate: 1000, bytesPerSecond: 1024 * 1024 }],
  [400, 10, { rate: 10, bytesPerSecond: 0 }],
  [400, 10, { rate: 0, bytesPerSecond: 1000 }],
]) {
  test(`${many} messages of ${size} bytes at once are said within ${JSON.stringify(limits)}, in order`, async () => {
    const java = await enter();
    sockets[0].say({ type: 'welcome', limits: { bytes: 65_536, commandBytes: 262_144, rooms: 100, ...limits } });
    const seen = count(sockets[0], { rate: limits.rate || Infinity, bytesPerSecond: limits.bytesPerSecond || Infinity });
    const said = Array.from({ length: many }, (_, i) => java.say(`${i} `.padEnd(size, 'x')));
    let answered = 0;
    for (let i = 0; i < 60 && answered < many; i++) {
      const says = sockets[0].all('say').slice(answered);
      sockets[0].say(...says.map(({ ref }, at) => ({ type: 'ack', ref, room: 'java', seq: answered + at + 1, duplicate: false })));
      answered += says.length;
      mock.timers.tick(1000);
    }
    assert.equal(answered, many);
    assert.equal(seen.over, 0);
    assert.deepEqual((await Promise.all(said)).map(({ seq }) => seq), Array.from({ length: many }, (_, i) => i + 1));
    assert.ok(sockets[0].all('say').every(({ text }, i) => text.startsWith(`${i} `)));
  });
}

test('what a room cannot carry out is tried less and less often, and other rooms do not wait', async () => {
  const java = await enter();
  const tea = parley.join('tea');
  sockets[0].answer('join', { type: 'joined', room: 'tea', epoch: 't', seq: 0, count: 1 });
  const of = (room) => sockets[0].all('say').filter((command) => command.room === room);
  java.say('x').catch(() => {});
  const times = [];
  const start = performance.now();
  for (let tried = 0; tried < 7; ) {
    if (of('java').length > tried) {
      tried = of('java').length;
      times.push(Math.round((performance.now() - start) / 1000));
      sockets[0].say({ type: 'error', ref: of('java').at(-1).ref, room: 'java', code: 'unavailable', reason: 'later' });
    }
    sockets[0].say({ type: 'pong' });
    mock.timers.tick(100);
  }
  assert.deepEqual(times, [0, 1, 3, 7, 15, 31, 51]);
  tea.say('y').catch(() => {});
  assert.equal(of('tea').length, 1);
  java.leave();
  mock.timers.tick(60_000);
  assert.equal(of('java').length, 7);
});

test('gaps of many rooms are filled one page at a time, in turn', async () => {
  await enter();
  sockets[0].say({ type: 'welcome', limits: { bytes: 100, commandBytes: 1000, rooms: 100, rate: 0 } });
  const rooms = Array.from({ length: 60 }, (_, i) => parley.join(`room-${i}`));
  for (const { ref, room } of sockets[0].all('join')) {
    sockets[0].say({ type: 'joined', ref, room, epoch: 'e', seq: 0, count: 1 });
  }
  const read = rooms.map((room) => texts(room));
  sockets[0].say(...rooms.map(({ name: room }) => ({ type: 'gap', room, after: 0, before: 3, missed: 2 })));
  const older = rooms[0].history();
  const asked = [];
  while (sockets[0].all('history').length > asked.length) {
    assert.equal(sockets[0].all('history').length, asked.length + 1, 'one at a time');
    const { ref, room, after } = sockets[0].all('history').at(-1);
    asked.push(room);
    const messages = after === undefined ? [] : [sockets[0].message(after + 1, { room })];
    sockets[0].say({ type: 'history', ref, room, epoch: 'e', more: after === 0, messages });
  }
  assert.deepEqual(await older, { messages: [], more: false });
  assert.equal(new Set(asked.slice(0, 60)).size, 60, 'in turn');
  assert.ok(read.every((all) => all.join() === 'm1,m2'));
});

test('members of many rooms are asked for a few at a time', async () => {
  await enter();
  sockets[0].say({ type: 'welcome', limits: { bytes: 100, commandBytes: 1000, rooms: 100, rate: 0 } });
  const rooms = Array.from({ length: 20 }, (_, i) => parley.join(`room-${i}`));
  for (const { ref, room } of sockets[0].all('join')) {
    sockets[0].say({ type: 'joined', ref, room, epoch: 'e', seq: 0, count: 1 });
  }
  for (let answered = 0; answered < 21; answered++) {
    assert.equal(sockets[0].all('who').length, Math.min(21, answered + 4));
    const { ref, room } = sockets[0].all('who')[answered];
    sockets[0].say({ type: 'members', ref, room, names: [`in ${room}`], count: 1, more: false });
  }
  assert.ok(rooms.every(({ name, members }) => members[0] === `in ${name}`));
});

test('a question that is no JSON is rejected, and keeps no other from its turn', async () => {
  const java = await enter();
  await assert.rejects(java.history({ before: 1n }), TypeError);
  java.history().catch(() => {});
  assert.equal(sockets[0].all('history').length, 1);
});

test('questions of rooms that wait their turn end with the connection, however many', async () => {
  const java = await enter();
  const asked = Array.from({ length: 20_000 }, () => java.history().catch(({ code }) => code));
  sockets[0].drop();
  assert.deepEqual([...new Set(await Promise.all(asked))], ['lost']);
  const again = await comeBack();
  again.welcome('java', { recovered: true });
  java.history().catch(() => {});
  assert.equal(again.all('history').length, 1);
});

test('what waits for the rate is not said in a room that was left', async () => {
  const java = await enter();
  sockets[0].say({ type: 'welcome', limits: { bytes: 100, commandBytes: 1000, rooms: 5, rate: 2 } });
  const said = Array.from({ length: 20 }, (_, i) => java.say(`m${i}`).catch(({ code }) => code));
  const before = sockets[0].all('say').length;
  assert.ok(before < 20);
  java.leave();
  mock.timers.tick(10_000);
  assert.equal(sockets[0].all('say').length, before);
  assert.equal(sockets[0].all('leave').length, 1);
  assert.deepEqual([...new Set(await Promise.all(said))], ['left']);
});

// Said again

test('what was on its way when the connection was lost is said again only when the replay does not hold it', async () => {
  const java = await enter();
  const one = java.say('one', { id: '1' });
  const two = java.say('two', { id: '2' });
  sockets[0].drop();
  const three = java.say('three', { id: '3' });
  const again = await comeBack();
  again.welcome('java', { seq: 3, recovered: true });
  assert.equal(again.all('say').length, 0);
  again.say(again.message(1), again.message(2, { id: '1' }));
  java.say('four', { id: '4' }).catch(() => {});
  assert.equal(again.all('say').length, 0);
  assert.deepEqual(await one, { id: '1', seq: 2, duplicate: true });
  again.say(again.message(3));
  assert.deepEqual(again.all('say').map(({ id }) => id), ['2', '3', '4']);
  again.say({ type: 'ack', ref: again.all('say')[0].ref, room: 'java', seq: 4, duplicate: false });
  assert.equal((await two).seq, 4);
  again.say(again.message(5, { id: '3' }));
  assert.deepEqual(await three, { id: '3', seq: 5, duplicate: false });
  assert.equal(java.unacknowledged, 1);
});

test('a replay with a gap is waited for as well, and what is lost of it not', async () => {
  const java = await enter();
  java.say('one', { id: '1' }).catch(() => {});
  sockets[0].drop();
  const again = await comeBack();
  again.welcome('java', { seq: 9, recovered: false });
  again.say({ type: 'gap', room: 'java', after: 0, before: 10, missed: 9 });
  assert.equal(again.all('say').length, 0);
  again.answer('history', { type: 'history', room: 'java', epoch: 'e', more: true, messages: [again.message(7)] });
  assert.equal(again.all('say').length, 0);
  again.answer('history', { type: 'history', room: 'java', epoch: 'e', more: false, messages: [] });
  assert.equal(again.all('say').length, 1);
});

test('what was not on its way does not wait for the replay', async () => {
  const java = await enter();
  sockets[0].drop();
  java.say('one').catch(() => {});
  const again = await comeBack();
  again.welcome('java', { seq: 9, recovered: true });
  assert.equal(again.all('say').length, 1);
});

test('a replay that stands still is not waited for', async () => {
  const java = await enter();
  java.say('one').catch(() => {});
  sockets[0].drop();
  const again = await comeBack();
  again.welcome('java', { seq: 4000, recovered: true });
  mock.timers.tick(9_000);
  again.say(again.message(1));
  mock.timers.tick(9_000);
  assert.equal(again.all('say').length, 0);
  mock.timers.tick(1_000);
  assert.equal(again.all('say').length, 1);
});

test('what is on its way is not said again when the room begins anew over the same connection', async () => {
  const java = await enter();
  java.say('one').catch(() => {});
  sockets[0].say({ type: 'joined', room: 'java', epoch: 'f', seq: 0, count: 1 });
  assert.equal(sockets[0].all('say').length, 1);
});

test('what came by is not sent again, though the server could not tell that it has it', async () => {
  const java = await enter();
  const said = java.say('one', { id: '1' });
  sockets[0].say({ type: 'error', ref: sockets[0].all('say')[0].ref, room: 'java', code: 'unavailable', reason: 'later' });
  sockets[0].say(sockets[0].message(1, { id: '1' }));
  assert.equal((await said).seq, 1);
  mock.timers.tick(5_000);
  assert.equal(sockets[0].all('say').length, 1);
});

// Lines and pages

test('a connection that errs before it has opened is lost, with or without a close', async () => {
  open().join('java');
  await settle();
  sockets[0].onerror({ message: 'Received network error or non-101 status code.' });
  assert.equal(parley.state.name, 'waiting');
  assert.match(parley.state.reason, /non-101/);
  sockets[0].drop();
  await comeBack();
  assert.equal(sockets.length, 2);
  sockets[1].onopen();
  sockets[1].welcome('java');
  sockets[1].onerror({});
  assert.equal(parley.state.name, 'open', 'its close says why');
});

test('a page that is kept for the way back is in no room, and comes back without having been lost', async () => {
  const listeners = {};
  globalThis.addEventListener = (type, listener) => (listeners[type] = listener);
  globalThis.removeEventListener = () => {};
  try {
    const java = await enter();
    const states = [];
    parley.addEventListener('state', ({ detail }) => states.push(detail.name));
    listeners.pagehide({ persisted: false });
    assert.equal(parley.state.name, 'open');
    java.say('x').catch(() => {});
    listeners.pagehide({ persisted: true });
    assert.equal(sockets[0].closedWith, 1000);
    mock.timers.tick(600_000);
    await settle();
    assert.equal(sockets.length, 1);
    listeners.pageshow({ persisted: true });
    await settle();
    assert.equal(sockets[1].url.search, '?epoch=e&after=0');
    sockets[1].welcome('java', { recovered: true });
    assert.deepEqual(states, ['connecting', 'open']);
    assert.equal(sockets[1].all('say').length, 1);
    listeners.pageshow({ persisted: true });
    assert.equal(sockets.length, 2);
  } finally {
    delete globalThis.addEventListener;
    delete globalThis.removeEventListener;
  }
});

test('a server that does not answer a command is asked for a sign of life soon, and left when there is none', async () => {
  const java = await enter();
  sockets[0].answer('who', { type: 'members', room: 'java', names: [], count: 1, more: false });
  java.say('x').catch(() => {});
  pass(4_900);
  assert.equal(sockets[0].all('ping').length, 0);
  pass(100);
  assert.equal(sockets[0].all('ping').length, 1);
  pass(11_300);
  assert.equal(parley.state.name, 'waiting');
});

test('a slow line is not a dead one', async () => {
  const java = await enter();
  const [socket] = sockets;
  socket.say({ type: 'welcome', limits: { bytes: 65_536, commandBytes: 262_144, rooms: 5, rate: 0, bytesPerSecond: 0 } });
  socket.answer('who', { type: 'members', room: 'java', names: [], count: 1, more: false });
  java.say('x'.repeat(60_000)).catch(() => {});
  socket.bufferedAmount = 60_000;
  for (let i = 0; i < 50; i++) {
    mock.timers.tick(1_000);
    socket.bufferedAmount -= 1_000;
  }
  assert.equal(parley.state.name, 'open');
});

test('it comes back at once when it is told to', async () => {
  await enter();
  parley.retry();
  assert.equal(sockets.length, 1);
  sockets[0].drop();
  parley.retry();
  await settle();
  assert.equal(sockets.length, 2);
  await comeBack(20_000);
  assert.equal(sockets.length, 2, 'the wait that was over is over');
});
