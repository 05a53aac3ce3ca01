// What readings.js makes of metrics. Run by node --test.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buckets, figures, growth, parse, quantile, secondsBetween, total, totals } from '../../../webapp/readings.js';

const TEXT = `# HELP parley_sessions Open sessions
# TYPE parley_sessions gauge
parley_sessions 3.0
# TYPE parley_sessions_ended counter
parley_sessions_ended_total{code="1000",reason="left",} 7.0
parley_sessions_ended_total{code="1001",reason="idle"} 2 1700000000000
parley_sessions_ended_total{code="1000",reason="lost"} 1e1

odd{text="a \\"b\\" \\\\ {c}, d\\ne"} -Inf
odd{ text = "" , } NaN
`;

test('names, labels and values are read, comments and times are not', () => {
  const samples = parse(TEXT);
  assert.deepEqual([...samples.keys()], ['parley_sessions', 'parley_sessions_ended_total', 'odd']);
  assert.deepEqual(samples.get('parley_sessions'), [{ labels: {}, value: 3 }]);
  assert.deepEqual(samples.get('parley_sessions_ended_total'), [
    { labels: { code: '1000', reason: 'left' }, value: 7 },
    { labels: { code: '1001', reason: 'idle' }, value: 2 },
    { labels: { code: '1000', reason: 'lost' }, value: 10 },
  ]);
  assert.deepEqual(samples.get('odd'), [
    { labels: { text: 'a "b" \\ {c}, d\ne' }, value: -Infinity },
    { labels: { text: '' }, value: NaN },
  ]);
  assert.equal(parse('').size, 0);
  assert.deepEqual(parse('a 1\r\nb +Inf\r\n').get('b'), [{ labels: {}, value: Infinity }]);
});

test('a text that is no metrics is refused with its line', () => {
  for (const text of ['<!doctype html>', 'a', 'a one', 'a{b} 1', 'a{b="c} 1', 'a{b="c" d="e"} 1', '1a 1', 'a{b="c"} 1 2 3', 'a 1 soon']) {
    assert.throws(() => parse(`ok 1\n${text}\n`), { name: 'SyntaxError', message: `line 2 is no metric: ${text}` });
  }
});

test('a number with a label that was asked for is summed, one that is none is left out', () => {
  const samples = parse(TEXT);
  assert.equal(total(samples, 'parley_sessions_ended_total'), 19);
  assert.equal(total(samples, 'parley_sessions_ended_total', { code: '1000' }), 17);
  assert.equal(total(samples, 'parley_sessions_ended_total', { code: '1000', reason: 'lost' }), 10);
  assert.equal(total(samples, 'parley_sessions_ended_total', { code: '1011' }), null);
  assert.equal(total(samples, 'parley_rooms'), null);
  assert.equal(total(parse('a NaN'), 'a'), null);
  assert.deepEqual([...totals(samples, 'parley_sessions_ended_total', 'code')], [['1000', 17], ['1001', 2]]);
});

test('a counter that is new or smaller began at nothing', () => {
  assert.equal(growth(5, 12), 7);
  assert.equal(growth(5, 5), 0);
  assert.equal(growth(null, 12), 12);
  assert.equal(growth(5, 2), 2);
  assert.equal(growth(5, null), null);
});

test('buckets are those of the time between, by bound and not by text', () => {
  const histogram = (...counts) =>
    parse(['0.5', '1.0E-3', '10.0', '+Inf'].map((le, i) => `t_seconds_bucket{le="${le}"} ${counts[i]}`).join('\n'));
  assert.deepEqual(buckets(histogram(4, 1, 6, 6), histogram(14, 6, 16, 17), 't_seconds'), [[0.001, 5], [0.5, 10], [10, 10], [Infinity, 11]]);
  assert.deepEqual(buckets(parse(''), histogram(4, 1, 6, 6), 't_seconds'), [[0.001, 1], [0.5, 4], [10, 6], [Infinity, 6]]);
  assert.deepEqual(buckets(parse(''), parse(''), 't_seconds'), []);
});

test('a quantile lies within its bucket as far as its rank', () => {
  const even = [[1, 10], [2, 20], [4, 40], [Infinity, 40]];
  assert.equal(quantile(0.5, even), 2);
  assert.equal(quantile(0.125, even), 0.5);
  assert.equal(quantile(0.75, even), 3);
  assert.equal(quantile(1, even), 4);
  assert.equal(quantile(0, even), 0);
  assert.equal(quantile(0.99, [[1, 10], [2, 10], [4, 1010], [Infinity, 1010]]), 2 + (2 * (0.99 * 1010 - 10)) / 1000);
});

