// The chat: rooms, the messages of one of them, its members, and what goes on with the connection. One connection for
// all rooms.

import { connect } from './parley.js';
import { Directory, offerRooms } from './directory.js';
import { draftOf, keepDraft } from './drafts.js';
import { closeDrawers, listenToDrawers } from './drawers.js';
import { Editing } from './editing.js';
import { check, clearFault, element, nameFault, onSubmit, roomFault, setText } from './fields.js';
import { copyInvitation } from './invitation.js';
import { RoomLog } from './room.js';
import { currentToken, keepToken } from './token.js';
import { isTokenFault, shortWords, whyAway, whyClosed } from './words.js';
import { MessageList, make } from './messages.js';
import { showMembers, showTyping } from './people.js';

/** The limits until the server has named its own. */
const LIMITS = { bytes: 64 * 1024, commandBytes: 256 * 1024 };

class Chat {
  #name = '';
  #rooms = new Map();
  #active = null;
  #parley = null;
  #wasOpen = false;
  /** Why the connection is away, as a sentence; empty while it is not, or has not been yet. */
  #away = '';
  #announced = '';
  #unreadDue = null;
  /** Whether the last press was a finger's: then a focused field would bring up the keyboard over the messages. */
  #isTouched = false;
  #list = new MessageList(element('chat-box'), element('chat-log'), {
    sendAgain: (entry) => this.#sendAgain(entry),
    discard: (entry) => this.#active.discard(entry),
    react: (entry, key, on) => this.#react(entry, key, on),
    older: () => this.#active?.loadOlder(),
    moved: () => this.#read(),
  });
  #editing = new Editing();
  #directory = new Directory((room) => this.#enter(room));

  /** Joins what the address names, or asks. */
  start() {
    const { searchParams } = new URL(location.href);
    const name = searchParams.get('name')?.trim() ?? '';
    const rooms = [...new Set(searchParams.getAll('room'))];
    this.#listen();
    const fault = rooms.map(roomFault).find((one) => one !== '') ?? '';
    element('start-name').value = name;
    element('start-room').value = rooms.find((room) => roomFault(room) !== '') ?? rooms[0] ?? 'lobby';
    this.#showRooms();
    const isNameFine = check('start-name', 'start-name-fault', nameFault(name));
    const isFine = isNameFine && check('start-room', 'start-room-fault', fault);
    if (isFine && rooms.length > 0) {
      this.#name = name;
      rooms.forEach((room) => this.#join(room));
      this.#open(rooms[0]);
      return;
    }
    offerRooms((room) => {
      element('start-room').value = room;
      this.#begin();
    });
    if (isFine && !element('chat').hidden) {
      element('start-name').focus();
    }
  }

  #listen() {
    clearFault('start-name', 'start-name-fault', nameFault);
    clearFault('start-room', 'start-room-fault', roomFault);
    clearFault('join-room', 'join-fault', roomFault);
    clearFault('rename-name', 'rename-fault', nameFault);
    onSubmit('start-form', () => this.#begin());
    onSubmit('join-form', () => this.#joinAnother());
    onSubmit('chat-text-form', () => this.#say());
    onSubmit('rename-form', () => this.#rename());
    element('leave').addEventListener('click', () => this.#leave());
    element('invite').addEventListener('click', () => copyInvitation(this.#active.name));
    element('again').addEventListener('click', () => this.#again());
    element('give-token').addEventListener('click', () => this.#askToken());
    element('token-cancel').addEventListener('click', () => element('token-dialog').close());
    onSubmit('token-form', () => this.#takeToken());
    document.addEventListener('tokenchange', () => this.#again());
    element('newest').addEventListener('click', () => this.#toNewest());
    element('rename').addEventListener('click', () => this.#askName());
    element('rename-cancel').addEventListener('click', () => element('rename-dialog').close());
    const text = element('chat-text');
    text.addEventListener('input', () => this.#typed());
    text.addEventListener('keydown', (event) => this.#keyed(event));
    document.addEventListener('keydown', (event) => this.#switchOnArrow(event));
    document.addEventListener('visibilitychange', () => this.#read());
    addEventListener('focus', () => this.#read());
    addEventListener('blur', () => this.#read());
    document.addEventListener('viewchange', () => this.#read());
    document.addEventListener('pointerdown', ({ pointerType }) => (this.#isTouched = pointerType === 'touch'), true);
    document.addEventListener('keydown', () => (this.#isTouched = false), true);
    listenToDrawers();
  }

  // Rooms

  #begin() {
    const name = element('start-name').value.trim();
    const room = element('start-room').value.trim();
    const isNameFine = check('start-name', 'start-name-fault', nameFault(name));
    if (isNameFine && check('start-room', 'start-room-fault', roomFault(room))) {
      if (element('start-token').value !== '') {
        keepToken(element('start-token').value);
        element('start-token').value = '';
      }
      if (name !== this.#name) {
        this.#name = name;
        this.#parley?.close(); // it would have the name from before
        this.#parley = null;
      }
      this.#enter(room);
    }
  }

  #joinAnother() {
    const room = element('join-room').value.trim();
    if (check('join-room', 'join-fault', roomFault(room))) {
      element('join-room').value = '';
      this.#enter(room);
    }
  }

  #enter(room) {
    this.#join(room);
    this.#open(room);
  }

  #join(name) {
    if (!this.#rooms.has(name)) {
      const room = new RoomLog(name, (of, what, shift) => this.#changed(of, what, shift));
      this.#rooms.set(name, room);
      if (this.#parley?.state.name === 'closed') {
        this.#connectAgain();
      } else {
        room.enter(this.#connection());
      }
    }
    this.#keepAddress();
  }

  #leave() {
    const question = `Leave ${this.#active.name} and discard what you have written?`;
    if (element('chat-text').value.trim() !== '' && !confirm(question)) {
      return;
    }
    element('chat-text').value = '';
    keepDraft(this.#active.name, '');
    const names = [...this.#rooms.keys()];
    const at = names.indexOf(this.#active.name);
    this.#active.leave();
    this.#rooms.delete(this.#active.name);
    this.#keepAddress();
    this.#open(names[at + 1] ?? names[at - 1] ?? null);
  }

  /** Shows a room, or asks for one when there is none. */
  #open(name) {
    const text = element('chat-text');
    this.#active?.stopTyping();
    this.#active?.forgetNew();
    this.#editing.end();
    this.#active = this.#rooms.get(name) ?? null;
    closeDrawers();
    this.#showRooms();
    if (!this.#active) {
      this.#list.show(null);
      element('start-room').focus();
      return;
    }
    text.value = draftOf(name);
    fitHeight(text);
    setText('chat-text-fault', '');
    this.#list.show(this.#active);
    this.#showMembers();
    if (!this.#isTouched) {
      text.focus();
    }
  }

  #switchOnArrow(event) {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (event.altKey && step && this.#active && !element('chat').hidden) {
      event.preventDefault();
      const names = [...this.#rooms.keys()];
      const at = names.indexOf(this.#active.name) + step;
      this.#open(names[(at + names.length) % names.length]);
    }
  }

  /** The address says who and where, so that it can be shared and survives a reload. */
  #keepAddress() {
    const url = new URL(location.href);
    url.searchParams.delete('name');
    url.searchParams.delete('room');
    if (this.#name !== '') {
      url.searchParams.set('name', this.#name);
    }
    for (const room of this.#rooms.keys()) {
      url.searchParams.append('room', room);
    }
    history.replaceState(null, '', url);
  }

  // The connection

  #connection() {
    if (!this.#parley) {
      const parley = connect('chat', { name: this.#name || undefined, token: currentToken });
      this.#parley = parley;
      this.#wasOpen = false;
      this.#away = '';
      const on = (type, act) => parley.addEventListener(type, () => this.#parley === parley && act());
      on('state', () => this.#showConnection());
      on('name', () => this.#named(parley.name ?? ''));
      this.#directory.over(parley);
    }
    return this.#parley;
  }

  /** At once: what was closed, or what waits. */
  #again() {
    if (this.#parley?.state.name === 'closed') {
      this.#connectAgain();
    } else {
      this.#parley?.retry();
    }
  }

  #askToken() {
    element('token').value = '';
    element('token-dialog').showModal();
  }

  #takeToken() {
    element('token-dialog').close();
    keepToken(element('token').value);
  }

  /** What a token says, or what the server made of a name, may be another name than was asked for. */
  #named(name) {
    this.#name = name;
    element('start-name').value = name;
    this.#keepAddress();
    this.#showConnection();
    if (this.#active) {
      this.#showMembers();
    }
  }

  #connectAgain() {
    this.#parley = null;
    for (const room of this.#rooms.values()) {
      room.enter(this.#connection());
    }
    this.#showConnection();
  }

  #showConnection() {
    const state = this.#parley?.state ?? { name: 'idle' };
    this.#wasOpen ||= state.name === 'open';
    element('chat').dataset.state = state.name;
    setText('connection-words', shortWords(state, this.#name));
    const words = this.#longWords(state);
    setText('banner', words);
    element('banner').parentElement.hidden = words === '';
    element('again').hidden = state.name !== 'closed' && state.name !== 'waiting';
    setText('again', state.name === 'closed' ? 'Connect again' : 'Try now');
    element('give-token').hidden = state.status !== 401 && !isTokenFault(state);
    const heard = this.#away || state.name; // once, not every second of the countdown nor at each attempt
    if (this.#announced !== heard) {
      this.#announced = heard;
      setText('announce', words || shortWords(state, this.#name));
    }
  }

  #longWords(state) {
    const { name, seconds } = state;
    if (name === 'waiting') {
      this.#away = whyAway(state, this.#wasOpen);
      return `${this.#away} Coming back in ${seconds} s; what you write is sent then.`;
    }
    if (name === 'connecting' && this.#away !== '') {
      return `${this.#away} Connecting…`;
    }
    this.#away = '';
    if (name === 'closed') {
      return whyClosed(state);
    }
    return this.#active?.failure ?? '';
  }

  #askName() {
    element('rename-name').value = this.#name;
    setText('rename-fault', '');
    element('rename-dialog').showModal();
    element('rename-name').select();
  }

  async #rename() {
    const name = element('rename-name').value.trim();
    const fault = name === '' ? 'Say which name.' : nameFault(name);
    if (!check('rename-name', 'rename-fault', fault)) {
      return;
    }
    try {
      await this.#connection().rename(name);
    } catch (error) {
      check('rename-name', 'rename-fault', error.message);
      return;
    }
    this.#named(this.#connection().name ?? '');
    element('rename-dialog').close();
  }

  // What is shown

  #changed(room, what, shift) {
    if (room === this.#active) {
      if (what === 'entries') {
        this.#list.changed(shift);
      } else {
        this.#showMembers();
        this.#showConnection();
      }
    } else if (what === 'entries') {
      // Not for each of many messages. A frame would not come while the page is out of sight, where the title matters.
      this.#unreadDue ??= setTimeout(() => this.#showUnread(), 100);
    }
  }

  /** Counts as read what is in sight. */
  #read() {
    const room = this.#active;
    room?.see(document.hasFocus() && !document.hidden && !element('chat').hidden && this.#list.isFollowing);
    element('newest').hidden = !room || this.#list.isFollowing;
    if (room) {
      setText('newest', room.unread > 0 ? `${badgeText(room.unread)} new ↓` : 'Newest ↓');
      setText('before', room.entries.length === 0 && !room.hasOlder ? 'Nothing has been said here yet.' : '');
    }
    this.#showUnread();
  }

  #showRooms() {
    element('chat').classList.toggle('empty', !this.#active);
    element('rooms').replaceChildren(...[...this.#rooms.values()].map((room) => this.#roomItem(room)));
    setText('room-title', this.#active?.name ?? '');
    this.#directory.joined(this.#rooms.keys());
    this.#showConnection();
    this.#showUnread();
  }

  #roomItem(room) {
    const badge = make('span', { className: 'badge', hidden: true });
    const button = make('button', { type: 'button' }, make('span', { className: 'label' }, room.name), badge);
    button.dataset.room = room.name;
    button.addEventListener('click', () => this.#open(room.name));
    if (room === this.#active) {
      button.setAttribute('aria-current', 'true');
    }
    return make('li', {}, button);
  }

  #showUnread() {
    clearTimeout(this.#unreadDue);
    this.#unreadDue = null;
    let all = 0;
    for (const button of element('rooms').querySelectorAll('button')) {
      const { unread } = this.#rooms.get(button.dataset.room) ?? { unread: 0 };
      all += unread;
      showBadge(button.querySelector('.badge'), unread);
    }
    showBadge(element('all-unread'), all - (this.#active?.unread ?? 0));
    const view = element('chat').hidden ? 'Echo' : this.#active?.name;
    document.title = `${all > 0 ? `(${all}) ` : ''}${view ? `${view} – ` : ''}Parley`;
    const others = all - (this.#active?.unread ?? 0);
    const words = others > 0 ? `${badgeText(others)} unread in other rooms: show rooms` : 'Rooms';
    element('show-rooms').setAttribute('aria-label', words);
  }

  #showMembers() {
    showMembers(this.#active.members, { name: this.#name, user: this.#parley?.user });
    showTyping(this.#active.typing);
  }

  // Writing

  #typed() {
    const text = element('chat-text');
    fitHeight(text);
    setText('chat-text-fault', '');
    if (this.#editing.isOn) {
      return;
    }
    if (this.#active) {
      keepDraft(this.#active.name, text.value);
    }
    if (text.value !== '') {
      this.#active?.startTyping();
    } else {
      this.#active?.stopTyping();
    }
  }

  #keyed(event) {
    const { key, altKey, shiftKey, isComposing, target } = event;
    if (key === 'Enter' && !shiftKey && !isComposing) {
      event.preventDefault();
      this.#say();
    } else if (key === 'ArrowUp' && !altKey && target.value === '' && !this.#editing.isOn) {
      event.preventDefault();
      this.#fill(this.#editing.begin(this.#active) ?? '');
    } else if (key === 'Escape' && this.#editing.isOn) {
      this.#editing.end();
      this.#fill('');
    }
  }

  #fill(text) {
    const field = element('chat-text');
    field.value = text;
    fitHeight(field);
    setText('chat-text-fault', '');
  }

  #say() {
    const field = element('chat-text');
    const text = field.value;
    if (!this.#active || (text.trim() === '' && !this.#editing.isOn)) {
      return;
    }
    const fault = this.#textFault(text);
    setText('chat-text-fault', fault);
    if (fault === '' && this.#editing.isOn) {
      const room = this.#active;
      if (this.#editing.finish(text, (words) => room === this.#active && setText('chat-text-fault', words))) {
        this.#fill('');
      }
    } else if (fault === '') {
      field.value = '';
      keepDraft(this.#active.name, '');
      fitHeight(field);
      this.#active.say(text, this.#name || undefined);
      this.#toNewest();
    }
  }

  #react(entry, key, on) {
    const room = this.#active;
    setText('chat-text-fault', '');
    room.react(entry, key, on).catch((words) => room === this.#active && setText('chat-text-fault', words));
  }

  #sendAgain(entry) {
    const fault = this.#textFault(entry.text);
    setText('chat-text-fault', fault);
    if (fault === '') {
      this.#active.sendAgain(entry);
    }
  }

  /** A message over the limits would close the connection for good. */
  #textFault(text) {
    const size = (string) => new TextEncoder().encode(string).length;
    const { bytes, commandBytes } = this.#parley.limits ?? LIMITS;
    if (size(text) > bytes || size(JSON.stringify(text)) > commandBytes - 500) {
      return `This is too long: ${size(text).toLocaleString()} bytes. A message has at most ${bytes.toLocaleString()}.`;
    }
    return '';
  }

  #toNewest() {
    this.#list.toNewest();
    this.#read();
  }
}

const badgeText = (count) => (count > 99 ? '99+' : String(count));

function showBadge(badge, count) {
  badge.hidden = count === 0;
  const text = badgeText(count);
  if (badge.textContent !== text) {
    badge.replaceChildren(text, make('span', { className: 'unseen' }, ' unread'));
  }
}

/** A field as high as its text, within what the style sheet allows. */
function fitHeight(field) {
  field.style.height = 'auto';
  field.style.height = `${field.scrollHeight + 2}px`;
}

/** Starts the chat's view. */
export function startChat() {
  new Chat().start();
}
