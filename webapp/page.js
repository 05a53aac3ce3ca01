// The page of a Parley server: an echo pane and a chat pane, each with one WebSocket of its own.
// Text that came over the wire goes in by textContent alone.

/** How many lines a list keeps. */
const LINES = 500;

/** How many bytes of a binary message are shown. */
const BYTES_SHOWN = 16;

/** Close codes in words. Two have more than one cause and are told apart in `meaning`. */
const MEANINGS = {
  1000: 'It was closed in the ordinary way.',
  1002: 'The server could not read what it was sent.',
  1003: 'The server does not take this kind of message: rooms carry text.',
  1005: 'It was closed without a code.',
  1007: 'What was sent is not text in UTF-8.',
  1008: 'Not allowed, or too many messages a second. Connecting again helps only once the cause is gone.',
  1009: 'A message was larger than this server takes. Connect again and send smaller ones.',
  1011: 'Something went wrong in the server. Connect again.',
  1013: 'This connection was too slow to keep up, or the server is full. Connect again in a moment.',
};

const element = (id) => document.getElementById(id);

/** The address of an endpoint: beside the page, whatever the path that the page lies under. */
function address(path) {
  const url = new URL(path, location.href);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  return url;
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

/** A list that grows at the end, forgets at the start, and scrolls along while its end is in sight. */
class Log {
  #list;
  #box;

  constructor(id) {
    this.#list = element(id);
    this.#box = this.#list.parentElement;
  }

  /** Adds a line: the text, and beside it what there is to say about it. */
  add(text, about) {
    const line = document.createElement('li');
    const body = document.createElement('span');
    body.className = 'body';
    body.dir = 'auto';
    body.textContent = text;
    const note = document.createElement('span');
    note.className = 'note';
    note.textContent = about;
    line.append(body, ' ', note);

    const atEnd = this.#box.scrollTop + this.#box.clientHeight >= this.#box.scrollHeight - 8;
    this.#list.append(line);
    while (this.#list.childElementCount > LINES) {
      this.#list.firstElementChild.remove();
    }
    if (atEnd) {
      this.#box.scrollTop = this.#box.scrollHeight;
    }
  }

  clear() {
    this.#list.replaceChildren();
  }
}

/** A pane's connection: the button that opens and closes it, and the line that says how it stands. */
class Line {
  #section;
  #form;
  #button;
  #state;
  #first;
  #socket = null;
  #asked = false;

  /**
   * @param name the id of the pane, which those of its parts begin with
   * @param url returns the address to open
   * @param received is given what arrives: a string or an ArrayBuffer
   */
  constructor(name, url, received) {
    this.#section = element(name);
    this.#form = element(`${name}-connect-form`);
    this.#button = element(`${name}-connect`);
    this.#state = element(`${name}-state`);
    this.#first = element(`${name}-text`);
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      if (this.#socket === null) {
        this.#open(url(), received);
      }
    });
    this.#button.addEventListener('click', () => {
      if (this.#socket !== null) {
        this.#asked = true;
        this.#socket.close(1000);
      }
    });
    this.#show('closed', 'Not connected.');
  }

  get isOpen() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  send(data) {
    this.#socket.send(data);
  }

  #open(url, received) {
    const socket = new WebSocket(url);
    let wasOpen = false;
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => {
      wasOpen = true;
      this.#show('open', `Connected to ${url}`);
      if (this.#form.contains(document.activeElement)) {
        this.#first.focus();
      }
    };
    socket.onmessage = (event) => received(event.data);
    socket.onclose = (event) => {
      this.#socket = null;
      if (this.#asked) {
        this.#show('closed', wasOpen ? `Disconnected, with code ${event.code}.` : 'Not connected.');
      } else {
        const reason = event.reason ? ` (${event.reason.replace(/\.$/, '')})` : '';
        this.#show('lost', `Closed with ${event.code}${reason}. ${meaning(event, wasOpen)}`);
      }
    };
    this.#socket = socket;
    this.#asked = false;
    this.#show('opening', `Connecting to ${url}`);
  }

  #show(state, words) {
    const isIdle = this.#socket === null;
    this.#section.dataset.state = state;
    this.#state.textContent = words;
    this.#button.textContent = isIdle ? 'Connect' : state === 'opening' ? 'Cancel' : 'Disconnect';
    // While connected the form has nothing to submit, so that Enter in one of its fields does not disconnect.
    this.#button.type = isIdle ? 'submit' : 'button';
    for (const input of this.#form.querySelectorAll('input')) {
      input.readOnly = !isIdle;
    }
    for (const button of this.#section.querySelectorAll('[data-sends]')) {
      button.disabled = state !== 'open';
    }
  }
}

