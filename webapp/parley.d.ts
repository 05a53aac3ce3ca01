/** Types of parley.js. What it does is described in docs/parley-js.md. */

export interface Options {
  /** What this client calls itself: 1 to 40 printable characters, no line breaks. A label, not an identity. */
  name?: string;
  /** A token for servers that ask for one, or where to get one from before each connection. */
  token?: string | (() => string | Promise<string>);
  /** How many messages may wait for their acknowledgement, in all rooms together. 1000 by default. */
  unsent?: number;
  /** How many messages an iteration may be behind, and how many of one's own are known again. 1000 by default. */
  remembered?: number;
  /** The waits before coming back, in milliseconds: random, from the least up to a bound that doubles up to the most. 500 and 20000. */
  wait?: { least?: number; most?: number };
  /** `auto`, the default: WebSocket, and event streams (docs/http.md) where that does not open. */
  transport?: 'auto' | 'websocket' | 'sse';
  /** The WebSocket to use where there is none: `ws` in Node before 22. */
  WebSocket?: new (url: string, protocols?: string | string[]) => unknown;
}

export type State =
  | { readonly name: 'idle' }
  | { readonly name: 'connecting' }
  | { readonly name: 'open' }
  | {
      readonly name: 'waiting';
      readonly seconds: number;
      readonly code: number;
      readonly reason: string;
      /** The HTTP status that refuses the handshake or the stream, where it is known. */
      readonly status?: number;
    }
  | { readonly name: 'closed'; readonly code: number; readonly reason: string };

export interface Limits {
  /** The longest message, in bytes of UTF-8. */
  bytes: number;
  /** The longest WebSocket message, in bytes. */
  commandBytes: number;
  /** How many rooms a connection may be in. */
  rooms: number;
  /** How many commands a second, over event streams requests; 0 for no limit. */
  rate: number;
  /** How many bytes of WebSocket messages a second; 0 for no limit. Absent from servers that do not tell it. */
  bytesPerSecond?: number;
}

export interface Message {
  room: string;
  seq: number;
  at: Date;
  /** Who said it; undefined for a sender without a name. */
  from?: string;
  /** Which user said it, by the server's word; undefined for a sender that is none. */
  user?: string;
  /** What was said: either a text or any JSON. */
  text?: string;
  data?: unknown;
  id?: string;
  /** Whether it was said here. */
  own: boolean;
  /** The newest change of a message that was edited. A `change` sets it in the object that was passed on. */
  edited?: { seq: number; at: Date; from?: string; user?: string };
  /** Whether the message was removed: it has neither `text` nor `data` then. */
  removed: boolean;
  /** In the order in which each key was set first. A `change` sets another array in the object that was passed on. */
  reactions: readonly Reaction[];
  /** The number of the newest reaction, also of one that took one back; 0 for none. */
  reacted: number;
  /** Whether the message still grows. A `change` has its `text` so far. */
  open: boolean;
}

/** The reactions to a message with one key. */
export interface Reaction {
  readonly key: string;
  readonly count: number;
  /** Users among the last ten that reacted so, the newest first. */
  readonly users: readonly string[];
  /** Names among them, of clients that are no user. */
  readonly names: readonly string[];
  /** Whether this client is one of them; undefined where there are more than are named, and it is not known. */
  readonly mine?: boolean;
}

/** A message that grows, made by `Room.open`. Pieces that are appended while one is on its way go together. */
export interface OpenMessage {
  /** The number of the message, once the server has it. */
  readonly seq: Promise<number>;
  /** Adds a text. Resolves when the server has it; rejects when the message takes no more, or would be too long. */
  append(text: string): Promise<Omit<Receipt, 'id'>>;
  /** Makes the message final, behind a last text. */
  close(text?: string): Promise<Omit<Receipt, 'id'>>;
}

/**
 * A message that was edited or removed, has grown, or has other reactions: the object that was passed on, or else no
 * more than the change says. Where it has `reactions` and no `removed`, it says of reactions alone.
 */
export type Changed = Pick<Message, 'room' | 'seq'> & Partial<Message>;

/** A member of a room: a user with all its connections, or those without a user that go by one name. */
export interface Member {
  readonly user?: string;
  readonly name?: string;
  /** How many connections it has in the room; undefined where the server tells no more than the name. */
  readonly connections?: number;
  /** Whether its last connection was lost and it may come back. */
  readonly away?: boolean;
  /** Up to which message it has read, where the room shows that of others. */
  readonly read?: number;
  /** What it shows beside its name; undefined for nothing. */
  readonly state?: Readonly<Record<string, unknown>>;
}

