// Requests of parley.js whose server is a test.

export const AT = '2026-11-21T09:30:00.123Z';
export const LIMITS = { bytes: 100, commandBytes: 1000, rooms: 50, rate: 0 };

export const message = (seq, more) => ({ type: 'message', room: 'java', seq, at: AT, text: `m${seq}`, ...more });

/** A request whose server is the test. */
export class Asked {
  constructor(url, { method = 'GET', body, headers, signal }, resolve, reject) {
    Object.assign(this, { url: new URL(url), method, body, headers, resolve, reject, isGone: false });
    signal.addEventListener('abort', () => {
      this.isGone = true;
      reject(signal.reason);
      this.end = () => {};
      this.controller?.error(signal.reason);
      this.onGone?.();
    });
  }

  get query() {
    return this.url.searchParams;
  }

  get rooms() {
    return this.query.getAll('room').join();
  }

  /** What a body says, line by line. */
  get lines() {
    return this.body.split('\n').map((line) => JSON.parse(line));
  }

  answer(status, body = '', type = 'application/json') {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    this.resolve(new Response(status === 204 ? null : text, { status, headers: { 'Content-Type': type } }));
    return settle();
  }

  refuse(status, code, detail) {
    return this.answer(status, { status, code, detail }, 'application/problem+json');
  }

  /** Answers lines of messages, all kept. */
  keep(seq) {
    const kept = this.lines.map((_, i) => JSON.stringify({ room: 'java', epoch: 'e', seq: seq + i }));
    return this.answer(200, kept.join('\n'));
  }

  fail() {
    this.reject(new TypeError('fetch failed'));
    return settle();
  }

  /** Begins a stream. */
  open() {
    const body = new ReadableStream({
      start: (controller) => (this.controller = controller),
      cancel: () => (this.isGone = true),
    });
    this.resolve(new Response(body, { headers: { 'Content-Type': 'text/event-stream' } }));
  }

  write(text) {
    this.controller.enqueue(typeof text === 'string' ? new TextEncoder().encode(text) : text);
    return settle();
  }

  /** An event as a stream has it. */
  text(event, id) {
    const type = event.type === 'message' ? '' : `event: ${event.type}\n`;
    return `${type}${id ? `id: ${id}\n` : ''}data: ${JSON.stringify(event)}\n\n`;
  }

  say(event, id) {
    return this.write(this.text(event, id));
  }

  /** Lets the client in, in all rooms that it names. */
  async welcome(more = {}) {
    this.open();
    const name = this.query.get('name') ?? undefined;
    await this.say({ type: 'welcome', session: 's', name, limits: LIMITS, ...more });
    const at = [];
    for (const room of this.query.getAll('room')) {
      at.push(`${room}=e:0`);
      await this.say({ type: 'joined', room, epoch: 'e', seq: 0, count: 1 }, at.join());
    }
  }

  message(seq, more = {}) {
    const room = more.room ?? 'java';
    return this.say(message(seq, { room, ...more }), `${room}=e:${seq}`);
  }

  end() {
    this.controller.close();
    return settle();
  }
}

/** Lets promises run, and bodies be read. */
export async function settle() {
  for (let i = 0; i < 6; i++) {
    await new Promise(setImmediate);
  }
}
