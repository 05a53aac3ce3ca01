// The client of a Parley server, for browsers and for Node. One connection, many rooms; it comes back by itself, goes on where it
// was, and says again what was not acknowledged. docs/parley-js.md says how to use it, docs/protocol.md what goes over the wire.

const SUBPROTOCOL = 'parley.v1.json';

/** The waits before coming back, in milliseconds: a random one between the least and a bound that doubles up to the most. */
const WAIT = { least: 500, most: 20_000 };
/** How long a connection has to last before the next wait is a short one again. */
const STABLE = 10_000;
/** How long the server may be silent before it is asked for a sign of life, and how long that may take. */
const SILENCE = 30_000;
const ANSWER = 10_000;
/** How long what is to be given again waits; then it goes on at this share of the rate, for the server to forget it. */
const RATE_WAIT = 1_000;
const RATE_SHARE = 0.9;
/** How many messages one page of a gap asks for. */
const PAGE = 500;

/** The reason of a close after which another token may do. */
const EXPIRED = 'token expired';
/** What the server says of commands that it would carry out later: a rate, or its disk. */
const LATER = new Set(['rate-limited', 'unavailable']);
/** The closes after which coming back would end the same. */
const FINAL = new Set([1000, 1002, 1003, 1007, 1008, 1009]);

const ROOM_NAME = /^(?!\.\.?$)[A-Za-z0-9._-]{1,64}$/;

// What the connection and its rooms say to each other, and nobody else can.
const command = Symbol('command');
const isOpen = Symbol('isOpen');
const forget = Symbol('forget');
const mayWait = Symbol('mayWait');
const address = Symbol('address');
const enter = Symbol('enter');
const entered = Symbol('entered');
const take = Symbol('take');
const lost = Symbol('lost');
const end = Symbol('end');

/** Why something was not done: `code` is the server's word (docs/protocol.md), or `closed`, `left`, `lost`, `full`. */
export class ParleyError extends Error {
  constructor(code, message) {
    super(message);
    this.name = 'ParleyError';
    this.code = code;
  }
}

/** Opens a connection to a server: `url` is the address of its `/chat`. It connects when the first room is joined. */
export function connect(url, options = {}) {
  return new Parley(url, options);
}

/** A mark that nobody else would choose. `crypto.randomUUID` is missing on pages without TLS. */
function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** A value as JSON has it. Throws when it has not. */
function copy(value) {
  const json = JSON.stringify(value);
  if (json === undefined) {
    throw new TypeError(`${typeof value} is nothing that JSON can say`);
  }
  return JSON.parse(json);
}

function between(least, most) {
  return least + Math.random() * (most - least);
}

/** The address of `/chat` as a WebSocket address, relative to the page if there is one. */
function chatAddress(url) {
  const base = new URL(url, globalThis.location?.href);
  base.protocol = base.protocol.replace(/^http/, 'ws');
  base.pathname = base.pathname.replace(/\/+$/, '');
  base.search = '';
  base.hash = '';
  return base;
}

/** One connection to a server and the rooms it is in. Made by `connect`. */
export class Parley extends EventTarget {
  #base;
  #options;
  #rooms = new Map();
  #name;
  #limits = null;

  #state = { name: 'idle' };
  #socket = null;
  /** The room that the address of the socket names. */
  #first = null;
  /** What was asked on this socket and not answered, by its ref. */
  #asked = new Map();
  #refs = 0;
  /** The refs of what is to be given again and of what was asked after it; null when nothing is. */
  #held = null;
  #heardAt = 0;
  /** When the server was asked for a sign of life; null when it has given one since. */
  #pingedAt = null;

  #attempts = 0;
  #retry = null;
  #timers = {};
  #onWake = () => this.#wake();