export interface Receipt {
  id: string;
  seq: number;
  /** Whether it had been published by an earlier attempt. */
  duplicate: boolean;
}

export interface Gap {
  after: number;
  before: number;
  /** `lost`: the room does not keep the messages between these two any more. */
  state: 'filling' | 'filled' | 'lost';
}

/** Why something was not done. */
export class ParleyError extends Error {
  /** The server's word (docs/protocol.md), or `closed`, `left`, `lost`, `full`. */
  readonly code: string;
  constructor(code: string, message: string);
}

/** What is known of a room that is watched. */
export interface WatchedRoom {
  readonly name: string;
  /** The history that `seq` belongs to; undefined, as `seq` is, while the room has no message. */
  readonly epoch?: string;
  /** The newest message. */
  readonly seq?: number;
  /** How many members it has. */
  readonly count: number;
  /** The last message, where it was asked for and the server has it at hand. */
  readonly last?: Omit<Message, 'own' | 'removed' | 'open' | 'reactions' | 'reacted'> & { removed?: true; open?: true };
  /** Up to which message this client's user has read it, where it was asked for, is known, and the user has a mark. */
  readonly mark?: number;
  /** How many messages come behind that, 100 at most; undefined while they are not counted. */
  readonly unread?: number;
  /** Whether more messages are unread than `unread` says; undefined without `mark`. */
  readonly more?: boolean;
}

/** What has changed since the callback was called before. */
export interface WatchChange {
  readonly changed: string[];
  /** Rooms that are not watched any more: they fitted a pattern and are not there, or a token does not allow them. */
  readonly gone: string[];
  /** Whether more rooms fit the patterns than a client may watch. */
  readonly more: boolean;
  /** Why the server did not take the list again after the connection was lost: nothing is watched any more. */
  readonly error?: ParleyError;
}

interface ParleyEvents {
  state: CustomEvent<State>;
  /** What this client is called has changed, here or by the server's word. */
  name: CustomEvent<string | undefined>;
}

interface RoomEvents {
  message: CustomEvent<Message>;
  /** A message was edited or removed, has grown, or has other reactions. */
  change: CustomEvent<Changed>;
  members: CustomEvent<{ members: string[]; people: Member[]; count: number }>;
  signal: CustomEvent<{ from?: string; user?: string; data: unknown }>;
  gap: CustomEvent<Gap>;
  /** The room's messages were lost: this is another history. */
  reset: CustomEvent<{ epoch: string }>;
  state: CustomEvent<'joining' | 'joined' | 'left'>;
  /** What this client's user has read, or what is left of it, has changed. */
  mark: CustomEvent<{ mark: number; unread: number | null; more: boolean }>;
}

/** Opens a connection to a server: `url` is the address of its `/chat`, relative to the page if there is one. */
export function connect(url: string | URL, options?: Options): Parley;

/** Why a handshake to an address is refused; null when nothing is against it or that cannot be found out. */
export function whyRefused(address: string | URL): Promise<{ status: number; reason: string } | null>;

export class Parley extends EventTarget {
  private constructor();
  readonly state: State;
  readonly name: string | undefined;
  /** Which user this client is by the server's word, once it is connected. */
  readonly user: string | undefined;
  readonly limits: Limits | null;
  readonly rooms: Map<string, Room>;
  /** What the connection is made over while it is open; null otherwise. The event `state` tells of every change. */
  readonly transport: 'websocket' | 'sse' | null;
  /**
   * Joins a room, or returns it when it has been joined. `history` is how many messages back to start; with `state` the
   * room has a `map` of its values instead.
   */
  join(name: string, options?: { history?: number; state?: boolean }): Room;
  /**
   * Watches rooms without being in them, in place of those before: names, and patterns with `*`; an empty list ends
   * it. Resolves when the server has the list; rejects with `forbidden`, `too-many-rooms` or `closed`.
   */
  watch(
    rooms: string[],
    callback?: (rooms: Map<string, WatchedRoom>, change: WatchChange) => void,
    options?: { last?: boolean; marks?: boolean },
  ): Promise<void>;
  /** Takes another name. Rejects with the code `bad-name` when that cannot be one. */
  rename(name: string): Promise<void>;
  /** Connects now, in place of when the wait is over. Over event streams it tries WebSocket again now. */
  retry(): void;
  close(): void;
  addEventListener<K extends keyof ParleyEvents>(
    type: K,
    listener: (event: ParleyEvents[K]) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | AddEventListenerOptions,
  ): void;
}

