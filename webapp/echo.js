// The echo: what is sent comes back as it was, and one sees how long that took.

import { watchAll } from './directory.js';
import { make } from './messages.js';
import { whyRefused } from './parley.js';
import { currentToken } from './token.js';

/** Messages up to this size are sent without a look at the limit; a server that takes less says so in its close. */
const SMALL = 1024;
/** How long the server may take to tell its limit, in milliseconds. */
const PATIENCE = 5000;

/** How many lines the list keeps, and how much of each it shows. */
const LINES = 200;
const BYTES_SHOWN = 16;
const CHARACTERS_SHOWN = 500;

/** Close codes in words. Two have more than one cause and are told apart in `meaning`. */
const MEANINGS = {
  1000: 'It was closed in the ordinary way.',
  1002: 'The server could not read what it was sent.',
  1005: 'It was closed without a code.',
  1007: 'What was sent is not text in UTF-8.',
  1008: 'This page, or this address, is not allowed. Connecting again helps only once the cause is gone.',
  1009: 'A message was larger than this server takes. Connect again and send smaller ones.',
  1011: 'Something went wrong in the server. Connect again.',
  1013: 'This connection was too slow to keep up, or the server is full. Connect again in a moment.',
};

const element = (id) => document.getElementById(id);

/** The address of the echo: beside the page, whatever the path that the page lies under. */
function address() {
  const url = new URL('echo', location.href);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  url.search = '';
  url.hash = '';
  return url;
}

/** The longest message in bytes, which a stream of watched rooms tells in its welcome; Infinity where it does not. */
function askLimit() {
  return new Promise((resolve) => {
    const source = watchAll();
    const over = (limit) => {
      clearTimeout(due);
      source.close();
      resolve(limit);
    };
    const due = setTimeout(() => over(Infinity), PATIENCE);
    source.addEventListener('welcome', ({ data }) => over(JSON.parse(data).limits?.bytes ?? Infinity));
    source.addEventListener('error', () => over(Infinity));
  });
}

/** What a close means and what to do, as a sentence. */
function meaning({ code, reason }, wasOpen) {
  if (code === 1006) {
    return wasOpen
      ? 'The connection was lost without a goodbye. Connect again.'
      : 'Nobody answered, or the server refused: it may be stopped or full, or not allow this page or this address.';
  }
  if (code === 1001) {
    const wait = /retry (\d+)-(\d+) ms/.exec(reason);
    const seconds = wait && Math.ceil(wait[2] / 1000);
    return reason.startsWith('idle')
      ? 'The server had heard nothing from here for too long. Connect again.'
      : `The server is stopping. Come back ${seconds ? `in about ${seconds} seconds` : 'in a moment'}: connect again.`;
  }
  return MEANINGS[code] ?? '';
}

const bytesOf = (data) => (typeof data === 'string' ? new TextEncoder().encode(data) : new Uint8Array(data));

const inBytes = (count) => `${count.toLocaleString('en')} ${count === 1 ? 'byte' : 'bytes'}`;

const isEqual = (one, other) => one.length === other.length && one.every((byte, i) => byte === other[i]);

const shortened = (text) => (text.length > CHARACTERS_SHOWN ? `${text.slice(0, CHARACTERS_SHOWN)}…` : text);

function hex(bytes) {
  const shown = Array.from(bytes.subarray(0, BYTES_SHOWN), (byte) => byte.toString(16).padStart(2, '0'));
  return shown.join(' ') + (bytes.length > BYTES_SHOWN ? ' …' : '');
}

/** The pane's one connection, and what has been sent over it and is not back yet. */
class Echo {
  #pane = element('echo');
  #state = element('echo-state');
  #button = element('echo-connect');
  #list = element('echo-log');
  #socket = null;
  #isAsked = false;
  /** What waits for the connection to open, and what to come back, both in order, since the echo keeps it. */
  #unsent = [];
  #waiting = [];
  /** The longest message, once it is known, and what waits for that, in order. */
  #limit = Infinity;
  #queue = Promise.resolve();

