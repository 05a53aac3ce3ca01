#!/bin/bash
# Where message ids meet a JetStream stream that gathers others (sources).
#
# Versions   nats-server 2.9.10 (Debian 12), npm nats 2.29.3; 2.10.27 does the same, 2.15.1 keeps both messages
# Guess      A Nats-Msg-Id counts in the stream that it was published to, where the message was acknowledged. A stream
#            with `sources` copies what its sources hold: two messages of two rooms are two, whatever their ids.
# Behaviour  The gathering stream looks at the copied header again, and all its sources share one set of ids. The second
#            of two messages with one id (a counter of each client, say) is dropped from the copy, without a trace: no
#            error, lag 0, both sources complete. The gathering stream's own duplicate_window (two minutes by default)
#            bounds it; with 300 ms, messages a second apart both arrive. Ids have to be unique over all sources.
# Seen       acknowledged: 1 in ROOM_A, 1 in ROOM_B, duplicate: never; gathered 1, lag 0,0
#            with another id: gathered 2
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund nats@2.29.3
get() { apt-get -qq -o APT::Sandbox::User=root download "$1" || { apt-get -qq update; apt-get -qq download "$1"; }; }
get 'nats-server=2.9.10*'
dpkg -x nats-server_*.deb .
cat >probe.js <<'END'
const { connect, headers } = require('nats'), { spawn } = require('child_process'), net = require('net');
const sleep = ms => new Promise(done => setTimeout(done, ms));
const free = net.createServer().listen(0, '127.0.0.1', () => {
  const { port } = free.address();
  free.close(() => probe(port).then(() => process.exit(0), e => { console.error(e); process.exit(1); }));
});
async function probe(port) {
  const options = ['-a', '127.0.0.1', '-p', port, '-js', '-sd', 'data'];
  const server = spawn('usr/sbin/nats-server', options, { stdio: 'ignore' });
  process.on('exit', () => server.kill());
  const nats = await connect({ port, waitOnFirstConnect: true, reconnectTimeWait: 100 });
  const api = async (subject, body) => (await nats.request('$JS.API.' + subject, JSON.stringify(body ?? {}))).json();
  const create = config => api('STREAM.CREATE.' + config.name, { retention: 'limits', storage: 'file', num_replicas: 1,
    max_msgs: -1, max_bytes: -1, max_age: 0, ...config });
  const say = async (subject, id) => {
    const h = headers();
    h.set('Nats-Msg-Id', id);
    return (await nats.request(subject, 'hello', { headers: h })).json();
  };
  const gathered = async wanted => {
    for (let i = 0; i < 50; i++) {
      const { state, sources } = await api('STREAM.INFO.ALL');
      if (i === 49 || state.messages >= wanted) return `gathered ${state.messages}, lag ${sources.map(s => s.lag)}`;
      await sleep(100);
    }
  };
  await create({ name: 'ROOM_A', subjects: ['a'] });
  await create({ name: 'ROOM_B', subjects: ['b'] });
  await create({ name: 'ALL', sources: [{ name: 'ROOM_A' }, { name: 'ROOM_B' }] });
  const acks = [await say('a', 'client-1'), await say('b', 'client-1')];
  const told = acks.map(a => `${a.seq} in ${a.stream}`).join(', ');
  const duplicate = acks.some(a => a.duplicate) ? 'once' : 'never';
  const seen = `acknowledged: ${told}, duplicate: ${duplicate}; ${await gathered(2)}`;
  await say('b', 'client-2');
  const other = await gathered(2);
  console.log(`nats-server ${nats.info.version}: ${seen}\nwith another id: ${other}`);
  if (seen !== 'acknowledged: 1 in ROOM_A, 1 in ROOM_B, duplicate: never; gathered 1, lag 0,0'
      || !other.startsWith('gathered 2,')) throw Error('this has changed; see the head of the script');
  console.log('As known: the copy lost a message that its source had acknowledged.');
}
END
timeout 60 node probe.js
