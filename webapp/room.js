// What is known of a room: its messages in order, one's own that are on their way, who is there and who types.
// Nothing here touches the document; `changed` says what to look at again.

/** How many messages are kept in memory. Older ones can be asked for again. */
const KEPT = 2000;
/** How many messages are asked for at a time. */
const PAGE = 50;
/** How long somebody counts as typing, and how often one's own typing is told. */
const TYPING_SHOWN = 4000;
const TYPING_TOLD = 2000;
/** How many are shown as typing; signals cost nothing to make up. */
const TYPING_MOST = 10;

/** Tells one's own signals from those of another with the same name. */
const MARK = newId();

/** A mark that nobody else would choose. `crypto.randomUUID` is missing on pages without TLS. */
function newId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** What was said from this tab, so that it is known as one's own after a reload. */
const said = {
  key: 'parley.said',
  ids: null,
  read() {
    try {
      this.ids ??= new Set(JSON.parse(sessionStorage.getItem(this.key)) ?? []);
    } catch {
      this.ids ??= new Set(); // storage is switched off, or holds something else
    }
    return this.ids;
  },
  has(id) {
    return id !== undefined && this.read().has(id);
  },
  add(id) {
    this.read().add(id);
    if (this.ids.size > 500) {
      this.ids.delete(this.ids.values().next().value);
    }
    try {
      sessionStorage.setItem(this.key, JSON.stringify([...this.ids]));
    } catch {
      // then it is known until the reload
    }
  },
};

/** Why a message was not taken, in words. */
function inWords(error) {
  const words = {
    closed: 'The connection is closed.',
    left: 'You are not in this room any more.',
    full: 'Too many messages are waiting to be sent.',
  };
  return words[error.code] ?? `${error.message[0].toUpperCase()}${error.message.slice(1)}.`;
}

const many = (count, one) => `${count.toLocaleString()} ${one}${count === 1 ? '' : 's'}`;

/** One room, over all its connections. */
export class RoomLog {
  name;
  /** What the list shows, in order: placed messages and notes first, one's own on their way last. */
  entries = [];
  unread = 0;
  members = { names: [], count: 0, isWhole: false };
  /** Why the room could not be joined, or null. */
  failure = null;
  /** Whether asking for older messages may bring some. */
  hasOlder = true;

  #changed;
  #room = null;
  #isLoading = false;
  #hasBegun = false;
  #gap = null;
  /** How many at the end of the entries are not placed yet. */
  #waiting = 0;
  #byId = new Map();
  /** Counts the histories that the room has had; numbers compare only within one. */
  #era = 0;
  #first = null;
  #last = 0;
  #typing = new Map();
  #toldTyping = -Infinity;

  /** `changed(room, what, shift)`: what is `entries`, `members`, `typing` or `state`; shift is how far the entries moved. */
  constructor(name, changed) {
    this.name = name;
    this.#changed = changed;
  }

  get isJoined() {
    return this.#room?.state === 'joined';
  }

