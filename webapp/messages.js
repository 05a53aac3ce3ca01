// The list of messages. The document holds a part of what a room has, and is brought up to date once a frame at most.
// Text from others goes in as text nodes; the only elements made of it are links.

import { looksOf, reactionRow, restore, stateOf } from './reactions.js';

/** How many rows the document holds, and how many more are taken in when the list is scrolled to their end. */
const ROWS = 400;
const STEP = 100;
/** What of a long message is shown until it is asked for. */
const CHARACTERS = 1500;
const LINES = 16;
/** Messages of one sender within this time stand together. */
const TOGETHER = 5 * 60_000;
/** How near to an end of the list counts as there, in pixels. */
const NEAR = 48;
const LINK = /https?:\/\/[^\s<>"]+/g;

const TIME = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const DAY = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' });
const WHOLE = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'medium' });

/** Makes an element with properties and children. */
export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** Gives an element the colour of a name; the style sheet picks a lightness that can be read. */
export function tint(element, name) {
  let hash = 0;
  for (const character of name) {
    hash = (Math.imul(hash, 31) + character.codePointAt(0)) | 0;
  }
  // The golden angle: neighbours are far apart.
  element.style.setProperty('--hue', Math.round((hash >>> 0) * 137.508) % 360);
  return element;
}

export const nameOf = (from) => from ?? 'Anonymous';

/** The round mark with a name's first character. A user has one colour, whatever name it takes. */
export function avatar(name, user) {
  const [first = '?'] = name.trim();
  const mark = make('span', { className: 'avatar' }, first.toUpperCase());
  mark.setAttribute('aria-hidden', 'true');
  return tint(mark, user ?? name);
}

/** A text as nodes, its http(s) addresses as links. */
function linked(text) {
  const nodes = [];
  let end = 0;
  for (const match of text.matchAll(LINK)) {
    const address = trimmed(match[0]);
    if (URL.canParse?.(address) ?? true) {
      nodes.push(text.slice(end, match.index));
      nodes.push(make('a', { href: address, target: '_blank', rel: 'noopener noreferrer' }, address));
      end = match.index + address.length;
    }
  }
  nodes.push(text.slice(end));
  return nodes;
}

