// The status page: asks the server for its metrics again and again, and shows them as numbers and as lines over ten
// minutes.

import { make } from './messages.js';
import { figures, parse } from './readings.js';

/** How often the server is asked: every 2 seconds, or as the address says (?every=10), from 0.2 seconds to a minute. */
const PERIOD = 1000 * Math.min(60, Math.max(0.2, Number(new URLSearchParams(location.search).get('every')) || 2));
/** How long it may take, and how much is shown, in milliseconds. */
const PATIENCE = 10_000;
const SHOWN = 10 * 60_000;
/** Readings further apart have no rate between them, and no line. */
const GAP = Math.max(30_000, 3 * PERIOD);
/** The size of a chart in units of its own: the style sheet stretches it. */
const WIDTH = 600;
const HEIGHT = 60;
const MARGIN = 2;
/** The least that a chart goes back to, in milliseconds. */
const LEAST = 10_000;
/** How many colours the style sheet has for lines, and in how many ways each is drawn. */
const TONES = 6;
const STROKES = ['', ' dashed', ' dotted'];
/** What is shown of a server's refusal, in characters. */
const SENTENCE = 300;

const SVG = 'http://www.w3.org/2000/svg';
const CLOCK = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });
const SMALL = new Intl.NumberFormat(undefined, { maximumSignificantDigits: 3 });

const count = (value) => (value < 1000 ? SMALL.format(value) : Math.round(value).toLocaleString());
const many = (value, one) => `${count(value)} ${one}${value === 1 ? '' : 's'}`;
const perSecond = (one) => (value) => `${many(value, one)}/s`;
const percent = (value) => `${SMALL.format(value * 100)} %`;

function time(seconds) {
  if (seconds < 1) {
    return seconds < 0.001 ? `${SMALL.format(seconds * 1e6)} µs` : `${SMALL.format(seconds * 1e3)} ms`;
  }
  return `${SMALL.format(seconds)} s`;
}

function bytes(value) {
  const units = ['bytes', 'KiB', 'MiB', 'GiB'];
  const unit = Math.min(Math.floor(Math.log2(Math.max(value, 1)) / 10), units.length - 1);
  return `${SMALL.format(value / 1024 ** unit)} ${units[unit]}`;
}

/** How long the server has been up, in its two largest units. */
function duration(seconds) {
  const [days, hours, minutes] = [86_400, 3600, 60].map((unit) => Math.floor(seconds / unit));
  if (days > 0) {
    return `${days} d ${hours % 24} h`;
  }
  return hours > 0 ? `${hours} h ${minutes % 60} min` : `${minutes} min ${Math.floor(seconds % 60)} s`;
}

const percentiles = (key) => [
  { name: 'p50', of: (now) => now[key].p50 },
  { name: 'p99', of: (now) => now[key].p99 },
];

/**
 * What is shown: lines of figures, or with `by` one line for each key of a map; at the top of the chart the limit, if
 * there is one.
 */
const GROUPS = [
  {
    title: 'Who is here',
    panels: [
      { key: 'sessions', title: 'Sessions', format: count },
      { key: 'members', title: 'Members', format: count },
      { key: 'rooms', title: 'Rooms', format: count },
    ],
  },
  {
    title: 'Messages',
    panels: [
      { key: 'published', title: 'Published', format: perSecond('message') },
      { key: 'delivered', title: 'Delivered', format: perSecond('message') },
      { key: 'frames', title: 'Frames', format: perSecond('frame') },
      { key: 'perFrame', title: 'Messages a frame', format: count },
      { key: 'missed', title: 'Missed', format: perSecond('message') },
      { key: 'inFlight', title: 'Frames in flight', format: count },
      { key: 'lag', title: 'Lag of the slowest member', format: (value) => many(value, 'message') },
    ],
  },
  {
    title: 'Times',
    panels: [
      { key: 'publish', title: 'Publish to last send', format: time, lines: percentiles('publish') },
      { key: 'turn', title: 'Turn of a room', format: time, lines: percentiles('turn') },
      { key: 'handshake', title: 'Handshake', format: time, lines: percentiles('handshake') },
    ],
  },
  {
    title: 'Refused and closed',
    panels: [
      { key: 'refused', title: 'Handshakes refused, by cause', format: perSecond('handshake'), by: true },
      { key: 'closed', title: 'Sessions closed, by code', format: perSecond('session'), by: true },
    ],
  },
  {
    title: 'The process',
    panels: [
      { key: 'logs', title: 'Logs of the rooms', format: bytes, limit: (now) => now.logsLimit },
      { key: 'heap', title: 'Heap', format: bytes, limit: (now) => now.heapLimit },
      { key: 'cpu', title: 'CPU', format: percent, limit: () => 1 },
    ],
  },
];

