// The scenarios of src/test/scenarios/client.scenario, which says what each step means, with parley.js. Run by node
// --test.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { afterEach, mock, test } from 'node:test';
import { connect } from '../../../webapp/parley.js';

const LIMITS = { bytes: 100, commandBytes: 1000, rooms: 5, rate: 0 };

let sockets = [];
let parley;

/** A WebSocket whose other end is the scenario. */
class Socket {
  sent = [];

  constructor(url) {
    this.url = new URL(url);
    sockets.push(this);
  }

  send(frame) {
    this.sent.push(JSON.parse(frame));
  }

  close() {}

  all(type) {
    return this.sent.filter((command) => command.type === type);
  }

  say(event) {
    this.onmessage({ data: JSON.stringify(event) });
  }
}

class Player {
  options = {};
  rooms = new Map();
  seen = new Map();
  asked = new Map();
  refusal = null;

  get socket() {
    return sockets.at(-1);
  }

  parley() {
    if (!parley) {
      const { random, tokens, ...options } = this.options;
      if (random !== undefined) {
        mock.method(Math, 'random', () => random);
      }
      const token = tokens ? { token: () => tokens.shift() } : {};
      parley = connect('ws://example.org/chat', { WebSocket: Socket, transport: 'websocket', ...options, ...token });
    }
    return parley;
  }

  ask(as, promise, map = (value) => value) {
    const outcome = {};
    this.asked.set(as, outcome);
    promise.then(
      (value) => (outcome.value = map(value) ?? null),
      (error) => (outcome.code = error.code),
    );
  }

  join(name, history = 0) {
    const room = this.parley().join(name, { history });
    const seen = { read: [], own: [], users: [], gaps: [], resets: [], signals: [], told: [] };
    this.rooms.set(name, room);
    this.seen.set(name, seen);
    room.addEventListener('message', ({ detail }) => {
      seen.read.push(detail.text);
      seen.own.push(detail.own);
      seen.users.push(detail.user ?? null);
    });
    room.addEventListener('members', ({ detail }) => (seen.told = detail.people));
    room.addEventListener('signal', ({ detail }) => seen.signals.push(JSON.parse(JSON.stringify(detail))));
    room.addEventListener('gap', ({ detail }) => seen.gaps.push(`${detail.state} ${detail.after}-${detail.before}`));
    room.addEventListener('reset', ({ detail }) => seen.resets.push(detail.epoch));
  }

  message(room, seq, more) {
    return { type: 'message', room, seq, at: '2026-11-21T09:30:00.123Z', text: `m${seq}`, ...more };
  }

  answer(what, event) {
    const [type, at] = what.split('#');
    this.socket.say({ ...event, ref: this.socket.all(type).at(at ? at - 1 : -1).ref });
  }

  /** Carries out a step; `text` is what stands behind its first word. */
  async play(word, text) {
    const [one, two, three] = text.split(' ');
    const rest = (words) => text.split(' ').slice(words).join(' ');
    const json = (words) => (rest(words) === '' ? undefined : JSON.parse(rest(words)));
    switch (word) {
      case 'options':
        this.options = json(0);
        break;
      case 'join':
        this.join(one, two && Number(two));
        break;
      case 'leave':
        this.rooms.get(one).leave();
        break;
      case 'close':
        parley.close();
        break;
      case 'retry':
        parley.retry();
        break;
      case 'rename':
        this.ask(one, parley.rename(two));
        break;
      case 'say': {
        const [, content, id] = /^(long|".*?"|\{.*?\})(?: (\S+))?$/.exec(rest(2));
        const said = content === 'long' ? 'ä'.repeat(500) : JSON.parse(content);
        this.ask(two, this.rooms.get(one).say(said, id ? { id } : {}));
        break;
      }
      case 'edit': {
        const [, content, id] = /^(".*?"|\{.*?\})(?: (\S+))?$/.exec(rest(3));
        this.ask(two, this.rooms.get(one).edit(Number(three), JSON.parse(content), id ? { id } : {}));
        break;
      }
      case 'remove':
        this.ask(two, this.rooms.get(one).remove(Number(three)));
        break;
      case 'show':
        this.ask(two, this.rooms.get(one).setState(json(2)));
        break;
      case 'mark':
        this.ask(two, this.rooms.get(one).mark(Number(three)));
        break;
      case 'watch': {
        const [, names, details] = /^(\[.*?\])(?: (\[.*\]))?$/.exec(rest(1));
        const options = Object.fromEntries(JSON.parse(details ?? '[]').map((detail) => [detail, true]));
        const heard = (rooms, change) => (this.watched = { rooms, ...change });
        this.ask(one, this.parley().watch(JSON.parse(names), heard, options));
        break;
      }
      case 'signal':
        this.ask(two, this.rooms.get(one).signal(json(2)));
        break;
      case 'history':
        this.ask(two, this.rooms.get(one).history(three ? { before: Number(three) } : {}), ({ messages, more }) => ({
          texts: messages.map((message) => message.text),
          more,
        }));
        break;
      case 'welcome': {
        const name = this.socket.url.searchParams.get('name') ?? undefined;
        this.socket.say({ type: 'welcome', session: 's', name, limits: LIMITS });
        this.socket.say({ type: 'joined', room: one, epoch: 'e', seq: 0, count: 1, ...json(1) });
        break;
      }
      case '<':
        this.socket.say(json(0));
        break;
      case 'message':
        this.socket.say(this.message(one, Number(two), json(2)));
        break;
      case 'gap':
        this.socket.say({ type: 'gap', room: one, after: Number(two), before: Number(three) });
        break;
      case 'presence':
        this.socket.say({ type: 'presence', room: one, joined: [], left: [], count: Number(two), ...json(2) });
        break;
      case 'answer':
        this.answer(one, json(1));
        break;
      case 'fetched': {
        const [, numbers, more, first] = /^(\[.*?\]) (true|false) ?(.*)$/.exec(text);
        const { room } = this.socket.all('history').at(-1);
        const messages = JSON.parse(numbers).map((seq) => this.message(room, seq));
        this.answer('history', { type: 'history', room, epoch: 'e', more: more === 'true', messages, ...(first ? JSON.parse(first) : {}) });
        break;
      }
      case 'drop':
        this.socket.onclose({ code: Number(one), reason: rest(1) });
        break;
      case 'refused':
        this.refusal = { status: Number(one), sentence: rest(1) };
        this.socket.onclose({ code: 1006, reason: '' });
        break;
      case 'pass':
        for (let passed = 0; passed < Number(one); passed += 100) {
          mock.timers.tick(100);
          await this.settle();
        }
        break;
      default:
        this.check(word, text, { one, two, three, rest, json });
    }
    await this.settle();
  }

