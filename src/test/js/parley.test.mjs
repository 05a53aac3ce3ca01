// What parley.js does with a server that does what the test says, over WebSocket and over event streams. Run by
// node --test.

import assert from 'node:assert/strict';
import { afterEach, mock, test } from 'node:test';
import { connect, ParleyError } from '../../../webapp/parley.js';
import { settle } from './asked.mjs';
import { LIMITS, serve, SocketLine } from './lines.mjs';

/** The lines that were opened over the transport of this test, oldest first. */
let lines = [];
let parley;
let transport = 'websocket';
/** Whether members are asked for in a test, and answered there. */
let hasMembers = false;

class Socket extends SocketLine {
  constructor(...all) {
    super(...all);
    lines.push(this);
  }
}

/** What holds over each transport. */
const table = [];
const check = (name, body) => table.push({ name, body });

/** What is about WebSocket itself, or about its commands and frames; event streams have theirs in events.test.mjs. */
const overWebSocket = (name, body) =>
  test(`websocket alone: ${name}`, { timeout: 20_000 }, () => {
    transport = 'websocket';
    hasMembers = true;
    return body();
  });

/** Opens a connection; timers and clocks stand still until they are told to go on. */
function open(options = {}) {
  mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'] });
  const elapsed = Date.now;
  mock.method(performance, 'now', () => elapsed.call(Date));
  const noNetwork = () => Promise.reject(new TypeError('there is no network here'));
  const isOpen = () => parley.state.name === 'open';
  mock.method(globalThis, 'fetch', transport === 'sse' ? serve(lines, isOpen, !hasMembers) : noNetwork);
  parley = connect('ws://example.org/chat/', { WebSocket: Socket, transport, ...options });
  return parley;
}

async function enter(options, joined) {
  const room = open(options).join('java', options);
  await settle();
  await lines[0].welcome('java', joined);
  return room;
}

async function tick(milliseconds) {
  mock.timers.tick(milliseconds);
  await settle();
}

/** Lets time pass in steps: a tick calls all that was due in it at its end. */
async function pass(milliseconds) {
  for (let passed = 0; passed < milliseconds; passed += 100) {
    await tick(100);
  }
}

async function comeBack(wait = 1000) {
  await tick(wait);
  return lines.at(-1);
}

/** Keeps what is said, until nothing more is, and returns what it was, in order. */
async function keep(line, seq, more = {}) {
  const kept = [];
  for (await settle(); line.all('say').length > kept.length; await settle()) {
    const { ref, room } = line.all('say')[kept.length];
    kept.push(line.all('say')[kept.length]);
    await line.say({ type: 'ack', ref, room, seq: seq + kept.length - 1, duplicate: false, ...more });
  }
  return kept;
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
  lines = [];
});

overWebSocket('the first room is in the address, the others are joined', async () => {
  open({ name: 'Ann & Bob', token: 't' });
  parley.join('java', { history: 5 });
  parley.join('tea', { history: 2 });
  assert.equal(parley.state.name, 'connecting');
  await settle();
  assert.equal(lines[0].url.href, 'ws://example.org/chat/java?name=Ann+%26+Bob&token=t&history=5');
  assert.equal(lines[0].protocol, 'parley.v1.json');
  await lines[0].welcome('java');
  assert.equal(parley.state.name, 'open');
  assert.deepEqual(lines[0].sent[0], { type: 'join', room: 'tea', history: 2, ref: 1 });
});

check('a name that is no room is refused here', () => {
  open();
  for (const name of ['', '.', '..', 'a b', 'ä', 'x'.repeat(65), 42, undefined, null, ['java']]) {
    assert.throws(() => parley.join(name), TypeError, String(name));
  }
  for (const history of [-1, 1.5, NaN, '5', 1e9]) {
    assert.throws(() => parley.join('java', { history }), TypeError, String(history));
  }
  assert.equal(parley.rooms.size, 0);
});

check('what is said resolves with its number when it is acknowledged', async () => {
  const java = await enter();
  const said = java.say('hello', { id: '1' });
  await lines[0].answer('say', { type: 'ack', room: 'java', seq: 7, duplicate: false });
  assert.deepEqual(await said, { id: '1', seq: 7, duplicate: false });
  const data = java.say({ a: 1 });
  const rejected = assert.rejects(data, (error) => error instanceof ParleyError && error.code === 'too-large');
  await settle();
  assert.deepEqual(lines[0].all('say').at(-1).data, { a: 1 });
  await lines[0].answer('say', { type: 'error', code: 'too-large', reason: 'at most 100 bytes' });
  await rejected;
  assert.equal(java.unacknowledged, 0);
});

check('what was not acknowledged is said again with the same id, in order, with what was said meanwhile', async () => {
  const java = await enter();
  const one = java.say('one');
  await settle();
  await lines[0].drop();
  const two = java.say('two');
  const again = await comeBack();
  assert.deepEqual(again.starts, { java: 'e:0' });
  assert.deepEqual(again.all('say'), []);
  await again.welcome('java', { recovered: true });
  const says = await keep(again, 1, { duplicate: true });
  assert.deepEqual(says.map(({ text }) => text), ['one', 'two']);
  assert.equal(says[0].id, lines[0].all('say')[0].id);
  assert.equal((await one).duplicate, true);
  assert.equal((await two).seq, 2);
});

check('what came over the rate is said again a little later', async () => {
  const java = await enter();
  const said = java.say('x');
  await lines[0].answer('say', { type: 'error', code: 'rate-limited', reason: 'later' });
  const before = lines[0].all('say').length;
  await tick(1000);
  assert.equal(lines[0].all('say').length, before + 1);
  await lines[0].answer('say', { type: 'ack', seq: 1, duplicate: false });
  assert.equal((await said).seq, 1);
});

overWebSocket('what the disk could not keep is said again with the same id, and what is behind it waits', async () => {
  const java = await enter();
  await lines[0].say({ type: 'welcome', limits: { bytes: 100, commandBytes: 1000, rooms: 5, rate: 0 } });
  const { sent } = lines[0];
  const asked = sent.length;
  const said = [java.say('one'), java.say('two')];
  const not = sent.slice(asked).map(({
    ref }) => ({ type: 'error', ref, room: 'java', code: 'unavailable', reason: 'later',
  }));
  await lines[0].say(...not);
  java.say('three').catch(() => {});
  assert.equal(sent.length, asked + 2);
  await tick(1000);
  assert.deepEqual(sent.slice(asked + 2).map(({ text }) => text), ['one', 'two', 'three']);
  const ids = (from) => sent.slice(from, from + 2).map(({ id }) => id);
  assert.deepEqual(ids(asked + 2), ids(asked));
  await lines[0].say(not[0], { type: 'ack', ref: not[1].ref, room: 'java', seq: 1, duplicate: false });
  await tick(1000);
  assert.equal(sent.length, asked + 5);
  await tick(1000);
  assert.equal(sent.at(-1).text, 'one');
  await lines[0].say({ type: 'ack', ref: not[0].ref, room: 'java', seq: 2, duplicate: false });
  assert.deepEqual((await Promise.all(said)).map(({ seq }) => seq), [2, 1]);
});

check('no more than so many may wait to be sent', async () => {
  const java = await enter({ unsent: 2 });
  java.say('1').catch(() => {});
  java.say('2').catch(() => {});
  await assert.rejects(java.say('3'), { code: 'full' });
});

check('messages are passed on once and in order, whatever comes twice', async () => {
  const java = await enter();
  const read = texts(java);
  const { message } = lines[0];
  await lines[0].say(message(1), message(2), message(2), message(1), message(3));
  assert.deepEqual(read, ['m1', 'm2', 'm3']);
});

check('a change is put into the message that was passed on, each once and the newest', async () => {
  const java = await enter();
  const passed = [];
  const changed = [];
  java.addEventListener('message', ({ detail }) => passed.push(detail));
  java.addEventListener('change', ({ detail }) => changed.push(detail));
  const at = '2026-11-21T09:30:00.123Z';
  const message = { type: 'message', room: 'java', at, from: 'Ann' };
  await lines[0].say({ ...message, seq: 1, text: 'one' });
  await lines[0].say({ ...message, seq: 2, text: 'deux', edited: { seq: 4, at } });
  await lines[0].say({ ...message, seq: 3, changes: 1, text: 'uno' });
  assert.equal(passed[0].text, 'uno');
  assert.equal(passed[0].edited.seq, 3);
  assert.deepEqual(passed[0].edited.at, new Date(at));
  assert.equal(changed[0], passed[0]);
  await lines[0].say({ ...message, seq: 4, changes: 2, text: 'deux' });
  assert.equal(changed.length, 1, 'the message had it');
  await lines[0].say({ ...message, seq: 5, changes: 1, removed: true });
  assert.equal(passed[0].text, undefined);
  assert.equal(passed[0].removed, true);
  await lines[0].say({ ...message, seq: 6, changes: 99, text: 'of one that is not here' });
  assert.equal(changed[2].seq, 99);
  assert.equal(changed[2].text, 'of one that is not here');
  assert.equal(passed.length, 2, 'a change is no message');
});

check('pieces go behind the text of their message, and what it has already is left out', async () => {
  const java = await enter();
  const passed = [];
  const changed = [];
  java.addEventListener('message', ({ detail }) => passed.push(detail));
  java.addEventListener('change', ({ detail }) => changed.push(detail.text));
  const at = '2026-11-21T09:30:00.123Z';
  const message = { type: 'message', room: 'java', at, from: 'Ann' };
  const piece = (seq, start, append, more) => ({ ...message, seq, changes: 1, start, append, ...more });
  await lines[0].say({ ...message, seq: 1, text: 'It ', open: true });
  assert.equal(passed[0].open, true);
  await lines[0].say(piece(2, 3, 'is'));
  await lines[0].say(piece(3, 3, 'is a '), piece(4, 5, ' a '));
  await lines[0].say({ ...message, seq: 5, changes: 1, text: 'So: ', open: true });
  await lines[0].say(piece(6, 4, 'log'), piece(7, 7, '.', { final: true }));
  assert.deepEqual(changed, ['It is', 'It is a ', 'So: ', 'So: log', 'So: log.']);
  assert.equal(passed[0].open, false);
  assert.equal(passed.length, 1);
  await lines[0].say(piece(8, 99, 'lost'));
  assert.equal(passed[0].text, 'So: log.');
});

check('a message whose pieces were missed is read again', async () => {
  const java = await enter();
  const passed = [];
  java.addEventListener('message', ({ detail }) => passed.push(detail));
  const at = '2026-11-21T09:30:00.123Z';
  const message = { type: 'message', room: 'java', at, from: 'Ann' };
  await lines[0].say({ ...message, seq: 1, text: 'a', open: true });
  await lines[0].say({ ...message, seq: 9, changes: 1, start: 5, append: 'f' });
  await settle();
  const { before, limit } = lines[0].all('history').at(-1);
  assert.deepEqual({ before, limit }, { before: 2, limit: 1 });
  const whole = { ...message, seq: 1, text: 'abcdef', open: true };
  await lines[0].answer('history', { type: 'history', room: 'java', epoch: 'e1', more: false, messages: [whole] });
  await settle();
  assert.equal(passed[0].text, 'abcdef');
});