const element = (id) => document.getElementById(id);

function setText(node, text) {
  if (node.textContent !== text) {
    node.textContent = text;
  }
}

function draw(tag, attributes) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) {
    node.setAttribute(name, value);
  }
  return node;
}

const valueAt = (point, of) => (point.figures ? of(point.figures) : null);

/** How a length of time is called under a chart. */
function ago(ms) {
  return ms < 120_000 ? `${Math.round(ms / 1000)} s` : `${Math.round(ms / 60_000)} min`;
}

/** A thing that is counted has one colour in all charts, in the order in which they come up. */
const tones = new Map();

function toneOf(name) {
  if (name === '') {
    return 'tone-plain';
  }
  if (!tones.has(name)) {
    tones.set(name, `tone-${tones.size % TONES}${STROKES[Math.floor(tones.size / TONES) % STROKES.length]}`);
  }
  return tones.get(name);
}

/** The path of one line: broken where nothing is known, a dot where there is but one value. */
function pathOf(points, of, now, ceiling, span) {
  let path = '';
  let before = null;
  for (const point of points) {
    const value = valueAt(point, of);
    const { at } = point;
    if (value === null) {
      before = null;
    } else {
      const x = (WIDTH * (1 - (now - at) / span)).toFixed(1);
      const y = (HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * Math.min(1, ceiling > 0 ? value / ceiling : 0)).toFixed(1);
      path += before !== null && at - before <= GAP ? `L${x} ${y}` : `M${x} ${y}h0`;
      before = at;
    }
  }
  return path;
}

/** One chart with its numbers. */
class Panel {
  #of;
  #values = make('ul', { className: 'values' });
  #scale = make('p', { className: 'scale' });
  #quiet = make('p', { className: 'soft quiet-ones' });
  #chart = draw('svg', { class: 'chart', viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' });
  /** The lines by name, each with its place in the list and its path. */
  #lines = new Map();

