// The client of a Parley server, for browsers and for Node. One connection, many rooms; it comes back by itself, goes
// on where it was, and says again what was not acknowledged. docs/parley-js.md describes its use, docs/protocol.md the
// wire.

const SUBPROTOCOL = 'parley.v1.json';
/** What `readyState` is while messages can be sent. */
const OPEN = 1;

/**
 * The waits before coming back, in milliseconds: a random one between the least and a bound that doubles up to the
 * most.
 */
const WAIT = { least: 500, most: 20_000 };
/** How long a connection has to last before the next wait is a short one again. */
const STABLE = 10_000;
/** How long a token function may take, and a connection until its welcome. */
const TOKEN = 30_000;
const OPENING = 30_000;
/** How long the server may be silent before it is pinged: with nothing to answer, and with a command to answer. */
const SILENCE = 30_000;
const OVERDUE = 5_000;
/**
 * How long the answer to a ping may take, and to any command; more for each byte on its way, since a line may be slow.
 */
const ANSWER = 10_000;
const COMMAND = 60_000;
const BYTES_PER_MS = 8;
const MOST_PATIENCE = 120_000;
/** How long a replay may be without a message before what waits for its end is said. */
const REPLAY = 10_000;
/**
 * How long a command waits that came over a rate, or that the server could not carry out; the latter doubles up to the
 * most.
 */
const RATE_WAIT = 1_000;
const UNAVAILABLE_WAIT = { least: 1_000, most: 20_000 };
/** The share of the server's rates that is used, since commands may arrive closer together than they were sent. */
const RATE_SHARE = 0.9;
/** How many seconds' worth of its rates a server allows at once. */
const BURST_SECONDS = 5;
/** The byte rate of servers that do not tell theirs. */
const BYTES_PER_SECOND = 1024 * 1024;
/** How many messages one page of a gap asks for. */
const PAGE = 500;
/** How many long answers are asked for at a time: unread ones that pile up at the server end the connection. */
const PAGES = 1;
const MEMBER_LISTS = 4;

/** How many handshakes fail while HTTP works until that is used, and how long one may take while there is another way. */
const WEBSOCKET_TRIES = 2;
const UPGRADE = 10_000;
/** When WebSocket is tried again while event streams are read; doubles up to the most. */
const WEBSOCKET_AGAIN = { least: 10_000, most: 600_000 };
/** The same, when it works and an answer is on its way over HTTP. */
const WEBSOCKET_SOON = 1_000;
/** Where a tab keeps the hosts that WebSocket does not reach from here. */
const UNREACHED = 'parley.websocket-unreached';
/** How many rooms an event stream may have. */
const STREAM_ROOMS = 20;
/** When a stream of watched rooms is opened again that has ended: a random wait. */
const WATCH_AGAIN = { least: 1_000, most: 5_000 };
/** How long a stream may be silent: the server sends a comment every 15 seconds. */
const STREAM_SILENCE = 25_000;
/** How many requests are on their way at a time, beside streams: a browser opens six connections to a host. */
const REQUESTS = 3;
/** How many lines a body of messages may have. */
const BODY_LINES = 1_000;
/** How many streams that were left are remembered until the server has ended them. */
const MOST_LEFT = 20;
/** How many changes may wait for their answers. */
const MOST_CHANGING = 1_000;
/** How many unread messages a server counts, and how many this client remembers that the server has not counted. */
const MOST_UNREAD = 100;
const MOST_UNCOUNTED = 1_000;
/** How often members are asked for that come and go meanwhile. */
const MEMBERS_TRIES = 3;

/** The reason of a close after which another token may do. */
const EXPIRED = 'token expired';
/** Errors that answer a command which the server may carry out later: a rate, or its disk. */
const LATER = new Set(['rate-limited', 'unavailable']);
/** The closes after which coming back would end the same. */
const FINAL = new Set([1000, 1002, 1003, 1007, 1009]);
/** 1008 may come from the container, whose HTTP session has ended, and pass; this many in a row are final. */
const NOT_ALLOWED = 1008;
const NOT_ALLOWED_MOST = 3;
/** What the ends of streams are told as, which have no codes. */
const GOING_AWAY = 1001;
const TRY_AGAIN = 1013;

const ROOM_NAME = /^(?!\.\.?$)[A-Za-z0-9._-]{1,64}$/;
/** A room's name, or a pattern of names. */
const WATCHED = /^(?!\.\.?$)[A-Za-z0-9._*-]{1,64}$/;
const NAME_RULE = '1 to 40 printable characters, no line breaks, not only spaces';
/** What the server refuses in names on any JDK; the rest is for it to decide. */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\p{Co}\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]/u;
const MOST_HISTORY = 999_999_999;
const MOST_TOKEN = 8192;

// What the connection and its rooms say to each other, and nobody else can.
const command = Symbol('command');
const page = Symbol('page');
const memberList = Symbol('memberList');
const settled = Symbol('settled');
const withdraw = Symbol('withdraw');
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

/** Durations are measured with a clock that is never set. */
const now = () => performance.now();

/** An id that nobody else would choose. `crypto.randomUUID` is missing on pages without TLS. */
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

/** A reaction of this client, as a key of a map. */
const reactionName = (seq, key) => `${seq} ${key}`;

/** A value as part of an error. */
function quoted(value) {
  return typeof value === 'string' ? `'${value.length > 80 ? `${value.slice(0, 80)}…` : value}'` : String(value);
}

/** By what presence knows a member: its user, or its name if it has none. */
const memberKey = ({ user, name }) => (user === undefined ? `=${name}` : `@${user}`);

/** What is wrong with a name, or an empty string. */
function nameFault(name) {
  const isName =
    typeof name === 'string' && name.trim() !== '' && [...name.trim()].length <= 40 && !UNPRINTABLE.test(name.trim());
  return isName ? '' : `${quoted(name)} is not a name: ${NAME_RULE}`;
}

/** What is wrong with a token, as far as that shows without its key, or an empty string. None at all is fine. */
function tokenFault(token) {
  if (token === undefined || token === null || token === '') {
    return '';
  }
  if (typeof token !== 'string') {
    return `a token is a string, not ${typeof token}`;
  }
  if (token.length > MOST_TOKEN) {
    return `a token has at most ${MOST_TOKEN} characters; this one has ${token.length}`;
  }
  const name = claimedName(token);
  const fault = name === undefined ? '' : nameFault(name);
  return fault && `the claim 'name' of the token: ${fault}`;
}

/** The claim `name` of a token, or undefined: what it means otherwise is for the server to decide. */
function claimedName(token) {
  try {
    const bytes = atob(token.split('.')[1].replaceAll('-', '+').replaceAll('_', '/'));
    const claims = JSON.parse(new TextDecoder().decode(Uint8Array.from(bytes, (byte) => byte.charCodeAt(0))));
    return claims.name ?? undefined;
  } catch {
    return undefined;
  }
}

/** The hosts that event streams reached and WebSocket did not, for as long as the page lives, or the tab. */
const unreached = new Set();
try {
  JSON.parse(sessionStorage.getItem(UNREACHED) ?? '[]').forEach((host) => unreached.add(host));
} catch {
  // not in a browser, or its storage is closed to this page
}

function remember(host, isReached) {
  if (isReached ? unreached.delete(host) : !unreached.has(host) && unreached.add(host)) {
    try {
      sessionStorage.setItem(UNREACHED, JSON.stringify([...unreached]));
    } catch {
      // for the life of the page alone
    }
  }
}

/** The address of `/chat` as a WebSocket address, relative to the page if there is one. Its query is kept. */
function chatAddress(url) {
  const base = new URL(url, globalThis.location?.href);
  base.protocol = base.protocol.replace(/^http/, 'ws');
  base.pathname = base.pathname.replace(/\/+$/, '');
  base.hash = '';
  if (!/^wss?:$/.test(base.protocol)) {
    throw new TypeError(`${quoted(String(url))} is not an address of http, https, ws or wss`);
  }
  const room = /\/chat\/([^/]+)$/.exec(base.pathname)?.[1];
  if (room !== undefined && room !== 'chat') { // of an application whose context path is /chat
    throw new TypeError(`${quoted(String(url))} ends in a room: give the address of /chat, and the room to join('${room}')`);
  }
  for (const ofOneRoom of ['history', 'after', 'epoch']) {
    base.searchParams.delete(ofOneRoom);
  }
  return base;
}

/**
 * Why a handshake to an address is refused, which a WebSocket does not tell: a plain GET of the same address does.
 * Resolves with `{status, reason}`, or with null when nothing is against it or that cannot be found out.
 */
export async function whyRefused(address) {
  const url = new URL(address, globalThis.location?.href);
  url.protocol = url.protocol.replace(/^ws/, 'http');
  if (typeof globalThis.fetch !== 'function' || (globalThis.location && globalThis.location.origin !== url.origin)) {
    return null; // the answer of another origin cannot be read
  }
  try {
    return await reasonOf(await fetch(url, { cache: 'no-store', redirect: 'manual', signal: AbortSignal.timeout(ANSWER) }));
  } catch {
    return null; // nobody answers
  }
}

async function reasonOf(response) {
  const { status } = response;
  if (status === 426) {
    return null;
  }
  if (status < 400) { // or a redirect that was not followed
    return { status, reason: 'another page answers at this address, such as a login' };
  }
  const isSentence = response.headers.get('content-type')?.startsWith('text/plain');
  const sentence = isSentence ? (await response.text()).trim().split('\n')[0].slice(0, 200) : '';
  return { status, reason: sentence || `the server answered with HTTP status ${status}` };
}

/** A token bucket, as the server has one, at a share of its rate. 0 is for any rate. */
class Budget {
  #perSecond;
  #left;
  #at = now();

  constructor(perSecond) {
    this.#perSecond = perSecond > 0 ? perSecond * RATE_SHARE : Infinity;
    this.#left = this.#most;
  }

  get #most() {
    return this.#perSecond * BURST_SECONDS;
  }

  /** In how many milliseconds that much may be spent. */
  wait(amount) {
    if (this.#perSecond === Infinity) {
      return 0;
    }
    const at = now();
    this.#left = Math.min(this.#most, this.#left + ((at - this.#at) / 1000) * this.#perSecond);
    this.#at = at;
    const missing = Math.min(amount, this.#most) - this.#left;
    return missing > 0 ? Math.ceil((missing / this.#perSecond) * 1000) : 0;
  }

  spend(amount) {
    this.#left -= Math.min(amount, this.#most);
  }

  /** The server has none left. */
  empty() {
    this.wait(0);
    this.#left = Math.min(this.#left, 0);
  }
}

/** Starts tasks in their order, so many at a time. */
class Turns {
  #most;
  #running = 0;
  #waiting = [];
  #isStarting = false;

  constructor(most) {
    this.#most = most;
  }

  /** Calls `start(over)` when it is its turn; calling `over` lets the next one start. */
  take(start) {
    this.#waiting.push(start);
    this.#next();
  }

  /** Without recursion: when the connection is lost each of many is over as soon as it starts. */
  #next() {
    if (this.#isStarting) {
      return;
    }
    this.#isStarting = true;
    while (this.#running < this.#most && this.#waiting.length > 0) {
      this.#running += 1;
      this.#waiting.shift()(() => {
        this.#running -= 1;
        this.#next();
      });
    }
    this.#isStarting = false;
  }
}

// Lines. A line is a connection to the server, whatever it is made over. `send` takes a command, `close` ends the line
// without a call, `buffered` is how many bytes have not been passed on. A line calls what it was given: `heard` for
// each sign of life, `event` for each event of docs/protocol.md, `gone` once, when it is lost.

const NO_PUBLISHING = 'WebSocket is not in use here, and over HTTP the server takes nothing from this client: ';
const TRANSPORTS = new Set(['auto', 'websocket', 'sse']);

/** A line over a WebSocket. */
class SocketLine {
  transport = 'websocket';
  #socket;