overWebSocket('pieces that are appended while one is on its way go together, in whole characters', async () => {
  const java = await enter();
  const message = java.open('It', { id: 'm' });
  message.append(' ');
  message.append('is \uD83D');
  await settle();
  assert.equal(lines[0].all('say')[0].final, false);
  assert.equal(lines[0].all('append').length, 0, 'the message has no number yet');
  await lines[0].answer('say', { type: 'ack', room: 'java', seq: 5, duplicate: false });
  await settle();
  const { seq, text, final } = lines[0].all('append')[0];
  assert.deepEqual({ seq, text, final }, { seq: 5, text: ' is ', final: undefined });
  const last = message.append('\uDE00');
  const closed = message.close('.');
  await settle();
  assert.equal(lines[0].all('append').length, 1, 'one at a time');
  await lines[0].answer('append', { type: 'ack', room: 'java', seq: 6, duplicate: false });
  await settle();
  assert.equal(lines[0].all('append')[1].text, '\uD83D\uDE00.');
  assert.equal(lines[0].all('append')[1].final, true);
  await lines[0].answer('append', { type: 'ack', room: 'java', seq: 7, duplicate: false });
  assert.deepEqual([await last, await closed, await message.seq].map((one) => one.seq ?? one), [7, 7, 5]);
  await assert.rejects(message.append('more'), { code: 'not-found' });
});

overWebSocket('what an iterable gives is one message, which ends with what had come when it fails', async () => {
  const java = await enter();
  async function* tokens() {
    yield 'It';
    yield ' is';
    throw new Error('no more tokens');
  }
  const streamed = java.stream(tokens());
  const failed = assert.rejects(streamed, { message: 'no more tokens' });
  await settle();
  assert.equal(lines[0].all('say')[0].text, '');
  await lines[0].answer('say', { type: 'ack', room: 'java', seq: 5, duplicate: false });
  await settle();
  assert.deepEqual(
    lines[0].all('append').map(({ text, final }) => [text, final]),
    [['It is', true]],
  );
  await lines[0].answer('append', { type: 'ack', room: 'java', seq: 6, duplicate: false });
  await failed;
});

overWebSocket('a change is made again on the next connection, with the same id and epoch', async () => {
  const java = await enter();
  const edited = java.edit(7, 'seven', { id: 'e' });
  const removed = assert.rejects(java.remove(8), { code: 'not-found' });
  await settle();
  const { epoch, ...first } = lines[0].all('edit')[0];
  assert.deepEqual({ ...first, ref: 0 }, { type: 'edit', room: 'java', seq: 7, id: 'e', text: 'seven', ref: 0 });
  await lines[0].answer('remove', { type: 'error', code: 'not-found', reason: 'gone' });
  await removed;
  await lines[0].drop();
  await settle();
  const next = await comeBack();
  await next.welcome('java');
  await settle();
  assert.equal(next.all('edit')[0].id, 'e');
  assert.equal(next.all('edit')[0].epoch, epoch);
  await next.answer('edit', { type: 'ack', room: 'java', seq: 9, duplicate: true });
  assert.deepEqual(await edited, { seq: 9, duplicate: true });
  await assert.rejects(java.edit('seven', 'x'), TypeError);
});

check('reactions are put into their message, the newest, and are gone with what it said', async () => {
  const java = await enter({ name: 'Ann' });
  const passed = [];
  const changed = [];
  java.addEventListener('message', ({ detail }) => passed.push(detail));
  java.addEventListener('change', ({ detail }) => changed.push({ ...detail }));
  const at = '2026-11-21T09:30:00.123Z';
  const message = { type: 'message', room: 'java', at };
  const ok = (count, ...names) => [{ key: 'ok', count, names }];
  await lines[0].say({ ...message, seq: 1, text: 'one' });
  assert.deepEqual(passed[0].reactions, []);
  await lines[0].say({ ...message, seq: 2, changes: 1, from: 'Bob', reactions: ok(2, 'Bob', 'Ann') });
  assert.deepEqual(passed[0].reactions, [{ key: 'ok', count: 2, users: [], names: ['Bob', 'Ann'], mine: true }]);
  assert.equal(passed[0].text, 'one');
  assert.equal(passed[0].edited, undefined);
  await lines[0].say({ ...message, seq: 3, changes: 1, reactions: ok(12, 'Cat', 'Bob') });
  assert.equal(passed[0].reactions[0].mine, true, 'not named any more, and known from before');
  await lines[0].say({ ...message, seq: 4, text: 'two', reactions: ok(12, 'Cat'), reacted: 7 });
  assert.equal(passed[1].reactions[0].mine, undefined, 'it cannot be known');
  await lines[0].say({ ...message, seq: 6, changes: 4, reactions: ok(3, 'Dan') });
  assert.equal(passed[1].reactions[0].count, 12, 'it had newer ones');
  await lines[0].say({ ...message, seq: 7, changes: 99, reactions: ok(1, 'Bob') });
  assert.deepEqual(changed.at(-1), {
    room: 'java', seq: 99, reacted: 7, reactions: [{ key: 'ok', count: 1, users: [], names: ['Bob'], mine: false }],
  });
  await lines[0].say({ ...message, seq: 8, changes: 1, text: 'uno' });
  assert.equal(passed[0].reactions.length, 1, 'an edit keeps them');
  await lines[0].say({ ...message, seq: 9, changes: 1, removed: true });
  assert.deepEqual(passed[0].reactions, []);
  assert.equal(changed.length, 5);
});

overWebSocket('a reaction is set again on the next connection, and its sender knows that it is there', async () => {
  const java = await enter({ name: 'Ann' });
  const passed = [];
  java.addEventListener('message', ({ detail }) => passed.push(detail));
  const at = '2026-11-21T09:30:00.123Z';
  const reactions = [{ key: 'ok', count: 40, names: ['Bob'] }];
  await lines[0].say({ type: 'message', room: 'java', seq: 1, at, text: 'one', reactions, reacted: 1 });
  const on = java.react(passed[0], 'ok');
  await settle();
  const { epoch, ref, ...sent } = lines[0].all('react')[0];
  assert.deepEqual(sent, { type: 'react', room: 'java', seq: 1, key: 'ok' });
  assert.equal(epoch, 'e');
  await lines[0].drop();
  await settle();
  const next = await comeBack();
  await next.welcome('java', { seq: 1, recovered: true });
  await settle();
  await next.answer('react', { type: 'ack', room: 'java', seq: 2, duplicate: true });
  assert.deepEqual(await on, { seq: 2, duplicate: true });
  assert.equal(passed[0].reactions[0].mine, true);
  const off = java.react(1, 'ok', false);
  await settle();
  assert.equal(next.all('react')[1].off, true);
  await next.answer('react', { type: 'ack', room: 'java', seq: 3, duplicate: false });
  await off;
  assert.deepEqual(passed[0].reactions[0], { key: 'ok', count: 40, users: [], names: ['Bob'], mine: true },
    'until the event has the count');
  const left = [{ key: 'ok', count: 39, names: ['Bob'] }];
  await next.say({ type: 'message', room: 'java', seq: 3, changes: 1, at, reactions: left });
  assert.equal(passed[0].reactions[0].mine, false);
  assert.equal(passed[0].reactions[0].count, 39);
  await assert.rejects(java.react(1, 7), TypeError);
});

overWebSocket('a reaction is known as own when no event ever names its sender', async () => {
  const java = await enter({ name: 'Ann', remembered: 2 });
  const passed = [];
  java.addEventListener('message', ({ detail }) => passed.push(detail));
  const message = { type: 'message', room: 'java', at: '2026-11-21T09:30:00.123Z' };
  await lines[0].say({ ...message, seq: 1, text: 'one' });
  const react = async (seq, key) => {
    const on = java.react(1, key);
    await settle();
    await lines[0].answer('react', { type: 'ack', room: 'java', seq });
    await on;
  };
  const names = [...'bcdefghijk'];
  await react(2, 'ok');
  assert.deepEqual(passed[0].reactions, []);
  await lines[0].say({ ...message, seq: 20, changes: 1, reactions: [{ key: 'ok', count: 11, names }] });
  assert.equal(passed[0].reactions[0].mine, true);
  await lines[0].say({ ...message, seq: 21, changes: 1, reactions: [{ key: 'ok', count: 1, names: ['Bob'] }] });
  assert.equal(passed[0].reactions[0].mine, false, 'taken back elsewhere');
  await lines[0].say({ ...message, seq: 22, changes: 1, reactions: [{ key: 'ok', count: 11, names }] });
  assert.equal(passed[0].reactions[0].mine, false);
  await react(23, 'b');
  await react(24, 'c');
  await react(25, 'd');
  const now = ['b', 'c', 'd'].map((key) => ({ key, count: 11, names }));
  await lines[0].say({ ...message, seq: 30, changes: 1, reactions: now });
  assert.deepEqual(passed[0].reactions.map(({ mine }) => mine), [undefined, true, true], 'the last are remembered');
});

check('after a lost connection every room goes on from its last message', async () => {
  const java = await enter();
  parley.join('tea');
  await lines[0].answer('join', { type: 'joined', room: 'tea', epoch: 't', seq: 4, count: 1 });
  await lines[0].say(lines[0].message(1), lines[0].message(2));
  await lines[0].drop();
  assert.equal(parley.state.name, 'waiting');
  assert.equal(java.state, 'joining');
  const again = await comeBack();
  await again.welcome('java', { seq: 2, recovered: true });
  assert.deepEqual(again.starts, { java: 'e:2', tea: 't:4' });
});

check('what a gap names is fetched page by page, and all is passed on in order', async () => {
  const java = await enter();
  const read = texts(java);
  const gaps = [];
  java.addEventListener('gap', ({ detail }) => gaps.push(`${detail.state} ${detail.after}-${detail.before}`));
  const { message } = lines[0];
  await lines[0].say(message(1), { type: 'gap', room: 'java', after: 1, before: 5, missed: 3 }, message(5));
  assert.equal(lines[0].all('history').at(-1).after, 1);
  await lines[0].answer('history', { type: 'history', epoch: 'e', more: true, messages: [message(2), message(3)] });
  await lines[0].say(message(6));
  assert.deepEqual(read, ['m1', 'm2', 'm3']);
  await lines[0].answer('history', {
    type: 'history', epoch: 'e', more: false, messages: [message(4), message(5), message(6)],
  });
  await lines[0].say(message(7));
  assert.deepEqual(read, ['m1', 'm2', 'm3', 'm4', 'm5', 'm6', 'm7']);
  assert.deepEqual(gaps, ['filling 1-5', 'filled 1-5']);
});