  check(word, text, { one, two, three, rest, json }) {
    switch (word) {
      case 'opens': {
        const expected = new URL(`ws://example.org${text}`);
        const found = new URL(this.socket.url);
        found.searchParams.delete('token');
        assert.equal(found.pathname, expected.pathname);
        assert.deepEqual([...found.searchParams].sort(), [...expected.searchParams].sort());
        break;
      }
      case 'token':
        assert.equal(this.socket.url.searchParams.get('token'), one);
        break;
      case 'connections':
        assert.equal(sockets.length, Number(one));
        break;
      case 'sent':
        assert.deepEqual(this.socket.all(one).map((command) => command[two] ?? null), json(2));
        break;
      case 'done': {
        const { value } = this.asked.get(one);
        assert.notEqual(value, undefined, `${one} is not done`);
        partly(value, json(1));
        break;
      }
      case 'failed':
        assert.equal(this.asked.get(one).code, two);
        break;
      case 'waits':
        assert.deepEqual(this.asked.get(one), {});
        break;
      case 'state':
        partly(parley.state, { name: one, ...json(1) });
        break;
      case 'room':
        assert.equal(this.rooms.get(one).state, two);
        break;
      case 'read':
      case 'own':
      case 'gaps':
      case 'resets':
      case 'users':
      case 'signals':
      case 'told':
        assert.deepEqual(this.seen.get(one)[word], json(1));
        break;
      case 'marked': {
        const { marked, unread, hasMoreUnread } = this.rooms.get(one);
        assert.deepEqual(marked === null ? null : [marked, unread, hasMoreUnread], json(1));
        break;
      }
      case 'watched': {
        const [, rooms, gone] = /^(\[.*?\]) (\[.*?\])$/.exec(text);
        assert.deepEqual([...this.watched.rooms.values()].map(words).sort(), JSON.parse(rooms));
        assert.deepEqual(this.watched.gone, JSON.parse(gone));
        break;
      }
      case 'unwatched':
        assert.equal(this.watched.error.code, one);
        break;
      case 'members': {
        const [, names, count, all] = /^(\[.*?\]) (\d+) (true|false)$/.exec(rest(1));
        const room = this.rooms.get(one);
        assert.deepEqual([room.members, room.count, String(room.hasAllMembers)], [JSON.parse(names), Number(count), all]);
        break;
      }
      case 'people':
        assert.deepEqual(this.rooms.get(one).people, json(1));
        break;
      case 'called':
        assert.equal(parley.name, one);
        break;
      case 'known':
        assert.equal(parley.user ?? null, json(1));
        break;
      default:
        assert.fail(`there is no step '${word} ${text}' ${three ?? ''}`);
    }
  }

  /** Lets promises run; reading the body of a refusal takes a turn of the event loop. */
  async settle() {
    for (let i = 0; i < 10; i++) {
      await Promise.resolve();
    }
    if (this.refusal !== null) {
      await new Promise(setImmediate);
      this.refusal = null;
    }
  }
}

/** A watched room as a word. */
function words({ name, seq = '-', count, mark, unread = '?', more }) {
  return `${name} ${seq} ${count}${mark === undefined ? '' : ` read ${mark} left ${unread}${more ? '+' : ''}`}`;
}

function partly(found, expected) {
  if (expected === null || typeof expected !== 'object') {
    assert.deepEqual(found, expected);
    return;
  }
  for (const [field, value] of Object.entries(expected)) {
    assert.deepEqual(found[field], value, field);
  }
}

afterEach(() => {
  parley?.close();
  parley = undefined;
  mock.timers.reset();
  mock.restoreAll();
  sockets = [];
});

const [, ...scenarios] = readFileSync(new URL('../scenarios/client.scenario', import.meta.url), 'utf8').split(/^== /m);
for (const scenario of scenarios) {
  const [title, ...steps] = scenario.trim().split('\n');
  test(title, async () => {
    const player = new Player();
    mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'] });
    const elapsed = Date.now;
    mock.method(performance, 'now', () => elapsed.call(Date));
    mock.method(globalThis, 'fetch', async () => {
      if (player.refusal === null) {
        throw new TypeError('there is no network here');
      }
      const { status, sentence } = player.refusal;
      return new Response(sentence, { status, headers: { 'Content-Type': 'text/plain' } });
    });
    for (const step of steps) {
      const [, word, text] = /^(\S+) ?(.*)$/.exec(step);
      try {
        await player.play(word, text);
      } catch (error) {
        error.message = `${step}: ${error.message}`;
        throw error;
      }
    }
  });
}
