// The other end of parley.js over each transport, for tests that hold for both: what a client asks for as commands of
// docs/protocol.md, and events as a server says them. A line is one connection, whatever it is made over. Each method
// that says something returns when the client has heard it.

import { Asked, settle } from './asked.mjs';

export const LIMITS = { bytes: 100, commandBytes: 1000, rooms: 5, rate: 0 };

const message = (seq, more = {}) => ({
  type: 'message',
  room: 'java',
  seq,
  at: '2026-11-21T09:30:00.123Z',
  text: `m${seq}`,
  ...more,
});

/** Where a room is to begin: `epoch:seq`, `history n`, or nothing. */
function start({ epoch, after, history }) {
  return epoch !== undefined ? `${epoch}:${after}` : history > 0 ? `history ${history}` : '';
}

/** A WebSocket whose other end is the test. What is said is heard before the promise is awaited. */
export class SocketLine {
  sent = [];
  closedWith = null;
  message = message;

  constructor(url, protocol) {
    this.url = new URL(url);
    this.protocol = protocol;
  }

  send(frame) {
    this.sent.push(JSON.parse(frame));
    this.onsend?.(frame.length);
  }

  close(code) {
    this.closedWith = code;
  }

  /** Whether the client has let go of it. */
  get isLeft() {
    return this.closedWith !== null;
  }

  get token() {
    return this.url.searchParams.get('token');
  }

  get name() {
    return this.url.searchParams.get('name');
  }

  /** Where each room begins that the client has asked for. */
  get starts() {
    const { epoch, after, history } = Object.fromEntries(this.url.searchParams);
    const starts = { [this.url.pathname.split('/').at(-1)]: start({ epoch, after, history }) };
    for (const { room, after: at, history: many } of this.all('join')) {
      starts[room] = start({ epoch: at?.epoch, after: at?.seq, history: many });
    }
    return starts;
  }

  /** The commands of that type that were sent. */
  all(type) {
    return this.sent.filter((command) => command.type === type);
  }

  /** Says events, all in one frame. */
  say(...events) {
    this.onmessage({ data: events.map((event) => JSON.stringify(event)).join('\n') });
    return settle();
  }

  /** Answers the last command of that type. */
  answer(type, event) {
    return this.say({ ...event, ref: this.all(type).at(-1).ref });
  }

  /** Is open, and says nothing yet. */
  begin() {
    this.onopen();
    return settle();
  }

  /** Lets the client in. */
  welcome(room, joined = {}) {
    const name = this.url.searchParams.get('name') ?? undefined;
    return this.say(
      { type: 'welcome', session: 's', name, limits: LIMITS },
      { type: 'joined', room, epoch: 'e', seq: 0, count: 1, ...joined },
    );
  }

  /** Is lost. */
  drop(code = 1006, reason = '') {
    this.onclose({ code, reason });
    return settle();
  }

  /** The server stops. */
  bye(retry) {
    this.say({ type: 'bye', reason: 'shutdown', retry });
    return this.drop(1001, 'shutdown');
  }

  /** The client's token has ended. */
  expire() {
    return this.drop(1008, 'token expired');
  }

  /** An operator closes it. */
  remove(reason) {
    return this.drop(1008, reason);
  }

  /** A sign of life. */
  live() {
    return this.say({ type: 'pong' });
  }
}

/** The status of a request that is refused with that code. */
const STATUSES = { 'rate-limited': 429, unavailable: 503, 'too-large': 413, forbidden: 403, 'bad-name': 400 };

const refuse = (asked, { code, reason }) => asked.refuse(STATUSES[code], code, reason);

/** The streams and requests of one connection, whose other end is the test. */
export class StreamLine {
  sent = [];
  message = message;
  /** Oldest first. Those that replace others are commands too: to join, to leave, to take another name. */
  #streams = [];
  /** What answers a command, by its ref. */
  #answers = new Map();
  #isLost = false;
  #answersMembers;

  /** `answersMembers` says whether the members of a room are nobody's concern. */
  constructor(asked, answersMembers) {
    this.#answersMembers = answersMembers;
    this.#add(asked);
  }