/** A value that has changed; `value` is undefined, and `seq` 0, of one that was removed. */
export interface ValueChange {
  key: string;
  value: unknown;
  seq: number;
  from?: string;
  user?: string;
  at?: Date;
  /** When the room removes it. */
  expires?: Date;
}

interface RoomMapEvents {
  change: CustomEvent<{ changes: ValueChange[] }>;
}

/** The values of a room's keys, as they are at the server, kept up to date. */
export class RoomMap extends EventTarget implements Iterable<[string, unknown]> {
  private constructor();
  /** Resolves when all values are there for the first time. */
  readonly ready: Promise<RoomMap>;
  readonly size: number;
  has(key: string): boolean;
  get(key: string): unknown;
  /** The number of a value, for `if`; 0 where there is none. */
  seq(key: string): number;
  entries(): IterableIterator<[string, unknown]>;
  [Symbol.iterator](): IterableIterator<[string, unknown]>;
  /** Sets a value. Resolves with its `seq` when the server has it; rejects with `conflict` when another is there. */
  set(key: string, value: unknown, options?: { if?: number; ttl?: number; id?: string }): Promise<number>;
  /** Removes a value. Resolves with whether there was one. */
  delete(key: string, options?: { if?: number }): Promise<boolean>;

  addEventListener<K extends keyof RoomMapEvents>(
    type: K,
    listener: (event: RoomMapEvents[K]) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | AddEventListenerOptions,
  ): void;
}

export class Room extends EventTarget implements AsyncIterable<Message> {
  private constructor();
  readonly name: string;
  readonly state: 'joining' | 'joined' | 'left';
  /** Resolves when the room has been entered for the first time, or rejects when it cannot be. */
  readonly joined: Promise<Room>;
  readonly members: string[];
  /** The same, with all that the server tells of each. */
  readonly people: Member[];
  readonly count: number;
  readonly hasAllMembers: boolean;
  readonly unacknowledged: number;
  /** Says a text, or anything else as JSON. Resolves when the server has it. */
  say(content: unknown, options?: { id?: string }): Promise<Receipt>;
  /** Has a message say something else: one that was passed on, or its `seq`. Resolves when the server has it. */
  edit(message: Message | number, content: unknown, options?: { id?: string }): Promise<Omit<Receipt, 'id'>>;
  /** Says a text that grows. */
  open(text?: string, options?: { id?: string }): OpenMessage;
  /** Says the texts of an iterable as one message that grows. Resolves with its number when the server has all. */
  stream(texts: AsyncIterable<string> | Iterable<string>, options?: { id?: string }): Promise<number>;
  /** Goes on with a message that is open; `final` makes it final. Send the next piece when this one has resolved. */
  append(
    message: Message | number,
    text: string,
    options?: { final?: boolean; id?: string },
  ): Promise<Omit<Receipt, 'id'>>;
  /** Takes back what a message says. */
  remove(message: Message | number): Promise<Omit<Receipt, 'id'>>;
  /** Reacts to a message, or takes that back: `key` is an emoji or a word. Resolves when the server has it. */
  react(message: Message | number, key: string, on?: boolean): Promise<Omit<Receipt, 'id'>>;
  /** The values of its keys, where it was joined with `state`; else null. */
  readonly map: RoomMap | null;
  signal(data: unknown): Promise<void>;
  /** Shows an object beside this member, in place of the one before; null for nothing any more. At any rate. */
  setState(state: object | null): Promise<void>;
  /** Up to which message this client's user has read, on any of its connections; null when that is not known. */
  readonly marked: number | null;
  /** How many messages come behind that, 100 at most; null when that is not known. */
  readonly unread: number | null;
  /** Whether more are unread than `unread` says. */
  readonly hasMoreUnread: boolean;
  /** Says that the user has read up to a message, or up to the last that was passed on. Resolves with the mark that holds. */
  mark(seq?: number): Promise<number>;
  history(options?: { before?: number; limit?: number }): Promise<{ messages: Message[]; more: boolean }>;
  leave(): Promise<void>;
  [Symbol.asyncIterator](): AsyncIterableIterator<Message>;
  addEventListener<K extends keyof RoomEvents>(
    type: K,
    listener: (event: RoomEvents[K]) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | AddEventListenerOptions,
  ): void;
}