check('what the room does not keep any more is told as lost', async () => {
  const java = await enter();
  const read = texts(java);
  const gaps = [];
  java.addEventListener('gap', ({ detail }) => gaps.push(`${detail.state} ${detail.after}-${detail.before}`));
  const { message } = lines[0];
  await lines[0].say(message(1), { type: 'gap', room: 'java', after: 1, before: 9, missed: 7 });
  await lines[0].answer('history', { type: 'history', epoch: 'e', more: false, messages: [message(5), message(6)] });
  await lines[0].answer('history', { type: 'history', epoch: 'e', more: false, messages: [] });
  await lines[0].say(message(9));
  assert.deepEqual(read, ['m1', 'm5', 'm6', 'm9']);
  assert.deepEqual(gaps, ['filling 1-9', 'lost 1-5', 'lost 6-9', 'filled 1-9']);
});

check('holes in the numbers of a cluster are no messages that are missing', async () => {
  const java = await enter();
  const read = texts(java);
  const gaps = [];
  java.addEventListener('gap', ({ detail }) => gaps.push(`${detail.state} ${detail.after}-${detail.before}`));
  const { message } = lines[0];
  const commands = lines[0].all('history').length;
  await lines[0].say(message(4), message(9));
  assert.equal(lines[0].all('history').length, commands);
  await lines[0].say({ type: 'gap', room: 'java', after: 9, before: 30, missed: 2 }, message(30));
  await lines[0].answer('history', {
    type: 'history', epoch: 'e', more: true, first: 3, messages: [message(15), message(22)],
  });
  await lines[0].answer('history', { type: 'history', epoch: 'e', more: false, first: 3, messages: [message(30)] });
  await lines[0].say(message(41), { type: 'gap', room: 'java', after: 41, before: 60 }, message(60));
  await lines[0].answer('history', {
    type: 'history', epoch: 'e', more: false, first: 50, messages: [message(55), message(60)],
  });
  assert.deepEqual(read, ['m4', 'm9', 'm15', 'm22', 'm30', 'm41', 'm55', 'm60']);
  assert.deepEqual(gaps, ['filling 9-30', 'filled 9-30', 'filling 41-60', 'lost 41-50', 'filled 41-60']);
});

check('another epoch is told, and its messages follow from the start', async () => {
  const java = await enter();
  const read = texts(java);
  const resets = [];
  java.addEventListener('reset', ({ detail }) => resets.push(detail.epoch));
  await lines[0].say(lines[0].message(1), lines[0].message(2));
  await lines[0].drop();
  const again = await comeBack();
  await again.welcome('java', { epoch: 'f', seq: 5, recovered: false });
  await again.say(again.message(4), again.message(5));
  assert.deepEqual(read, ['m1', 'm2', 'm4', 'm5']);
  assert.deepEqual(resets, ['f']);
});

check('a room that begins anew while it is open is told, be it the first or another', async () => {
  const java = await enter();
  const tea = parley.join('tea');
  await lines[0].answer('join', { type: 'joined', room: 'tea', epoch: 't', seq: 4000, count: 1 });
  const read = texts(tea);
  const resets = [];
  tea.addEventListener('reset', ({ detail }) => resets.push(`tea ${detail.epoch}`));
  java.addEventListener('reset', ({ detail }) => resets.push(`java ${detail.epoch}`));
  await lines[0].say(lines[0].message(4001, { room: 'tea' }));
  await lines[0].say({
    type: 'joined', room: 'tea', epoch: 'u', seq: 0, count: 1 }, lines[0].message(1, { room: 'tea',
  }));
  await lines[0].say({ type: 'joined', room: 'java', epoch: 'f', seq: 0, count: 1 });
  assert.deepEqual(read, ['m4001', 'm1']);
  assert.deepEqual(resets, ['tea u', 'java f']);
});

check('a connection lost right after a reset goes on from the start of the new history', async () => {
  const java = await enter();
  await lines[0].say(lines[0].message(1));
  await lines[0].drop();
  await (await comeBack()).welcome('java', { epoch: 'f', seq: 5, recovered: false });
  await lines[1].drop();
  assert.deepEqual((await comeBack(20_000)).starts, { java: 'f:0' });
  assert.equal(java.state, 'joining');
});

for (const code of [1000, 1002, 1003, 1007, 1009]) {
  overWebSocket(`after ${code} it does not come back, and what waits is rejected`, async () => {
    const java = await enter();
    const rejected = assert.rejects(java.say('x'), { code: 'closed' });
    await lines[0].drop(code, 'because');
    assert.deepEqual(parley.state, { name: 'closed', code, reason: 'because' });
    await rejected;
    await tick(100_000);
    await settle();
    assert.equal(lines.length, 1);
    assert.throws(() => parley.join('tea'), { code: 'closed' });
  });
}

check('the waits are random, double up to 20 s, and are short again after a connection that lasted', async () => {
  mock.method(Math, 'random', () => 1);
  const waits = [];
  const drop = async () => {
    await lines.at(-1).drop();
    waits.push(parley.state.seconds);
  };
  await enter();
  for (let i = 0; i < 7; i++) {
    await drop();
    await comeBack(20_000);
  }
  assert.deepEqual(waits, [1, 2, 4, 8, 16, 20, 20]);
  await lines.at(-1).welcome('java');
  await tick(10_000);
  await drop();
  assert.equal(waits.at(-1), 1);
  mock.method(Math, 'random', () => 0);
  await comeBack(20_000);
  await drop();
  assert.equal(parley.state.seconds, 1, 'half a second at least, told as one');
  mock.restoreAll();
});

check('after bye it comes back within the range that the server names', async () => {
  mock.method(Math, 'random', () => 1);
  await enter();
  await lines[0].bye({ min: 500, max: 8000 });
  assert.equal(parley.state.seconds, 8);
  await comeBack(7_999);
  assert.equal(lines.length, 1);
  await comeBack(1);
  assert.equal(lines.length, 2);
  mock.restoreAll();
});

overWebSocket('the reason of the close names the range too', async () => {
  await enter();
  await lines[0].drop(1001, 'shutdown; retry 3000-3000 ms');
  assert.equal(parley.state.seconds, 3);
});

overWebSocket('a server that says nothing is asked, and left when it does not answer', async () => {
  await enter();
  await tick(31_000);
  assert.equal(lines[0].sent.at(-1).type, 'ping');
  await tick(12_000);
  assert.equal(parley.state.name, 'waiting');
  assert.equal(lines[0].closedWith, undefined);
});

check('members are those of who, and then of presence', async () => {
  hasMembers = true;
  const java = await enter();
  await lines[0].answer('who', { type: 'members', room: 'java', names: ['Cay', 'Ann'], count: 3, more: false });
  assert.deepEqual(java.members, ['Ann', 'Cay']);
  await lines[0].say({ type: 'presence', room: 'java', joined: ['Bob'], left: ['Cay', 'Dan'], count: 4 });
  assert.deepEqual(java.members, ['Ann', 'Bob']);
  assert.equal(java.count, 4);
  assert.equal(java.hasAllMembers, true);
  await lines[0].say({ type: 'presence', room: 'java', count: 5000 });
  assert.equal(java.hasAllMembers, false);
  await lines[0].say({ type: 'presence', room: 'java', names: ['Eve'], count: 1 });
  assert.deepEqual(java.members, ['Eve']);
  assert.equal(java.hasAllMembers, true);
});

overWebSocket('people are users with their connections, and names that are no user; any of both may be called __proto__', async () => {
  const java = await enter();
  const ann = { user: '7', name: 'Ann', connections: 2 };
  await lines[0].answer('who', { type: 'members', room: 'java', names: ['Ann', 'Bob'], members: [ann], count: 3, more: false });
  assert.deepEqual(java.people, [ann, { name: 'Bob' }]);
  const proto = { user: '__proto__', name: '__proto__', connections: 1 };
  let told;
  java.addEventListener('members', ({ detail }) => (told = detail), { once: true });
  await lines[0].say({ type: 'presence', room: 'java', joined: ['__proto__'], left: [], members: [proto], count: 4 });
  assert.deepEqual(told.people, [proto, ann, { name: 'Bob' }]);
  assert.deepEqual(java.people, told.people);
  const anna = { user: '7', name: 'Anna', connections: 1 };
  await lines[0].say({
    type: 'presence', room: 'java', joined: ['Anna'], left: ['Ann', '__proto__'], members: [anna], gone: [{ user: '__proto__' }], count: 2,
  });
  assert.deepEqual(java.people, [anna, { name: 'Bob' }]);
  await lines[0].say({ type: 'presence', room: 'java', names: ['Bob'], count: 1 });
  assert.deepEqual(java.people, [{ name: 'Bob' }]);
});

overWebSocket('a state is sent as fast as it is taken, the newest alone, and again over another connection', async () => {
  const java = await enter();
  const taken = [];
  for (const x of [1, 2, 3]) {
    java.setState({ x }).then(() => taken.push(x));
  }
  const states = (socket) => socket.all('state').map(({ state }) => state);
  assert.deepEqual(states(lines[0]), [{ x: 1 }]);
  await lines[0].answer('state', { type: 'ack', room: 'java' });
  await settle();
  assert.deepEqual(taken, [1]);
  assert.deepEqual(states(lines[0]), [{ x: 1 }, { x: 3 }], 'what came meanwhile is one');
  await lines[0].drop();
  mock.timers.tick(60_000);
  await settle();
  await lines[1].welcome('java');
  assert.deepEqual(states(lines[1]), [{ x: 3 }]);
  await lines[1].answer('state', { type: 'ack', room: 'java' });
  await settle();
  assert.deepEqual(taken, [1, 2, 3]);
  java.setState(null);
  assert.deepEqual(states(lines[1]), [{ x: 3 }, null]);
  await lines[1].answer('state', { type: 'ack', room: 'java' });
  await lines[1].drop();
  mock.timers.tick(60_000);
  await settle();
  await lines[2].welcome('java');
  assert.deepEqual(states(lines[2]), [], 'nothing is shown any more');
});

overWebSocket('a state that the server refuses, or that cannot be told any more, is rejected', async () => {
  const java = await enter();
  const refused = assert.rejects(java.setState({ x: 1 }), { code: 'room-full' });
  await lines[0].answer('state', { type: 'error', room: 'java', code: 'room-full', reason: 'no' });
  await refused;
  const sent = java.setState({ x: 2 });
  const withdrawn = assert.rejects(java.setState({ x: 3 }), { code: 'left' });
  java.leave();
  await withdrawn;
  await lines[0].answer('state', { type: 'ack', room: 'java' });
  await sent;
  await assert.rejects(java.setState({ x: 4 }), { code: 'left' });
});

const watched = (rooms, more = {}) => ({ type: 'watched', rooms, ...more });
/** What is known, a word a room. */
const known = (rooms) => [...rooms.values()].map(({ name, seq = '-', count }) => `${name} ${seq} ${count}`).join();