  constructor(url, options) {
    super();
    this.#options = {
      ...options,
      unsent: options.unsent ?? 1000,
      remembered: options.remembered ?? 1000,
      WebSocket: options.WebSocket ?? globalThis.WebSocket,
      wait: { ...WAIT, ...options.wait },
    };
    if (typeof this.#options.WebSocket !== 'function') {
      throw new TypeError('there is no WebSocket here; pass one: connect(url, {WebSocket}), from the package ws');
    }
    this.#base = chatAddress(url);
    this.#name = this.#options.name || undefined;
    globalThis.addEventListener?.('online', this.#onWake);
    globalThis.document?.addEventListener('visibilitychange', this.#onWake);
  }

  /** What the connection is doing: `{name, ...}`. The event `state` tells of every change. */
  get state() {
    return this.#state;
  }

  /** What this client calls itself, or undefined. */
  get name() {
    return this.#name;
  }

  /** The limits that the server named, or null before it has. */
  get limits() {
    return this.#limits;
  }

  /** The rooms that were joined, by name. */
  get rooms() {
    return new Map(this.#rooms);
  }

  /** Joins a room, or returns it when it has been joined. `history` is how many messages back to start. */
  join(name, { history = 0 } = {}) {
    if (this.#state.name === 'closed') {
      throw new ParleyError('closed', 'this connection has been closed');
    }
    if (!ROOM_NAME.test(name)) {
      throw new TypeError(`'${name}' is not a room: 1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-'`);
    }
    let room = this.#rooms.get(name);
    if (!room) {
      room = new Room(this, name, history, this.#options.remembered);
      this.#rooms.set(name, room);
      if (this[isOpen]()) {
        room[enter]();
      } else if (this.#state.name === 'idle') {
        this.#change({ name: 'connecting' });
        queueMicrotask(() => this.#open()); // so that options and rooms of the same breath are in the address
      }
    }
    return room;
  }

  /** Takes another name, in all rooms. Resolves when the server has taken it; at once while not connected. */
  async rename(name) {
    if (this.#state.name === 'closed') {
      throw new ParleyError('closed', 'this connection has been closed');
    }
    const before = this.#name;
    this.#name = name;
    if (this[isOpen]()) {
      try {
        await this.#ask({ type: 'rename', name });
      } catch (error) {
        if (error.code !== 'lost') {
          this.#name = before;
          throw error;
        }
      }
    }
  }

  /** Leaves for good. What was not acknowledged is rejected. */
  close() {
    this.#finish({ code: 1000, reason: 'closed here' });
  }

  #change(state) {
    this.#state = Object.freeze(state);
    this.dispatchEvent(new CustomEvent('state', { detail: this.#state }));
  }

  async #open() {
    if (this.#state.name === 'closed') {
      return;
    }
    clearInterval(this.#timers.countdown);
    clearTimeout(this.#timers.wait);
    this.#first = this.#rooms.values().next().value ?? null;
    if (this.#first === null) {
      this.#change({ name: 'idle' });
      return;
    }
    if (this.#state.name !== 'connecting') {
      this.#change({ name: 'connecting' });
    }
    const attempt = {};
    this.#timers.attempt = attempt;
    let token = this.#options.token;
    try {
      token = typeof token === 'function' ? await token() : token;
    } catch (error) {
      if (this.#timers.attempt === attempt) {
        this.#lost({ code: 1006, reason: `no token: ${error?.message ?? error}` });
      }
      return;
    }
    if (this.#timers.attempt !== attempt || this.#state.name === 'closed') {
      return;
    }
    if (this.#rooms.get(this.#first.name) !== this.#first) {
      this.#open(); // left while the token was fetched
      return;
    }
    let socket;
    try {
      socket = new this.#options.WebSocket(this.#address(token), SUBPROTOCOL);
    } catch (error) {
      this.#lost({ code: 1006, reason: error.message }); // a browser's policy forbids it, for one
      return;
    }
    this.#socket = socket;
    this.#heardAt = Date.now();
    this.#pingedAt = null;
    socket.onmessage = ({ data }) => this.#socket === socket && this.#take(data);
    socket.onerror = () => {}; // the close that follows says it
    socket.onclose = ({ code, reason }) => this.#socket === socket && this.#lost({ code, reason });
    this.#timers.heartbeat = setInterval(() => this.#listen(), 1000);
  }

  #address(token) {
    const url = new URL(this.#base);
    url.pathname += `/${this.#first.name}`;
    const parameters = { name: this.#name, token, ...this.#first[address]() };
    for (const [key, value] of Object.entries(parameters)) {
      if (value !== undefined && value !== null) {
        url.searchParams.set(key, value);
      }
    }
    return url.href;
  }

  /** Notices a connection that is there in name only. */
  #listen() {
    const silent = Date.now() - this.#heardAt;
    if (silent < SILENCE) {
      return;
    }
    if (this.#state.name !== 'open' || (this.#pingedAt !== null && Date.now() - this.#pingedAt > ANSWER)) {
      this.#abandon();
    } else if (this.#pingedAt === null) {
      this.#ping();
    }
  }

  #ping() {
    this.#pingedAt = Date.now();
    this[command]({ type: 'ping' }, () => {}, () => {});
  }

  #abandon() {
    const socket = this.#socket;
    this.#lost({ code: 1006, reason: 'the server does not answer' });
    socket?.close();
  }

  /** The browser is back online, or the page can be seen again. */
  #wake() {
    if (globalThis.document?.visibilityState === 'hidden') {
      return;
    }
    if (this.#state.name === 'waiting' && this.#retry === null) {
      this.#open();
    } else if (this.#state.name === 'open') {
      if (this.#pingedAt === null) {
        this.#ping();
      }
      const pingedAt = this.#pingedAt;
      clearTimeout(this.#timers.answer);
      this.#timers.answer = setTimeout(() => this.#pingedAt === pingedAt && this.#abandon(), pingedAt + ANSWER - Date.now());
    }
  }

  #take(data) {
    this.#heardAt = Date.now();
    this.#pingedAt = null;
    for (const line of String(data).split('\n')) {
      if (line !== '') {
        this.#event(JSON.parse(line));
      }
    }
  }

  #event(event) {
    const asked = event.ref === undefined ? undefined : this.#asked.get(event.ref);
    if (asked && LATER.has(event.code)) {
      this.#hold(event.ref);
      return;
    }
    if (asked) {
      this.#asked.delete(event.ref);
      if (event.type === 'error') {
        asked.failed(new ParleyError(event.code, event.reason));
      } else {
        asked.done(event);
      }
      return;
    }
    switch (event.type) {
      case 'welcome':
        this.#welcome(event);
        break;
      case 'joined':
        const room = this.#rooms.get(event.room);
        // The one of the address, and not another of the same name, which is joined by itself; or one that has begun anew.
        if (room && (room === this.#first || room.state === 'joined')) {
          room[entered](event);
        }
        break;
      case 'bye':
        this.#retry = event.retry;
        break;
      default:
        this.#rooms.get(event.room)?.[take](event);
    }
  }

  /** Keeps a command that is to be given again, and from now on those behind it: all at once would be a flood, and closed. */
  #hold(ref) {
    if (!this.#held) {
      this.#held = [];
      this.#timers.rate = setTimeout(() => this.#giveAgain(), RATE_WAIT);
    }
    this.#held.push(ref);
  }

  /** Gives what is held a second's worth at a time, in the order it was asked in, until for a second nothing was. */
  #giveAgain() {
    if (this.#held.length === 0) {
      this.#held = null;
      return;
    }
    this.#held.sort((a, b) => a - b);
    const rate = this.#limits.rate || Infinity; // 0 for any
    const most = Math.max(1, Math.floor((rate * RATE_SHARE * RATE_WAIT) / 1000));
    this.#held.splice(0, most).forEach((ref) => this.#socket.send(this.#asked.get(ref).frame));
    this.#timers.rate = setTimeout(() => this.#giveAgain(), RATE_WAIT);
  }

  #welcome({ limits, name }) {
    this.#limits = limits;
    this.#retry = null;
    this.#timers.stable = setTimeout(() => (this.#attempts = 0), STABLE);
    const rooms = [...this.#rooms.values()]; // who hears of the change may join more, which are entered at once
    this.#change({ name: 'open' });
    if (this.#name !== undefined && this.#name !== name) {
      this.rename(this.#name).catch(() => {}); // taken while it was connecting
    }
    if (this.#rooms.get(this.#first.name) !== this.#first) {
      this[command]({ type: 'leave', room: this.#first.name }, () => {}, () => {}); // left while it was connecting
    }
    for (const room of rooms) {
      if (room !== this.#first && this.#rooms.get(room.name) === room) {
        room[enter]();
      }
    }
  }

  #lost({ code, reason }) {
    this.#drop();
    const failure = new ParleyError('lost', 'the connection was lost');
    for (const room of this.#rooms.values()) {
      room[lost]();
    }
    const asked = [...this.#asked.values()];
    this.#asked.clear();
    asked.forEach(({ failed }) => failed(failure));
    // Who gets a token before each connection comes back with another.
    const hasEnded = reason === EXPIRED && typeof this.#options.token === 'function';
    if (FINAL.has(code) && !hasEnded) {
      this.#finish({ code, reason });
    } else if (this.#state.name !== 'closed') { // by who heard of it
      this.#wait(code, reason);
    }
  }

  #wait(code, reason) {
    const named = this.#retry ?? /retry (\d+)-(\d+) ms/.exec(reason)?.slice(1).map(Number);
    const [least, most] = Array.isArray(named) ? named : named ? [named.min, named.max] : [];
    if (least !== undefined) {
      this.#retry = { min: least, max: most };
    }
    const usual = this.#options.wait;
    const wait = this.#retry
      ? between(least, most)
      : between(usual.least, Math.min(usual.most, usual.least * 2 ** (this.#attempts + 1)));
    this.#attempts += 1;
    const until = Date.now() + wait;
    const tell = () =>
      this.#change({ name: 'waiting', seconds: Math.max(0, Math.ceil((until - Date.now()) / 1000)), code, reason });
    this.#timers.wait = setTimeout(() => {
      this.#retry = null;
      this.#open();
    }, wait);
    this.#timers.countdown = setInterval(tell, 1000);
    tell();
  }

  /** Lets go of the socket, without a word to it. */
  #drop() {
    clearInterval(this.#timers.heartbeat);
    clearInterval(this.#timers.countdown);
    clearTimeout(this.#timers.rate);
    this.#held = null;
    clearTimeout(this.#timers.answer);
    clearTimeout(this.#timers.stable);
    clearTimeout(this.#timers.wait);
    this.#timers.attempt = null;
    this.#socket = null;
  }

  #finish({ code, reason }) {
    if (this.#state.name === 'closed') {
      return;
    }
    const socket = this.#socket;
    this.#drop();
    socket?.close(1000);
    globalThis.removeEventListener?.('online', this.#onWake);
    globalThis.document?.removeEventListener('visibilitychange', this.#onWake);
    this.#change({ name: 'closed', code, reason });
    const failure = new ParleyError('closed', `the connection was closed: ${code} ${reason}`.trimEnd());
    const asked = [...this.#asked.values()];
    this.#asked.clear();
    asked.forEach(({ failed }) => failed(failure));
    for (const room of [...this.#rooms.values()]) {
      room[end](failure);
    }
    this.#rooms.clear();
  }

  #ask(what) {
    return new Promise((done, failed) => this[command](what, done, failed));
  }

  /** Gives a command; its answer comes to one of the two, in the same breath as it is read. */
  [command](what, done, failed) {
    if (!this[isOpen]()) {
      failed(new ParleyError('lost', 'not connected'));
      return;
    }
    const ref = ++this.#refs;
    const frame = JSON.stringify({ ...what, ref }); // may throw, and then nothing has been asked
    if (new TextEncoder().encode(frame).length > this.#limits.commandBytes) {
      failed(new ParleyError('too-large', `a command is at most ${this.#limits.commandBytes} bytes`)); // or be closed, for good
      return;
    }
    this.#asked.set(ref, { frame, done, failed });
    if (this.#held) {
      this.#held.push(ref);
    } else {
      this.#socket.send(frame);
    }
  }

  [isOpen]() {
    return this.#state.name === 'open' && this.#socket !== null;
  }

  /** Whether one more message may wait for its acknowledgement. */
  [mayWait]() {
    let waiting = 0;
    for (const room of this.#rooms.values()) {
      waiting += room.unacknowledged;
    }
    return waiting < this.#options.unsent;
  }

  [forget](room) {
    if (this.#rooms.get(room.name) === room) {
      this.#rooms.delete(room.name);
    }
  }
}

/** A room that was joined. Made by `Parley.join`. */
export class Room extends EventTarget {
  #parley;
  #name;
  #history;
  #remembered;

  #state = 'joining';
  #joined;
  #resolveJoined;
  #rejectJoined;

  #epoch = null;
  /** The number of the last message that was passed on; null while it is not known where they begin. */
  #last = null;
  /** After which they would begin if the room kept all. */
  #from = 0;
  /** The newest message known to be there. */
  #head = 0;
  #filling = false;

  /** What was said and not acknowledged, oldest first. */
  #outbox = new Set();
  /** The marks of what was said here, so that its messages are known as one's own. */
  #own = new Set();

  #names = new Set();
  #count = 0;
  #isWhole = false;
  #readers = new Set();

  constructor(parley, name, history, remembered) {
    super();
    this.#parley = parley;
    this.#name = name;
    this.#history = history;
    this.#remembered = remembered;
    this.#joined = new Promise((resolve, reject) => {
      this.#resolveJoined = resolve;
      this.#rejectJoined = reject;
    });
    this.#joined.catch(() => {}); // who does not ask need not hear of it
  }

  get name() {
    return this.#name;
  }

  /** `joining`, `joined`, or `left`. */
  get state() {
    return this.#state;
  }

  /** Resolves with the room when it has been entered for the first time, or rejects when it cannot be. */
  get joined() {
    return this.#joined;
  }

  /** The names of who is there, sorted. */
  get members() {
    return [...this.#names].sort((a, b) => a.localeCompare(b));
  }

  /** How many are there, those without a name included. */
  get count() {
    return this.#count;
  }

  /** Whether `members` are all names, or the room has more than the server tells. */
  get hasAllMembers() {
    return this.#isWhole;
  }

  /** How many messages have been said and not acknowledged. */
  get unacknowledged() {
    return this.#outbox.size;
  }

  /** Says a text, or anything else as JSON. Resolves when the server has it, however often the connection is lost until then. */
  async say(content, { id = newId() } = {}) {
    if (this.#state === 'left') {
      throw new ParleyError('left', `not in ${this.#name} any more`);
    }
    if (!this.#parley[mayWait]()) {
      throw new ParleyError('full', 'too many messages wait to be sent');
    }
    // As it is now: what is no JSON fails here and not on each connection, and what is said again is the same.
    const body = typeof content === 'string' ? { text: content } : { data: copy(content) };
    return new Promise((resolve, reject) => {
      const entry = { id, body, resolve, reject };
      this.#outbox.add(entry);
      this.#own.add(id);
      if (this.#own.size > this.#remembered) {
        this.#own.delete(this.#own.values().next().value);
      }
      if (this.#state === 'joined') {
        this.#send(entry);
      }
    });
  }

  #send(entry) {
    this.#parley[command](
      { type: 'say', room: this.#name, id: entry.id, ...entry.body },
      ({ seq, duplicate }) => {
        this.#outbox.delete(entry);
        entry.resolve({ id: entry.id, seq, duplicate });
      },
      (error) => {
        if (error.code !== 'lost') {
          this.#outbox.delete(entry);
          entry.reject(error);
        }
      },
    );
  }

  /** Asks for something about the room, unless it has been left. */
  #askHere(what) {
    return this.#state === 'left'
      ? Promise.reject(new ParleyError('left', `not in ${this.#name} any more`))
      : this.#ask({ ...what, room: this.#name });
  }

  /** Passes something on to who is there now. Rejects when that is nobody because the connection is lost. */
  signal(data) {
    return this.#askHere({ type: 'signal', data }).then(() => undefined);
  }

  /** Reads messages that the room keeps and that come before one, oldest first: `{messages, more}`. */
  async history({ before, limit = 50 } = {}) {
    const page = await this.#askHere({ type: 'history', before, limit });
    return { messages: page.messages.map((message) => this.#read(message)), more: page.more };
  }

  /** Leaves the room. What was not acknowledged is rejected. */
  async leave() {
    if (this.#state === 'left') {
      return;
    }
    // Also when it is being entered: the server may have it so already. Before anybody hears of it, who might join it again.
    const left = this.#ask({ type: 'leave', room: this.#name }).catch(() => {});
    this[end](new ParleyError('left', `left ${this.#name}`));
    await left;
  }

  /** The messages from now on, in order, each once. Ends when the room is left; throws when the reader falls too far behind. */
  [Symbol.asyncIterator]() {
    const reader = { waiting: [], asking: [], isOver: this.#state === 'left', failure: null };
    if (!reader.isOver) {
      this.#readers.add(reader);
    }
    return {
      next: () =>
        new Promise((resolve, reject) => {
          reader.asking.push({ resolve, reject });
          this.#serve(reader);
        }),
      return: async () => {
        reader.waiting = [];
        this.#over(reader, null);
        return { done: true, value: undefined };
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  #ask(what) {
    return new Promise((done, failed) => this.#parley[command](what, done, failed));
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  /** Where to start or go on, as parameters of the address. */
  [address]() {
    if (this.#epoch !== null) {
      return { epoch: this.#epoch, after: this.#last ?? this.#from };
    }
    return { history: this.#history > 0 ? this.#history : undefined };
  }

  [enter]() {
    const { epoch, after, history } = this[address]();
    this.#parley[command](
      { type: 'join', room: this.#name, ...(epoch === undefined ? { history } : { after: { epoch, seq: after } }) },
      (event) => this[entered](event),
      (error) => {
        if (error.code !== 'lost') {
          this[end](error);
        }
      },
    );
  }

  [entered]({ epoch, seq, count }) {
    if (this.#state === 'left') {
      return; // meanwhile
    }
    const isAnother = this.#epoch !== null && this.#epoch !== epoch;
    if (this.#epoch !== epoch) {
      this.#from = isAnother ? 0 : Math.max(0, seq - this.#history);
      this.#last = this.#from === seq ? seq : null;
      this.#head = 0;
    }
    this.#epoch = epoch;
    this.#count = count;
    this.#state = 'joined';
    // Before anybody hears of it, who might say something and would have it said before, and twice.
    this.#lookAround();
    for (const entry of this.#outbox) {
      this.#send(entry);
    }
    if (isAnother) {
      this.#tell('reset', { epoch });
    }
    this.#resolveJoined(this);
    if (this.#state === 'joined') { // and not left by who heard of the reset
      this.#tell('state', 'joined');
    }
  }

  #lookAround() {
    this.#parley[command](
      { type: 'who', room: this.#name },
      ({ names, count, more }) => this.#see(names, count, !more),
      () => {},
    );
  }

  #see(names, count, isWhole) {
    this.#names = new Set(names);
    this.#count = count;
    this.#isWhole = isWhole;
    this.#tell('members', { members: this.members, count });
  }

  [take](event) {
    if (this.#state !== 'joined') {
      return; // for a room of the same name that was left
    }
    switch (event.type) {
      case 'message':
        this.#message(event);
        break;
      case 'gap':
        this.#missed(event);
        break;
      case 'presence':
        this.#presence(event);
        break;
      case 'signal':
        this.#tell('signal', { from: event.from, data: event.data });
        break;
      default: // of a newer server, or 'left'
    }
  }

  #message(message) {
    this.#last ??= message.seq - 1;
    const isMissing = this.#filling || this.#head > this.#last; // which a gap told: numbers may have holes
    this.#head = Math.max(this.#head, message.seq);
    if (message.seq > this.#last) {
      if (isMissing) {
        this.#fill();
      } else {
        this.#pass(message);
      }
    }
  }

  #missed({ after, before }) {
    this.#last ??= after; // even a history that was asked for may be missed
    this.#head = Math.max(this.#head, before - 1);
    if (this.#head > this.#last) {
      this.#fill();
    }
  }

  /** Fetches what is missing, page by page. What comes meanwhile is not kept but fetched too. */
  #fill() {
    if (this.#filling) {
      return;
    }
    this.#filling = true;
    const gap = { after: this.#last, before: this.#head + 1 };
    this.#tell('gap', { ...gap, state: 'filling' });
    const fetch = () =>
      this.#parley[command](
        { type: 'history', room: this.#name, after: this.#last, limit: PAGE },
        (page) => {
          this.#page(page);
          if (!this.#filling) {
            return; // left by who was given one of them
          }
          if (this.#last < this.#head) {
            fetch();
          } else {
            this.#filling = false;
            this.#tell('gap', { ...gap, state: 'filled' });
          }
        },
        () => (this.#filling = false),
      );
    fetch();
  }

  /** Where numbers have holes the page says from which number on the room has all. */
  #page({ messages, first = Infinity }) {
    for (const message of messages) {
      if (this.#filling && message.seq > this.#last) {
        this.#give(Math.min(message.seq, first));
        this.#pass(message);
      }
    }
    if (this.#filling && messages.length === 0) {
      this.#give(this.#head + 1);
    }
  }

  /** Gives up what the room does not keep any more, up to a message. */
  #give(seq) {
    if (seq > this.#last + 1) {
      this.#tell('gap', { after: this.#last, before: seq, state: 'lost' });
      this.#last = seq - 1;
    }
  }

  #read(message) {
    const { seq, at, from, text, data, id } = message;
    return { room: this.#name, seq, at: new Date(at), from, text, data, id, own: id !== undefined && this.#own.has(id) };
  }

  #pass(message) {
    this.#last = message.seq;
    this.#head = Math.max(this.#head, message.seq);
    const read = this.#read(message);
    for (const reader of this.#readers) {
      reader.waiting.push(read);
      this.#serve(reader);
      if (reader.waiting.length > this.#remembered) {
        this.#over(reader, new ParleyError('full', 'the messages were not read as fast as they came'));
      }
    }
    this.#tell('message', read);
  }

  #over(reader, failure) {
    reader.isOver = true;
    reader.failure = failure;
    this.#readers.delete(reader);
    this.#serve(reader);
  }

  /** Answers who asks a reader for the next message, in the order of asking, as far as there are messages or their end. */
  #serve({ waiting, asking, isOver, failure }) {
    while (asking.length > 0 && (waiting.length > 0 || isOver)) {
      const { resolve, reject } = asking.shift();
      if (waiting.length > 0) {
        resolve({ done: false, value: waiting.shift() });
      } else if (failure) {
        reject(failure);
      } else {
        resolve({ done: true, value: undefined });
      }
    }
  }

  #presence({ names, joined, left, count }) {
    if (names) {
      this.#see(names, count, true);
    } else if (joined) {
      joined.forEach((name) => this.#names.add(name));
      left.forEach((name) => this.#names.delete(name));
      this.#see(this.#names, count, this.#isWhole);
    } else {
      this.#see(this.#names, count, false);
    }
  }

  /** The connection was lost: what is not acknowledged waits, what was being fetched comes by itself. */
  [lost]() {
    if (this.#state === 'joined') {
      this.#state = 'joining';
      this.#tell('state', 'joining');
    }
    this.#filling = false;
  }

  [end](failure) {
    this.#state = 'left';
    this.#filling = false;
    this.#parley[forget](this);
    this.#rejectJoined(failure);
    for (const entry of this.#outbox) {
      entry.reject(failure);
    }
    this.#outbox.clear();
    for (const reader of this.#readers) {
      this.#over(reader, null);
    }
    this.#tell('state', 'left');
  }
}