  constructor(WebSocket, address, { heard, event, gone }) {
    const socket = (this.#socket = new WebSocket(address, SUBPROTOCOL));
    let hasOpened = false;
    socket.onopen = () => (hasOpened = true);
    socket.onmessage = ({ data }) => {
      hasOpened = true;
      heard();
      for (const line of String(data).split('\n')) {
        if (line !== '') {
          event(JSON.parse(line));
        }
      }
    };
    // After an error on an open connection comes its close. Not always on one that never opened: in Node 22, for one.
    socket.onerror = (error) => hasOpened || gone({ code: 1006, reason: error?.message ?? '', hasOpened });
    socket.onclose = ({ code, reason }) => gone({ code, reason, hasOpened });
  }

  get buffered() {
    return this.#socket.bufferedAmount ?? 0;
  }

  send({ frame }) {
    // A socket that is closing says so in the console; what was on its way is settled when it has closed.
    if ((this.#socket.readyState ?? OPEN) <= OPEN) this.#socket.send(frame);
  }

  close(code) {
    this.#socket.close(code);
  }
}

/** Reads the text of an event stream (WHATWG HTML, section 9.2.6), in whatever parts it comes. */
class StreamText {
  #rest = '';
  #data = [];
  #id = null;

  /** Calls `dispatch(data, id)` for each event that is whole; `id` is that of the last event which had one. */
  take(text, dispatch) {
    const lines = (this.#rest + text).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop();
    for (const line of lines) {
      const [, field, value] = /^([^:]*)(?:: ?(.*))?$/s.exec(line);
      if (field === 'data') {
        this.#data.push(value ?? '');
      } else if (field === 'id') {
        this.#id = value ?? '';
      } else if (line === '' && this.#data.length > 0) {
        const data = this.#data.join('\n');
        this.#data = [];
        dispatch(data, this.#id);
      }
    }
  }
}

/** Why a stream did not open, or has ended: what a close would say, and the status of HTTP if there was one. */
class StreamEnd extends Error {
  constructor({ code = 1006, reason = '', status, word }) {
    super(reason);
    Object.assign(this, { code, reason, status, word });
  }

  /** By the last event of a stream, whose id says when an operator has closed it. */
  static bye({ reason, id }) {
    const isFinal = reason === EXPIRED || id === 'end';
    const code = isFinal ? NOT_ALLOWED : reason === 'shutdown' ? GOING_AWAY : TRY_AGAIN;
    return new StreamEnd({ code, reason, word: 'unavailable' });
  }
}

/** The rooms of an event stream, and how far it has come. */
class Stream {
  /** By which it is ended at the server, which may notice late that its client has gone. */
  key = newId();
  abort = new AbortController();
  /** Rooms that the server has not told of yet. */
  missing;
  name = undefined;
  heardAt = now();
  #starts;
  #lastId = null;

  /** `starts` has, by room, `epoch` and `after`, or `history`. */
  constructor(starts) {
    this.#starts = starts;
    this.missing = new Set(starts.keys());
  }

  get rooms() {
    return [...this.#starts.keys()];
  }

  /** The id of the last event that was passed on: where the client is, in each room. */
  reached(id) {
    this.#lastId = id ?? this.#lastId;
  }

  /** Where another stream of these rooms has to begin. */
  positions() {
    const starts = new Map(this.#starts);
    for (const part of this.#lastId?.split(',') ?? []) {
      const [, room = this.rooms[0], epoch, after] = /^(?:([^=]*)=)?(.*):(\d+)$/.exec(part) ?? [];
      if (epoch !== undefined && starts.has(room)) {
        starts.set(room, { epoch, after });
      }
    }
    return starts;
  }

  /** Its query: rooms, the id that it goes on from, and how far back it begins in rooms that are not in it. */
  query(parameters) {
    const query = new URLSearchParams(parameters);
    query.set('key', this.key);
    const placed = [...this.#starts].filter(([, { epoch }]) => epoch !== undefined);
    const history = [...this.#starts.values()].find(({ epoch }) => epoch === undefined)?.history;
    this.rooms.forEach((room) => query.append('room', room));
    if (placed.length > 0) {
      query.set('lastEventId', placed.map(([room, { epoch, after }]) => `${room}=${epoch}:${after}`).join());
    }
    if (history !== undefined) {
      query.set('history', history);
    }
    return query;
  }
}

/**
 * A line over HTTP (docs/http.md): event streams to read, requests to say and ask. The rooms of a stream are in its
 * address, so a stream is replaced when they change: the other one begins where the first has come to, and then the
 * first ends.
 */
class EventLine {
  transport = 'sse';
  buffered = 0;
  #api;
  #parameters;
  #token;
  /** Keys of streams that were left or lost, and that the server has not been heard to have ended. */
  #left;
  #on;

  #wanted;
  /** The name by the server's word. */
  #name;
  #limits = null;
  /** Those in use, by room. */
  #streams = new Map();
  /** All that have not ended. */
  #open = new Set();
  /** The last presence that came, by room. */
  #presences = new Map();
  #isOver = false;
  #requested = new AbortController();

  /** Commands that change rooms or the name, one kind at a time. */
  #changes = [];
  #isChanging = false;
  /** Messages that wait to be said, by room: what is in one request keeps its order. */
  #unsaid = new Map();
  #saying = new Set();
  #requests = new Turns(REQUESTS);
  /** Ends the stream of rooms that are watched; null when there is none. */
  #watched = null;
  #watch = setInterval(() => this.#look(), 1000);

  constructor(chat, rooms, { name, token, left }, on) {
    const { api, parameters } = overHttp(chat);
    this.#api = api;
    this.#parameters = parameters;
    this.#left = left;
    this.#token = token || chat.searchParams.get('token');
    this.#wanted = name;
    this.#on = on;
    this.#begin(new Map(rooms.map(({ room, ...start }) => [room, start])));
  }

  close() {
    this.#isOver = true;
    clearInterval(this.#watch);
    this.#requested.abort();
    this.#watched?.abort();
    this.#open.forEach(({ abort }) => abort.abort());
  }

  send(asked) {
    const { type, room, before, after, limit, changes } = asked.what;
    switch (type) {
      case 'join':
      case 'leave':
      case 'rename':
        this.#changes.push(asked);
        this.#carryOut();
        break;
      case 'say':
        if (asked.what.key !== undefined) {
          this.#refuse(asked, 'forbidden', 'setting a value needs WebSocket, which is not in use here');
          break;
        }
        this.#unsaid.set(room, [...(this.#unsaid.get(room) ?? []), asked]);
        this.#say(room);
        break;
      case 'mark':
        this.#mark(asked);
        break;
      case 'edit':
      case 'append':
      case 'remove':
      case 'react':
        if (type === 'remove' && asked.what.key !== undefined) {
          this.#refuse(asked, 'forbidden', 'removing a value needs WebSocket, which is not in use here');
          break;
        }
        this.#change(asked);
        break;
      case 'signal':
        this.#signal(asked);
        break;
      case 'state':
        this.#refuse(asked, 'forbidden', 'a state needs WebSocket, which is not in use here');
        break;
      case 'watch':
        this.#watchRooms(asked);
        break;
      case 'history':
        this.#get(asked, () => {
          const query = { before, after, limit, changes };
          return this.#ask('GET', `rooms/${room}/messages`, { query });
        });
        break;
      case 'who':
        this.#get(asked, () => this.#members(room));
        break;
      default: // a ping
        this.#ping(asked);
    }
  }

  #answer({ ref }, event) {
    if (!this.#isOver) {
      this.#on.heard();
      this.#on.event({ ...event, ref });
    }
  }

  #refuse({ ref, room }, code, reason) {
    if (!this.#isOver) {
      this.#on.event({ type: 'error', ref, room, code, reason });
    }
  }

  #lose({ code = 1006, reason, status }) {
    if (!this.#isOver) {
      this.close();
      this.#on.gone({ code, reason, status, hasOpened: this.#limits !== null });
    }
  }

  // Streams

  async #begin(rooms) {
    this.#isChanging = true;
    try {
      await this.#read(new Stream(rooms), []);
      this.#isChanging = false;
      this.#carryOut();
    } catch (end) {
      this.#lose(end);
    }
  }

  /**
   * Opens a stream. Resolves when all its rooms have been joined and those in `replaced` have ended; rejects with a
   * `StreamEnd` when it ends before. `refs` has the commands that `joined` answers, by room.
   */
  #read(stream, replaced, refs = new Map()) {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        reject(new StreamEnd({ reason: 'the server does not answer' }));
        stream.abort.abort();
      }, OPENING);
      this.#open.add(stream);
      const isComplete = () => {
        clearTimeout(late);
        this.#endLeft();
        replaced.forEach((other) => {
          this.#open.delete(other);
          other.abort.abort();
        });
        resolve();
      };
      this.#follow(stream, refs, isComplete).then(
        (end) => {
          clearTimeout(late);
          if (end.word === undefined && end.status === undefined) {
            this.#left.add(stream.key);
            this.#endLeft();
          }
          const isInUse = this.#open.delete(stream) && stream.missing.size === 0;
          reject(end);
          if (isInUse) {
            this.#lose(end);
          }
        },
      );
    });
  }

  /** Reads a stream to its end, and resolves with that. */
  async #follow(stream, refs, isComplete) {
    let bye = null;
    const { signal } = stream.abort;
    try {
      const query = stream.query(this.#parameters);
      if (this.#wanted !== undefined) {
        query.set('name', this.#wanted);
      }
      const response = await this.#fetch('events', query, { headers: { Accept: 'text/event-stream' }, signal });
      if (!response.ok || !response.headers.get('content-type')?.startsWith('text/event-stream')) {
        return new StreamEnd(await refusal(response));
      }
      const text = new StreamText();
      const decoder = new TextDecoder();
      const reader = response.body.getReader();
      for (let part = await reader.read(); !part.done && !this.#isOver; part = await reader.read()) {
        stream.heardAt = now();
        this.#on.heard();
        text.take(decoder.decode(part.value, { stream: true }), (data, id) => {
          const event = JSON.parse(data);
          if (this.#isOver || signal.aborted) {
            return;
          }
          if (event.type === 'bye') {
            bye = { reason: event.reason, id };
          }
          this.#event(stream, event, id, refs, isComplete);
        });
      }
      return bye ? StreamEnd.bye(bye) : new StreamEnd({ reason: 'the connection was lost' });
    } catch (error) {
      return bye ? StreamEnd.bye(bye) : new StreamEnd({ reason: String(error?.message ?? error) });
    }
  }

  /** Asks the server to end what was left, again after each stream that opens until there was an answer. */
  #endLeft() {
    for (const key of [...this.#left].slice(0, -MOST_LEFT)) {
      this.#left.delete(key);
    }
    for (const key of this.#left) {
      const once = { method: 'DELETE', keepalive: true, signal: AbortSignal.timeout(ANSWER) };
      this.#fetch(`events/${key}`, this.#parameters, once).then(
        () => this.#left.delete(key),
        () => {},
      );
    }
  }

  #event(stream, event, id, refs, isComplete) {
    const { type, room } = event;
    if (type === 'welcome') {
      stream.name = event.name;
      if (this.#limits === null) {
        this.#limits = event.limits;
        this.#name = event.name;
        this.#on.event(event);
      }
    } else if (type === 'joined' && stream.missing.delete(room)) {
      this.#joined(stream, event, id, refs.get(room));
      if (stream.missing.size === 0) {
        isComplete();
      }
    } else if (type === 'bye') {
      if (this.#limits === null || stream.missing.size === 0) {
        this.#on.event(event);
      }
    } else if (this.#streams.get(room) === stream) {
      stream.reached(id);
      if (type === 'presence') {
        this.#presences.set(room, event);
      }
      this.#on.event(event);
    }
  }

  /** The first that a stream says of a room. From now on the room is read from this stream. */
  #joined(stream, event, id, asked) {
    const before = this.#streams.get(event.room)?.positions().get(event.room);
    this.#streams.set(event.room, stream);
    stream.reached(id);
    if (asked !== undefined) {
      this.#answer(asked, event);
    } else if (before?.epoch !== event.epoch) {
      this.#on.event(event);
    } else {
      this.#lookAround(event.room); // presence between the two streams was missed
      this.#on.event({ ...event, type: 'mark' }); // and so were marks
    }
  }

  async #lookAround(room) {
    const answer = await this.#members(room).catch(() => null);
    if (answer?.status === 200 && this.#streams.has(room) && !this.#isOver) {
      const { names, members, count, more } = answer.json();
      this.#on.event({ type: 'presence', room, count, ...(more ? {} : { names, members }) });
    }
  }

  /** A stream that says nothing is lost, whatever requests are answered. */
  #look() {
    for (const { missing, heardAt } of this.#open) {
      if (missing.size === 0 && now() - heardAt > STREAM_SILENCE) {
        this.#lose({ reason: 'the server does not answer' });
        return;
      }
    }
  }

  // Rooms that are watched

  /** They are in the address of a stream of their own, which is opened again when it ends. */
  async #watchRooms(asked) {
    this.#watched?.abort();
    this.#watched = new AbortController();
    const { signal } = this.#watched;
    const { rooms, last, marks } = asked.what;
    let isAnswered = rooms.length === 0;
    if (isAnswered) {
      this.#answer(asked, { type: 'ack' });
      return;
    }
    const query = new URLSearchParams(this.#parameters);
    rooms.forEach((room) => query.append('room', room));
    query.set('last', last);
    query.set('marks', marks);
    while (!this.#isOver && !signal.aborted) {
      let isAnew = true;
      try {
        const response = await this.#fetch('watch', query, { headers: { Accept: 'text/event-stream' }, signal });
        if (response.status !== 200) {
          const { status, word = 'unavailable', reason } = await refusal(response);
          const code = word === 'bad-query' ? 'too-many-rooms' : word;
          if (signal.aborted) {
            return;
          } else if (!isAnswered) {
            this.#refuse(asked, code, reason);
            return;
          } else if (status === 401 && this.#token) {
            this.#lose(/\bexpired\b/.test(reason) ? { code: NOT_ALLOWED, reason: EXPIRED } : { reason, status });
            return;
          } else if (status < 500 && !LATER.has(code)) {
            this.#on.event({ type: 'unwatched', code, reason });
            return;
          }
          throw new StreamEnd({ status, reason }); // what passes
        }
        await this.#readEvents(response, (event) => {
          if (signal.aborted || this.#isOver) {
            return;
          }
          if (event.type === 'welcome' && !isAnswered) {
            isAnswered = true;
            this.#answer(asked, { type: 'ack' });
          } else if (event.type === 'watched') {
            this.#on.event({ ...event, isAnew });
            isAnew = false;
          }
        });
      } catch {
        // the connection was lost, the server cannot for now, or the list is another one
      }
      await new Promise((over) => setTimeout(over, between(WATCH_AGAIN.least, WATCH_AGAIN.most)));
    }
  }

  async #readEvents(response, take) {
    const text = new StreamText();
    const decoder = new TextDecoder();
    const reader = response.body.getReader();
    try {
      for (let part = await reader.read(); !part.done && !this.#isOver; part = await reader.read()) {
        text.take(decoder.decode(part.value, { stream: true }), (data) => take(JSON.parse(data)));
      }
    } finally {
      reader.cancel().catch(() => {}); // or a stream that could not be read would stay open
    }
  }

  // Rooms and names

  /** Carries out what changes streams: commands of one kind that came together at a time. */
  async #carryOut() {
    if (this.#isChanging) {
      return;
    }
    this.#isChanging = true;
    await null; // what is asked in the same breath is one change
    while (this.#changes.length > 0 && !this.#isOver) {
      const { type } = this.#changes[0].what;
      const others = this.#changes.findIndex(({ what }, at) => what.type !== type || (type === 'rename' && at > 0));
      const some = this.#changes.splice(0, others < 0 ? this.#changes.length : others);
      try {
        await (type === 'join' ? this.#join(some) : type === 'leave' ? this.#leave(some) : this.#rename(some[0]));
      } catch (end) {
        this.#lose({ ...end, reason: end.reason ?? end.message });
      }
    }
    this.#isChanging = false;
  }

  async #join(commands) {
    const may = this.#limits.rooms - this.#streams.size;
    commands.slice(Math.max(0, may)).forEach((asked) =>
      this.#refuse(asked, 'too-many-rooms', `a connection may be in ${this.#limits.rooms} rooms`),
    );
    const left = commands.slice(0, Math.max(0, may));
    while (left.length > 0) {
      // A stream begins equally far back in all rooms.
      const { history } = left[0].what;
      const alike = ({ what }) => what.after !== undefined || what.history === history;
      const wide = [...new Set(this.#streams.values())].find(({ rooms }) => rooms.length < this.#width);
      const some = left.filter(alike).slice(0, this.#width - (wide?.rooms.length ?? 0));
      some.forEach((asked) => left.splice(left.indexOf(asked), 1));
      await this.#widen(wide, some);
    }
  }

  get #width() {
    return Math.min(STREAM_ROOMS, this.#limits.rooms);
  }

  /** Replaces a stream by one with more rooms; `wide` is undefined for one of these rooms alone. */
  async #widen(wide, commands) {
    const starts = wide?.positions() ?? new Map();
    const refs = new Map();
    for (const asked of commands) {
      const { room, after, history } = asked.what;
      starts.set(room, after ? { epoch: after.epoch, after: after.seq } : { history });
      refs.set(room, asked);
    }
    const other = new Stream(starts);
    try {
      await this.#read(other, wide ? [wide] : [], refs);
    } catch (end) {
      const isRefused = end.status === 400 || end.status === 403 || end.status === 404;
      if (!isRefused && end.word !== 'unavailable') {
        throw end;
      }
      if ([...this.#streams.values()].includes(other) || (wide && !this.#open.has(wide))) {
        throw end; // it ended half way, or there is nothing to go back to
      } else if (isRefused && commands.length > 1) {
        for (const asked of commands) {
          await this.#widen(wide && this.#streams.get(wide.rooms[0]), [asked]);
        }
      } else if (isRefused || !wide) {
        commands.forEach((asked) => this.#refuse(asked, end.word, end.reason));
      } else {
        await this.#widen(undefined, commands); // one of the other rooms may be full, and this client is in it already
      }
    }
  }

  async #leave(commands) {
    const rooms = new Set(commands.map(({ what }) => what.room));
    for (const stream of new Set([...rooms].map((room) => this.#streams.get(room)))) {
      const starts = stream?.positions();
      if (starts) {
        rooms.forEach((room) => starts.delete(room) && this.#streams.delete(room) && this.#presences.delete(room));
        if (starts.size > 0) {
          await this.#read(new Stream(starts), [stream]);
        } else {
          this.#open.delete(stream);
          stream.abort.abort();
        }
      }
    }
    commands.forEach((asked) => this.#answer(asked, { type: 'left', room: asked.what.room }));
  }

  async #rename(asked) {
    const before = this.#wanted;
    this.#wanted = asked.what.name;
    for (const stream of new Set(this.#streams.values())) {
      try {
        const other = new Stream(stream.positions());
        await this.#read(other, [stream]);
        this.#name = other.name;
      } catch (end) {
        if (end.status !== 400) {
          throw end;
        }
        this.#wanted = before;
        this.#refuse(asked, 'bad-name', end.reason);
        return;
      }
    }
    if (this.#streams.size > 0 && this.#name !== this.#wanted) {
      this.#refuse(asked, 'forbidden', 'the name is the one that the token says');
    } else {
      this.#name = this.#wanted;
      this.#answer(asked, { type: 'ack' });
    }
  }

  // Requests

  #fetch(path, query, options) {
    const headers = { ...options.headers, ...(this.#token ? { Authorization: `Bearer ${this.#token}` } : {}) };
    const url = new URL(path, this.#api);
    url.search = query;
    return fetch(url, { cache: 'no-store', redirect: 'manual', ...options, headers });
  }

  /** Asks when it is its turn. Resolves with `{status, text, json}` whatever the status; rejects without an answer. */
  #ask(method, path, { query = {}, type, body, isRepeatable = true } = {}) {
    return new Promise((resolve, reject) => {
      this.#requests.take(async (over) => {
        try {
          const parameters = new URLSearchParams(this.#parameters);
          Object.entries(query).forEach(([key, value]) => value !== undefined && parameters.set(key, value));
          const headers = type ? { 'Content-Type': type } : {};
          const content = typeof body === 'function' ? body() : body;
          const ask = async () => {
            const { signal } = this.#requested;
            const response = await this.#fetch(path, parameters, { method, headers, body: content, signal });
            const text = await response.text();
            return { status: response.status, text, json: () => JSON.parse(text) };
          };
          // A connection that the server has given up is noticed by the first request over it.
          resolve(await ask().catch((error) => (isRepeatable && !this.#isOver ? ask() : Promise.reject(error))));
        } catch (error) {
          reject(error);
        } finally {
          over();
        }
      });
    });
  }

  /** Presence that a stream brings meanwhile may be newer than the answer, which is then asked for again. */
  async #members(room) {
    let answer;
    let before;
    let tries = MEMBERS_TRIES;
    do {
      before = this.#presences.get(room);
      answer = await this.#ask('GET', `rooms/${room}/members`);
    } while (this.#presences.get(room) !== before && --tries > 0);
    return answer;
  }

  async #get(asked, ask) {
    try {
      const answer = await ask();
      if (answer.status === 200) {
        this.#answer(asked, answer.json());
      } else {
        this.#fail(asked, answer);
      }
    } catch (error) {
      this.#refuse(asked, 'unavailable', error.message);
    }
  }

  async #signal(asked) {
    const { room, data } = asked.what;
    try {
      const body = JSON.stringify({ data, from: this.#name });
      const signal = { type: 'application/json', body, isRepeatable: false };
      const answer = await this.#ask('POST', `rooms/${room}/signals`, signal);
      if (answer.status === 204) {
        this.#answer(asked, { type: 'ack', room });
      } else {
        this.#fail(asked, answer);
      }
    } catch (error) {
      this.#refuse(asked, 'lost', `the signal may have been lost: ${error.message}`);
    }
  }

  /** A change may be made again: an edit has an id, what was removed stays so, and what is set is set once. */
  async #change(asked) {
    const { room, seq } = asked.what;
    try {
      const { method, path = '', ...request } = this.#changeRequest(asked.what);
      const answer = await this.#ask(method, `rooms/${room}/messages/${seq}${path}`, request);
      if (answer.status === 200) {
        const { seq: change, duplicate = false } = answer.json();
        this.#answer(asked, { type: 'ack', room, seq: change, duplicate });
      } else {
        this.#fail(asked, answer);
      }
    } catch (error) {
      this.#refuse(asked, 'unavailable', `the change may have been lost: ${error.message}`);
    }
  }

  #changeRequest({ type, epoch, id, text, data, final, key, off }) {
    if (type === 'react') {
      const query = { epoch, from: this.#name };
      return { method: off ? 'DELETE' : 'PUT', path: `/reactions/${encodeURIComponent(key)}`, query };
    }
    if (type === 'remove') {
      return { method: 'DELETE', query: { epoch } };
    }
    const [method, path, body] =
      type === 'edit' ? ['PATCH', '', { text, data, id, from: this.#name }] : ['POST', '/append', { text, final, id }];
    return { method, path, query: { epoch }, type: 'application/json', body: JSON.stringify(body) };
  }

  /** A mark may be set again: it never goes back. */
  async #mark(asked) {
    const { room, seq, epoch } = asked.what;
    try {
      const answer = await this.#ask('PUT', `rooms/${room}/mark`, {
        type: 'application/json',
        body: JSON.stringify({ seq, epoch }),
      });
      if (answer.status === 200) {
        this.#answer(asked, { type: 'ack', room, seq: answer.json().mark });
      } else {
        this.#fail(asked, answer);
      }
    } catch (error) {
      this.#refuse(asked, 'unavailable', error.message);
    }
  }

  /** Any answer of the server is a sign of life; streams are looked after by themselves. */
  async #ping(asked) {
    const room = this.#streams.keys().next().value ?? 'lobby';
    const { status } = await this.#ask('GET', `rooms/${room}/members`).catch(() => ({}));
    if (status !== undefined && status !== 502 && status !== 504) {
      this.#answer(asked, { type: 'pong' });
    }
  }

  /** Says what waits for a room: one request at a time, with as much as may be in one. */
  async #say(room) {
    if (this.#saying.has(room)) {
      return;
    }
    this.#saying.add(room);
    let some = [];
    const body = () => {
      const lines = [];
      let bytes = 0;
      for (const asked of this.#unsaid.get(room)) {
        const { text, data, id, final } = asked.what;
        const line = JSON.stringify({ text, data, id, final, from: this.#name });
        bytes += new TextEncoder().encode(line).length + 1;
        if (lines.length > 0 && (bytes > this.#limits.commandBytes || lines.length === BODY_LINES)) {
          break;
        }
        lines.push(line);
        some.push(asked);
      }
      this.#unsaid.set(room, this.#unsaid.get(room).slice(some.length));
      return lines.join('\n');
    };
    while ((this.#unsaid.get(room) ?? []).length > 0 && !this.#isOver) {
      some = [];
      let later;
      try {
        const answer = await this.#ask('POST', `rooms/${room}/messages`, { type: 'application/x-ndjson', body });
        later = this.#said(some, answer);
      } catch ({ message }) {
        later = { code: 'unavailable', reason: message }; // they may be there or not
        some.forEach((asked) => this.#refuse(asked, later.code, later.reason));
      }
      if (later) {
        // What waits behind a message that is said again is not said before it.
        const behind = this.#unsaid.get(room);
        this.#unsaid.set(room, []);
        behind.forEach((asked) => this.#refuse(asked, later.code, later.reason));
      }
    }
    this.#unsaid.delete(room);
    this.#saying.delete(room);
  }

  /** Returns why some are to be said again later, if they are. */
  #said(some, answer) {
    const lines = answer.status === 200 ? answer.text.trim().split('\n').map((line) => JSON.parse(line)) : [];
    let later;
    some.forEach((asked, at) => {
      const line = answer.status === 200 ? (lines[at] ?? { status: 503, detail: 'the answer lacks lines' }) : answer;
      const { status = 200, room, seq, duplicate = false } = line;
      if (status < 400) {
        this.#answer(asked, { type: 'ack', room, seq, duplicate });
      } else {
        later = this.#fail(asked, { status, json: line.json ?? (() => line) }) ?? later;
      }
    });
    return later;
  }

  /** A request was answered with a status that is none of success. Returns why, if it is to be sent again later. */
  #fail(asked, { status, json }) {
    let problem = {};
    try {
      problem = json();
    } catch {
      // of a proxy
    }
    const reason = problem.detail ?? `the server answered with HTTP status ${status}`;
    if (status === 401 && this.#token) {
      this.#lose(/\bexpired\b/.test(reason) ? { code: NOT_ALLOWED, reason: EXPIRED } : { reason, status });
    } else if (status === 429 || (status >= 500 && status !== 501)) {
      const code = status === 429 ? 'rate-limited' : 'unavailable';
      this.#refuse(asked, code, reason);
      return { code, reason };
    } else if (status === 401 || status === 403) {
      const isWrite = asked.type === 'say' || asked.type === 'signal';
      this.#refuse(asked, 'forbidden', isWrite ? NO_PUBLISHING + reason : reason);
    } else {
      this.#refuse(asked, problem.code ?? (status === 413 ? 'too-large' : 'refused'), reason);
    }
    return undefined;
  }
}

/** The address that requests are made below, beside that of `/chat`, and the query that each of them carries. */
function overHttp(chat) {
  const api = new URL(chat);
  const parameters = new URLSearchParams(chat.search);
  api.protocol = chat.protocol.replace('ws', 'http');
  api.pathname = chat.pathname.replace(/[^/]*$/, '');
  api.search = '';
  ['name', 'token', 'ticket', 'room', 'key', 'lastEventId', 'since', 'limit', 'before', 'wait'].forEach((one) =>
    parameters.delete(one),
  );
  return { api, parameters };
}

/** Whether a server answers requests for a room. */
async function worksOverHttp(chat, room, token) {
  const { api, parameters } = overHttp(chat);
  const url = new URL(`rooms/${room}/members`, api);
  url.search = parameters;
  try {
    const shown = token || chat.searchParams.get('token');
    const headers = shown ? { Authorization: `Bearer ${shown}` } : {};
    const signal = AbortSignal.timeout(ANSWER);
    const response = await fetch(url, { cache: 'no-store', redirect: 'manual', headers, signal });
    await response.body?.cancel();
    return response.status === 200 && /json/.test(response.headers.get('content-type'));
  } catch {
    return false;
  }
}

/** What a response that is no event stream says about it. */
async function refusal(response) {
  if (response.status < 400) {
    response.body?.cancel().catch(() => {});
    return { status: response.status, reason: 'another page answers at this address, such as a login' };
  }
  const problem = await response.json().catch(() => ({}));
  const reason = problem.detail ?? `the server answered with HTTP status ${response.status}`;
  return { status: response.status, reason, word: problem.code ?? 'unavailable' };
}

/** One connection to a server and the rooms it is in. Made by `connect`. */
export class Parley extends EventTarget {
  #base;
  #options;
  #rooms = new Map();
  #limits = null;

  /**
   * The name that shows, the one that was asked for, one that the server has taken or was asked for first, and the
   * server's word.
   */
  #name;
  #wanted;
  #safe;
  #given;
  /** By the server's word. */
  #user;

  /** The rooms that are watched and what is known of them; null for none. */
  #watching = null;

  #state = { name: 'idle' };
  /** What the connection is made over now: a SocketLine or an EventLine. */
  #line = null;
  /** The rooms that the line was opened with. */
  #named = new Set();
  /** Whether the next line is opened with one room, since one of several is not open to this client. */
  #isWary = false;
  /** Keys of event streams that were left, for the next line to end. */
  #left = new Set();
  /** How the line is opened: transport, address, first room and token. */
  #attempt = null;
  /** The attempts in a row of which no socket opened while HTTP worked, and whether these are enough. */
  #unopened = [];
  #isBlocked = false;
  /** A socket that is opened beside event streams, to see whether that works again, and when the next one is. */
  #trial = null;
  #nextTrial = WEBSOCKET_AGAIN.least;
  /** What was asked on this line and not answered, by its ref: in the order of asking. */
  #asked = new Map();
  #refs = 0;
  /** The refs of what has not been sent yet, or is to be sent again; in the order of asking. */
  #queue = new Set();
  /** Until when nothing is sent, since the server's rate was exceeded. */
  #resumeAt = 0;
  /** Rooms whose commands the server cannot carry out for now: until when theirs wait, and how long that was. */
  #pauses = new Map();
  #commands = new Budget(0);
  #bytes = new Budget(0);
  #pages = new Turns(PAGES);
  #memberLists = new Turns(MEMBER_LISTS);

  #openedAt = 0;
  #heardAt = 0;
  /** When the server was asked for a sign of life; null when it has given one since. */
  #pingedAt = null;
  /** How much the line had not passed on when it was last looked at. */
  #buffered = 0;

  #attempts = 0;
  /** How many closes with 1008 there were in a row. */
  #refusals = 0;
  #retry = null;
  /** Why handshakes are refused, as far as that is known. */
  #why = null;
  /** Whether the page is kept for the way back to it, without a connection. */
  #isAsleep = false;
  #timers = {};
  #onWake = () => this.#wake();
  #onHide = ({ persisted }) => (persisted ? this.#sleep() : this.#line?.transport === 'sse' && this.#line.close());
  #onShow = () => this.#isAsleep && this.#open();

  constructor(url, options) {
    super();
    this.#options = {
      ...options,
      unsent: options.unsent ?? 1000,
      remembered: options.remembered ?? 1000,
      WebSocket: options.WebSocket ?? globalThis.WebSocket,
      transport: options.transport ?? 'auto',
      wait: { ...WAIT, ...options.wait },
    };
    const { transport } = this.#options;
    if (!TRANSPORTS.has(transport)) {
      throw new TypeError(`${quoted(transport)} is not a transport: ${[...TRANSPORTS].join(', ')}`);
    }
    if (transport !== 'sse' && typeof this.#options.WebSocket !== 'function') {
      throw new TypeError(
        'there is no WebSocket here; pass one: connect(url, {WebSocket}), from the package ws,' +
          " or take transport: 'sse'",
      );
    }
    this.#base = chatAddress(url);
    const name = options.name || this.#base.searchParams.get('name') || undefined;
    const fault = (name === undefined ? '' : nameFault(name)) || (typeof options.token === 'function' ? '' : tokenFault(options.token));
    if (fault) {
      throw new TypeError(fault);
    }
    this.#name = this.#wanted = this.#safe = name?.trim();
    this.#isBlocked = unreached.has(this.#base.host);
    globalThis.addEventListener?.('online', this.#onWake);
    globalThis.addEventListener?.('pagehide', this.#onHide);
    globalThis.addEventListener?.('pageshow', this.#onShow);
    globalThis.document?.addEventListener('visibilitychange', this.#onWake);
  }

  /** What the connection is doing: `{name, ...}`. The event `state` tells of every change. */
  get state() {
    return this.#state;
  }

  /** What the connection is made over while it is open, `websocket` or `sse`; null otherwise. */
  get transport() {
    return this[isOpen]() ? this.#line.transport : null;
  }

  /**
   * What this client is called, or undefined: the server's word once it is connected. The event `name` tells of every
   * change.
   */
  get name() {
    return this.#name;
  }

  /** Which user this client is by the server's word, or undefined. */
  get user() {
    return this.#user;
  }

  /** The limits that the server named, or null before it has. */
  get limits() {
    return this.#limits;
  }

  /** The rooms that were joined, by name. */
  get rooms() {
    return new Map(this.#rooms);
  }

  /**
   * Joins a room, or returns it when it has been joined. `history` is how many messages back to start; with `state` the
   * room has a `map` of its values instead.
   */
  join(name, { history = 0, state = false } = {}) {
    if (this.#state.name === 'closed') {
      throw new ParleyError('closed', 'this connection has been closed');
    }
    if (typeof name !== 'string' || !ROOM_NAME.test(name)) {
      throw new TypeError(`${quoted(name)} is not a room: a string of 1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-'`);
    }
    if (!Number.isInteger(history) || history < 0 || history > MOST_HISTORY) {
      throw new TypeError(`${quoted(history)} is not a history: a number of messages from 0 to ${MOST_HISTORY}`);
    }
    let room = this.#rooms.get(name);
    if (!room) {
      room = new Room(this, name, history, state === true, this.#options.remembered);
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

  /**
   * Watches rooms without being in them, in place of those before: names, and patterns in which `*` stands for any
   * characters. Calls `callback(rooms, {changed, gone, more})` whenever something has changed, `rooms` being what is
   * known of each, by name. Resolves when the server has the list.
   */
  watch(names, callback, { last = false, marks = false } = {}) {
    if (this.#state.name === 'closed') {
      throw new ParleyError('closed', 'this connection has been closed');
    }
    const rooms = Array.isArray(names) ? [...names] : [names];
    const wrong = rooms.find((one) => typeof one !== 'string' || !WATCHED.test(one));
    if (rooms.includes(wrong)) {
      const rule = "a string of 1 to 64 of A-Z, a-z, 0-9, '.', '_', '-' and '*'";
      throw new TypeError(`${quoted(wrong)} is neither a room nor a pattern: ${rule}`);
    }
    if (rooms.length > 0 && typeof callback !== 'function') {
      throw new TypeError('watch takes a function that is called with what has changed');
    }
    this.#watching?.resolve(); // another list takes its place
    const wanted = { rooms, last: last === true, marks: marks === true };
    const watching = { rooms, wanted, callback, known: new Map(), isTaken: false, wasTaken: false };
    const taken = new Promise((resolve, reject) => Object.assign(watching, { resolve, reject }));
    this.#watching = rooms.length > 0 ? watching : null;
    if (this[isOpen]()) {
      this.#sendWatch(watching);
    } else if (rooms.length === 0) {
      watching.resolve();
    }
    return taken;
  }

  #sendWatch(watching) {
    const { rooms, wanted } = watching;
    watching.isTaken = false; // what comes before the answer is of the list before
    this[command](
      { type: 'watch', ...wanted },
      () => {
        watching.isAnew = true; // all that is known comes anew
        watching.isTaken = watching.wasTaken = true;
        watching.resolve();
      },
      (error) => {
        if (error.code !== 'lost') {
          watching.reject(error);
          if (this.#watching === watching) {
            this.#unwatched(error);
          }
        } else if (rooms.length === 0) {
          watching.resolve(); // the next connection begins without any
        }
      },
    );
  }

  /** The server does not take the list, perhaps not any more over another connection: nothing is watched. */
  #unwatched(error) {
    const watching = this.#watching;
    this.#watching = null;
    if (watching?.wasTaken && this.#state.name !== 'closed') {
      const gone = [...watching.known.keys()];
      this.#tellOfWatched(watching, new Map(), { changed: [], gone, more: false, error });
    }
  }

  /** What the callback throws is reported as for a listener: it ends neither the stream nor the connection. */
  #tellOfWatched({ callback }, rooms, change) {
    try {
      callback(rooms, change);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }

  #watched({ rooms, gone = [], more = false, isAnew = false }) {
    const watching = this.#watching;
    if (watching === null || !watching.isTaken) {
      return; // any more, or not yet
    }
    const { known } = watching;
    if (isAnew || watching.isAnew) {
      watching.isAnew = false;
      known.clear();
    }
    gone.forEach((name) => known.delete(name));
    for (const { room: name, last, ...its } of rooms) {
      const { epoch, seq, count, mark, unread } = its;
      const dated = last && { ...last, at: new Date(last.at) };
      const hasMore = mark === undefined ? undefined : its.more === true;
      known.set(name, Object.freeze({ name, epoch, seq, count, last: dated, mark, unread, more: hasMore }));
    }
    this.#tellOfWatched(watching, new Map(known), { changed: rooms.map(({ room }) => room), gone, more });
  }

  /** Takes another name, in all rooms. Resolves when the server has taken it; at once while not connected. */
  async rename(name) {
    if (this.#state.name === 'closed') {
      throw new ParleyError('closed', 'this connection has been closed');
    }
    const fault = nameFault(name);
    if (fault) {
      throw new ParleyError('bad-name', fault);
    }
    this.#wanted = name.trim();
    this.#show(this.#wanted);
    if (this[isOpen]()) {
      await this.#takeName(this.#wanted);
    }
  }

  /** Until the server has taken a name it is in no address: there it would be refused each time, for ever. */
  async #takeName(name) {
    try {
      await this.#ask({ type: 'rename', name });
      this.#safe = this.#given = name;
    } catch (error) {
      if (error.code !== 'lost') {
        if (this.#wanted === name) {
          this.#wanted = this.#safe;
          this.#show(this.#given);
        }
        throw error;
      }
    }
  }

  #show(name) {
    if (this.#name !== name) {
      this.#name = name;
      this.dispatchEvent(new CustomEvent('name', { detail: name }));
    }
  }

  /** Connects now, in place of when the wait is over. Over event streams it tries WebSocket again now. */
  retry() {
    if (this.#state.name === 'waiting') {
      this.#retry = null;
      this.#attempts = 0; // something may have changed
      this.#open();
    } else if (this.transport === 'sse' && this.#options.transport === 'auto') {
      this.#tryWebSocket();
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
    this.#isAsleep = false;
    clearInterval(this.#timers.countdown);
    clearTimeout(this.#timers.wait);
    if (this.#rooms.size === 0) {
      this.#change({ name: 'idle' });
      return;
    }
    if (this.#state.name !== 'connecting') {
      this.#change({ name: 'connecting' });
    }
    const attempt = {};
    this.#timers.attempt = attempt;
    let token;
    try {
      token = await this.#token();
    } catch (error) {
      if (this.#timers.attempt === attempt) {
        this.#lost({ code: 1006, reason: `no token: ${error?.message ?? error}` });
      }
      return;
    }
    if (this.#timers.attempt !== attempt || this.#state.name === 'closed') {
      return;
    }
    if (this.#rooms.size === 0) {
      this.#open(); // left while the token was fetched
      return;
    }
    const transport = this.#choose();
    const [first] = this.#rooms.values();
    const named = transport === 'sse' && !this.#isWary ? this.#together(first) : [first];
    const to = this.#address(first, token);
    this.#attempt = { transport, to, first, token };
    const on = {
      heard: () => this.#heard(line),
      event: (event) => this.#line === line && this.#event(event),
      gone: (why) => this.#line === line && this.#gone(why),
    };
    let line;
    try {
      line = transport === 'sse' ? this.#streams(named, token, on) : new SocketLine(this.#options.WebSocket, to, on);
    } catch (error) {
      this.#lost({ code: 1006, reason: error.message }); // a browser's policy forbids it, for one
      this.#failed();
      return;
    }
    this.#begin(line, named);
  }

  #choose() {
    const { transport } = this.#options;
    return transport !== 'auto' ? transport : this.#isBlocked ? 'sse' : 'websocket';
  }

  /** A line has not opened: perhaps the other transport does. A server that is away answers neither. */
  async #failed() {
    const attempt = this.#attempt;
    if (this.#options.transport !== 'auto' || this.#state.name === 'closed') {
      return;
    }
    if (attempt.transport === 'sse') {
      this.#isBlocked = false;
      return;
    }
    const unopened = this.#unopened;
    const works = await worksOverHttp(this.#base, attempt.first.name, attempt.token);
    if (this.#unopened !== unopened) {
      return; // one has opened meanwhile, or nobody answered
    }
    if (!works) {
      this.#unopened = []; // a server that comes back is not one that WebSocket does not reach
      return;
    }
    unopened.push(attempt);
    if (unopened.length >= WEBSOCKET_TRIES || unreached.has(this.#base.host)) {
      this.#isBlocked = true;
      if (this.#state.name === 'waiting' && this.#retry === null) {
        this.#open();
      }
    }
  }

  /** The rooms that one stream may begin with: in all that were not entered before it starts equally far back. */
  #together(first) {
    const { history } = first[address]();
    return [...this.#rooms.values()]
      .filter((room) => room[address]().epoch !== undefined || room[address]().history === history)
      .slice(0, STREAM_ROOMS);
  }

  #streams(named, token, on) {
    const rooms = named.map((room) => ({ room: room.name, ...room[address]() }));
    return new EventLine(this.#base, rooms, { name: this.#safe, token, left: this.#left }, on);
  }

  #heard(line) {
    if (this.#line === line) {
      this.#heardAt = now();
      this.#pingedAt = null;
    }
  }

  #gone({ code, reason, status, hasOpened }) {
    const { transport, to } = this.#attempt;
    if (transport === 'sse') {
      this.#why = status === undefined ? null : { status, reason };
    }
    this.#lost({ code, reason });
    if (transport === 'websocket' && !hasOpened) {
      this.#askWhy(to);
    } else if (status !== undefined) {
      this.#avoid(status);
    }
    if (!hasOpened) {
      this.#failed();
    }
  }

  /** The token that was given, or another one from the function that was. */
  async #token(timer = 'token') {
    const { token } = this.#options;
    if (typeof token !== 'function') {
      return token;
    }
    const late = new Promise((_, reject) => {
      this.#timers[timer] = setTimeout(() => reject(new Error(`none came within ${TOKEN / 1000} s`)), TOKEN);
    });
    try {
      const fresh = await Promise.race([token(), late]);
      const fault = tokenFault(fresh);
      if (fault) {
        throw new TypeError(fault);
      }
      return fresh;
    } finally {
      clearTimeout(this.#timers[timer]);
    }
  }

  #address(first, token) {
    const url = new URL(this.#base);
    url.pathname += `/${first.name}`;
    const parameters = { name: this.#safe, token, ...first[address]() };
    for (const [key, value] of Object.entries(parameters)) {
      if (value !== undefined && value !== null) {
        url.searchParams.set(key, value);
      }
    }
    return url.href;
  }

  /** Finds out why a handshake was refused. Not each time: after 1, 2, 4, 8, ... attempts. */
  async #askWhy(to) {
    if (this.#state.name !== 'waiting' || (this.#attempts & (this.#attempts - 1)) !== 0) {
      return;
    }
    const named = this.#named;
    const why = await whyRefused(to);
    if (this.#state.name === 'open' || this.#state.name === 'closed') {
      return; // meanwhile
    }
    this.#why = why;
    if (named === this.#named) {
      this.#avoid(why?.status);
    }
    if (this.#state.name === 'waiting') {
      this.#timers.tell();
    }
  }

  /** Perhaps one room alone was refused: joined from another's address, the answer to that says which it is. */
  #avoid(status) {
    if (this.#named.size > 1) {
      this.#isWary ||= status === 403 || status === 400;
    } else if (status === 403) {
      for (const room of this.#named) {
        if (this.#rooms.delete(room.name)) {
          this.#rooms.set(room.name, room);
        }
      }
    }
  }

  /** Notices a connection that is there in name only. */
  #listen() {
    const at = now();
    if (this.#state.name !== 'open') {
      const hasAnotherWay = this.#options.transport === 'auto' && this.#line?.transport === 'websocket';
      if (this.#line !== null && at - this.#openedAt >= (hasAnotherWay ? UPGRADE : OPENING)) {
        this.#abandon();
      }
      return;
    }
    const { buffered } = this.#line;
    if (buffered < this.#buffered) { // on a slow line this is all that happens for long
      this.#heardAt = at;
      this.#pingedAt &&= at;
    }
    this.#buffered = buffered;
    const { oldest, bytes } = this.#onTheirWay();
    const patience = (most) => Math.min(MOST_PATIENCE, most + bytes / BYTES_PER_MS);
    const silence = oldest !== null && at - oldest >= OVERDUE ? OVERDUE : SILENCE;
    if (this.#pingedAt !== null ? at - this.#pingedAt > patience(ANSWER) : oldest !== null && at - oldest > patience(COMMAND)) {
      this.#abandon();
    } else if (this.#pingedAt === null && at - this.#heardAt >= silence) {
      this.#ping();
    }
  }

  /** Since when the oldest of the commands waits that were sent and not answered, and how many bytes they are. */
  #onTheirWay() {
    let oldest = null;
    let bytes = 0;
    for (const { sentAt, size } of this.#asked.values()) {
      if (sentAt !== null) {
        oldest = oldest === null ? sentAt : Math.min(oldest, sentAt);
        bytes += size;
      }
    }
    return { oldest, bytes };
  }

  /** Past the queue, which may be long. */
  #ping() {
    this.#pingedAt = now();
    this.#send(this.#put({ type: 'ping' }, () => {}, () => {}));
  }

  #abandon() {
    const line = this.#line;
    const hasOpened = this.#state.name === 'open';
    this.#lost({ code: 1006, reason: 'the server does not answer' });
    line?.close();
    if (!hasOpened) {
      this.#failed();
    }
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
      this.#timers.answer = setTimeout(() => this.#pingedAt === pingedAt && this.#abandon(), pingedAt + ANSWER - now());
    }
  }

  /**
   * The page is left and kept for the way back: its members must not seem to be there, nor the connection to be lost
   * when it returns.
   */
  #sleep() {
    if (this.#state.name === 'closed' || this.#state.name === 'idle') {
      return;
    }
    const line = this.#line;
    this.#letGo();
    if (this.#state.name !== 'closed') { // by who heard of it
      this.#isAsleep = true;
      if (this.#state.name !== 'connecting') {
        this.#change({ name: 'connecting' });
      }
    }
    line?.close(1000);
  }

  #event(event) {
    const asked = event.ref === undefined ? undefined : this.#asked.get(event.ref);
    // A mark that cannot be kept now says nothing of messages: its room sends it again, and nothing waits behind it.
    const isTheRooms = event.code === 'unavailable' && asked?.type === 'mark';
    if (asked && LATER.has(event.code) && !isTheRooms && !asked.isOver) {
      this.#later(asked, event.code);
      return;
    }
    if (asked) {
      this.#asked.delete(event.ref);
      this.#queue.delete(event.ref);
      if (asked.isLate && this.#pauses.get(asked.room)?.until <= now()) {
        this.#pauses.delete(asked.room);
      }
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
        // One of the address, and not another of the same name, which is joined by itself; or one that has begun anew.
        if (room && (this.#named.has(room) || room.state === 'joined')) {
          room[entered](event);
        }
        break;
      case 'bye':
        this.#retry = event.retry;
        break;
      case 'watched':
        this.#watched(event);
        break;
      case 'unwatched': // a line's own
        this.#unwatched(new ParleyError(event.code, event.reason));
        break;
      default:
        this.#rooms.get(event.room)?.[take](event);
    }
  }

  /** Keeps a command that is to be sent again, and those behind it: of its room, or all when it came over a rate. */
  #later(asked, code) {
    const at = now();
    asked.sentAt = null;
    asked.isLate = true;
    this.#queue = new Set([...this.#queue, asked.ref].sort((a, b) => a - b));
    if (code === 'unavailable') {
      const pause = this.#pauses.get(asked.room);
      if (!pause || pause.until <= at) { // and not for each of many
        const wait = pause ? Math.min(UNAVAILABLE_WAIT.most, pause.wait * 2) : UNAVAILABLE_WAIT.least;
        this.#pauses.set(asked.room, { wait, until: at + wait });
      }
    } else {
      this.#resumeAt = at + RATE_WAIT;
      this.#commands.empty();
      this.#bytes.empty();
    }
    this.#pump();
  }

  /** Sends what may be sent now, within the server's rates, and comes back for the rest. */
  #pump() {
    clearTimeout(this.#timers.pump);
    const at = now();
    let next = this.#resumeAt > at ? this.#resumeAt : Infinity;
    for (const ref of next === Infinity ? this.#queue : []) {
      const asked = this.#asked.get(ref);
      const until = this.#pauses.get(asked.room)?.until ?? 0;
      if (until > at) {
        next = Math.min(next, until);
        continue;
      }
      const wait = Math.max(this.#commands.wait(1), this.#bytes.wait(asked.size));
      if (wait > 0) {
        next = Math.min(next, at + wait);
        break;
      }
      this.#queue.delete(ref);
      this.#send(asked);
    }
    if (next < Infinity && this.#queue.size > 0) {
      this.#timers.pump = setTimeout(() => this.#pump(), Math.max(1, Math.ceil(next - at)));
    }
  }

  #send(asked) {
    asked.sentAt = now();
    asked.wasSent = true;
    this.#commands.spend(1);
    this.#bytes.spend(asked.size);
    this.#line.send(asked);
  }

  #welcome({ limits, name, user }) {
    this.#limits = limits;
    this.#user = user;
    this.#commands = new Budget(limits.rate);
    this.#bytes = new Budget(limits.bytesPerSecond ?? BYTES_PER_SECOND);
    this.#retry = null;
    this.#why = null;
    this.#unopened = [];
    this.#isWary = false;
    if (this.#options.transport === 'auto') {
      const isOverSocket = this.#line.transport === 'websocket';
      remember(this.#base.host, isOverSocket);
      if (isOverSocket) {
        this.#isBlocked = false;
        this.#nextTrial = WEBSOCKET_AGAIN.least;
      } else {
        this.#planTrial(this.#nextTrial);
      }
    }
    this.#given = name;
    this.#timers.stable = setTimeout(() => (this.#attempts = this.#refusals = 0), STABLE);
    const rooms = [...this.#rooms.values()]; // who hears of the change may join more, which are entered at once
    if (this.#wanted === this.#safe) {
      this.#show(name); // which a token may have given
    }
    const asksForAnother = this.#wanted !== this.#safe;
    this.#change({ name: 'open' });
    if (asksForAnother) {
      this.#takeName(this.#wanted).catch(() => {}); // asked for while it was not connected; `name` shows what became of it
    }
    for (const room of this.#named) {
      if (this.#rooms.get(room.name) !== room) {
        this[command]({ type: 'leave', room: room.name }, () => {}, () => {}); // left while it was connecting
      }
    }
    for (const room of rooms) {
      if (!this.#named.has(room) && this.#rooms.get(room.name) === room) {
        room[enter]();
      }
    }
    if (this.#watching !== null && ![...this.#asked.values()].some(({ type }) => type === 'watch')) {
      this.#sendWatch(this.#watching); // unless a listener of `open` has done so
    }
  }

  /** Says when WebSocket is tried again, where event streams stand in for it. */
  #planTrial(wait) {
    clearTimeout(this.#timers.trial);
    this.#timers.trial = setTimeout(() => this.#tryWebSocket(), wait);
  }

  /** Opens a socket beside the streams. They are let go of when its server has said welcome. */
  async #tryWebSocket() {
    if (this.#trial !== null) {
      return;
    }
    const trial = { line: null };
    this.#trial = trial;
    clearTimeout(this.#timers.trial);
    this.#timers.trialOver = setTimeout(() => this.#failTrial(trial), UPGRADE);
    try {
      const token = await this.#token('trialToken');
      if (this.#trial === trial) {
        this.#openTrial(trial, token);
      }
    } catch {
      this.#failTrial(trial);
    }
  }

  #openTrial(trial, token) {
    const [first] = this.#rooms.values();
    if (first === undefined) {
      this.#failTrial(trial);
      return;
    }
    const to = this.#address(first, token);
    const line = new SocketLine(this.#options.WebSocket, to, {
      heard: () => this.#heard(line),
      event: (event) => {
        if (this.#trial === trial) {
          this.#moveTo(line, { transport: 'websocket', to, first, token });
        }
        if (this.#line === line) {
          this.#event(event);
        }
      },
      gone: (why) => (this.#line === line ? this.#gone(why) : this.#failTrial(trial)),
    });
    trial.line = line;
  }

  #failTrial(trial) {
    if (this.#trial === trial) {
      this.#endTrial();
      this.#nextTrial = Math.min(WEBSOCKET_AGAIN.most, this.#nextTrial * 2);
      this.#planTrial(this.#nextTrial);
    }
  }

  #endTrial() {
    clearTimeout(this.#timers.trial);
    clearTimeout(this.#timers.trialOver);
    clearTimeout(this.#timers.trialToken);
    const line = this.#trial?.line;
    this.#trial = null;
    line?.close(1000);
  }

  /** Takes a socket in place of the streams, at a moment at which that loses no answer: what was said is said again. */
  #moveTo(line, attempt) {
    if ([...this.#asked.values()].some(({ type }) => type !== 'say')) {
      this.#endTrial();
      this.#planTrial(WEBSOCKET_SOON);
      return;
    }
    const streams = this.#line;
    this.#trial.line = null;
    this.#letGo();
    streams.close();
    if (this.#state.name === 'closed') { // by who heard of it
      line.close(1000);
      return;
    }
    this.#attempt = attempt;
    this.#begin(line, [attempt.first]);
  }

  /** Whatever comes from that line is this connection's from now on. */
  #begin(line, named) {
    this.#line = line;
    this.#named = new Set(named);
    this.#openedAt = this.#heardAt = now();
    this.#pingedAt = null;
    this.#buffered = 0;
    this.#timers.heartbeat = setInterval(() => this.#listen(), 1000);
  }

  #lost({ code, reason }) {
    this.#letGo();
    const hasExpired = code === NOT_ALLOWED && reason === EXPIRED;
    if (code === NOT_ALLOWED && !hasExpired) {
      this.#refusals += 1;
    }
    const isFinal = hasExpired
      ? typeof this.#options.token !== 'function' // which would get another one
      : FINAL.has(code) || this.#refusals >= NOT_ALLOWED_MOST;
    if (isFinal) {
      this.#finish({ code, reason });
    } else if (this.#state.name !== 'closed') { // by who heard of it
      this.#wait(code, reason);
    }
  }

  /** Lets go of the line, and tells all who wait for something from it. */
  #letGo() {
    this.#drop();
    const failure = new ParleyError('lost', 'the connection was lost');
    for (const room of this.#rooms.values()) {
      room[lost]();
    }
    const asked = [...this.#asked.values()];
    this.#asked.clear();
    asked.forEach(({ failed, wasSent }) => failed(failure, wasSent));
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
    const until = now() + wait;
    this.#timers.tell = () => {
      const seconds = Math.max(0, Math.ceil((until - now()) / 1000));
      this.#change({ name: 'waiting', seconds, code, reason, ...this.#why });
    };
    this.#timers.wait = setTimeout(() => {
      this.#retry = null;
      this.#open();
    }, wait);
    this.#timers.countdown = setInterval(this.#timers.tell, 1000);
    this.#timers.tell();
  }

  /** Lets go of the line, without a word to it. */
  #drop() {
    clearInterval(this.#timers.heartbeat);
    clearInterval(this.#timers.countdown);
    clearTimeout(this.#timers.pump);
    clearTimeout(this.#timers.answer);
    clearTimeout(this.#timers.stable);
    clearTimeout(this.#timers.token);
    clearTimeout(this.#timers.wait);
    this.#timers.attempt = null;
    this.#queue.clear();
    this.#pauses.clear();
    this.#resumeAt = 0;
    this.#line = null;
    this.#endTrial();
  }

  #finish({ code, reason }) {
    if (this.#state.name === 'closed') {
      return;
    }
    const line = this.#line;
    this.#drop();
    line?.close(1000);
    globalThis.removeEventListener?.('online', this.#onWake);
    globalThis.removeEventListener?.('pagehide', this.#onHide);
    globalThis.removeEventListener?.('pageshow', this.#onShow);
    globalThis.document?.removeEventListener('visibilitychange', this.#onWake);
    this.#change({ name: 'closed', code, reason });
    const failure = new ParleyError('closed', `the connection was closed: ${code} ${reason}`.trimEnd());
    const asked = [...this.#asked.values()];
    this.#asked.clear();
    asked.forEach(({ failed }) => failed(failure));
    this.#watching?.reject(failure);
    this.#watching = null;
    for (const room of [...this.#rooms.values()]) {
      room[end](failure);
    }
    this.#rooms.clear();
  }

  #ask(what) {
    return new Promise((done, failed) => this[command](what, done, failed));
  }

  /**
   * Gives a command; its answer comes to one of the two, in the same breath as it is read. Returns its ref, or null if
   * it has failed.
   */
  [command](what, done, failed) {
    if (!this[isOpen]()) {
      failed(new ParleyError('lost', 'not connected'));
      return null;
    }
    const asked = this.#put(what, done, failed);
    if (asked.size > this.#limits.commandBytes) {
      this.#asked.delete(asked.ref);
      failed(new ParleyError('too-large', `a command is at most ${this.#limits.commandBytes} bytes`)); // or be closed, for good
      return null;
    }
    this.#queue.add(asked.ref);
    this.#pump();
    return asked.ref;
  }

  #put(what, done, failed) {
    const ref = ++this.#refs;
    const frame = JSON.stringify({ ...what, ref }); // may throw, and then nothing has been asked
    const size = new TextEncoder().encode(frame).length;
    const { type, room } = what;
    const asked = { ref, type, room, what, frame, size, done, failed, sentAt: null };
    Object.assign(asked, { wasSent: false, isLate: false, isOver: false });
    this.#asked.set(ref, asked);
    return asked;
  }

  /** Asks for a page of messages; `what` makes the command when it is its turn. */
  [page](what, done, failed) {
    this.#inTurn(this.#pages, what, done, failed);
  }

  /** Asks for the members of a room. */
  [memberList](what, done, failed) {
    this.#inTurn(this.#memberLists, what, done, failed);
  }

  #inTurn(turns, what, done, failed) {
    turns.take((over) => {
      const answered = (event) => {
        over(); // first, for other rooms to be next
        done(event);
      };
      const refused = (error) => {
        over();
        failed(error);
      };
      try {
        this[command](what(), answered, refused);
      } catch (error) {
        refused(error); // it is no JSON
      }
    });
  }

  /** What a command asks for has happened: it is not sent, or not sent again. */
  [settled](ref) {
    const asked = this.#asked.get(ref);
    if (asked && this.#queue.delete(ref)) {
      this.#asked.delete(ref);
    } else if (asked) {
      asked.isOver = true;
    }
  }

  /** Takes back what was to be sent for a room that is left, and returns whom to tell. */
  [withdraw](room) {
    const all = [...this.#asked.values()].filter((asked) => asked.room === room && asked.type !== 'leave');
    const unsent = all.filter(({ ref }) => this.#queue.has(ref));
    all.forEach(({ ref }) => this[settled](ref));
    this.#pauses.delete(room);
    return unsent.map(({ failed }) => failed);
  }

  [isOpen]() {
    return this.#state.name === 'open' && this.#line !== null;
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

/**
 * A message that grows. One piece is on its way at a time, and the next has all that is appended meanwhile: so pieces
 * stay in their order, and a line that is slow carries few of them.
 */
class OpenMessage {
  #said;
  #append;
  #text = '';
  #isFinal = false;
  #waiting = [];
  #isSending = false;

  constructor(said, append) {
    this.#said = said;
    this.#append = append;
    said.catch(() => {}); // each piece tells it
  }

  /** Resolves with the number of the message when the server has it. */
  get seq() {
    return this.#said.then(({ seq }) => seq);
  }

  /** Adds a text. Resolves when the server has it. */
  append(text) {
    return this.#add(String(text), false);
  }

  /** Makes the message final, behind a last text. */
  close(text = '') {
    return this.#add(String(text), true);
  }

  async #add(text, isFinal) {
    if (this.#isFinal) {
      throw new ParleyError('not-found', 'the message is final');
    }
    this.#text += text;
    this.#isFinal = isFinal;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#send();
    });
  }

  async #send() {
    if (this.#isSending) {
      return;
    }
    this.#isSending = true;
    while (this.#waiting.length > 0) {
      let waiting = [];
      try {
        const { seq } = await this.#said;
        const final = this.#isFinal;
        // Half of a surrogate pair cannot be sent: its other half is in the next text.
        const end = final || !/[\uD800-\uDBFF]$/.test(this.#text) ? this.#text.length : this.#text.length - 1;
        const text = this.#text.slice(0, end);
        this.#text = this.#text.slice(end);
        waiting = this.#waiting;
        this.#waiting = [];
        const receipt = await this.#append(seq, text, final);
        waiting.forEach(({ resolve }) => resolve(receipt));
      } catch (error) {
        waiting.concat(this.#waiting).forEach(({ reject }) => reject(error));
        this.#waiting = [];
        this.#text = '';
        this.#isFinal = true;
      }
    }
    this.#isSending = false;
  }
}

/**
 * The values of a room's keys, as they are at the server, kept up to date. `change` says which have changed: `{changes}`,
 * each with `key`, and `value`, which is undefined for one that has been removed.
 */
export class RoomMap extends EventTarget {
  #set;
  #remove;
  #entries = new Map();
  /** The entry of the log up to which they are known; the pages of a snapshot that are there. */
  #seq = 0;
  #coming = null;
  #isReady = false;
  #ready;
  #resolveReady;
  #rejectReady;

  constructor(set, remove) {
    super();
    this.#set = set;
    this.#remove = remove;
    this.#ready = new Promise((resolve, reject) => {
      this.#resolveReady = resolve;
      this.#rejectReady = reject;
    });
    this.#ready.catch(() => {}); // who does not ask need not hear of it
  }

  /** Resolves with the map when all its values are there for the first time. */
  get ready() {
    return this.#ready;
  }

  get size() {
    return this.#entries.size;
  }

  has(key) {
    return this.#entries.has(key);
  }

  /** The value of a key, or undefined. */
  get(key) {
    return this.#entries.get(key)?.value;
  }

  /** The number of the value of a key, for `if`; 0 when it has none. */
  seq(key) {
    return this.#entries.get(key)?.seq ?? 0;
  }

  /** The keys with their values. */
  *entries() {
    for (const [key, { value }] of this.#entries) {
      yield [key, value];
    }
  }

  [Symbol.iterator]() {
    return this.entries();
  }

  /**
   * Sets a value; `if` only where the one that is there has that `seq`, 0 for none; `ttl` for that many milliseconds.
   * Resolves with its `seq` when the server has it, however often the connection is lost until then; rejects with
   * `conflict` when another is there.
   */
  async set(key, value, options = {}) {
    return (await this.#set(key, value, options)).seq;
  }

  /** Removes a value. Resolves with whether there was one; `if` as in `set`. */
  async delete(key, options = {}) {
    try {
      return !(await this.#remove(key, options)).duplicate;
    } catch (error) {
      if (error.code === 'not-found') {
        return false;
      }
      throw error;
    }
  }

  /** Where it goes on after the connection was lost: null while it has not all its values. */
  [address]() {
    return this.#isReady ? this.#seq : null;
  }

  [take](event) {
    if (event.type === 'state') {
      this.#page(event);
    } else if (this.#coming === null && event.seq > this.#seq) {
      this.#seq = event.seq;
      if (event.key !== undefined) {
        this.#change([this.#put(event)]);
      }
    }
  }

  #page({ seq, messages, more }) {
    if (this.#coming?.seq !== seq) {
      this.#coming = { seq, messages: [] };
    }
    this.#coming.messages.push(...messages);
    if (more) {
      return;
    }
    const all = this.#coming.messages;
    this.#coming = null;
    this.#seq = seq;
    const keys = new Set(all.map(({ key }) => key));
    const changes = [...this.#entries.keys()].filter((key) => !keys.has(key)).map((key) => this.#put({ key, removed: true }));
    all.filter((message) => this.seq(message.key) !== message.seq).forEach((message) => changes.push(this.#put(message)));
    if (!this.#isReady) {
      this.#isReady = true;
      this.#resolveReady(this);
    }
    this.#change(changes);
  }

  #put({ key, seq, at, from, user, text, data = text, expires, removed }) {
    if (removed) {
      this.#entries.delete(key);
      return { key, value: undefined, seq: 0, from, user };
    }
    this.#entries.set(key, { value: data, seq });
    return { key, value: data, seq, from, user, at: at && new Date(at), expires: expires && new Date(expires) };
  }

  #change(changes) {
    if (changes.length > 0) {
      this.dispatchEvent(new CustomEvent('change', { detail: { changes } }));
    }
  }

  /** The connection was lost: pages come again from the first. */
  [lost]() {
    this.#coming = null;
  }

  /** What is known is not of this history. The values follow, and with them what has changed. */
  [forget]() {
    this.#isReady = false;
    this.#coming = null;
    this.#seq = 0;
    this.#entries.forEach((entry) => (entry.seq = -1));
  }

  [end](failure) {
    this.#rejectReady(failure);
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
  /**
   * Up to which message the replay has to come before anything is said, since it may hold what was on its way; null for
   * none.
   */
  #replayed = null;
  #replayTimer;
  /** The marks of what was said here, so that its messages are known as one's own. */
  #own = new Set();

  #names = new Set();
  /** Of members that presence says more of than a name, all it says, by their key. */
  #people = new Map();
  #count = 0;
  #isWhole = false;
  /** The state that this member is to show, as JSON; who waits until the server has it; whether one is on its way. */
  #shown = null;
  #showing = [];
  #isShowing = false;
  /** The state that the server took last, and whether it has it of this connection. */
  #taken = null;
  #isTaken = true;
  /**
   * Up to where this client's user has read, and what the server counted behind that, up to a message; null for none.
   */
  #mark = null;
  /** The numbers of messages that were passed on and that the server has not counted, oldest first. */
  #uncounted = [];
  /** The furthest mark that is to be set; who waits until the server has it; whether one is on its way. */
  #toMark = null;
  #marking = [];
  #isMarking = false;
  /** How long a mark waits that the server could not keep, and until when none is sent. */
  #markWait = UNAVAILABLE_WAIT.least;
  #markTimer = null;
  #readers = new Set();
  /** The last messages that were passed on or read, by their numbers: changes are put into them. */
  #kept = new Map();
  /** The reactions that were set and taken back here last, by message and key: `{seq, on}`. */
  #reacting = new Map();
  /** Changes that the server has not acknowledged. */
  #changing = new Set();
  /** The values of its keys; null where they were not asked for. */
  #map;

  constructor(parley, name, history, hasState, remembered) {
    super();
    this.#map = hasState ? new RoomMap((...all) => this.#setValue(...all), (...all) => this.#removeValue(...all)) : null;
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

  /** The values of its keys, where it was joined with `state`; else null. */
  get map() {
    return this.#map;
  }

  /** The names of who is there, sorted. */
  get members() {
    return [...this.#names].sort((a, b) => a.localeCompare(b));
  }

  /** Who is there, by name: `{user, name, connections, state, away}`; of a label that is no user, its `name` alone. */
  get people() {
    const people = [...this.#people.values()];
    const named = new Set(people.map(({ name }) => name));
    const labels = [...this.#names].filter((name) => !named.has(name)).map((name) => ({ name }));
    return [...people, ...labels].sort((a, b) => (a.name ?? '').localeCompare(b.name ?? ''));
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

  /**
   * Says a text, or anything else as JSON. Resolves when the server has it, however often the connection is lost until
   * then.
   */
  async say(content, { id = newId() } = {}) {
    // As it is now: what is no JSON fails here and not on each connection, and what is said again is the same.
    return this.#publish(typeof content === 'string' ? { text: content } : { data: copy(content) }, id);
  }

  async #publish(body, id) {
    this.#needHere();
    if (!this.#parley[mayWait]()) {
      throw new ParleyError('full', 'too many messages wait to be sent');
    }
    if (typeof id !== 'string' || id === '' || id.length > 64) {
      throw new TypeError(`${quoted(id)} is not an id: a string of 1 to 64 characters`);
    }
    return new Promise((resolve, reject) => {
      const entry = { id, body, resolve, reject, ref: null, wasLost: false };
      this.#outbox.add(entry);
      this.#own.add(id);
      if (this.#own.size > Math.max(this.#remembered, this.#outbox.size)) {
        this.#own.delete(this.#own.values().next().value);
      }
      if (this.#state === 'joined' && this.#replayed === null) {
        this.#send(entry);
      }
    });
  }

  /**
   * Has a message say something else: one that was passed on, or its `seq`. Resolves when the server has it, however
   * often the connection is lost until then.
   */
  async edit(message, content, { id = newId() } = {}) {
    const body = typeof content === 'string' ? { text: content } : { data: copy(content) };
    return this.#change('edit', message, { id, ...body });
  }

  /** Goes on with a message that is open, as the wire has it; `open` puts the pieces of a message in order. */
  async append(message, text, { final = false, id = newId() } = {}) {
    return this.#change('append', message, { id, text: String(text), final: final || undefined });
  }

  /** Says a text that grows: what is returned has `append(text)` and `close(text)`. */
  open(text = '', { id = newId() } = {}) {
    const said = this.#publish({ text: String(text), final: false }, id);
    return new OpenMessage(said, (seq, more, final) => this.append(seq, more, { final }));
  }

  /**
   * Says what an iterable gives, such as the tokens of a model, as one message that grows. Resolves with its `seq` when
   * the server has all of it.
   */
  async stream(texts, options) {
    const message = this.open('', options);
    let failure = null;
    try {
      for await (const text of texts) {
        message.append(text).catch((error) => (failure = error));
        if (failure) {
          throw failure;
        }
      }
    } catch (error) {
      await message.close().catch(() => {}); // it says what has come until then
      throw error;
    }
    await message.close().catch((error) => Promise.reject(failure ?? error));
    return message.seq;
  }

  /** Takes back what a message says; as `edit`. */
  async remove(message) {
    return this.#change('remove', message, {});
  }

  /**
   * Reacts to a message: one that was passed on, or its `seq`; with `false` it takes that back. Resolves when the server
   * has it, however often the connection is lost until then.
   */
  async react(message, key, on = true) {
    if (typeof key !== 'string') {
      throw new TypeError(`${quoted(key)} is not the key of a reaction: a string`);
    }
    const done = await this.#change('react', message, { key, ...(on ? {} : { off: true }) });
    const of = typeof message === 'object' ? message.seq : message;
    const name = reactionName(of, key);
    this.#reacting.delete(name);
    this.#reacting.set(name, { seq: done.seq, on }); // others may react at once, so that no event names this client
    if (this.#reacting.size > this.#remembered) {
      this.#reacting.delete(this.#reacting.keys().next().value);
    }
    const kept = this.#kept.get(of);
    const its = kept?.reactions.find((one) => one.key === key);
    const isCounted = done.duplicate || kept?.reacted >= done.seq; // else its event comes, with the count
    if (isCounted && its !== undefined && its.mine !== on) {
      kept.reactions = kept.reactions.map((one) => (one === its ? Object.freeze({ ...its, mine: on }) : one));
      this.#tell('change', kept);
    }
    return done;
  }

  #change(type, message, more) {
    this.#needHere();
    const seq = typeof message === 'object' && message !== null ? message.seq : message;
    if (!Number.isSafeInteger(seq) || seq < 0) {
      throw new TypeError(`${quoted(seq)} is not the seq of a message`);
    }
    return this.#untilAnswered({ type, room: this.#name, seq, epoch: this.#epoch ?? undefined, ...more });
  }

  async #setValue(key, value, { if: expected, ttl, id = newId() }) {
    const body = { key, data: copy(value), if: expected, epoch: this.#epochOf(expected), ttl, id };
    return this.#untilAnswered({ type: 'say', room: this.#name, ...body });
  }

  async #removeValue(key, { if: expected }) {
    return this.#untilAnswered({ type: 'remove', room: this.#name, key, if: expected, epoch: this.#epochOf(expected) });
  }

  /** A number means another value in another history; that there is none means the same in each. */
  #epochOf(expected) {
    return expected > 0 ? this.#epoch ?? undefined : undefined;
  }

  /** Keeps a command until the server has answered it, however often the connection is lost. */
  #untilAnswered(what) {
    this.#needHere();
    if (this.#changing.size >= MOST_CHANGING) {
      throw new ParleyError('full', 'too many changes wait to be made');
    }
    return new Promise((resolve, reject) => {
      const entry = { what, resolve, reject, isSent: false };
      this.#changing.add(entry);
      this.#sendChange(entry);
    });
  }

  #sendChange(entry) {
    if (entry.isSent || this.#state !== 'joined') {
      return;
    }
    entry.isSent = true;
    this.#parley[command](
      entry.what,
      ({ seq, duplicate }) => {
        this.#changing.delete(entry);
        entry.resolve({ seq, duplicate });
      },
      (error) => {
        entry.isSent = false;
        if (error.code !== 'lost') { // else it is made once the room has been entered again
          this.#changing.delete(entry);
          entry.reject(error);
        }
      },
    );
  }

  #send(entry) {
    entry.ref = this.#parley[command](
      { type: 'say', room: this.#name, id: entry.id, ...entry.body },
      ({ seq, duplicate }) => {
        this.#outbox.delete(entry);
        entry.resolve({ id: entry.id, seq, duplicate });
      },
      (error, wasSent) => {
        entry.ref = null;
        if (error.code === 'lost') {
          entry.wasLost ||= wasSent === true; // and the server may have it
        } else {
          this.#outbox.delete(entry);
          entry.reject(error);
        }
      },
    );
  }

  /** One's own message has come by: it need not be said again, nor be acknowledged. */
  #settle({ id, seq }) {
    let isFirst = true;
    for (const entry of this.#outbox) {
      if (entry.id === id) {
        this.#outbox.delete(entry);
        this.#parley[settled](entry.ref);
        entry.resolve({ id, seq, duplicate: entry.wasLost || !isFirst });
        isFirst = false;
      }
    }
  }

  /** Says what waits, once the replay has come as far as it must. */
  #goOn() {
    if (this.#replayed === null || (this.#last ?? this.#from) < this.#replayed) {
      return;
    }
    clearTimeout(this.#replayTimer);
    this.#replayed = null;
    for (const entry of this.#outbox) {
      if (entry.ref === null) { // and not on its way already
        this.#send(entry);
      }
    }
  }

  /** A replay that stands still is not waited for: a server may count what is not this room's. */
  #expectMore() {
    clearTimeout(this.#replayTimer);
    if (this.#replayed !== null) {
      this.#replayTimer = setTimeout(() => {
        this.#replayed = Math.min(this.#replayed, this.#last ?? this.#from);
        this.#goOn();
      }, REPLAY);
    }
  }

  #needHere() {
    if (this.#state === 'left') {
      throw new ParleyError('left', `not in ${this.#name} any more`);
    }
  }

  /**
   * Shows the others an object beside this member, in place of the one before, or nothing any more with null: on later
   * connections too. Only the newest is sent, so it may be called at any rate. Resolves when the server has it, or a
   * newer one.
   */
  async setState(state) {
    this.#needHere();
    this.#shown = state === null || state === undefined ? null : copy(state);
    await new Promise((resolve, reject) => {
      this.#showing.push({ resolve, reject });
      this.#show();
    });
  }

  #show() {
    if (this.#isShowing || this.#showing.length === 0 || this.#state !== 'joined') {
      return;
    }
    this.#isShowing = true;
    const state = this.#shown;
    const waiting = this.#showing;
    this.#showing = [];
    const over = (tell) => {
      this.#isShowing = false;
      waiting.forEach(tell);
      this.#show();
    };
    this.#parley[command](
      { type: 'state', room: this.#name, state },
      () => {
        this.#taken = state;
        this.#isTaken = true;
        over(({ resolve }) => resolve());
      },
      (error) => {
        if (error.code === 'lost' && this.#state !== 'left') {
          this.#isShowing = false;
          this.#showing.unshift(...waiting); // until the room has been entered again
        } else {
          this.#goBack(state);
          over(({ reject }) => reject(error));
        }
      },
    );
  }

  /** The server has refused a state: the one that it took before is shown on, on this connection too. */
  #goBack(refused) {
    if (this.#taken === refused) {
      this.#taken = null; // it took that once, and does not any more
    }
    if (this.#shown === refused) { // and none was set meanwhile
      this.#shown = this.#taken;
      if (this.#taken !== null && !this.#isTaken) {
        this.#showing.push({ resolve() {}, reject() {} });
      }
    }
  }

  /** Up to which message this client's user has read, on any of its connections; null when that is not known. */
  get marked() {
    return this.#mark?.mark ?? null;
  }

  /** How many messages come behind the mark, 100 at most; null when that is not known. */
  get unread() {
    const counted = this.#mark?.unread;
    return counted === undefined ? null : Math.min(MOST_UNREAD, counted + this.#uncounted.length);
  }

  /** Whether more messages are unread than `unread` says. */
  get hasMoreUnread() {
    return this.unread !== null && (this.#mark.more === true || this.#mark.unread + this.#uncounted.length > MOST_UNREAD);
  }

  /**
   * Says that this client's user has read up to a message, or up to the last one that was passed on. Only the furthest
   * is sent, so it may be called for each message. Resolves with the mark that the server has then.
   */
  async mark(seq = this.#last ?? this.#from) {
    this.#needHere();
    if (!Number.isSafeInteger(seq) || seq < 0) {
      throw new TypeError(`${quoted(seq)} is not the seq of a message`);
    }
    return new Promise((resolve, reject) => {
      const epoch = this.#epoch ?? undefined;
      if (this.#toMark?.epoch !== epoch || this.#toMark.seq < seq) {
        this.#toMark = { seq, epoch };
      }
      this.#marking.push({ resolve, reject });
      this.#sendMark();
    });
  }

  #sendMark() {
    if (this.#isMarking || this.#markTimer !== null || this.#toMark === null || this.#state !== 'joined') {
      return;
    }
    this.#isMarking = true;
    const { seq, epoch } = this.#toMark;
    const waiting = this.#marking;
    this.#toMark = null;
    this.#marking = [];
    const over = (tell) => {
      this.#isMarking = false;
      waiting.forEach(tell);
      this.#sendMark();
    };
    this.#parley[command](
      { type: 'mark', room: this.#name, seq, epoch },
      (event) => {
        this.#markWait = UNAVAILABLE_WAIT.least;
        over(({ resolve }) => resolve(event.seq));
      },
      (error) => {
        if ((error.code === 'lost' || error.code === 'unavailable') && this.#state !== 'left') {
          this.#isMarking = false;
          this.#marking.unshift(...waiting); // until the room has been entered again, or for a while
          if (this.#toMark === null || (this.#toMark.epoch === epoch && this.#toMark.seq < seq)) {
            this.#toMark = { seq, epoch };
          }
          if (error.code === 'unavailable') {
            this.#markLater();
          }
        } else {
          over(({ reject }) => reject(error));
        }
      },
    );
  }

  #markLater() {
    this.#markTimer = setTimeout(() => {
      this.#markTimer = null;
      this.#sendMark();
    }, this.#markWait);
    this.#markWait = Math.min(UNAVAILABLE_WAIT.most, this.#markWait * 2);
  }

  #endMarkWait() {
    clearTimeout(this.#markTimer);
    this.#markTimer = null;
  }

  /** The server says up to where the user has read. What came behind the messages that it counted is counted here. */
  #takeMark({ epoch, seq, mark, unread, more }) {
    if (epoch === this.#epoch && mark !== undefined && mark >= (this.#mark?.mark ?? 0)) {
      this.#mark = { mark, unread, more, counted: seq };
      this.#uncounted = this.#uncounted.filter((one) => one > seq);
      this.#tellMark();
    }
  }

  #tellMark() {
    this.#tell('mark', { mark: this.marked, unread: this.unread, more: this.hasMoreUnread });
  }

  /** A state is the connection's: another one shows it anew. */
  #showAgain() {
    this.#isTaken = false;
    if (this.#shown !== null) {
      this.#showing.push({ resolve() {}, reject() {} });
    }
    this.#show();
  }

  /** Passes something on to who is there now. Rejects when that is nobody because the connection is lost. */
  async signal(data) {
    this.#needHere();
    await this.#ask({ type: 'signal', room: this.#name, data });
  }

  /** Reads messages that the room keeps and that come before one, oldest first: `{messages, more}`. */
  async history({ before, limit = 50 } = {}) {
    this.#needHere();
    const { messages, more } = await new Promise((done, failed) =>
      this.#parley[page](() => ({ type: 'history', room: this.#name, before, limit }), done, failed),
    );
    return { messages: messages.map((message) => this.#keep(this.#read(message))), more };
  }

  /** Leaves the room. What was not acknowledged is rejected. */
  async leave() {
    if (this.#state === 'left') {
      return;
    }
    // Also when it is being entered: the server may have it so already. Before anybody hears of it, who might join it
    // again.
    const left = this.#ask({ type: 'leave', room: this.#name }).catch(() => {});
    this[end](new ParleyError('left', `left ${this.#name}`));
    await left;
  }

  /**
   * The messages from now on, in order, each once. Ends when the room is left; throws when the reader falls too far
   * behind.
   */
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
    if (this.#map !== null) { // which goes on where its values are known; messages before that are fetched
      const known = this.#epoch === null ? null : this.#map[address]();
      // Behind a gap the values are of a later entry than the messages, which go on where they were.
      const after = known === null ? null : Math.min(known, this.#last ?? known);
      return after === null ? { state: true } : { state: true, epoch: this.#epoch, after };
    }
    if (this.#epoch !== null) {
      return { epoch: this.#epoch, after: this.#last ?? this.#from };
    }
    return { history: this.#history > 0 ? this.#history : undefined };
  }

  [enter]() {
    const { epoch, after, ...rest } = this[address]();
    this.#parley[command](
      { type: 'join', room: this.#name, ...rest, ...(epoch === undefined ? {} : { after: { epoch, seq: after } }) },
      (event) => this[entered](event),
      (error) => {
        if (error.code !== 'lost') {
          this[end](error);
        }
      },
    );
  }

  [entered](event) {
    const { epoch, seq, count } = event;
    if (this.#state === 'left') {
      return; // meanwhile
    }
    const isAnother = this.#epoch !== null && this.#epoch !== epoch;
    if (this.#epoch !== epoch) {
      this.#from = isAnother ? 0 : Math.max(0, seq - this.#history);
      this.#last = this.#from === seq ? seq : null;
      this.#head = 0;
      this.#kept.clear();
      this.#reacting.clear();
      this.#mark = null;
      this.#uncounted = [];
      this.#map?.[forget]();
    }
    this.#epoch = epoch;
    this.#count = count;
    this.#state = 'joined';
    // Before anybody hears of it, who might say something and would have it said before, and twice.
    this.#lookAround();
    this.#showAgain();
    this.#sendMark();
    this.#changing.forEach((entry) => this.#sendChange(entry));
    // What was on its way when the connection was lost may be in the replay; the server may have forgotten its id by
    // now.
    const isInDoubt = [...this.#outbox].some(({ wasLost, ref }) => wasLost && ref === null);
    this.#replayed = isInDoubt ? seq : 0;
    this.#expectMore();
    this.#goOn();
    if (isAnother) {
      this.#tell('reset', { epoch });
    }
    if (this.#map !== null && event.recovered !== true && (this.#last ?? seq) < seq) {
      this.#missed({ after: this.#last, before: seq + 1 }); // the values come anew, and messages from there on alone
    }
    this.#resolveJoined(this);
    if (this.#state === 'joined') { // and not left by who heard of the reset
      this.#tell('state', 'joined');
    }
    if (this.#state === 'joined') {
      this.#takeMark(event);
    }
  }

  #lookAround() {
    this.#parley[memberList](
      () => ({ type: 'who', room: this.#name }),
      ({ names, members, count, more }) => this.#see(names, members, count, !more),
      () => {},
    );
  }

  #see(names, members, count, isWhole) {
    this.#names = new Set(names);
    this.#people = new Map((members ?? []).map((member) => [memberKey(member), Object.freeze(member)]));
    this.#showMembers(count, isWhole);
  }

  #showMembers(count, isWhole) {
    this.#count = count;
    this.#isWhole = isWhole;
    this.#tell('members', { members: this.members, people: this.people, count });
  }

  [take](event) {
    if (this.#state !== 'joined') {
      return; // for a room of the same name that was left
    }
    switch (event.type) {
      case 'message':
        this.#map?.[take](event);
        this.#message(event);
        break;
      case 'state':
        this.#map?.[take](event);
        break;
      case 'gap':
        this.#missed(event);
        break;
      case 'presence':
        this.#presence(event);
        break;
      case 'mark':
        this.#takeMark(event);
        break;
      case 'signal':
        this.#tell('signal', { from: event.from, user: event.user, data: event.data });
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
      this.#parley[page](
        () => ({ type: 'history', room: this.#name, after: this.#last, limit: PAGE, changes: true }),
        (answer) => {
          this.#page(answer);
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
      this.#goOn();
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
    const { seq, at, from, user, text, data, id } = message;
    const own = id !== undefined && this.#own.has(id);
    const edited = message.edited && { ...message.edited, at: new Date(message.edited.at) };
    const removed = message.removed === true;
    const open = message.open === true;
    const { reacted = 0 } = message;
    const reactions = this.#reactions(seq, { reactions: message.reactions, reacted });
    return {
      room: this.#name, seq, at: new Date(at), from, user, text, data, id, own, edited, removed, open, reactions,
      reacted,
    };
  }

  /**
   * The reactions that a message has now, with whether one is this client's: that is known where all senders are named,
   * and else by what was done here, or known before.
   */
  #reactions(seq, { reactions: sent = [], reacted }, before = []) {
    const { user, name } = this.#parley;
    return sent.map(({ key, count, users = [], names = [] }) => {
      const isNamed = user === undefined ? names.includes(name) : users.includes(user);
      const isKnown = isNamed || users.length + names.length === count;
      const done = this.#reacting.get(reactionName(seq, key));
      if (done !== undefined && isKnown && reacted >= done.seq) {
        done.on = isNamed; // another client of the same user may have done something else since
      }
      const mine = isKnown ? isNamed : done?.on ?? before.find((one) => one.key === key)?.mine;
      return Object.freeze({ key, count, users, names, mine });
    });
  }

  /** Keeps a message, to put changes into; the one that is kept already has them, or takes what is newer. */
  #keep(read) {
    const kept = this.#kept.get(read.seq);
    if (kept !== undefined) {
      const newer = (read.edited?.seq ?? 0) - (kept.edited?.seq ?? 0);
      const hasGrown = newer === 0 && kept.open && (read.text?.length > kept.text?.length || !read.open);
      if (read.removed || newer > 0 || hasGrown) {
        this.#fold(kept, read);
      }
      this.#react(kept, read);
      return kept;
    }
    this.#kept.set(read.seq, read);
    if (this.#kept.size > this.#remembered) {
      this.#kept.delete(this.#kept.keys().next().value);
    }
    return read;
  }

  #fold(kept, { text, data, edited, removed, open }) {
    if (!kept.removed) {
      Object.assign(kept, { text, data, edited: removed ? undefined : edited, removed, open });
      kept.reactions = removed ? [] : kept.reactions;
    }
  }

  /** Puts a piece behind the text of its message, without what that has already. Of an edit since it is no part. */
  #grown({ seq, changes, start, append, final = false }) {
    const kept = this.#kept.get(changes);
    if (!kept || kept.removed || kept.text === undefined || seq < (kept.edited?.seq ?? 0)) {
      return;
    }
    if (start > kept.text.length) {
      this.#readAgain(kept);
      return;
    }
    const text = kept.text.slice(0, start) + append;
    if (text.length > kept.text.length || (final && kept.open)) {
      kept.text = text.length > kept.text.length ? text : kept.text;
      kept.open = kept.open && !final;
      this.#tell('change', kept);
    }
  }

  /** Pieces of it are gone that this client has missed. */
  #readAgain(kept) {
    const what = { type: 'history', room: this.#name, before: kept.seq + 1, limit: 1 };
    this.#parley[page](
      () => what,
      ({ messages }) => {
        const before = kept.text;
        messages.filter(({ seq }) => seq === kept.seq).forEach((message) => this.#keep(this.#read(message)));
        if (kept.text !== before) {
          this.#tell('change', kept);
        }
      },
      () => {}, // the next piece asks again
    );
  }

  /** Whether these reactions are newer than those of a message that is kept; then it has them. */
  #react(kept, { reactions, reacted }) {
    const isNewer = !kept.removed && reacted > kept.reacted;
    if (isNewer) {
      kept.reactions = this.#reactions(kept.seq, { reactions, reacted }, kept.reactions);
      kept.reacted = reacted;
    }
    return isNewer;
  }

  /** Puts a change into its message. Of a message that is not kept there is only what the change says. */
  #changed(change) {
    const { seq, at, from, user, text, data, changes, removed = false, open = false, reactions } = change;
    if (change.append !== undefined) {
      this.#grown(change);
      return;
    }
    if (reactions !== undefined) {
      this.#reacted(changes, { reactions, reacted: seq });
      return;
    }
    const edited = removed ? undefined : { seq, at: new Date(at), from, user };
    const kept = this.#kept.get(changes);
    if (kept === undefined) {
      this.#tell('change', { room: this.#name, seq: changes, text, data, edited, removed, open });
    } else if (!kept.removed && (removed || seq > (kept.edited?.seq ?? 0))) {
      this.#fold(kept, { text, data, edited, removed, open });
      this.#tell('change', kept);
    }
  }

  #reacted(seq, now) {
    const kept = this.#kept.get(seq);
    if (kept === undefined) {
      const { reacted } = now;
      this.#tell('change', { room: this.#name, seq, reactions: this.#reactions(seq, now), reacted });
    } else if (this.#react(kept, now)) {
      this.#tell('change', kept);
    }
  }

  #pass(message) {
    this.#last = message.seq;
    this.#head = Math.max(this.#head, message.seq);
    if (message.changes !== undefined) {
      this.#changed(message);
      this.#expectMore();
      this.#goOn();
      return;
    }
    if (message.key !== undefined) { // a value, which is the map's
      this.#expectMore();
      this.#goOn();
      return;
    }
    const read = this.#keep(this.#read(message));
    if (read.own) {
      this.#settle(message);
    }
    for (const reader of this.#readers) {
      reader.waiting.push(read);
      this.#serve(reader);
      if (reader.waiting.length > this.#remembered) {
        this.#over(reader, new ParleyError('full', 'the messages were not read as fast as they came'));
      }
    }
    this.#tell('message', read);
    if (this.#mark !== null && message.seq > this.#mark.counted) {
      this.#uncounted.push(message.seq);
      if (this.#uncounted.length > MOST_UNCOUNTED) {
        this.#uncounted.shift();
      }
      this.#tellMark();
    }
    this.#expectMore();
    this.#goOn();
  }

  #over(reader, failure) {
    reader.isOver = true;
    reader.failure = failure;
    this.#readers.delete(reader);
    this.#serve(reader);
  }

  /**
   * Answers callers of next() with the next message, in the order of their calls, as far as there are messages or their end.
   */
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

  #presence({ names, joined, left, members = [], gone = [], count }) {
    if (names) {
      this.#see(names, members, count, true);
    } else if (joined) {
      joined.forEach((name) => this.#names.add(name));
      left.forEach((name) => this.#names.delete(name));
      gone.forEach((member) => this.#people.delete(memberKey(member)));
      members.forEach((member) => this.#people.set(memberKey(member), Object.freeze(member)));
      this.#showMembers(count, this.#isWhole);
    } else {
      this.#showMembers(count, false);
    }
  }

  /** The connection was lost: what is not acknowledged waits, what was being fetched comes by itself. */
  [lost]() {
    if (this.#state === 'joined') {
      this.#state = 'joining';
      this.#tell('state', 'joining');
    }
    this.#filling = false;
    this.#map?.[lost]();
    clearTimeout(this.#replayTimer);
    this.#endMarkWait();
  }

  [end](failure) {
    if (this.#state === 'left') {
      return;
    }
    this.#state = 'left';
    this.#filling = false;
    clearTimeout(this.#replayTimer);
    this.#endMarkWait();
    const withdrawn = this.#parley[withdraw](this.#name);
    this.#parley[forget](this);
    this.#rejectJoined(failure);
    this.#map?.[end](failure);
    for (const entry of this.#outbox) {
      entry.reject(failure);
    }
    this.#outbox.clear();
    this.#changing.forEach(({ reject }) => reject(failure));
    this.#changing.clear();
    this.#kept.clear();
    this.#showing.forEach(({ reject }) => reject(failure));
    this.#showing = [];
    this.#marking.forEach(({ reject }) => reject(failure));
    this.#marking = [];
    this.#toMark = null;
    withdrawn.forEach((failed) => failed(failure));
    for (const reader of this.#readers) {
      this.#over(reader, null);
    }
    this.#tell('state', 'left');
  }
}