overWebSocket('rooms are watched, also over another connection', async () => {
  const calls = [];
  open().join('java');
  const heard = (rooms, change) => calls.push([known(rooms), change, rooms]);
  const taken = parley.watch(['java', 'team-*'], heard, { last: true, marks: true });
  await settle();
  await lines[0].welcome('java');
  const asked = lines[0].all('watch').map(({ rooms, last, marks }) => [rooms, last, marks]);
  assert.deepEqual(asked, [[['java', 'team-*'], true, true]]);
  await lines[0].answer('watch', { type: 'ack' });
  await taken;
  const last = lines[0].message(7, { from: 'Ann' });
  const read = { mark: 3, unread: 4 };
  const java = { room: 'java', epoch: 'e', seq: 7, count: 2, last, ...read };
  await lines[0].say(watched([java, { room: 'team-1', count: 0 }]));
  assert.equal(calls[0][0], 'java 7 2,team-1 - 0');
  assert.deepEqual(calls[0][1], { changed: ['java', 'team-1'], gone: [], more: false });
  assert.equal(calls[0][2].get('java').last.at.toISOString(), last.at);
  assert.equal(calls[0][2].get('java').last.from, 'Ann');
  const marks = ({ mark, unread, more }) => [mark, unread, more];
  assert.deepEqual(marks(calls[0][2].get('java')), [3, 4, false]);
  assert.deepEqual(marks(calls[0][2].get('team-1')), [undefined, undefined, undefined]);
  await lines[0].say(watched([{ room: 'java', epoch: 'e', seq: 8, count: 2 }], { gone: ['team-1'], more: true }));
  assert.equal(calls[1][0], 'java 8 2');
  assert.deepEqual(calls[1][1], { changed: ['java'], gone: ['team-1'], more: true });
  assert.equal(calls[0][0], 'java 7 2,team-1 - 0', 'an event of before is as it was');
  await lines[0].drop();
  mock.timers.tick(60_000);
  await settle();
  await lines[1].welcome('java');
  await lines[1].answer('watch', { type: 'ack' });
  await lines[1].say(watched([{ room: 'team-2', count: 1 }]));
  assert.equal(calls[2][0], 'team-2 - 1', 'all comes anew');
});
overWebSocket('another list takes the place of the first, and an empty one ends it', async () => {
  await enter();
  const calls = [];
  const first = parley.watch(['a'], () => calls.push('first'));
  const second = parley.watch(['b'], (rooms) => calls.push(known(rooms)));
  await first;
  await lines[0].answer('watch', { type: 'ack' });
  await second;
  await lines[0].say(watched([{ room: 'b', count: 1 }]));
  assert.deepEqual(calls, ['b - 1']);
  const none = parley.watch([]);
  await lines[0].say(watched([{ room: 'b', count: 2 }]));
  await lines[0].answer('watch', { type: 'ack' });
  await none;
  assert.deepEqual(calls, ['b - 1']);
  await lines[0].drop();
  mock.timers.tick(60_000);
  await settle();
  await lines[1].welcome('java');
  assert.deepEqual(lines[1].all('watch'), []);
});
overWebSocket('what comes before a list is taken is of the list before', async () => {
  await enter();
  const calls = [];
  parley.watch(['a'], () => calls.push('first'));
  await lines[0].answer('watch', { type: 'ack' });
  const second = parley.watch(['b'], (rooms) => calls.push(known(rooms)));
  await lines[0].say(watched([{ room: 'a', count: 1 }]));
  assert.deepEqual(calls, []);
  await lines[0].answer('watch', { type: 'ack' });
  await second;
  await lines[0].say(watched([{ room: 'b', count: 1 }]));
  assert.deepEqual(calls, ['b - 1']);
});
overWebSocket('a list that the server refuses over another connection ends with an error', async () => {
  await enter();
  const calls = [];
  const taken = parley.watch(['a', 'b*'], (rooms, { gone, error }) => calls.push([known(rooms), gone, error?.code]));
  await lines[0].answer('watch', { type: 'ack' });
  await taken;
  await lines[0].say(watched([{ room: 'a', count: 1 }, { room: 'b1', count: 2 }]));
  await lines[0].drop();
  mock.timers.tick(60_000);
  await settle();
  await lines[1].welcome('java');
  await lines[1].answer('watch', { type: 'error', code: 'too-many-rooms', reason: 'no' });
  assert.deepEqual(calls[1], ['', ['a', 'b1'], 'too-many-rooms']);
  await lines[1].say(watched([{ room: 'a', count: 3 }]));
  assert.equal(calls.length, 2);
});
overWebSocket('a list that is refused, or cannot be, is rejected', async () => {
  await enter();
  const refused = assert.rejects(parley.watch(['secret'], () => {}), { code: 'forbidden' });
  await lines[0].answer('watch', { type: 'error', code: 'forbidden', reason: 'no' });
  await refused;
  for (const wrong of [['a b'], [1], ['..'], [undefined], 'a b', ['']]) {
    assert.throws(() => parley.watch(wrong, () => {}), TypeError);
  }
  assert.throws(() => parley.watch(['a']), TypeError);
  await lines[0].drop();
  mock.timers.tick(60_000);
  await settle();
  await lines[1].welcome('java');
  assert.deepEqual(lines[1].all('watch'), [], 'it is not asked for again');
  const waits = assert.rejects(parley.watch(['a'], () => {}), { code: 'closed' });
  parley.close();
  await waits;
  assert.throws(() => parley.watch(['a'], () => {}), { code: 'closed' });
});
overWebSocket('members show states', async () => {
  const java = await enter();
  const bob = { name: 'Bob', connections: 1, state: { ['__proto__']: 1, cursor: [1, 2] } };
  await lines[0].say({ type: 'presence', room: 'java', joined: ['Bob'], left: [], count: 2, members: [bob] });
  assert.deepEqual(java.people, [bob]);
  await lines[0].say({ type: 'presence', room: 'java', joined: [], left: [], count: 2, gone: [{ name: 'Bob' }] });
  assert.deepEqual(java.people, [{ name: 'Bob' }]);
});

overWebSocket('messages, signals and the connection say which user it is', async () => {
  const java = await enter();
  const users = [];
  java.addEventListener('message', ({ detail }) => users.push(detail.user));
  java.addEventListener('signal', ({ detail }) => users.push(detail.user));
  await lines[0].say({ type: 'welcome', session: 's', user: '7', limits: { bytes: 100, commandBytes: 1000, rooms: 5, rate: 0 } });
  await lines[0].say(lines[0].message(1, { from: 'Ann', user: '7' }), { type: 'signal', room: 'java', user: '8', data: 1 });
  assert.deepEqual([parley.user, ...users], ['7', '7', '8']);
});

overWebSocket('a state that the server refuses is not sent again, and the one before it is', async () => {
  const java = await enter();
  const states = (socket) => socket.all('state').map(({ state }) => state.x);
  const refuse = (socket) =>
    socket.answer('state', { type: 'error', room: 'java', code: 'too-large', reason: 'on purpose' });
  const comeBack = async (n) => {
    await lines[n - 1].drop();
    mock.timers.tick(60_000);
    await settle();
    await lines[n].welcome('java');
  };
  const first = java.setState({ x: 1 });
  await lines[0].answer('state', { type: 'ack', room: 'java' });
  await first;
  const refused = assert.rejects(java.setState({ x: 2 }), { code: 'too-large' });
  await refuse(lines[0]);
  await refused;
  assert.deepEqual(states(lines[0]), [1, 2], 'this connection shows the first');
  await comeBack(1);
  assert.deepEqual(states(lines[1]), [1]);
  await lines[1].answer('state', { type: 'ack', room: 'java' });
  const onItsWay = assert.rejects(java.setState({ x: 3 }), { code: 'too-large' });
  await comeBack(2);
  assert.deepEqual(states(lines[2]), [3]);
  await refuse(lines[2]);
  await onItsWay;
  assert.deepEqual(states(lines[2]), [3, 1], 'nothing was shown yet');
  await refuse(lines[2]);
  assert.deepEqual(states(lines[2]), [3, 1], 'not for ever');
  await comeBack(3);
  assert.deepEqual(states(lines[3]), []);
});

overWebSocket('marks: the furthest is sent, again after the connection was lost, and the promise has what holds', async () => {
  const java = await enter();
  const held = [];
  for (const seq of [1, 5, 3]) {
    java.mark(seq).then((mark) => held.push(mark));
  }
  const marks = (socket) => socket.all('mark').map(({ seq }) => seq);
  assert.deepEqual(marks(lines[0]), [1]);
  await lines[0].answer('mark', { type: 'ack', room: 'java', seq: 4 });
  await settle();
  assert.deepEqual(held, [4]);
  assert.deepEqual(marks(lines[0]), [1, 5], 'what came meanwhile is one');
  await lines[0].drop();
  mock.timers.tick(60_000);
  await settle();
  await lines[1].welcome('java');
  assert.deepEqual(marks(lines[1]), [5]);
  await lines[1].answer('mark', { type: 'ack', room: 'java', seq: 5 });
  await settle();
  assert.deepEqual(held, [4, 5, 5]);
  const refused = assert.rejects(java.mark(6), { code: 'forbidden' });
  await lines[1].answer('mark', { type: 'error', room: 'java', code: 'forbidden', reason: 'no user' });
  await refused;
  await assert.rejects(java.mark(-1), TypeError);
  await assert.rejects(java.mark('x'), TypeError);
  const sent = java.mark(7);
  const withdrawn = assert.rejects(java.mark(8), { code: 'left' });
  java.leave();
  await withdrawn;
  await lines[1].answer('mark', { type: 'ack', room: 'java', seq: 7 });
  assert.equal(await sent, 7);
  await assert.rejects(java.mark(9), { code: 'left' });
});

overWebSocket('a mark that cannot be kept now is sent again by itself, and no message waits behind it', async () => {
  const java = await enter();
  const held = [];
  java.mark(2).then((mark) => held.push(mark));
  const marks = (socket) => socket.all('mark').map(({ seq }) => seq);
  const refuse = (socket) => socket.answer('mark', { type: 'error', room: 'java', code: 'unavailable', reason: 'later' });
  await refuse(lines[0]);
  java.mark(5).then((mark) => held.push(mark));
  java.mark(4).then((mark) => held.push(mark));
  java.say('hello').catch(() => {});
  assert.equal(lines[0].all('say').length, 1);
  await tick(900);
  assert.deepEqual(marks(lines[0]), [2]);
  await tick(100);
  assert.deepEqual(marks(lines[0]), [2, 5], 'the furthest alone');
  await refuse(lines[0]);
  await tick(1_900);
  assert.deepEqual(marks(lines[0]), [2, 5]);
  await tick(100);
  assert.deepEqual(marks(lines[0]), [2, 5, 5], 'after twice the time');
  await lines[0].answer('mark', { type: 'ack', room: 'java', seq: 5 });
  await settle();
  assert.deepEqual(held, [5, 5, 5]);
  java.mark(6).catch(() => {});
  await refuse(lines[0]);
  await lines[0].drop();
  mock.timers.tick(60_000);
  await settle();
  await lines[1].welcome('java');
  assert.deepEqual(marks(lines[1]), [6], 'another connection does not wait');
  await refuse(lines[1]);
  const left = assert.rejects(java.mark(7), { code: 'left' });
  java.leave();
  await left;
  await tick(60_000);
  assert.deepEqual(marks(lines[1]), [6]);
});

