// Rooms that are on the server, for readers that do not know their names. Which ones these are is the server's word.

import { make } from './messages.js';
import { element, setText } from './fields.js';
import { currentToken } from './token.js';

const ALL = '*';
/** How many rooms are shown: on the way in, and beside a chat. */
const CHIPS = 8;
const ROWS = 30;
/** How long rooms are gathered before some of them are chosen, in milliseconds: they come in several events. */
const GATHERED = 250;

const byCount = (one, other) => other.count - one.count || one.name.localeCompare(other.name);
const members = (count) => `${count.toLocaleString()} ${count === 1 ? 'member' : 'members'}`;

/** A stream of all rooms on the server that this reader may read; its reader closes it. */
export function watchAll() {
  const token = currentToken();
  return new EventSource(`watch?room=${ALL}${token === '' ? '' : `&token=${encodeURIComponent(token)}`}`);
}

/** Shows rooms to choose from before there is a connection, once; nothing where the server refuses to say. */
export function offerRooms(choose) {
  const source = watchAll();
  const rooms = new Map();
  let due = null;
  const show = () => {
    source.close();
    const chips = [...rooms.values()].sort(byCount).slice(0, CHIPS).map(({ name, count }) => {
      const button = make('button', { type: 'button' }, name, ' ', make('span', { className: 'soft' }, members(count)));
      button.dataset.name = name;
      button.addEventListener('click', () => choose(name));
      return make('li', {}, button);
    });
    element('start-rooms').replaceChildren(...chips);
    element('start-found').hidden = chips.length === 0;
  };
  source.addEventListener('error', () => source.close()); // it would ask again
  source.addEventListener('watched', ({ data }) => {
    const { rooms: some, gone = [] } = JSON.parse(data);
    some.forEach(({ room, count }) => rooms.set(room, { name: room, count }));
    gone.forEach((name) => rooms.delete(name));
    due ??= setTimeout(show, GATHERED);
  });
}

/** The rooms beside a chat, watched as long as they are unfolded. */
export class Directory {
  #fold = element('find');
  #parley = null;
  #rooms = new Map();
  #isCut = false;
  #joined = new Set();
  #choose;
  #shown = '';

  constructor(choose) {
    this.#choose = choose;
    this.#fold.addEventListener('toggle', () => (this.#fold.open ? this.#watch() : this.#end()));
    element('join-room').addEventListener('input', () => this.#show());
  }

  /** Goes on over another connection. */
  over(parley) {
    this.#parley = parley;
    if (this.#fold.open) {
      this.#watch();
    }
  }

  /** Says in which rooms the page is, which need not be found. */
  joined(names) {
    this.#joined = new Set(names);
    this.#show();
  }

  #watch() {
    const parley = this.#parley;
    setText('found-about', 'Looking…');
    const took = (rooms, { more, error }) => {
      if (parley === this.#parley && this.#fold.open) {
        this.#rooms = rooms;
        this.#isCut = more;
        this.#show(error);
      }
    };
    this.#list([ALL], took).catch((error) => parley === this.#parley && this.#show(error));
  }

  #end() {
    this.#list([]).catch(() => {}); // then the connection is gone, and nothing is watched
    this.#rooms = new Map();
    this.#show();
  }

  /** Rejects where `watch` throws: once the connection has been closed. */
  async #list(...what) {
    await this.#parley?.watch(...what);
  }

  #show(error) {
    const typed = element('join-room').value.trim().toLowerCase();
    const fits = ({ name }) => !this.#joined.has(name) && name.toLowerCase().includes(typed);
    const rooms = [...this.#rooms.values()].filter(fits).sort(byCount);
    const some = rooms.slice(0, ROWS);
    const looks = JSON.stringify(some.map(({ name, count }) => [name, count]));
    if (looks !== this.#shown) {
      this.#shown = looks;
      const had = document.activeElement?.dataset.found;
      element('found').replaceChildren(...some.map((room) => this.#row(room)));
      element('found').querySelector(`[data-found="${CSS.escape(had ?? '')}"]`)?.focus();
    }
    setText('found-about', error ? `${error.message}.` : this.#about(some.length, rooms.length, typed));
  }

  #about(shown, fitting, typed) {
    if (shown === 0) {
      return typed === '' ? 'No other room is open.' : 'No other open room has that in its name.';
    }
    return this.#isCut || fitting > shown ? 'There are more: type a part of the name above.' : '';
  }

  #row({ name, count }) {
    const number = make('span', { className: 'about' }, count.toLocaleString());
    number.append(make('span', { className: 'unseen' }, count === 1 ? ' member' : ' members'));
    const button = make('button', { type: 'button' }, make('span', { className: 'label' }, name), number);
    button.dataset.found = name;
    button.addEventListener('click', () => this.#choose(name));
    return make('li', {}, button);
  }
}