test('a quantile beyond the last bound is that bound, and of nothing there is none', () => {
  assert.equal(quantile(0.99, [[1, 10], [2, 20], [Infinity, 40]]), 2);
  assert.equal(quantile(0.5, [[Infinity, 3]]), 0);
  assert.equal(quantile(0.5, [[1, 0], [Infinity, 0]]), null);
  assert.equal(quantile(0.5, []), null);
});

const reading = (uptime, lines) => parse(`process_uptime_seconds ${uptime}\n${lines}`);

test('the time between is that of the server, and none over a start', () => {
  assert.equal(secondsBetween(reading(100, ''), reading(102.5, '')), 2.5);
  assert.equal(secondsBetween(reading(100, ''), reading(3, '')), null);
  assert.equal(secondsBetween(reading(100, ''), reading(100, '')), null);
  assert.equal(secondsBetween(parse(''), reading(100, '')), null);
  assert.equal(secondsBetween(reading(100, ''), parse('')), null);
});

test('rates are of the time between two readings', () => {
  const before = reading(100, `parley_messages_published_total 10
    parley_messages_delivered_total 1000
    parley_frames_sent_total 500
    parley_messages_missed_total{policy="latest"} 3
    parley_messages_missed_total{policy="drop-oldest"} 0
    parley_handshakes_refused_total{cause="full"} 1
    parley_turn_seconds_bucket{le="0.1"} 5
    parley_turn_seconds_bucket{le="+Inf"} 5`);
  const after = reading(104, `parley_messages_published_total 30
    parley_messages_delivered_total 3000
    parley_frames_sent_total 1300
    parley_messages_missed_total{policy="latest"} 5
    parley_messages_missed_total{policy="drop-oldest"} 2
    parley_handshakes_refused_total{cause="full"} 1
    parley_handshakes_refused_total{cause="rate"} 8
    parley_turn_seconds_bucket{le="0.1"} 15
    parley_turn_seconds_bucket{le="+Inf"} 15`);
  const { published, delivered, frames, perFrame, missed, refused, closed, turn, handshake, sessions } = figures(before, after);
  assert.deepEqual({ published, delivered, frames, perFrame, missed }, { published: 5, delivered: 500, frames: 200, perFrame: 2.5, missed: 1 });
  assert.deepEqual([...refused], [['full', { count: 1, rate: 0 }], ['rate', { count: 8, rate: 2 }]]);
  assert.equal(closed.size, 0);
  assert.deepEqual(turn, { p50: 0.05, p99: 0.099 });
  assert.deepEqual(handshake, { p50: null, p99: null });
  assert.equal(sessions, null);
});

test('without a reading before, or over a start, there are gauges and no rates', () => {
  const after = reading(3, `parley_ready 1
    parley_sessions 12
    parley_messages_published_total 30
    parley_sessions_ended_total{code="1011",reason="fault"} 4
    parley_turn_seconds_bucket{le="0.1"} 15
    parley_turn_seconds_bucket{le="+Inf"} 15`);
  for (const before of [null, reading(100, 'parley_messages_published_total 10')]) {
    const { ready, uptime, sessions, published, perFrame, closed, turn } = figures(before, after);
    assert.deepEqual({ ready, uptime, sessions, published, perFrame }, { ready: 1, uptime: 3, sessions: 12, published: null, perFrame: null });
    assert.deepEqual([...closed], [['1011', { count: 4, rate: null }]]);
    assert.equal(turn.p99, null);
  }
});

test('no frames are no messages a frame; pools without a limit and a CPU that nobody tells count for nothing', () => {
  const lines = `parley_messages_delivered_total 5
    parley_frames_sent_total 5
    jvm_memory_used_bytes{area="heap",id="Eden"} 10
    jvm_memory_used_bytes{area="heap",id="Old"} 20
    jvm_memory_used_bytes{area="nonheap",id="Metaspace"} 40
    jvm_memory_max_bytes{area="heap",id="Eden"} -1
    jvm_memory_max_bytes{area="heap",id="Old"} 100
    process_cpu_usage -1`;
  const { delivered, perFrame, heap, heapLimit, cpu } = figures(reading(1, lines), reading(2, lines));
  assert.deepEqual({ delivered, perFrame, heap, heapLimit, cpu }, { delivered: 0, perFrame: null, heap: 30, heapLimit: 100, cpu: null });
});