check('what is unread may be told after the room was entered, with the mark or without', async () => {
  const java = await enter({}, { seq: 3, mark: 1 });
  assert.deepEqual([java.marked, java.unread, java.hasMoreUnread], [1, null, false]);
  await lines[0].say(lines[0].message(4));
  assert.deepEqual([java.marked, java.unread], [1, null]);
  await lines[0].say({ type: 'mark', room: 'java', epoch: 'e', seq: 3, mark: 1, unread: 2 });
  assert.deepEqual([java.marked, java.unread], [1, 3], 'the fourth came behind those that were counted');
});

overWebSocket('a lower mark does not take the place of one that was lost on its way', async () => {
  const java = await enter();
  const held = Promise.all([java.mark(10), java.mark(5)]);
  const marks = (socket) => socket.all('mark').map(({ seq }) => seq);
  assert.deepEqual(marks(lines[0]), [10]);
  await lines[0].drop();
  mock.timers.tick(60_000);
  await settle();
  await lines[1].welcome('java');
  assert.deepEqual(marks(lines[1]), [10]);
  await lines[1].answer('mark', { type: 'ack', room: 'java', seq: 10 });
  assert.deepEqual(await held, [10, 10]);
});

overWebSocket('a mark on its way when its room is left ends with the connection', async () => {
  const java = await enter();
  const lost = assert.rejects(java.mark(10), { code: 'lost' });
  java.leave();
  await lines[0].drop();
  await lost;
});

check('unread: what the server counted, and what came behind that, each once', async () => {
  const java = await enter({}, { seq: 3, mark: 1, unread: 2 });
  assert.deepEqual([java.marked, java.unread, java.hasMoreUnread], [1, 2, false]);
  const told = [];
  java.addEventListener('mark', ({ detail }) => told.push([detail.mark, detail.unread, detail.more]));
  await lines[0].say(lines[0].message(4), lines[0].message(5));
  assert.equal(java.unread, 4);
  const mark = (fields) => ({ type: 'mark', room: 'java', epoch: 'e', ...fields });
  await lines[0].say(mark({ seq: 6, mark: 4, unread: 2 }));
  assert.deepEqual([java.marked, java.unread], [4, 2], 'the sixth is counted before it comes');
  await lines[0].say(lines[0].message(6), lines[0].message(7));
  assert.equal(java.unread, 3);
  await lines[0].say(mark({ seq: 7, mark: 2, unread: 5 }), mark({ seq: 7, mark: 9, unread: 0, epoch: 'another' }));
  assert.equal(java.unread, 3, 'a mark never goes back, and one of another epoch means nothing');
  await lines[0].say(mark({ seq: 200, mark: 5, unread: 100 }));
  assert.deepEqual([java.unread, java.hasMoreUnread], [100, false]);
  await lines[0].say(mark({ seq: 200, mark: 6, unread: 100, more: true }));
  assert.deepEqual([java.unread, java.hasMoreUnread], [100, true]);
  assert.deepEqual(told, [
    [1, 3, false], [1, 4, false], [4, 2, false], [4, 3, false], [5, 100, false], [6, 100, true],
  ]);
});

check('an iteration has every message from its beginning and ends when the room is left', async () => {
  const java = await enter();
  const reader = java[Symbol.asyncIterator]();
  await lines[0].say(lines[0].message(1), lines[0].message(2));
  java.leave();
  const read = [];
  for await (const message of reader) {
    read.push(message.text);
  }
  assert.deepEqual(read, ['m1', 'm2']);
});

