// What the metrics of a server say: its text made samples, and two readings made the figures of the time between them.
// Nothing here knows of a page. The text is that of Prometheus, version 0.0.4.

const SAMPLE = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})?[ \t]+(\S+)(?:[ \t]+-?\d+)?$/;
const LABEL = /[ \t]*([A-Za-z_]\w*)[ \t]*=[ \t]*"((?:[^"\\]|\\.)*)"[ \t]*(?:,[ \t]*|$)/y;
const ESCAPED = /\\(.)/g;

function numberOf(text) {
  const infinite = /^([+-]?)Inf$/i.exec(text);
  return infinite ? (infinite[1] === '-' ? -Infinity : Infinity) : Number(text);
}

/** The labels between the braces, or null if they cannot be read. */
function labelsOf(text = '') {
  const labels = {};
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < text.length) {
    const label = LABEL.exec(text);
    if (!label) {
      return null;
    }
    labels[label[1]] = label[2].replace(ESCAPED, (_, character) => (character === 'n' ? '\n' : character));
  }
  return labels;
}

/**
 * Reads the text: a map from each name to its samples, which have `labels` and a `value`.
 * Throws a SyntaxError that names the first line which is none of that.
 */
export function parse(text) {
  const samples = new Map();
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    const trimmed = line.trim();
    if (trimmed !== '' && !trimmed.startsWith('#')) {
      const [, name, inBraces, number] = SAMPLE.exec(trimmed) ?? [];
      const labels = labelsOf(inBraces);
      const value = numberOf(number);
      if (!name || !labels || (Number.isNaN(value) && number !== 'NaN')) {
        throw new SyntaxError(`line ${i + 1} is no metric: ${trimmed.slice(0, 60)}`);
      }
      if (!samples.has(name)) {
        samples.set(name, []);
      }
      samples.get(name).push({ labels, value });
    }
  }
  return samples;
}

/** The sum of the samples that have a name and these labels; null if there is none, or none with a number. */
export function total(samples, name, labels = {}) {
  const wanted = Object.entries(labels);
  const values = (samples.get(name) ?? [])
    .filter((sample) => wanted.every(([key, value]) => sample.labels[key] === value))
    .map((sample) => sample.value)
    .filter((value) => !Number.isNaN(value));
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0);
}

/** The same for each value of a label: a map, in the order of the values. */
export function totals(samples, name, label) {
  const values = new Set((samples.get(name) ?? []).map((sample) => sample.labels[label] ?? ''));
  return new Map([...values].sort().map((value) => [value, total(samples, name, { [label]: value })]));
}

/** What a counter grew by. One that was not there began at 0; so did one that is smaller than it was. */
export function growth(before, after) {
  if (after === null) {
    return null;
  }
  return before === null || after < before ? after : after - before;
}

/**
 * A histogram's buckets as pairs of an upper bound and how many values up to it came between two readings, by bound.
 */
export function buckets(before, after, name) {
  const old = totals(before, `${name}_bucket`, 'le');
  return [...totals(after, `${name}_bucket`, 'le')]
    .map(([le, count]) => [numberOf(le), growth(old.get(le) ?? null, count)])
    .sort(([one], [other]) => one - other);
}

/**
 * The value that a share `q` of all are not above, as if those of a bucket lay evenly in it; for the last bucket, which
 * has no end, its beginning. The same estimate as Prometheus makes. Null when there are no values.
 */
export function quantile(q, pairs) {
  const all = pairs.at(-1)?.[1] ?? 0;
  if (!(all > 0)) {
    return null;
  }
  const rank = q * all;
  const at = pairs.findIndex(([, count]) => count >= rank);
  const [bound, count] = pairs[at];
  const [low, below] = at === 0 ? [0, 0] : pairs[at - 1];
  return bound === Infinity ? low : low + ((bound - low) * (rank - below)) / (count - below);
}

/** How long the server ran between two readings, by its own clock; null if it was started anew or does not say. */
export function secondsBetween(before, after) {
  const [from, to] = [before, after].map((samples) => total(samples, 'process_uptime_seconds'));
  return from !== null && to > from ? to - from : null;
}

const share = (part, whole) => (part === null || !(whole > 0) ? null : part / whole);

/** The memory that a pool may take is -1 where it has no limit of its own. */
function heapLimit(samples) {
  const limits = (samples.get('jvm_memory_max_bytes') ?? [])
    .filter(({ labels, value }) => labels.area === 'heap' && value > 0)
    .map(({ value }) => value);
  return limits.length === 0 ? null : limits.reduce((sum, limit) => sum + limit, 0);
}

/**
 * The figures of a reading, and of the time since another one if there is one of the same run of the server. Rates are
 * a second, times seconds, what is not known null; those by cause and by code are maps.
 */
export function figures(before, after) {
  const now = (name, labels) => total(after, name, labels);
  const seconds = before && secondsBetween(before, after);
  const grown = (name) => (seconds ? growth(total(before, name), now(name)) : null);
  const rate = (name) => share(grown(name), seconds);
  const rates = (name, label) => {
    const old = seconds ? totals(before, name, label) : new Map();
    const rateOf = (value, count) => (seconds ? share(growth(old.get(value) ?? null, count), seconds) : null);
    return new Map([...totals(after, name, label)].map(([value, count]) => [value, { count, rate: rateOf(value, count) }]));
  };
  const times = (name) => {
    const pairs = seconds ? buckets(before, after, name) : [];
    return { p50: quantile(0.5, pairs), p99: quantile(0.99, pairs) };
  };
  const cpu = now('process_cpu_usage');
  return {
    ready: now('parley_ready'),
    uptime: now('process_uptime_seconds'),
    sessions: now('parley_sessions'),
    members: now('parley_members'),
    rooms: now('parley_rooms'),
    published: rate('parley_messages_published_total'),
    delivered: rate('parley_messages_delivered_total'),
    frames: rate('parley_frames_sent_total'),
    perFrame: share(grown('parley_messages_delivered_total'), grown('parley_frames_sent_total')),
    missed: rate('parley_messages_missed_total'),
    lag: now('parley_member_lag_messages'),
    inFlight: now('parley_frames_in_flight'),
    publish: times('parley_publish_to_last_send_seconds'),
    turn: times('parley_turn_seconds'),
    handshake: times('parley_handshake_seconds'),
    refused: rates('parley_handshakes_refused_total', 'cause'),
    closed: rates('parley_sessions_ended_total', 'code'),
    logs: now('parley_log_bytes'),
    logsLimit: now('parley_log_limit_bytes'),
    heap: now('jvm_memory_used_bytes', { area: 'heap' }),
    heapLimit: heapLimit(after),
    cpu: cpu !== null && cpu >= 0 ? cpu : null, // negative where the system does not tell
  };
}