  /**
   * Sends what `load` returns, a string or an ArrayBuffer of that many bytes; connects for it if there is no connection.
   * What is over the limit is not loaded: it would end the connection.
   */
  send(name, size, load) {
    this.#queue = this.#queue.then(async () => {
      if (size > SMALL && this.#limit === Infinity) {
        this.#limit = await askLimit();
      }
      if (size > this.#limit) {
        this.add(name, `not sent: it has ${inBytes(size)}, and a message at most ${inBytes(this.#limit)}`, 'bad');
        return;
      }
      try {
        this.#push({ data: await load(), name });
      } catch {
        this.add(`${name} could not be read.`, 'not sent', 'bad');
      }
    });
  }

  #push(message) {
    this.#unsent.push(message);
    if (this.#socket === null) {
      this.#open();
    } else {
      this.#flush();
    }
  }

  toggle() {
    if (this.#socket === null) {
      this.#open();
    } else {
      this.#isAsked = true;
      this.#socket.close(1000);
    }
  }

  /** Adds a line: what there is to see, and beside it what there is to say about it. */
  add(text, about, kind = '') {
    const body = make('span', { className: 'body', dir: 'auto' }, shortened(text));
    const isAtEnd = this.#isAtEnd();
    this.#list.append(make('li', { className: kind }, body, ' ', make('span', { className: 'about' }, about)));
    while (this.#list.childElementCount > LINES) {
      this.#list.firstElementChild.remove();
    }
    if (isAtEnd) {
      this.#list.parentElement.scrollTop = this.#list.parentElement.scrollHeight;
    }
  }

  #isAtEnd() {
    const { scrollTop, clientHeight, scrollHeight } = this.#list.parentElement;
    return scrollTop + clientHeight >= scrollHeight - 8;
  }

  #open() {
    const url = address();
    const shown = url.href; // without the token
    if (currentToken() !== '') {
      url.searchParams.set('token', currentToken());
    }
    const socket = new WebSocket(url);
    let wasOpen = false;
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => {
      wasOpen = true;
      this.#show('open', `Connected to ${shown}`);
      this.#flush();
    };
    socket.onmessage = ({ data }) => this.#received(data);
    socket.onclose = (event) => {
      this.#closed(event, wasOpen);
      if (!wasOpen && !this.#isAsked) {
        this.#explain(url);
      }
    };
    this.#socket = socket;
    this.#isAsked = false;
    this.#show('opening', `Connecting to ${shown}`);
  }

  #flush() {
    if (this.#socket.readyState === WebSocket.OPEN) {
      for (const { data, name } of this.#unsent.splice(0)) {
        this.#waiting.push({ data, name, at: performance.now() });
        this.#socket.send(data);
      }
    }
  }

  #received(data) {
    const now = performance.now();
    const sent = this.#waiting.shift();
    const isText = typeof data === 'string';
    const bytes = bytesOf(data);
    const isSame = isText === (typeof sent.data === 'string') && isEqual(bytes, bytesOf(sent.data));
    const time = `${(now - sent.at).toFixed(1)} ms${isSame ? '' : ', not what was sent'}`;
    const about = `${isText ? 'text' : 'binary'}, ${inBytes(bytes.length)}, ${time}`;
    this.add(isText ? data : `${sent.name}: ${hex(bytes)}`, about, isSame ? '' : 'bad');
  }

  #closed(event, wasOpen) {
    this.#socket = null;
    for (const { data, name } of [...this.#waiting.splice(0), ...this.#unsent.splice(0)]) {
      this.add(typeof data === 'string' ? data : name, 'did not come back', 'bad');
    }
    if (this.#isAsked) {
      this.#show('closed', wasOpen ? `Disconnected, with code ${event.code}.` : 'Not connected.');
    } else {
      const reason = event.reason ? ` (${event.reason.replace(/\.$/, '')})` : '';
      this.#show('lost', `Closed with ${event.code}${reason}. ${meaning(event, wasOpen)}`);
    }
  }

  async #explain(url) {
    const why = await whyRefused(url);
    if (why && this.#socket === null) {
      this.#show('lost', `The server refuses this page: ${why.reason.replace(/\.$/, '')} (${why.status}).`);
    }
  }

  /** The page is kept for the way back to it, which a connection would prevent. */
  sleep() {
    if (this.#socket !== null) {
      this.toggle();
    }
  }

  #show(state, words) {
    this.#pane.dataset.state = state;
    this.#state.textContent = words;
    this.#button.textContent = { open: 'Disconnect', opening: 'Cancel' }[state] ?? 'Connect';
  }
}

/** Starts the echo's pane. */
export function startEcho() {
  const echo = new Echo();
  const onSubmit = (id, act) =>
    element(id).addEventListener('submit', (event) => {
      event.preventDefault();
      act();
    });
  addEventListener('pagehide', ({ persisted }) => persisted && echo.sleep());
  onSubmit('echo-connect-form', () => echo.toggle());
  onSubmit('echo-text-form', () => {
    const text = element('echo-text').value;
    echo.send(text, bytesOf(text).length, () => text);
    element('echo-text').value = '';
  });
  const files = element('echo-file');
  const sendFiles = (chosen) => chosen.forEach((file) => echo.send(file.name, file.size, () => file.arrayBuffer()));
  files.addEventListener('change', () => {
    sendFiles([...files.files]);
    files.value = ''; // so that the same one can be chosen again
  });
  takeDrops(element('echo'), sendFiles);
}

/** Files dropped anywhere on the pane; elsewhere the browser would leave the page for the file. */
function takeDrops(pane, act) {
  const mark = (isOver) => pane.classList.toggle('dropping', isOver);
  document.addEventListener('dragover', (event) => {
    if (event.dataTransfer.types.includes('Files')) {
      event.preventDefault();
      event.dataTransfer.dropEffect = pane.hidden ? 'none' : 'copy';
      mark(!pane.hidden);
    }
  });
  document.addEventListener('dragleave', (event) => event.relatedTarget === null && mark(false));
  document.addEventListener('drop', (event) => {
    mark(false);
    if (event.dataTransfer.files.length > 0) {
      event.preventDefault();
      if (!pane.hidden) {
        act([...event.dataTransfer.files]);
      }
    }
  });
}