check('an iteration that is read too slowly fails, and does not grow', async () => {
  const java = await enter({ remembered: 2 });
  const reader = java[Symbol.asyncIterator]();
  for (let seq = 1; seq <= 5; seq++) {
    await lines[0].say(lines[0].message(seq));
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

check("one's own messages are known", async () => {
  const java = await enter();
  const own = [];
  java.addEventListener('message', ({ detail }) => own.push(detail.own));
  java.say('x', { id: 'mine' }).catch(() => {});
  await settle();
  await lines[0].say(lines[0].message(1, { id: 'mine' }), lines[0].message(2, { id: 'theirs' }), lines[0].message(3));
  assert.deepEqual(own, [true, false, false]);
});

check('a room that cannot be entered says why', async () => {
  await enter();
  const tea = parley.join('tea');
  await lines[0].answer('join', { type: 'error', code: 'forbidden', reason: 'not this room' });
  await assert.rejects(tea.joined, { code: 'forbidden' });
  assert.equal(tea.state, 'left');
  assert.equal(parley.rooms.has('tea'), false);
});

check('a room left while connecting is left on the server too', async () => {
  const java = open().join('java');
  parley.join('tea');
  await settle();
  java.leave();
  await lines[0].welcome('java');
  assert.deepEqual(lines[0].all('leave').map(({ room }) => room), ['java']);
  assert.deepEqual(Object.keys(lines[0].starts).sort(), ['java', 'tea']);
});

check('what is asked of a room that was left, or over a connection that was closed, says so', async () => {
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

check('another name is taken at once, or with the next connection', async () => {
  await enter({ name: 'Ann' });
  const renamed = parley.rename('Bob');
  await lines[0].answer('rename', { type: 'ack' });
  await renamed;
  await lines[0].drop();
  await parley.rename('Cay');
  assert.equal(parley.name, 'Cay');
  const again = await comeBack();
  await again.welcome('java', { recovered: true });
  assert.equal(again.all('rename')[0].name, 'Cay');
  await again.answer('rename', { type: 'ack' });
  await settle();
  await again.drop();
  assert.equal((await comeBack(2000)).name, 'Cay');
});

check('a token is asked for before each connection', async () => {
  let tokens = 0;
  open({ token: async () => `t${++tokens}` }).join('java');
  await settle();
  assert.equal(lines[0].token, 't1');
  await lines[0].drop();
  assert.equal((await comeBack()).token, 't2');
});

check('when its token has expired it comes back with another, if there can be one', async () => {
  let tokens = 0;
  await enter({ token: () => `t${++tokens}` });
  await lines[0].expire();
  assert.equal(parley.state.name, 'waiting');
  assert.equal((await comeBack()).token, 't2');
});

check('when its only token has expired it does not come back', async () => {
  await enter({ token: 't' });
  await lines[0].expire();
  assert.deepEqual(parley.state, { name: 'closed', code: 1008, reason: 'token expired' });
  await comeBack(60_000);
  assert.equal(lines.length, 1);
});

check('back online it comes back at once', async () => {
  const listeners = [];
  globalThis.addEventListener = (type, listener) => listeners.push([type, listener]);
  globalThis.removeEventListener = () => {};
  try {
    await enter();
    await lines[0].drop();
    assert.equal(lines.length, 1);
    listeners.find(([type]) => type === 'online')[1]();
    await settle();
    assert.equal(lines.length, 2);
    await comeBack(30_000);
    assert.equal(lines.length, 2, 'the wait that was over is over');
  } finally {
    delete globalThis.addEventListener;
    delete globalThis.removeEventListener;
  }
});

check('what is said twice with one id is answered twice, over a lost connection too', async () => {
  const java = await enter();
  const said = [java.say('x', { id: 'same' }), java.say('x', { id: 'same' })];
  assert.equal(java.unacknowledged, 2);
  await settle();
  await lines[0].drop();
  const again = await comeBack();
  await again.welcome('java', { recovered: true });
  let many = 0;
  for (; again.all('say').length > many; many++) {
    const { ref } = again.all('say')[many];
    await again.say({ type: 'ack', ref, seq: 1, duplicate: many > 0 });
  }
  assert.equal(many, 2);
  assert.deepEqual((await Promise.all(said)).map(({ duplicate }) => duplicate), [false, true]);
});

check('what is no JSON is rejected when it is said, and keeps nothing else from being said', async () => {
  const java = await enter();
  await lines[0].drop();
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
  await again.welcome('java', { recovered: true });
  assert.deepEqual(again.all('say').map(({ data }) => data), [{ mood: 'fine' }]);
});

check('a room left while it is being entered stays left, and is left on the server', async () => {
  await enter();
  const tea = parley.join('tea');
  await settle();
  tea.leave();
  await lines[0].answer('join', { type: 'joined', room: 'tea', epoch: 't', seq: 0, count: 1 });
  assert.equal(tea.state, 'left');
  const changes = lines[0].sent.filter(({ type }) => type === 'join' || type === 'leave');
  assert.deepEqual(changes.map(({ type, room }) => `${type} ${room}`), ['join tea', 'leave tea']);
});

check('a room joined again by who hears that it was left is left first', async () => {
  const java = await enter();
  java.addEventListener('state', ({ detail }) => detail === 'left' && parley.join('java'));
  java.leave();
  await settle();
  assert.deepEqual(lines[0].sent.map(({ type }) => type).filter((type) => type !== 'who'), ['leave', 'join']);
});

check('a room joined again has nothing of the one before', async () => {
  const java = await enter();
  const { message } = lines[0];
  await lines[0].say(message(1));
  java.leave();
  const again = parley.join('java', { history: 3 });
  const read = texts(again);
  await lines[0].say(message(2), { type: 'gap', room: 'java', after: 2, before: 4, missed: 1 });
  await lines[0].answer('leave', { type: 'left', room: 'java' });
  await lines[0].answer('join', { type: 'joined', room: 'java', epoch: 'e', seq: 3, count: 1 });
  await lines[0].say(message(1), message(2), message(3));
  assert.deepEqual(read, ['m1', 'm2', 'm3']);
});

check('a room left and joined again while connecting starts as it was asked to', async () => {
  open().join('java');
  await settle();
  parley.rooms.get('java').leave();
  const java = parley.join('java', { history: 2 });
  const read = texts(java);
  const { message } = lines[0];
  await lines[0].welcome('java', { seq: 2 });
  assert.equal(java.state, 'joining');
  await lines[0].answer('join', { type: 'joined', room: 'java', epoch: 'e', seq: 2, count: 1 });
  await lines[0].say(message(1), message(2));
  assert.deepEqual(read, ['m1', 'm2']);
});

check('messages of another epoch are not lost when the connection is, before the first of them', async () => {
  const java = await enter();
  const read = texts(java);
  await lines[0].say(lines[0].message(1));
  await lines[0].drop();
  const other = await comeBack();
  await other.welcome('java', { epoch: 'f', seq: 5, recovered: false });
  await other.drop();
  const again = await comeBack(2000);
  assert.deepEqual(again.starts, { java: 'f:0' });
  await again.welcome('java', { epoch: 'f', seq: 6, recovered: true });
  await again.say(again.message(1), again.message(2));
  assert.deepEqual(read, ['m1', 'm1', 'm2']);
});

check('a history that was asked for begins where it would have, over a connection lost before it comes', async () => {
  await enter({ history: 3 }, { seq: 10 });
  await lines[0].drop();
  const again = await comeBack();
  assert.deepEqual(again.starts, { java: 'e:7' });
});

check('what is missed before the first message is fetched too', async () => {
  const java = await enter({ history: 3 }, { seq: 3 });
  const read = texts(java);
  const { message } = lines[0];
  await lines[0].say({ type: 'gap', room: 'java', after: 0, before: 5, missed: 4 }, message(5));
  await lines[0].answer('history', {
    type: 'history', epoch: 'e', more: false, messages: [1, 2, 3, 4, 5].map((seq) => message(seq)),
  });
  assert.deepEqual(read, ['m1', 'm2', 'm3', 'm4', 'm5']);
});

check('closed is closed, also by who hears that the connection is lost', async () => {
  const java = await enter();
  java.addEventListener('state', ({ detail }) => detail === 'joining' && parley.close());
  await lines[0].drop();
  assert.equal(parley.state.name, 'closed');
  await comeBack(30_000);
  assert.equal(parley.state.name, 'closed');
});

check('a token that fails after close changes nothing', async () => {
  let fail;
  open({ token: () => new Promise((_, reject) => (fail = reject)) }).join('java');
  await settle();
  parley.close();
  fail(new Error('too late'));
  await settle();
  assert.equal(parley.state.name, 'closed');
});

check('without a token, whatever was thrown, it tries again', async () => {
  open({ token: () => Promise.reject() }).join('java');
  await settle();
  assert.equal(parley.state.name, 'waiting');
});

overWebSocket('a socket that cannot be made is tried again', async () => {
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
  assert.equal(lines.length, 1);
});

check('a room joined by who hears that the connection is lost is joined with the next', async () => {
  const java = await enter();
  java.addEventListener('state', ({ detail }) => detail === 'joining' && parley.join('tea'));
  await lines[0].drop();
  const again = await comeBack();
  await again.welcome('java', { recovered: true });
  assert.deepEqual(Object.keys(again.starts).sort(), ['java', 'tea']);
});

check('an iteration answers all who ask, in order, and ends for all of them', async () => {
  const java = await enter();
  const reader = java[Symbol.asyncIterator]();
  const asked = [reader.next(), reader.next(), reader.next(), reader.next()];
  await lines[0].say(lines[0].message(1), lines[0].message(2));
  assert.equal((await asked[0]).value.text, 'm1');
  assert.equal((await asked[1]).value.text, 'm2');
  await reader.return();
  assert.equal((await asked[2]).done, true);
  assert.equal((await asked[3]).done, true);
  assert.equal((await reader.next()).done, true);
});

overWebSocket('what came over the rate is given again in order, at less than the rate', async () => {
  const java = await enter();
  await lines[0].say({ type: 'welcome', limits: { bytes: 100, commandBytes: 1000, rooms: 5, rate: 10 } });
  const { sent } = lines[0];
  const asked = sent.length;
  for (let i = 0; i < 20; i++) {
    java.say(`m${i}`).catch(() => {});
  }
  await lines[0].say(...sent.slice(asked).map(({
    ref }) => ({ type: 'error', ref, code: 'rate-limited', reason: 'later',
  })));
  java.say('m20').catch(() => {});
  assert.equal(sent.length, asked + 20);
  const counts = [];
  for (let i = 0; i < 4; i++) {
    const before = sent.length;
    await tick(1000);
    counts.push(sent.length - before);
  }
  assert.deepEqual(counts, [9, 9, 3, 0]);
  assert.deepEqual(sent.slice(asked + 20).map(({ text }) => text), Array.from({ length: 21 }, (_, i) => `m${i}`));
  java.say('at once again').catch(() => {});
  assert.equal(sent.at(-1).text, 'at once again');
});

check('every command that came over the rate is given again, and none over a lost connection', async () => {
  hasMembers = true;
  const java = await enter();
  const limited = { type: 'error', code: 'rate-limited', reason: 'later' };
  await lines[0].answer('who', limited);
  await tick(1000);
  await tick(1000);
  await lines[0].answer('who', { type: 'members', room: 'java', names: ['Ann'], count: 1, more: false });
  assert.deepEqual(java.members, ['Ann']);
  const page = java.history();
  await lines[0].answer('history', limited);
  await tick(1000);
  await tick(1000);
  await lines[0].answer('history', { type: 'history', room: 'java', epoch: 'e', more: false, messages: [] });
  assert.deepEqual(await page, { messages: [], more: false });
  java.say('x').catch(() => {});
  await lines[0].answer('say', limited);
  await lines[0].drop();
  const again = await comeBack(999);
  await again.welcome('java', { recovered: true });
  await tick(2000);
  assert.equal(again.all('say').length, 1);
});

check('what is said by who hears of the entry comes after what waits, and once', async () => {
  const java = await enter();
  java.say('before').catch(() => {});
  await settle();
  await lines[0].drop();
  java.addEventListener('state', ({ detail }) => detail === 'joined' && java.say('after').catch(() => {}));
  const again = await comeBack();
  await again.welcome('java', { recovered: true });
  assert.deepEqual((await keep(again, 1)).map(({ text }) => text), ['before', 'after']);
});

check('after a room was left nothing comes, of the same page neither', async () => {
  const java = await enter();
  const read = texts(java);
  const { message } = lines[0];
  java.addEventListener('message', ({ detail }) => detail.seq === 2 && java.leave());
  await lines[0].say(message(1), { type: 'gap', room: 'java', after: 1, before: 5, missed: 3 });
  const commands = lines[0].sent.length;
  await lines[0].answer('history', { type: 'history', epoch: 'e', more: true, messages: [message(2), message(3)] });
  assert.deepEqual(read, ['m1', 'm2']);
  assert.deepEqual(lines[0].sent.slice(commands).map(({ type }) => type), ['leave']);
});

check('a room joined by who hears that it is open is joined once', async () => {
  open().join('java');
  parley.addEventListener('state', ({ detail }) => detail.name === 'open' && parley.join('tea'));
  await settle();
  await lines[0].welcome('java');
  assert.equal(lines[0].all('join').length, 1);
});

overWebSocket('a server that has answered is not left over an older question', async () => {
  const listeners = [];
  globalThis.addEventListener = (type, listener) => listeners.push(listener);
  globalThis.removeEventListener = () => {};
  try {
    await enter();
    listeners[0]();
    await tick(100);
    await lines[0].answer('ping', { type: 'pong' });
    await tick(9_800);
    listeners[0]();
    await tick(200);
    assert.equal(parley.state.name, 'open');
    await tick(9_800);
    assert.equal(parley.state.name, 'waiting');
  } finally {
    delete globalThis.addEventListener;
    delete globalThis.removeEventListener;
  }
});

check('what would end the connection by its size is rejected alone', async () => {
  const java = await enter();
  const commands = lines[0].sent.length;
  await assert.rejects(java.say('ä'.repeat(500)), { code: 'too-large' });
  assert.equal(lines[0].sent.length, commands);
  assert.equal(java.unacknowledged, 0);
});

// Clocks

overWebSocket('a clock that is set back neither hides a dead line nor changes a wait', async () => {
  await enter();
  const set = Date.now;
  mock.method(Date, 'now', () => set.call(Date) - 3_600_000);
  await pass(15_000);
  assert.equal(lines[0].sent.at(-1).type, 'ping');
  await pass(1_300);
  assert.equal(parley.state.name, 'waiting');
  assert.ok(parley.state.seconds <= 1, `${parley.state.seconds} s`);
  await comeBack();
  assert.equal(lines.length, 2);
});

// What is final and what is not

check('what is too large is rejected, and not said again', async () => {
  const java = await enter();
  const rejected = assert.rejects(java.say('x'), { code: 'too-large' });
  await lines[0].answer('say', { type: 'error', room: 'java', code: 'too-large', reason: 'at most 100 bytes' });
  await rejected;
  for (let i = 0; i < 10; i++) {
    await tick(1000);
    await lines[0].live();
  }
  await lines[0].drop();
  await (await comeBack()).welcome('java', { recovered: true });
  assert.equal(lines[0].all('say').length + lines[1].all('say').length, 1);
});

check('after a close with 1008 it comes back with a fresh token, and gives up after the third in a row', async () => {
  let tokens = 0;
  const java = open({ token: () => `t${++tokens}` }).join('java');
  await settle();
  await lines[0].welcome('java');
  const rejected = assert.rejects(java.say('x'), { code: 'closed' });
  await settle();
  for (let i = 1; i <= 2; i++) {
    await lines.at(-1).remove('no flooding');
    assert.equal(parley.state.name, 'waiting');
    await comeBack(20_000);
    await lines.at(-1).welcome('java', { recovered: true });
    assert.equal(lines.at(-1).token, `t${i + 1}`);
  }
  await lines.at(-1).remove('no flooding');
  assert.deepEqual(parley.state, { name: 'closed', code: 1008, reason: 'no flooding' });
  await rejected;
});

check('closes with 1008 count anew after a connection that lasted', async () => {
  await enter();
  for (let i = 0; i < 5; i++) {
    await tick(10_000);
    await lines.at(-1).remove('no flooding');
    await comeBack(20_000);
    await lines.at(-1).welcome('java', { recovered: true });
  }
  assert.equal(parley.state.name, 'open');
});

check('a name that cannot be is refused before it is taken, wherever it is given', async () => {
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
  await lines[0].drop();
  await assert.rejects(parley.rename('x'.repeat(41)), { code: 'bad-name' });
  assert.equal(parley.name, '\u{1f600}'.repeat(40));
  const again = await comeBack();
  await again.welcome('java');
  assert.equal(again.all('rename').length, 0);
});

check('a name that only the server refuses keeps nobody out', async () => {
  await enter({ name: 'Ann' });
  const names = [];
  parley.addEventListener('name', ({ detail }) => names.push(detail));
  await lines[0].drop();
  await parley.rename('\u{1fae9}');
  const again = await comeBack();
  assert.equal(again.name, 'Ann');
  await again.welcome('java');
  await again.answer('rename', { type: 'error', code: 'bad-name', reason: 'name is 1 to 40 printable characters' });
  await settle();
  assert.equal(parley.state.name, 'open');
  assert.equal(parley.name, 'Ann');
  assert.deepEqual(names, ['\u{1fae9}', 'Ann']);
});

overWebSocket('the name that the server gives shows, and is not fought', async () => {
  open({ name: 'Ann', token: 't' }).join('java');
  const names = [];
  parley.addEventListener('name', ({ detail }) => names.push(detail));
  await settle();
  await lines[0].say({ type: 'welcome', session: 's', name: 'Benedict', limits: LIMITS });
  assert.equal(parley.name, 'Benedict');
  assert.deepEqual(names, ['Benedict']);
  assert.equal(lines[0].all('rename').length, 0);
});

/** A token with these claims that nobody has signed. */
const token = (claims) => `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`;

check('a token that cannot be is told, and the next one is asked for', async () => {
  const tokens = [token({ name: 'ä'.repeat(41) }), 42, 'x'.repeat(8193), token({ name: 'Ä'.repeat(40) })];
  const last = tokens.at(-1);
  const first = { WebSocket: Socket, token: tokens[0] };
  assert.throws(() => connect('ws://example.org/chat', first), /claim 'name' .* is not a name/);
  open({ token: () => tokens.shift() }).join('java');
  await settle();
  const name = /no token: the claim 'name' of the token: .* is not a name/;
  for (const words of [name, /a token is a string/, /at most 8192/]) {
    assert.equal(parley.state.name, 'waiting');
    assert.match(parley.state.reason, words);
    await comeBack(20_000);
  }
  assert.equal(lines.length, 1);
  assert.equal(lines[0].token, last);
});

check('a token that never comes is not waited for', async () => {
  let asked = 0;
  open({ token: () => (++asked === 1 ? new Promise(() => {}) : 't') }).join('java');
  await settle();
  await tick(30_000);
  await settle();
  assert.equal(parley.state.name, 'waiting');
  assert.match(parley.state.reason, /no token: none came within 30 s/);
  await comeBack();
  assert.equal(lines[0].token, 't');
});

check('a connection without a welcome is not waited for', async () => {
  open().join('java');
  await settle();
  await lines[0].begin();
  await tick(30_000);
  assert.equal(parley.state.name, 'waiting');
});

check('a command without an answer for a minute ends the connection, though messages come', async () => {
  const java = await enter();
  const says = () => lines.flatMap((socket) => socket.all('say')).length;
  java.say('x').catch(() => {});
  for (let i = 1; i <= 62 && parley.state.name === 'open'; i++) {
    await lines[0].say(lines[0].message(i));
    await tick(1000);
  }
  assert.equal(parley.state.name, 'waiting');
  assert.equal(says(), 1);
});

overWebSocket('a handshake that is refused is explained by a plain GET of the same address', async () => {
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
    await lines.at(-1).drop();
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

overWebSocket('a room that a token does not open keeps nobody out of the others', async () => {
  const java = open({ token: 't' }).join('java');
  mock.method(globalThis, 'fetch', async () => new Response('not this room', {
    status: 403, headers: { 'Content-Type': 'text/plain' },
  }));
  parley.join('tea');
  await settle();
  await lines[0].drop();
  await new Promise(setImmediate);
  const again = await comeBack();
  assert.equal(again.url.pathname, '/chat/tea');
  await again.welcome('tea');
  await again.answer('join', {
    type: 'error', room: 'java', code: 'forbidden', reason: 'this token does not give access to this room',
  });
  await assert.rejects(java.joined, { code: 'forbidden' });
  assert.equal(parley.state.name, 'open');
});

overWebSocket('the query of the address is kept, but for what is of one room; a room in it is refused', async () => {
  open();
  parley.close();
  parley = connect('http://example.org/a/chat?tenant=x&name=Ann&history=9&after=1&epoch=e#here', {
    WebSocket: Socket, token: 't',
  });
  parley.join('java', { history: 3 });
  await settle();
  assert.equal(lines[0].url.href, 'ws://example.org/a/chat/java?tenant=x&name=Ann&token=t&history=3');
  assert.equal(parley.name, 'Ann');
  parley.close();
  const room = () => connect('ws://example.org/chat/java/', { WebSocket: Socket });
  assert.throws(room, /ends in a room: .* join\('java'\)/);
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
  const rates = JSON.stringify(limits);
  overWebSocket(`${many} messages of ${size} bytes at once are said within ${rates}, in order`, async () => {
    const java = await enter();
    await lines[0].say({ type: 'welcome', limits: { bytes: 65_536, commandBytes: 262_144, rooms: 100, ...limits } });
    const seen = count(lines[0], { rate: limits.rate || Infinity, bytesPerSecond: limits.bytesPerSecond || Infinity });
    const said = Array.from({ length: many }, (_, i) => java.say(`${i} `.padEnd(size, 'x')));
    let answered = 0;
    for (let i = 0; i < 60 && answered < many; i++) {
      const says = lines[0].all('say').slice(answered);
      await lines[0].say(...says.map(({
        ref }, at) => ({ type: 'ack', ref, room: 'java', seq: answered + at + 1, duplicate: false,
      })));
      answered += says.length;
      await tick(1000);
    }
    assert.equal(answered, many);
    assert.equal(seen.over, 0);
    assert.deepEqual((await Promise.all(said)).map(({ seq }) => seq), Array.from({ length: many }, (_, i) => i + 1));
    assert.ok(lines[0].all('say').every(({ text }, i) => text.startsWith(`${i} `)));
  });
}

check('what a room cannot carry out is tried less and less often, and other rooms do not wait', async () => {
  const java = await enter();
  const tea = parley.join('tea');
  await lines[0].answer('join', { type: 'joined', room: 'tea', epoch: 't', seq: 0, count: 1 });
  const of = (room) => lines[0].all('say').filter((command) => command.room === room);
  java.say('x').catch(() => {});
  await settle();
  const times = [];
  const start = performance.now();
  for (let tried = 0; tried < 7; ) {
    if (of('java').length > tried) {
      tried = of('java').length;
      times.push(Math.round((performance.now() - start) / 1000));
      await lines[0].say({
        type: 'error', ref: of('java').at(-1).ref, room: 'java', code: 'unavailable', reason: 'later',
      });
    }
    await lines[0].live();
    await tick(100);
  }
  assert.deepEqual(times, [0, 1, 3, 7, 15, 31, 51]);
  tea.say('y').catch(() => {});
  await settle();
  assert.equal(of('tea').length, 1);
  java.leave();
  await tick(60_000);
  assert.equal(of('java').length, 7);
});

overWebSocket('gaps of many rooms are filled one page at a time, in turn', async () => {
  await enter();
  await lines[0].say({ type: 'welcome', limits: { bytes: 100, commandBytes: 1000, rooms: 100, rate: 0 } });
  const rooms = Array.from({ length: 60 }, (_, i) => parley.join(`room-${i}`));
  for (const { ref, room } of lines[0].all('join')) {
    await lines[0].say({ type: 'joined', ref, room, epoch: 'e', seq: 0, count: 1 });
  }
  const read = rooms.map((room) => texts(room));
  await lines[0].say(...rooms.map(({ name: room }) => ({ type: 'gap', room, after: 0, before: 3, missed: 2 })));
  const older = rooms[0].history();
  const asked = [];
  while (lines[0].all('history').length > asked.length) {
    assert.equal(lines[0].all('history').length, asked.length + 1, 'one at a time');
    const { ref, room, after } = lines[0].all('history').at(-1);
    asked.push(room);
    const messages = after === undefined ? [] : [lines[0].message(after + 1, { room })];
    await lines[0].say({ type: 'history', ref, room, epoch: 'e', more: after === 0, messages });
  }
  assert.deepEqual(await older, { messages: [], more: false });
  assert.equal(new Set(asked.slice(0, 60)).size, 60, 'in turn');
  assert.ok(read.every((all) => all.join() === 'm1,m2'));
});

overWebSocket('members of many rooms are asked for a few at a time', async () => {
  await enter();
  await lines[0].say({ type: 'welcome', limits: { bytes: 100, commandBytes: 1000, rooms: 100, rate: 0 } });
  const rooms = Array.from({ length: 20 }, (_, i) => parley.join(`room-${i}`));
  for (const { ref, room } of lines[0].all('join')) {
    await lines[0].say({ type: 'joined', ref, room, epoch: 'e', seq: 0, count: 1 });
  }
  for (let answered = 0; answered < 21; answered++) {
    assert.equal(lines[0].all('who').length, Math.min(21, answered + 4));
    const { ref, room } = lines[0].all('who')[answered];
    await lines[0].say({ type: 'members', ref, room, names: [`in ${room}`], count: 1, more: false });
  }
  assert.ok(rooms.every(({ name, members }) => members[0] === `in ${name}`));
});

check('a question that is no JSON is rejected, and keeps no other from its turn', async () => {
  const java = await enter();
  await assert.rejects(java.history({ before: 1n }), TypeError);
  java.history().catch(() => {});
  await settle();
  assert.equal(lines[0].all('history').length, 1);
});

check('questions of rooms that wait their turn end with the connection, however many', async () => {
  const java = await enter();
  const asked = Array.from({ length: 20_000 }, () => java.history().catch(({ code }) => code));
  await lines[0].drop();
  assert.deepEqual([...new Set(await Promise.all(asked))], ['lost']);
  const again = await comeBack();
  await again.welcome('java', { recovered: true });
  java.history().catch(() => {});
  await settle();
  assert.equal(again.all('history').length, 1);
});

overWebSocket('what waits for the rate is not said in a room that was left', async () => {
  const java = await enter();
  await lines[0].say({ type: 'welcome', limits: { bytes: 100, commandBytes: 1000, rooms: 5, rate: 2 } });
  const said = Array.from({ length: 20 }, (_, i) => java.say(`m${i}`).catch(({ code }) => code));
  const before = lines[0].all('say').length;
  assert.ok(before < 20);
  java.leave();
  await tick(10_000);
  assert.equal(lines[0].all('say').length, before);
  assert.equal(lines[0].all('leave').length, 1);
  assert.deepEqual([...new Set(await Promise.all(said))], ['left']);
});

// Said again

check('what was on its way when the connection was lost is said again when the replay does not hold it', async () => {
  const java = await enter();
  const one = java.say('one', { id: '1' });
  const two = java.say('two', { id: '2' });
  await settle();
  await lines[0].drop();
  const three = java.say('three', { id: '3' });
  const again = await comeBack();
  await again.welcome('java', { seq: 3, recovered: true });
  assert.equal(again.all('say').length, 0);
  await again.say(again.message(1), again.message(2, { id: '1' }));
  java.say('four', { id: '4' }).catch(() => {});
  assert.equal(again.all('say').length, 0);
  assert.deepEqual(await one, { id: '1', seq: 2, duplicate: true });
  await again.say(again.message(3));
  await again.say({ type: 'ack', ref: again.all('say')[0].ref, room: 'java', seq: 4, duplicate: false });
  assert.deepEqual(again.all('say').map(({ id }) => id), ['2', '3', '4']);
  assert.equal((await two).seq, 4);
  await again.say(again.message(5, { id: '3' }));
  assert.deepEqual(await three, { id: '3', seq: 5, duplicate: false });
  assert.equal(java.unacknowledged, 1);
});

check('a replay with a gap is waited for as well, and what is lost of it not', async () => {
  const java = await enter();
  java.say('one', { id: '1' }).catch(() => {});
  await settle();
  await lines[0].drop();
  const again = await comeBack();
  await again.welcome('java', { seq: 9, recovered: false });
  await again.say({ type: 'gap', room: 'java', after: 0, before: 10, missed: 9 });
  assert.equal(again.all('say').length, 0);
  await again.answer('history', {
    type: 'history', room: 'java', epoch: 'e', more: true, messages: [again.message(7)],
  });
  assert.equal(again.all('say').length, 0);
  await again.answer('history', { type: 'history', room: 'java', epoch: 'e', more: false, messages: [] });
  assert.equal(again.all('say').length, 1);
});

check('what was not on its way does not wait for the replay', async () => {
  const java = await enter();
  await lines[0].drop();
  java.say('one').catch(() => {});
  const again = await comeBack();
  await again.welcome('java', { seq: 9, recovered: true });
  assert.equal(again.all('say').length, 1);
});

check('a replay that stands still is not waited for', async () => {
  const java = await enter();
  java.say('one').catch(() => {});
  await settle();
  await lines[0].drop();
  const again = await comeBack();
  await again.welcome('java', { seq: 4000, recovered: true });
  await tick(9_000);
  await again.say(again.message(1));
  await tick(9_000);
  assert.equal(again.all('say').length, 0);
  await tick(1_000);
  assert.equal(again.all('say').length, 1);
});

check('what is on its way is not said again when the room begins anew over the same connection', async () => {
  const java = await enter();
  java.say('one').catch(() => {});
  await lines[0].say({ type: 'joined', room: 'java', epoch: 'f', seq: 0, count: 1 });
  assert.equal(lines[0].all('say').length, 1);
});

check('what came by is not sent again, though the server could not tell that it has it', async () => {
  const java = await enter();
  const said = java.say('one', { id: '1' });
  await settle();
  await lines[0].say({
    type: 'error', ref: lines[0].all('say')[0].ref, room: 'java', code: 'unavailable', reason: 'later',
  });
  await lines[0].say(lines[0].message(1, { id: '1' }));
  assert.equal((await said).seq, 1);
  await tick(5_000);
  assert.equal(lines[0].all('say').length, 1);
});

// Lines and pages

overWebSocket('a connection that errs before it has opened is lost, with or without a close', async () => {
  open().join('java');
  await settle();
  lines[0].onerror({ message: 'Received network error or non-101 status code.' });
  assert.equal(parley.state.name, 'waiting');
  assert.match(parley.state.reason, /non-101/);
  await lines[0].drop();
  await comeBack();
  assert.equal(lines.length, 2);
  lines[1].onopen();
  await lines[1].welcome('java');
  lines[1].onerror({});
  assert.equal(parley.state.name, 'open', 'its close says why');
});

check('a page that is kept for the way back is in no room, and comes back without having been lost', async () => {
  const listeners = {};
  globalThis.addEventListener = (type, listener) => (listeners[type] = listener);
  globalThis.removeEventListener = () => {};
  try {
    const java = await enter();
    const states = [];
    parley.addEventListener('state', ({ detail }) => states.push(detail.name));
    if (transport === 'websocket') { // a stream is ended, since its server may notice late
      listeners.pagehide({ persisted: false });
    }
    assert.equal(parley.state.name, 'open');
    java.say('x').catch(() => {});
    await settle();
    listeners.pagehide({ persisted: true });
    await settle();
    assert.ok(lines[0].isLeft);
    await tick(600_000);
    await settle();
    assert.equal(lines.length, 1);
    listeners.pageshow({ persisted: true });
    await settle();
    assert.deepEqual(lines[1].starts, { java: 'e:0' });
    await lines[1].welcome('java', { recovered: true });
    assert.deepEqual(states, ['connecting', 'open']);
    assert.equal(lines[1].all('say').length, 1);
    listeners.pageshow({ persisted: true });
    assert.equal(lines.length, 2);
  } finally {
    delete globalThis.addEventListener;
    delete globalThis.removeEventListener;
  }
});

overWebSocket('a server that does not answer a command is asked for a sign of life, and left without one', async () => {
  const java = await enter();
  await lines[0].answer('who', { type: 'members', room: 'java', names: [], count: 1, more: false });
  java.say('x').catch(() => {});
  await pass(4_900);
  assert.equal(lines[0].all('ping').length, 0);
  await pass(100);
  assert.equal(lines[0].all('ping').length, 1);
  await pass(11_300);
  assert.equal(parley.state.name, 'waiting');
});

const value = (seq, key, data) => ({ type: 'message', room: 'java', seq, at: '2026-11-21T09:30:00.123Z', key, data });
const state = (seq, messages, more = false) => ({ type: 'state', room: 'java', epoch: 'e', seq, messages, more });
const gone = (seq, key) => ({ type: 'message', room: 'java', seq, at: '2026-11-21T09:30:00.123Z', key, removed: true });

function changes(map) {
  const all = [];
  map.addEventListener('change', ({ detail }) => all.push(detail.changes.map((one) => `${one.key}=${one.value}`).join()));
  return all;
}

overWebSocket('a map has the values of a snapshot, in pages, and what comes behind it', async () => {
  const room = await enter({ state: true }, { seq: 9 });
  const heard = changes(room.map);
  const said = texts(room);
  assert.equal(lines[0].url.searchParams.get('state'), 'true');
  let isReady = false;
  room.map.ready.then(() => (isReady = true));
  await lines[0].say(state(7, [value(2, 'a', 1)], true));
  assert.equal(room.map.size, 0);
  await lines[0].say(state(7, [value(5, 'b', 2)]));
  assert.equal(isReady, true);
  await lines[0].say(value(8, 'a', 3), gone(9, 'b'), value(10, 'c', null));
  assert.deepEqual([...room.map], [['a', 3], ['c', null]]);
  assert.equal(room.map.get('a'), 3);
  assert.equal(room.map.has('b'), false);
  assert.equal(room.map.seq('a'), 8);
  assert.equal(room.map.seq('b'), 0);
  assert.deepEqual(heard, ['a=1,b=2', 'a=3', 'b=undefined', 'c=null']);
  assert.deepEqual(said, []);
  assert.equal(parley.join('tea').map, null);
});

overWebSocket('a map goes on where it was, and a snapshot changes only what differs', async () => {
  const room = await enter({ state: true });
  await lines[0].say(state(4, [value(1, 'a', 1), value(2, 'b', 2), value(3, 'c', 3)]), value(5, 'b', 4));
  const heard = changes(room.map);
  await lines[0].drop();
  let line = await comeBack();
  const { epoch, after, state: asked } = Object.fromEntries(line.url.searchParams);
  assert.deepEqual([epoch, after, asked], ['e', '5', 'true']);
  await line.welcome('java', { seq: 6, recovered: true });
  await line.say(value(6, 'a', 5));
  assert.deepEqual(heard, ['a=5']);
  await line.say(state(9, [value(7, 'd', 6)], true)); // it has missed something
  await line.drop();
  line = await comeBack(3000);
  assert.equal(line.url.searchParams.get('after'), '6');
  await line.welcome('java', { seq: 9, recovered: false });
  await line.say(state(9, [value(5, 'b', 4), value(6, 'a', 5), value(7, 'd', 6)]));
  assert.deepEqual(heard, ['a=5', 'c=undefined,d=6']);
});

overWebSocket('behind a gap the values are newer than the messages, which go on where they were', async () => {
  const room = await enter({ state: true });
  await lines[0].say(state(0, []), value(1, 'a', 1));
  const heard = changes(room.map);
  await lines[0].say(
    { type: 'gap', room: 'java', after: 1, before: 3, missed: 1 }, state(9, [value(8, 'a', 3)]), value(8, 'a', 2),
  );
  assert.deepEqual(heard, ['a=3']);
  await lines[0].drop();
  const line = await comeBack();
  assert.equal(line.url.searchParams.get('after'), '1');
  await line.welcome('java', { seq: 9, recovered: true });
  await line.say(value(8, 'a', 2), value(10, 'a', 4));
  assert.deepEqual(heard, ['a=3', 'a=4']);
});

overWebSocket('a value is set until the server has it, with the same id', async () => {
  const room = await enter({ state: true });
  await lines[0].say(state(0, []));
  const set = room.map.set('a', { x: 1 }, { if: 0, ttl: 500 });
  const removed = room.map.delete('b');
  await settle();
  const [first] = lines[0].all('say');
  assert.deepEqual(
    { key: first.key, data: first.data, if: first.if, ttl: first.ttl },
    { key: 'a', data: { x: 1 }, if: 0, ttl: 500 },
  );
  await lines[0].drop();
  const line = await comeBack();
  await line.welcome('java', { recovered: true });
  const [again] = line.all('say');
  assert.equal(again.id, first.id);
  await line.answer('say', { type: 'ack', room: 'java', seq: 1, duplicate: true });
  assert.equal(await set, 1);
  await line.answer('remove', { type: 'error', code: 'not-found', reason: 'none' });
  assert.equal(await removed, false);
  const late = assert.rejects(room.map.set('a', 2, { if: 0 }), { code: 'conflict' });
  await settle();
  await line.answer('say', { type: 'error', code: 'conflict', reason: 'another', seq: 1 });
  await late;
  await assert.rejects(room.map.set('a', undefined), TypeError);
  room.map.set('a', 3, { if: 1 }).catch(() => {});
  await settle();
  assert.deepEqual(line.all('say').slice(-2).map(({ if: seq, epoch }) => [seq, epoch]), [[0, undefined], [1, 'e']]);
});

overWebSocket('a slow line is not a dead one', async () => {
  const java = await enter();
  const [socket] = lines;
  await socket.say({
    type: 'welcome', limits: { bytes: 65_536, commandBytes: 262_144, rooms: 5, rate: 0, bytesPerSecond: 0 },
  });
  await socket.answer('who', { type: 'members', room: 'java', names: [], count: 1, more: false });
  java.say('x'.repeat(60_000)).catch(() => {});
  socket.bufferedAmount = 60_000;
  for (let i = 0; i < 50; i++) {
    await tick(1_000);
    socket.bufferedAmount -= 1_000;
  }
  assert.equal(parley.state.name, 'open');
});

check('it comes back at once when it is told to', async () => {
  await enter();
  parley.retry();
  assert.equal(lines.length, 1);
  await lines[0].drop();
  parley.retry();
  await settle();
  assert.equal(lines.length, 2);
  await comeBack(20_000);
  assert.equal(lines.length, 2, 'the wait that was over is over');
});

for (const over of ['websocket', 'sse']) {
  for (const { name, body } of table) {
    test(`${over}: ${name}`, { timeout: 20_000 }, () => {
      transport = over;
      hasMembers = false;
      return body();
    });
  }
}