  #add(asked) {
    asked.places = new Map();
    asked.roomNames = asked.query.getAll('room');
    asked.onGone = () => this.#gone(asked);
    this.#streams.push(asked);
  }

  /** Whether the client has let go of it. */
  get isLeft() {
    return this.#streams.every(({ isGone }) => isGone);
  }

  get isLost() {
    return this.#isLost;
  }

  get name() {
    return this.#streams[0].query.get('name');
  }

  get token() {
    return this.#streams[0].headers.Authorization?.replace('Bearer ', '') ?? null;
  }

  get starts() {
    const all = this.#streams.flatMap((asked) =>
      asked.roomNames.map((room) => [room, start(this.#start(asked, room))]),
    );
    return Object.fromEntries(all.reverse()); // the first that was asked for
  }

  #start({ query }, room) {
    const place = query.get('lastEventId')?.split(',').find((part) => part.startsWith(`${room}=`));
    const [epoch, after] = place?.slice(room.length + 1).split(':') ?? [];
    return { epoch, after, history: place ? undefined : Number(query.get('history') ?? 0) };
  }

  all(type) {
    return this.sent.filter((command) => command.type === type);
  }

  #command(what, answer) {
    const ref = this.sent.length + 1;
    this.sent.push({ ...what, ref });
    this.#answers.set(ref, answer);
  }

  /** Another stream in place of one. */
  replace(asked) {
    const rooms = new Set(asked.query.getAll('room'));
    const before = this.#streams.findLast(
      ({ isOpen, isGone, roomNames }) => isOpen && !isGone && roomNames.some((room) => rooms.has(room)),
    );
    const roomsBefore = before?.roomNames ?? [];
    this.#add(asked);
    const answer = (event, room) => (event.type === 'error' ? refuse(asked, event) : this.#open(asked, room, event));
    asked.joins = asked.roomNames.filter((one) => !roomsBefore.includes(one));
    for (const room of asked.joins) {
      const { epoch, after, history } = this.#start(asked, room);
      const from = epoch === undefined ? { history } : { after: { epoch, seq: Number(after) } };
      this.#command({ type: 'join', room, ...from }, (event) => answer(event, room));
    }
    for (const room of roomsBefore.filter((one) => !asked.roomNames.includes(one))) {
      this.#command({ type: 'leave', room }, (event) => answer(event));
    }
    const name = asked.query.get('name');
    if (name !== this.#streams.at(-2).query.get('name')) {
      this.#command({ type: 'rename', name }, (event) => answer(event));
    }
  }

  /** A stream that nothing replaces: its rooms were left. */
  #gone(asked) {
    const isReplaced = this.#streams.slice(this.#streams.indexOf(asked) + 1).some(({ isOpen }) => isOpen);
    if (asked.isOpen && !isReplaced) {
      asked.roomNames.forEach((room) => this.#command({ type: 'leave', room }, () => {}));
    }
  }

  async #open(asked, room, joined = {}) {
    if (!asked.isOpen) {
      asked.isOpen = true;
      asked.open();
      await asked.say({ type: 'welcome', session: 's', name: asked.query.get('name') ?? undefined, limits: LIMITS });
      for (const other of asked.roomNames.filter((one) => !asked.joins.includes(one))) {
        await this.#join(asked, other, { recovered: true });
      }
    }
    if (room !== undefined) {
      await this.#join(asked, room, joined);
    }
  }

  #join(asked, room, joined) {
    const from = this.#start(asked, room);
    const event = { type: 'joined', room, epoch: from.epoch ?? 'e', seq: Number(from.after ?? 0), count: 1, ...joined };
    delete event.ref;
    const { epoch, seq } = event;
    const begin = from.epoch === epoch ? from.after : from.epoch === undefined ? Math.max(0, seq - from.history) : 0;
    asked.places.set(room, `${epoch}:${begin}`);
    return asked.write(this.#text(asked, event));
  }

  #text(asked, event) {
    const id = [...asked.places].map(([room, place]) => `${room}=${place}`).join();
    return asked.text(event, id);
  }

  begin() {
    const [asked] = this.#streams;
    asked.isOpen = true;
    asked.open();
    return settle();
  }

  async welcome(room, joined = {}) {
    const [asked] = this.#streams;
    await this.begin();
    await asked.say({ type: 'welcome', session: 's', name: asked.query.get('name') ?? undefined, limits: LIMITS });
    for (const one of asked.roomNames) {
      await this.#join(asked, one, one === room ? joined : {});
    }
  }

  /** A request, and not for a stream. */
  request(asked) {
    const [, room, what] = /\/rooms\/([^/]+)\/(\w+)$/.exec(asked.url.pathname);
    const answer = (event) => (event.type === 'error' ? refuse(asked, event) : asked.answer(200, event));
    if (what === 'members' && this.#answersMembers) {
      asked.answer(200, { type: 'members', room, names: [], count: 1, more: false });
    } else if (what === 'members') {
      this.#command({ type: 'who', room }, answer);
    } else if (what === 'signals') {
      this.#command({ type: 'signal', room, ...JSON.parse(asked.body) }, () => asked.answer(204));
    } else if (asked.method === 'GET') {
      const numbers = [...asked.query].map(([name, value]) => [name, Number(value)]);
      this.#command({ type: 'history', room, ...Object.fromEntries(numbers) }, answer);
    } else {
      this.#post(asked, room);
    }
  }

  /** The answer has a line for each message, so it waits for all of them. */
  #post(asked, room) {
    const answers = [];
    asked.lines.forEach((line, at, { length }) =>
      this.#command({ type: 'say', room, ...line }, ({ type, code, reason, seq, duplicate }) => {
        const kept = { room, epoch: 'e', seq, duplicate };
        answers[at] = type === 'error' ? { status: STATUSES[code], code, detail: reason } : kept;
        const isWhole = Object.keys(answers).length === length;
        return isWhole ? asked.answer(200, answers.map((one) => JSON.stringify(one)).join('\n')) : settle();
      }),
    );
  }

  async answer(type, event) {
    await settle();
    await this.#answers.get(this.all(type).at(-1).ref)(event);
  }

  async say(...events) {
    await settle();
    for (const { ref, ...event } of events) {
      await (ref === undefined ? this.#tell(event) : this.#answers.get(ref)(event));
    }
  }

  #tell(event) {
    const { type, room, epoch, seq, before } = event;
    const asked = this.#streams.findLast((one) => one.isOpen && !one.isGone && one.places.has(room));
    if (asked === undefined) {
      return settle();
    }
    if (type === 'joined') {
      asked.places.set(room, `${epoch}:0`);
    } else if (type === 'message' || type === 'gap') {
      asked.places.set(room, asked.places.get(room).replace(/\d+$/, seq ?? before - 1));
    }
    return asked.write(type === 'presence' || type === 'signal' ? asked.text(event) : this.#text(asked, event));
  }

  drop() {
    this.#isLost = true;
    for (const asked of this.#streams.filter(({ isGone }) => !isGone)) {
      asked.isOpen ? asked.controller.error(new TypeError('network error')) : asked.fail();
    }
    return settle();
  }

  async #end(event, id) {
    this.#isLost = true;
    const asked = this.#streams.findLast(({ isGone }) => !isGone);
    await asked.say({ type: 'bye', retry: { min: 500, max: 500 }, ...event }, id);
    await asked.end();
  }

  bye(retry) {
    return this.#end({ reason: 'shutdown', retry });
  }

  expire() {
    return this.#end({ reason: 'token expired' });
  }

  remove(reason) {
    return this.#end({ reason }, 'end');
  }

  live() {
    return this.#streams.findLast(({ isOpen, isGone }) => isOpen && !isGone).write(':\n\n');
  }
}

/** Answers `fetch` with the streams and requests of the last line, or of a new one where the client opens another. */
export function serve(lines, isOpen, answersMembers) {
  return (url, init = {}) =>
    new Promise((resolve, reject) => {
      const asked = new Asked(url, init, resolve, reject);
      if (asked.method === 'DELETE') {
        asked.answer(204);
      } else if (!asked.url.pathname.endsWith('/events')) {
        lines.at(-1).request(asked);
      } else if (isOpen() && !lines.at(-1).isLost) {
        lines.at(-1).replace(asked);
      } else {
        lines.push(new StreamLine(asked, answersMembers));
      }
    });
}