  constructor(of) {
    this.#of = of;
    this.element = make('section', { className: 'panel' }, make('h4', {}, of.title), this.#values);
    this.element.append(this.#quiet, this.#chart, this.#scale);
    this.element.dataset.panel = of.key;
  }

  show(points, now) {
    const latest = points.findLast((point) => point.figures)?.figures;
    if (latest) {
      const series = this.#series(points, latest);
      const span = Math.min(SHOWN, Math.max(LEAST, now - points[0].at));
      const limit = this.#of.limit?.(latest) ?? null;
      const values = series.flatMap(({ of }) => points.map((point) => valueAt(point, of))).filter((value) => value !== null);
      const most = values.length === 0 ? null : Math.max(0, ...values);
      for (const one of series) {
        const line = this.#line(one.name);
        line.path.setAttribute('d', pathOf(points, one.of, now, limit ?? most, span));
        setText(line.words, one.words);
      }
      const greatest = most === null ? '' : `most ${this.#of.format(most)}, `;
      setText(this.#scale, `${limit === null ? greatest : `of ${this.#of.format(limit)}, `}last ${ago(span)}`);
    }
  }

  #series(points, latest) {
    const { key, by, format, lines = [{ name: '', of: (now) => now[key] }] } = this.#of;
    const words = (value) => (value === null ? '–' : format(value));
    if (!by) {
      return lines.map((line) => ({ ...line, words: words(line.of(latest)) }));
    }
    const known = new Set([...this.#lines.keys(), ...latest[key].keys()]);
    const names = [...known].filter((name) => this.#lines.has(name) || latest[key].get(name).count > 0);
    const rest = known.size - names.length;
    this.#values.hidden = names.length === 0 && rest > 0; // which would say the same
    setText(this.#quiet, rest === 0 ? '' : names.length === 0 ? 'None so far' : `${rest} others: none so far`);
    return names.map((name) => {
      const of = (now) => (now[key].has(name) ? now[key].get(name).rate : 0);
      return { name, of, words: `${words(of(latest))}, ${count(latest[key].get(name)?.count ?? 0)} in all` };
    });
  }

  #line(name) {
    if (!this.#lines.has(name)) {
      const tone = toneOf(name);
      const path = draw('path', { class: `curve ${tone}` });
      const words = make('b', {});
      const label = name === '' ? [] : [make('span', { className: `key ${tone}` }), `${name} `];
      this.#chart.append(path);
      this.#values.append(make('li', {}, ...label, words));
      this.#lines.set(name, { path, words });
    }
    return this.#lines.get(name);
  }
}

/** Why an answer is no reading, in words that go on with 'cannot be read: '. */
class Fault extends Error {}

async function ask() {
  let response;
  let text;
  try {
    response = await fetch('metrics', { headers: { Accept: 'text/plain' }, cache: 'no-store', signal: AbortSignal.timeout(PATIENCE) });
    text = await response.text();
  } catch (error) {
    throw new Fault(error.name === 'TimeoutError' ? `the server took longer than ${PATIENCE / 1000} seconds` : 'the server does not answer');
  }
  if (!response.ok) {
    const isSentence = response.headers.get('Content-Type')?.startsWith('text/plain');
    const sentence = isSentence ? text.trim().slice(0, SENTENCE) : '';
    throw new Fault(`the server answered ${response.status}${sentence && `: ${sentence}`}`);
  }
  return samplesOf(text);
}

function samplesOf(text) {
  let samples;
  try {
    samples = parse(text);
  } catch (error) {
    throw new Fault(`what came is something else, ${error.message}`);
  }
  if (!samples.has('parley_ready')) {
    throw new Fault('what came is not of a Parley server');
  }
  return samples;
}

class Status {
  #panels = [];
  #points = [];
  /** The last reading and when that was, by the page's clock and in words. */
  #last = null;
  #lastAt = 0;
  #lastTime = '';
  #isAsking = false;
  #due = null;

  start() {
    for (const { title, panels } of GROUPS) {
      const shown = panels.map((panel) => new Panel(panel));
      this.#panels.push(...shown);
      const grid = make('div', { className: 'panels' }, ...shown.map((panel) => panel.element));
      element('status-groups').append(make('h3', {}, title), grid);
    }
    document.addEventListener('visibilitychange', () => this.#seen());
    this.#seen();
  }

  #seen() {
    clearTimeout(this.#due);
    if (!document.hidden && !this.#isAsking) {
      this.#read();
    }
  }

  async #read() {
    const start = performance.now();
    this.#isAsking = true;
    try {
      this.#took(await ask());
    } catch (fault) {
      if (!(fault instanceof Fault)) {
        throw fault;
      }
      this.#failed(fault.message);
    } finally {
      this.#isAsking = false;
      if (!document.hidden) {
        this.#due = setTimeout(() => this.#read(), Math.max(0, start + PERIOD - performance.now()));
      }
    }
  }

  #took(samples) {
    const now = performance.now();
    const isNear = this.#last !== null && now - this.#lastAt <= GAP;
    const known = figures(isNear ? this.#last : null, samples);
    this.#last = samples;
    this.#lastAt = now;
    this.#lastTime = CLOCK.format(new Date());
    this.#add(now, known);
    const isReady = known.ready === 1;
    const up = known.uptime === null ? '' : `Up ${duration(known.uptime)}. `;
    this.#say(isReady ? 'open' : 'opening', isReady ? 'Ready' : 'Not ready: it is starting or stopping', `${up}Read at ${this.#lastTime}.`);
  }

  #failed(why) {
    this.#add(performance.now(), null);
    const old = this.#last ? ` What is below was read at ${this.#lastTime}.` : '';
    this.#say('lost', `The metrics cannot be read: ${why}`, `Asking again every ${PERIOD / 1000} seconds.${old}`);
  }

  #add(now, known) {
    this.#points = [...this.#points.filter(({ at }) => now - at <= SHOWN), { at: now, figures: known }];
    element('status-figures').hidden = this.#last === null;
    for (const panel of this.#panels) {
      panel.show(this.#points, now);
    }
  }

  #say(state, words, about) {
    element('status').dataset.state = state;
    setText(element('status-state'), words);
    setText(element('status-about'), about);
    document.title = `${{ open: 'Ready', opening: 'Not ready', lost: 'Cannot be read' }[state]} – Parley`;
  }
}

new Status().start();