  get typing() {
    return [...this.#typing.keys()];
  }

  /** Joins over a connection. Of an earlier one only what was not sent is kept, for the rest comes again. */
  enter(parley) {
    const room = parley.join(this.name);
    this.#room = room;
    this.failure = null;
    this.#forget();
    const on = (type, act) => room.addEventListener(type, ({ detail }) => this.#room === room && act(detail));
    on('message', (message) => this.#message(message));
    on('gap', (gap) => this.#missed(gap));
    on('reset', () => this.#reset());
    on('members', ({ members, count }) => this.#see({ names: members, count, isWhole: room.hasAllMembers }));
    on('signal', (signal) => this.#signal(signal));
    on('state', (state) => this.#state(state));
    room.joined.catch((error) => this.#room === room && this.#fail(error));
    this.#changed(this, 'state', 0);
  }

  leave() {
    const room = this.#room;
    this.#room = null;
    room?.leave();
  }

  /** Shows a text at once and says it. */
  say(text, from) {
    const entry = { kind: 'message', own: true, id: newId(), from, text, at: new Date(), state: 'sending' };
    said.add(entry.id);
    this.#byId.set(entry.id, entry);
    this.entries.push(entry);
    this.#waiting += 1;
    this.#toldTyping = -Infinity;
    this.sendAgain(entry);
  }

  /** Says it, under the same id, so that it is published once even if it had arrived. */
  sendAgain(entry) {
    entry.state = 'sending';
    entry.reason = undefined;
    this.#room.say(entry.text, { id: entry.id }).then(
      () => this.#mark(entry, 'sent'),
      (error) => this.#mark(entry, 'failed', inWords(error)),
    );
    this.#changed(this, 'entries', 0);
  }

  discard(entry) {
    this.#take(entry);
    this.#byId.delete(entry.id);
    this.#changed(this, 'entries', 0);
  }

  /** Tells the others that something is being typed, now and then. */
  tellTyping() {
    const now = performance.now();
    if (this.isJoined && now - this.#toldTyping > TYPING_TOLD) {
      this.#toldTyping = now;
      this.#room.signal({ typing: true, by: MARK }).catch(() => {}); // worth nothing later
    }
  }

  /** Asks for the messages before the first one; the newest to begin with. */
  async loadOlder() {
    if (this.#isLoading || !this.hasOlder || !this.isJoined) {
      return;
    }
    const era = this.#era;
    this.#isLoading = true;
    try {
      const { messages, more } = await this.#room.history({ before: this.#first ?? undefined, limit: PAGE });
      if (era === this.#era) {
        this.#hasBegun = true;
        this.hasOlder = more;
        this.#prepend(messages.filter(({ seq }) => this.#first === null || seq < this.#first));
      }
    } catch {
      // lost meanwhile: asked for again when the room has been joined again, or by scrolling
    } finally {
      this.#isLoading = false;
    }
  }

  #forget() {
    this.#era += 1;
    const kept = this.entries.slice(this.entries.length - this.#waiting);
    const gone = this.entries.length - kept.length;
    this.entries = kept;
    this.#byId = new Map(kept.map((entry) => [entry.id, entry]));
    this.#first = null;
    this.#last = 0;
    this.#gap = null;
    this.#hasBegun = false;
    this.hasOlder = true;
    this.#changed(this, 'entries', -gone);
  }

  #state(state) {
    if (state === 'joined' && !this.#hasBegun) {
      this.loadOlder();
    }
    if (state !== 'joined') {
      this.typing.forEach((name) => this.#stopTyping(name));
    }
    if (state !== 'joined' && this.#gap) {
      this.#take(this.#gap); // what is still missing comes, or is told, once the connection is back
      this.#gap = null;
      this.#changed(this, 'entries', 0);
    }
    this.#changed(this, 'state', 0);
  }

  #fail(error) {
    this.failure = inWords(error);
    this.#changed(this, 'state', 0);
  }

  #see(members) {
    this.members = members;
    this.#changed(this, 'members', 0);
  }

  #signal({ from, data }) {
    const name = from ?? 'Someone';
    if (data?.typing !== true || data.by === MARK || (this.#typing.size >= TYPING_MOST && !this.#typing.has(name))) {
      return;
    }
    clearTimeout(this.#typing.get(name));
    this.#typing.set(name, setTimeout(() => this.#stopTyping(name), TYPING_SHOWN));
    this.#changed(this, 'typing', 0);
  }

  #stopTyping(name) {
    clearTimeout(this.#typing.get(name));
    if (this.#typing.delete(name)) {
      this.#changed(this, 'typing', 0);
    }
  }

  #message(message) {
    if (message.seq <= this.#last) {
      return; // came with a page
    }
    this.#last = message.seq;
    this.#first ??= message.seq;
    const entry = this.#entry(message);
    this.#place(entry);
    this.unread += entry.own ? 0 : 1;
    this.#stopTyping(message.from ?? 'Someone');
    this.#changed(this, 'entries', this.#trim());
  }

  /** A page goes before all else: there are older entries only of earlier histories, and then there is nothing older to ask for. */
  #prepend(messages) {
    if (messages.length > 0) {
      const entries = messages.map((message) => this.#entry(message));
      this.entries.unshift(...entries);
      this.#first = messages[0].seq;
      this.#last = Math.max(this.#last, messages.at(-1).seq);
    }
    this.#changed(this, 'entries', messages.length);
  }

  /**
   * The entry of a message. One that is shown already is taken out and used again: one's own, on its way until now, or one that was
   * said a second time because the room's messages were lost before its sender had been told that it arrived.
   */
  #entry(message) {
    const own = message.own || said.has(message.id);
    const known = message.id === undefined ? undefined : this.#byId.get(message.id);
    const isSame = known && (own || (known.from === message.from && known.text === message.text));
    const entry = isSame ? known : { kind: 'message' };
    if (isSame) {
      this.#take(known);
    }
    if (message.id !== undefined) {
      this.#byId.set(message.id, entry);
    }
    const { seq, id, from, text, data, at } = message;
    return Object.assign(entry, { seq, id, from, text, data, at, own, era: this.#era, state: 'sent', reason: undefined });
  }

  #place(entry) {
    this.entries.splice(this.entries.length - this.#waiting, 0, entry);
  }

  /** Takes an entry out. Nearly always it is among the last. */
  #take(entry) {
    const at = this.entries.lastIndexOf(entry);
    if (at >= 0) {
      this.#waiting -= at >= this.entries.length - this.#waiting ? 1 : 0;
      this.entries.splice(at, 1);
    }
  }

  #mark(entry, state, reason) {
    if (entry.state === 'sending') {
      Object.assign(entry, { state, reason });
      this.#changed(this, 'entries', 0);
    }
  }

  #note(text, tone) {
    const note = { kind: 'note', text, tone, at: new Date() };
    this.#place(note);
    return note;
  }

  #missed({ after, before, state }) {
    const missing = many(before - after - 1, 'message');
    if (state === 'filling') {
      this.#gap = this.#note(`This window fell behind. Fetching ${missing}…`, 'filling');
    } else if (state === 'filled' && this.#gap) {
      Object.assign(this.#gap, { text: `This window had fallen behind; ${missing} fetched.`, tone: 'filled' });
      this.#gap = null;
    } else if (state === 'lost') {
      this.#note(`${missing} can no longer be had: the room does not keep them any more.`, 'lost');
    }
    this.#changed(this, 'entries', 0);
  }

  #reset() {
    // What has been acknowledged will not be said again: it belongs to the history that ended.
    const ended = this.entries.slice(this.entries.length - this.#waiting).filter(({ state }) => state === 'sent');
    for (const entry of ended) {
      this.#take(entry);
      this.#place(entry);
    }
    this.#era += 1;
    this.#first = null;
    this.#last = 0;
    this.#hasBegun = true;
    this.hasOlder = false;
    this.#note('The server started this room anew: it no longer keeps what is above.', 'reset');
    this.#changed(this, 'entries', 0);
  }

  /** Forgets the oldest when there are many, some at a time, and returns how far the others moved. */
  #trim() {
    if (this.entries.length <= KEPT * 1.25) {
      return 0;
    }
    const gone = this.entries.splice(0, this.entries.length - this.#waiting - KEPT);
    gone.forEach(({ id }) => this.#byId.delete(id));
    const first = this.entries.find(({ kind }) => kind === 'message');
    this.hasOlder = first?.era === this.#era;
    if (this.hasOlder) {
      this.#first = first.seq;
    }
    return -gone.length;
  }
}
