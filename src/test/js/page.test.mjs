// What the page knows of rooms, with a connection and a document that do what the test says. Run by node --test.

import assert from 'node:assert/strict';
import { mock, test } from 'node:test';

const elements = new Map();
class Element extends EventTarget {
  dataset = {};
  children = [];
  append(...children) {
    this.children.push(...children);
  }
  replaceChildren(...children) {
    this.children = children;
  }
}
globalThis.document = Object.assign(new EventTarget(), {
  createElement: () => new Element(),
  getElementById: (id) => elements.get(id) ?? elements.set(id, new Element()).get(id),
});
globalThis.location ??= new URL('http://page.example.org/');
globalThis.addEventListener ??= () => {};

const { RoomLog } = await import('../../../webapp/room.js');
const { offerRooms } = await import('../../../webapp/directory.js');

/** A room in which a user is. */
class Room extends EventTarget {
  state = 'joined';
  joined = Promise.resolve();
  marks = [];
  pages = [];

  tell(type, detail) {
    this.dispatchEvent(Object.assign(new Event(type), { detail }));
  }

  message(seq, more) {
    this.tell('message', { seq, text: `m${seq}`, at: new Date(seq), own: false, removed: false, ...more });
  }

  async mark(seq) {
    this.marks.push(seq);
  }

  async history() {
    return { messages: this.pages, more: false };
  }
}

async function enter(...pages) {
  const room = new Room();
  room.pages = pages;
  const log = new RoomLog('java', () => {});
  log.enter({ user: '7', join: () => room });
  room.tell('state', 'joined');
  await new Promise((resolve) => setImmediate(resolve));
  return { room, log };
}

test('a message of this user marks nothing as read when others are unread before it, as in a replay', async () => {
  const { room, log } = await enter();
  room.message(1);
  room.message(2, { own: true });
  assert.deepEqual(room.marks, []);
  log.see(true);
  assert.deepEqual(room.marks, [2]);
  log.see(false);
  room.message(3, { own: true });
  assert.deepEqual(room.marks, [2, 3], 'nothing is unread before it');
});

test('an entry keeps that its message was edited or removed, and changes with it', async () => {
  const edited = { seq: 3, at: new Date(3), from: 'Ann' };
  const { room, log } = await enter(
    { seq: 1, text: 'uno', edited, at: new Date(1), removed: false },
    { seq: 2, at: new Date(2), removed: true },
  );
  const shown = () => log.entries.map(({ text, edited: by, removed }) => [text, by?.seq, removed]);
  assert.deepEqual(shown(), [['uno', 3, false], [undefined, undefined, true]]);
  room.tell('change', { seq: 1, text: 'one', edited: { ...edited, seq: 4 }, removed: false });
  room.tell('change', { seq: 9, text: 'not shown', removed: false });
  assert.deepEqual(shown()[0], ['one', 4, false]);
  const reactions = [{ key: 'ok', count: 1, users: [], names: ['Bob'], mine: false }];
  room.tell('change', { seq: 1, reactions });
  assert.equal(log.entries[0].reactions, reactions);
  assert.deepEqual(shown()[0], ['one', 4, false], 'it says reactions alone');
  room.tell('change', { seq: 1, removed: true });
  assert.deepEqual(shown()[0], [undefined, undefined, true]);
});

test('an entry grows with its message until that is final', async () => {
  const { room, log } = await enter({ seq: 1, text: 'It', open: true, at: new Date(1), removed: false });
  const shown = () => log.entries.map(({ text, open }) => [text, open]);
  assert.deepEqual(shown(), [['It', true]]);
  room.tell('change', { seq: 1, text: 'It is', open: true, removed: false });
  assert.deepEqual(shown(), [['It is', true]]);
  room.tell('change', { seq: 1, text: 'It is.', open: false, removed: false });
  assert.deepEqual(shown(), [['It is.', false]]);
});

test('of rooms that come in several events the largest are offered', () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  const sources = [];
  globalThis.EventSource = class extends EventTarget {
    constructor() {
      super();
      sources.push(this);
    }
    close() {
      this.isClosed = true;
    }
  };
  const watched = (...rooms) =>
    sources[0].dispatchEvent(Object.assign(new Event('watched'), { data: JSON.stringify({ rooms }) }));
  offerRooms(() => {});
  watched({ room: 'small', count: 1 });
  watched({ room: 'large', count: 9 });
  mock.timers.tick(250);
  assert.ok(sources[0].isClosed);
  const names = elements.get('start-rooms').children.map(({ children: [button] }) => button.dataset.name);
  assert.deepEqual(names, ['large', 'small']);
  mock.timers.reset();
});
