// What is known of a room: its messages in order, one's own that are on their way, its members, and what is unread.
// Nothing here touches the document; `changed` says what to look at again.

/** How many messages are kept in memory. Older ones can be asked for again. */
const KEPT = 2000;
/** How many messages are asked for at a time. */
const PAGE = 50;
/** How long one counts as typing after the last key. */
const TYPING = 4000;
/** How many messages are counted as unread; the server counts as many. */
const MOST_UNREAD = 100;

/** Tells one's own state from that of another with the same name. */
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
  members = { people: [], count: 0, isWhole: false };
  /** Why the room could not be joined, or null. */
  failure = null;
  /** Whether asking for older messages may bring some. */
  hasOlder = true;

  #changed;
  #parley = null;
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
  /** The states of members that typed and have said it since: they are on their way out. */
  #said = new WeakSet();
  #isTyping = null;
  /** Whether somebody looks at the newest message. */
  #isSeen = false;
  /** How many messages are unread where no read mark counts them. */
  #counted = 0;
  /** The last message that had been read when others came, or null; the first of these has a line above it. */
  #newAfter = null;
  #isMarkKnown = false;
  /** How far this tab has said that its user has read. */
  #marked = 0;
  /** The same for the first time since the room was entered: an earlier mark is from before. */
  #firstMarked = Infinity;

  /** `changed(room, what, shift)`: what is `entries`, `members` or `state`; shift is how far the entries moved. */
  constructor(name, changed) {
    this.name = name;
    this.#changed = changed;
  }

  get isJoined() {
    return this.#room?.state === 'joined';
  }

  /** The members that write something now. */
  get typing() {
    const people = this.isJoined ? this.members.people : [];
    return people.filter(({ state }) => state?.typing === true && state.by !== MARK && !this.#said.has(state));
  }

  /** How many messages are unread, up to 100: by the user's read mark, or since this tab was looked at. */
  get unread() {
    return this.#isSeen ? 0 : Math.min(MOST_UNREAD, this.#room?.unread ?? this.#counted);
  }

  /** The first message that is new to the reader, once the one before it is known too; null for none. */
  get firstNew() {
    if (this.#newAfter === null) {
      return null;
    }
    const isOld = ({ kind, era, seq }) => kind === 'message' && era === this.#era && seq <= this.#newAfter;
    const isNew = ({ kind, era, seq, own }) => kind === 'message' && era === this.#era && seq > this.#newAfter && !own;
    const first = this.entries.find(isNew);
    return first && (!this.hasOlder || this.entries.some(isOld)) ? first : null;
  }

  /** Says whether somebody looks at the newest message, who has then read all. */
  see(isSeen) {
    this.#isSeen = isSeen;
    if (isSeen) {
      this.#counted = 0;
      this.#markRead();
    }
  }

  /** What was new and has been looked at is new no more. */
  forgetNew() {
    this.#isSeen = false;
    if (this.#counted === 0) {
      this.#newAfter = null;
    }
  }

  /** Joins over a connection. Of an earlier one only what was not sent is kept, for the rest comes again. */
  enter(parley) {
    const room = parley.join(this.name);
    this.#parley = parley;
    this.#room = room;
    this.failure = null;
    this.#forget();
    const on = (type, act) => room.addEventListener(type, ({ detail }) => this.#room === room && act(detail));
    on('message', (message) => this.#message(message));
    on('change', (change) => this.#change(change));
    on('gap', (gap) => this.#missed(gap));
    on('reset', () => this.#reset());
    on('members', ({ people, count }) => this.#meet({ people, count, isWhole: room.hasAllMembers }));
    on('mark', (mark) => this.#readElsewhere(mark));
    on('state', (state) => this.#state(state));
    room.joined.catch((error) => this.#room === room && this.#fail(error));
    this.#changed(this, 'state', 0);
  }

  leave() {
    const room = this.#room;
    this.#room = null;
    clearTimeout(this.#isTyping);
    room?.leave();
  }

  /** Shows a text at once and says it. */
  say(text, from) {
    const entry = { kind: 'message', own: true, id: newId(), from, text, at: new Date(), state: 'sending' };
    said.add(entry.id);
    this.#byId.set(entry.id, entry);
    this.entries.push(entry);
    this.#waiting += 1;
    this.#newAfter = null;
    this.stopTyping();
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

  /** The newest message of one's own that says a text, as far as it is known; undefined for none. */
  get newestOwn() {
    return this.entries.findLast(
      ({ own, state, era, text, removed }) =>
        own && state === 'sent' && era === this.#era && text !== undefined && !removed,
    );
  }

  /** Has a message say another text, which is shown once the room has it. Rejects with a sentence. */
  async edit({ seq }, text) {
    await this.#room.edit(seq, text).catch((error) => Promise.reject(inWords(error)));
  }

  /** Takes back what a message says; as `edit`. */
  async remove({ seq }) {
    await this.#room.remove(seq).catch((error) => Promise.reject(inWords(error)));
  }

  /** Reacts to a message, or takes that back; as `edit`. One of a history that is lost cannot be reacted to. */
  async react({ seq, era }, key, on) {
    if (era !== this.#era) {
      throw 'The room has lost this message.';
    }
    await this.#room.react(seq, key, on).catch((error) => Promise.reject(inWords(error)));
  }

  discard(entry) {
    this.#take(entry);
    this.#byId.delete(entry.id);
    this.#changed(this, 'entries', 0);
  }

  /** Shows the others that something is being typed, until it stops. */
  startTyping() {
    if (this.#isTyping === null) {
      this.#show({ typing: true, by: MARK });
    }
    clearTimeout(this.#isTyping);
    this.#isTyping = setTimeout(() => this.stopTyping(), TYPING);
  }

  stopTyping() {
    if (this.#isTyping !== null) {
      clearTimeout(this.#isTyping);
      this.#isTyping = null;
      this.#show(null);
    }
  }

  #show(state) {
    this.#room?.setState(state).catch(() => {}); // refused, or not in the room any more: nothing is shown
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
        this.#markRead();
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
    this.#newAfter = null;
    this.#isMarkKnown = false;
    this.#marked = 0;
    this.#firstMarked = Infinity;
    clearTimeout(this.#isTyping);
    this.#isTyping = null;
    this.#changed(this, 'entries', -gone);
  }

  #state(state) {
    if (state === 'joined' && !this.#hasBegun) {
      this.loadOlder();
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

  #meet(members) {
    this.members = members;
    this.#changed(this, 'members', 0);
  }

  /** Of this user's messages, on whatever device. What is unread when the room is entered is new to the reader. */
  #readElsewhere({ mark, unread }) {
    if (unread !== 0 && !this.#isMarkKnown && mark < this.#firstMarked) {
      this.#newAfter = mark;
      this.#counted = this.#isSeen ? 0 : unread ?? 1;
    } else if (unread === 0) {
      this.#counted = 0;
    }
    this.#isMarkKnown = true;
    this.#changed(this, 'entries', 0);
  }

  /** Marks all as read, where the server keeps marks: for users. */
  #markRead(isRead = this.#isSeen) {
    const isUser = this.#parley?.user !== undefined;
    if (isUser && isRead && this.isJoined && this.#hasBegun && this.#last > this.#marked) {
      this.#firstMarked = Math.min(this.#firstMarked, this.#last);
      this.#marked = this.#last;
      this.#room.mark(this.#last).catch(() => {}); // refused: the messages count in this tab alone
    }
  }

  #message(message) {
    if (message.seq <= this.#last) {
      return; // came with a page
    }
    const before = this.#last;
    this.#last = message.seq;
    this.#first ??= message.seq;
    const entry = this.#entry(message);
    this.#place(entry);
    if (!entry.own && !this.#isSeen) {
      this.#newAfter = this.#counted === 0 ? message.seq - 1 : this.#newAfter;
      this.#counted += 1;
    } else if (this.#hasBegun && this.#newAfter >= before) {
      this.#newAfter = null; // nothing was new after all
    }
    this.#hasSaid(message);
    // The sender may have gone on to another room already. Others' messages before it may be unseen: of a replay.
    this.#markRead(this.#isSeen || (message.own && this.#counted === 0));
    this.#changed(this, 'entries', this.#trim());
  }

  /** The author of a message types no more, though the change of its state may come behind the message. */
  #hasSaid({ user, from }) {
    const authors = this.typing.filter((member) => (user === undefined ? member.name === from : member.user === user));
    authors.forEach(({ state }) => this.#said.add(state));
    if (authors.length > 0) {
      this.#changed(this, 'members', 0);
    }
  }

  /** A page goes before all else: older entries are of earlier histories alone, and then nothing older is asked for. */
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
   * The entry of a message. One that is shown already is taken out and used again: one's own, on its way until now, or
   * one that was said a second time because the room's messages were lost before its sender got the answer.
   */
  #entry(message) {
    const isOfUser = message.user !== undefined && message.user === this.#parley.user; // on whatever device
    const own = message.own || said.has(message.id) || isOfUser;
    const known = message.id === undefined ? undefined : this.#byId.get(message.id);
    const isSame = known && (own || (known.from === message.from && known.text === message.text));
    const entry = isSame ? known : { kind: 'message' };
    if (isSame) {
      this.#take(known);
    }
    if (message.id !== undefined) {
      this.#byId.set(message.id, entry);
    }
    const { seq, id, from, user, text, data, at, edited, removed, open, reactions } = message;
    const what = { seq, id, from, user, text, data, at, edited, removed, open, reactions, own };
    return Object.assign(entry, what, { era: this.#era, state: 'sent', reason: undefined });
  }

  /**
   * A message was edited or removed, has grown, or has other reactions. One that is not shown is as it is when it is
   * asked for.
   */
  #change({ seq, text, data, edited, removed, open, reactions }) {
    const entry = this.entries.findLast((one) => one.kind === 'message' && one.era === this.#era && one.seq === seq);
    if (entry) {
      const said = removed === undefined ? {} : { text, data, edited, removed, open };
      Object.assign(entry, said, reactions && { reactions });
      this.#changed(this, 'entries', 0);
    }
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
    this.#newAfter = null;
    this.#marked = 0;
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