function startEcho() {
  const log = new Log('echo-log');
  /** What has been sent and is not back yet, in order, since the echo keeps it. */
  let waiting = [];

  const line = new Line(
    'echo',
    () => {
      waiting = [];
      return address('echo');
    },
    (data) => {
      const now = performance.now();
      const sent = waiting.shift();
      const bytes = bytesOf(data);
      const isSame = typeof data === typeof sent.data && isEqual(bytes, bytesOf(sent.data));
      const text = typeof data === 'string' ? data : `${sent.name}: ${hex(bytes)}`;
      const size = `${bytes.length.toLocaleString('en')} ${bytes.length === 1 ? 'byte' : 'bytes'}`;
      const kind = typeof data === 'string' ? 'text' : 'binary';
      const same = isSame ? '' : ', not what was sent';
      log.add(text, `${kind}, ${size}, ${(now - sent.at).toFixed(1)} ms${same}`);
    },
  );

  function send(data, name) {
    if (line.isOpen) {
      waiting.push({ data, name, at: performance.now() });
      line.send(data);
    }
  }

  onSubmit('echo-text-form', () => {
    if (line.isOpen) {
      send(element('echo-text').value, '');
      element('echo-text').value = '';
    }
  });
  onSubmit('echo-file-form', async () => {
    const [file] = element('echo-file').files;
    try {
      send(await file.arrayBuffer(), file.name);
    } catch {
      log.add(`${file.name} could not be read.`, 'not sent');
    }
  });
}

function startChat() {
  const log = new Log('chat-log');
  const room = element('chat-room');
  const name = element('chat-name');
  let shown = room.value;

  const line = new Line(
    'chat',
    () => {
      if (room.value !== shown) {
        log.clear();
        shown = room.value;
      }
      const url = address(`chat/${room.value}`);
      if (name.value.trim() !== '') {
        url.searchParams.set('name', name.value.trim());
      }
      return url;
    },
    (data) => log.add(data, new Date().toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })),
  );

  onSubmit('chat-text-form', () => {
    const text = element('chat-text');
    if (line.isOpen && text.value !== '') {
      line.send(text.value);
      text.value = '';
    }
  });

  // The server refuses these before the connection is open, and a browser does not tell a page why.
  check(room, (value) => {
    if (/^\.\.?$/.test(value)) {
      return 'A browser cannot ask for a room of this name.';
    }
    return /^[A-Za-z0-9._-]*$/.test(value) ? '' : 'A room has letters A to Z, digits, dots, underscores and hyphens.';
  });
  check(name, (value) => ([...value.trim()].length <= 40 ? '' : 'A name has at most 40 characters.'));
}

/** Has the browser say what is wrong with an input, in the words that `fault` returns, empty for nothing. */
function check(input, fault) {
  input.addEventListener('input', () => input.setCustomValidity(fault(input.value)));
}

function onSubmit(form, act) {
  element(form).addEventListener('submit', (event) => {
    event.preventDefault();
    act();
  });
}

const bytesOf = (data) => (typeof data === 'string' ? new TextEncoder().encode(data) : new Uint8Array(data));

const isEqual = (one, other) => one.length === other.length && one.every((byte, i) => byte === other[i]);

function hex(bytes) {
  const shown = Array.from(bytes.subarray(0, BYTES_SHOWN), (byte) => byte.toString(16).padStart(2, '0'));
  return shown.join(' ') + (bytes.length > BYTES_SHOWN ? ' …' : '');
}

startEcho();
startChat();