/** An address without the punctuation of the sentence around it; a closing bracket stays if it was opened inside. */
function trimmed(address) {
  const short = address.replace(/[.,;:!?'*_]+$/, '');
  return short.endsWith(')') && !short.includes('(') ? trimmed(short.slice(0, -1)) : short;
}

/** Where a long text is cut, or its length. */
function cut(text) {
  let line = -1;
  for (let lines = 0; lines < LINES; lines += 1) {
    line = text.indexOf('\n', line + 1);
    if (line < 0) {
      break;
    }
  }
  const end = Math.min(line < 0 ? text.length : line, CHARACTERS);
  return text.length - end < 100 && line < 0 ? text.length : end;
}

/**
 * Shows one room's entries. `acts` has `sendAgain(entry)`, `discard(entry)`, `react(entry, key, on)`, `older()` and
 * `moved()`.
 */
export class MessageList {
  #box;
  #list;
  #acts;
  #room = null;
  #rows = new Map();
  #from = 0;
  #to = 0;
  #firstNew = null;
  #isFollowing = true;
  #top = 0;
  #due = null;
  #quiet = null;

  constructor(box, list, acts) {
    this.#box = box;
    this.#list = list;
    this.#acts = acts;
    box.addEventListener('scroll', () => this.#scrolled(), { passive: true });
    // Rows get their real heights when they come into sight, and the window may be made smaller: stay at the end.
    const keep = new ResizeObserver(() => this.#isFollowing && this.#toEnd());
    keep.observe(list);
    keep.observe(box);
  }

  /** Whether the newest message is in sight. */
  get isFollowing() {
    return this.#isFollowing;
  }

  show(room) {
    this.#room = room;
    this.#rows.clear();
    this.#list.replaceChildren();
    this.#quietly();
    this.toNewest();
  }

  toNewest() {
    this.#isFollowing = true;
    this.changed(0);
  }

  /** The entries changed, and moved by so many places. */
  changed(shift) {
    this.#from += shift;
    this.#to += shift;
    if (shift > 0) {
      this.#from = Math.max(0, this.#from - shift); // older ones were asked for to be seen
      this.#quietly();
    }
    this.#due ??= this.#soon(() => {
      this.#due = null;
      this.#update();
    });
  }

  /** In the next frame, or a bit later where there are none because the window cannot be seen. */
  #soon(act) {
    let isDone = false; // frames and timers come in either order
    const once = () => {
      if (!isDone) {
        isDone = true;
        act();
      }
    };
    requestAnimationFrame(once);
    return setTimeout(once, 250);
  }

  /** What was there before is not read out. */
  #quietly() {
    this.#box.setAttribute('aria-live', 'off');
    clearTimeout(this.#quiet);
    this.#quiet = setTimeout(() => this.#box.setAttribute('aria-live', 'polite'), 1000);
  }

  #update() {
    if (!this.#room) {
      return;
    }
    this.#choose();
    this.#firstNew = this.#room.firstNew;
    const anchor = this.#isFollowing ? null : this.#anchor();
    this.#fit(this.#room.entries.slice(this.#from, this.#to), this.#room.entries[this.#from - 1]);
    if (this.#isFollowing) {
      this.#toEnd();
    } else if (anchor?.row.isConnected) {
      this.#box.scrollTop += anchor.row.getBoundingClientRect().top - anchor.top;
      this.#top = this.#box.scrollTop;
    }
    if (this.#box.scrollHeight <= this.#box.clientHeight) {
      this.#acts.older(); // there is no scrolling to ask for them with
    }
    this.#acts.moved();
  }

  /** Which entries the document is to hold. */
  #choose() {
    const { length } = this.#room.entries;
    if (this.#isFollowing) {
      this.#to = length;
      this.#from = Math.max(0, length - ROWS);
    } else {
      this.#from = Math.min(Math.max(0, this.#from), Math.max(0, length - 1));
      this.#to = Math.min(Math.max(this.#to, this.#from + STEP), this.#from + ROWS, length);
    }
  }

  /** Makes the rows of the document those of the entries, in their order, and leaves alone what is right. */
  #fit(entries, before) {
    const wanted = new Set(entries);
    for (const [entry, row] of this.#rows) {
      if (!wanted.has(entry)) {
        row.element.remove();
        this.#rows.delete(entry);
      }
    }
    let next = this.#list.firstElementChild;
    for (const entry of entries) {
      const row = this.#row(entry, before);
      if (row === next) {
        next = next.nextElementSibling;
      } else {
        this.#list.insertBefore(row, next);
      }
      before = entry;
    }
  }

  #row(entry, before) {
    const isNewDay = entry.kind === 'message' && before?.at.toDateString() !== entry.at.toDateString();
    const isNew = entry === this.#firstNew;
    const follows = !isNewDay && !isNew && before?.kind === 'message' && before.from === entry.from
      && before.user === entry.user && before.own === entry.own && entry.at - before.at < TOGETHER;
    const { kind, state, reason, text, tone, isOpen, at, edited, removed, open, reactions } = entry;
    const changes = [isOpen, edited?.seq, removed, open];
    const looks = [kind, state, reason, text, tone, isNewDay, isNew, follows, +at, ...changes].join('\n');
    const row = this.#rows.get(entry) ?? { element: make('li'), looks: null, reactions: null };
    this.#rows.set(entry, row);
    if (row.looks !== looks) {
      row.looks = looks;
      row.reactions = looksOf(reactions);
      const held = stateOf(row.element);
      const parts = entry.kind === 'note' ? noteParts(entry) : this.#messageParts(entry);
      row.element.className = entry.kind === 'note' ? `note ${entry.tone}` : `message ${entry.own ? 'own' : 'other'}`;
      row.element.dataset.state = entry.state ?? '';
      row.element.classList.toggle('follows', Boolean(follows));
      row.element.classList.toggle('growing', Boolean(open));
      const day = isNewDay ? [make('p', { className: 'day' }, DAY.format(at))] : [];
      const line = isNew ? [make('p', { className: 'new' }, `New since ${TIME.format(at)}`)] : [];
      row.element.replaceChildren(...day, ...line, ...parts);
      restore(row.element, held);
    } else if (row.reactions !== looksOf(reactions)) {
      row.reactions = looksOf(reactions);
      this.#renewReactions(row.element, entry);
    }
    return row.element;
  }

  #messageParts(entry) {
    const name = nameOf(entry.from);
    const who = tint(make('p', { className: 'who' }, make('bdi', {}, name)), entry.user ?? name);
    const bubble = make('div', { className: 'bubble' }, who, ...this.#content(entry), meta(entry),
      ...this.#reactions(entry));
    const failed = entry.state === 'failed' ? [this.#failure(entry)] : [];
    return [avatar(name, entry.user), bubble, ...failed];
  }

  /** Puts new reactions in the place of those that are shown, and leaves the rest of the row alone. */
  #renewReactions(row, entry) {
    const held = stateOf(row);
    row.querySelector('.reactions')?.replaceWith(...this.#reactions(entry));
    restore(row, held);
  }

  #reactions(entry) {
    const isThere = entry.state === 'sent' && !entry.removed;
    const { people } = this.#room.members;
    return isThere ? [reactionRow(entry, people, (key, on) => this.#acts.react(entry, key, on))] : [];
  }

  /** The text, or the data as JSON; the beginning alone of what is long. */
  #content(entry) {
    if (entry.removed) {
      return [make('p', { className: 'text removed' }, 'Message removed')];
    }
    const isText = entry.text !== undefined;
    const whole = isText ? entry.text : JSON.stringify(entry.data, null, 2);
    const end = cut(whole);
    const shown = entry.isOpen ? whole : whole.slice(0, end);
    const isCut = end < whole.length;
    const nodes = linked(isCut && !entry.isOpen ? `${shown}…` : shown);
    const text = make(isText ? 'div' : 'pre', { className: 'text', dir: 'auto' }, ...nodes);
    if (!isCut) {
      return [text];
    }
    const more = make('button', { type: 'button', className: 'more' }, entry.isOpen ? 'Show less' : 'Show all');
    more.setAttribute('aria-expanded', String(Boolean(entry.isOpen)));
    more.addEventListener('click', () => this.#toggle(entry));
    return [text, more];
  }

  #toggle(entry) {
    entry.isOpen = !entry.isOpen;
    this.#isFollowing = false;
    this.#update();
    const row = this.#rows.get(entry)?.element;
    // The button is at the end of the text, which is read from its beginning.
    row?.querySelector('.more').focus({ preventScroll: true });
    if (!entry.isOpen && row?.getBoundingClientRect().top < this.#box.getBoundingClientRect().top) {
      row.scrollIntoView({ block: 'start' });
    }
  }

  #failure(entry) {
    const again = make('button', { type: 'button' }, 'Send again');
    const discard = make('button', { type: 'button' }, 'Discard');
    again.addEventListener('click', () => this.#acts.sendAgain(entry));
    discard.addEventListener('click', () => this.#acts.discard(entry));
    return make('p', { className: 'failure' }, `Not sent. ${entry.reason} `, again, ' ', discard);
  }

  #toEnd() {
    this.#box.scrollTop = this.#box.scrollHeight;
    this.#top = this.#box.scrollTop;
  }

  /** The first row in sight and where it is, so that it can be put back there. */
  #anchor() {
    const { top } = this.#box.getBoundingClientRect();
    for (const row of this.#list.children) {
      const place = row.getBoundingClientRect();
      if (place.bottom > top) {
        return { row, top: place.top };
      }
    }
    return null;
  }

  #scrolled() {
    if (!this.#room) {
      return;
    }
    const { scrollTop, clientHeight, scrollHeight } = this.#box;
    const isUp = scrollTop < this.#top;
    this.#top = scrollTop;
    const isAtEnd = scrollHeight - scrollTop - clientHeight < NEAR;
    if (isAtEnd && !this.#isFollowing) {
      this.#forward();
    } else if (isUp && !isAtEnd) {
      this.#isFollowing = false;
      if (scrollTop < clientHeight) {
        this.#back();
      }
    }
    this.#acts.moved();
  }

  #forward() {
    if (this.#to < this.#room.entries.length) {
      this.#to = Math.min(this.#to + STEP, this.#room.entries.length);
      this.#from = Math.max(this.#from, this.#to - ROWS);
      this.changed(0);
    } else {
      this.#isFollowing = true;
    }
  }

  #back() {
    if (this.#from > 0) {
      this.#from = Math.max(0, this.#from - STEP);
      this.#to = Math.min(this.#to, this.#from + ROWS);
      this.#quietly();
      this.changed(0);
    } else {
      this.#acts.older();
    }
  }
}

function meta({ at, state, own, edited }) {
  const changed = edited ? [make('span', { title: `Edited ${WHOLE.format(edited.at)}` }, '(edited)'), ' '] : [];
  const time = make('time', { dateTime: at.toISOString(), title: WHOLE.format(at) }, TIME.format(at));
  if (!own) {
    return make('p', { className: 'meta' }, ...changed, time);
  }
  const signs = { sending: ['…', 'sending'], sent: ['✓', 'sent'], failed: ['!', 'not sent'] };
  const [sign, words] = signs[state];
  const mark = make('span', { className: 'mark', title: words }, sign);
  mark.setAttribute('role', 'img');
  mark.setAttribute('aria-label', words);
  return make('p', { className: 'meta' }, ...changed, time, ' ', mark);
}

function noteParts({ text }) {
  return [make('p', {}, text)];
}
