#!/bin/bash
# Where a purge of a JetStream stream meets a number that the stream has not reached yet.
#
# Versions   nats-server 2.9.10 (Debian 12), npm nats 2.29.3; 2.10.27 and 2.15.1 move the end too
# Guess      Purging "up to, not including, 1000" removes what is there below 1000. On a stream that ends at 3 it
#            removes three messages, and the next one is number 4.
# Behaviour  It also moves the end: last sequence 999, the next message is 1000, and num_deleted is 0. A clean-up job
#            with a number from another stream, or from before this one was made anew, does that with success: true.
#            2.9.10 goes on to compare Nats-Expected-Last-Sequence with its old count: it refuses 999, which it reports
#            itself, and takes 3, then 4, and so on. (2.10 and 2.15 take 999.)
# Seen       before: last 3; purge: success true, purged 3; after: first 1000, last 999, num_deleted 0
#            expecting 999: wrong last sequence: 3; expecting 3: stored as 1000
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
  await api('STREAM.CREATE.ROOM', { name: 'ROOM', subjects: ['room'], retention: 'limits', storage: 'file',
    num_replicas: 1, max_msgs: -1, max_bytes: -1, max_age: 0 });
  const say = async h => (await nats.request('room', 'hello', { headers: h })).json();
  for (let i = 0; i < 3; i++) await say();
  const before = (await api('STREAM.INFO.ROOM')).state;
  const purge = await api('STREAM.PURGE.ROOM', { seq: 1000 });
  const after = (await api('STREAM.INFO.ROOM')).state;
  const expect = async last => {
    const h = headers();
    h.set('Nats-Expected-Last-Sequence', last);
    const answer = await say(h);
    return `expecting ${last}: ${answer.error?.description ?? 'stored as ' + answer.seq}`;
  };
  const seen = `before: last ${before.last_seq}; purge: success ${purge.success}, purged ${purge.purged}; `
    + `after: first ${after.first_seq}, last ${after.last_seq}, num_deleted ${after.num_deleted ?? 0}\n`
    + `${await expect('999')}; ${await expect('3')}`;
  console.log(`nats-server ${nats.info.version}\n${seen}`);
  if (seen !== 'before: last 3; purge: success true, purged 3; after: first 1000, last 999, num_deleted 0\n'
      + 'expecting 999: wrong last sequence: 3; expecting 3: stored as 1000')
    throw Error('this has changed; see the head of the script');
  console.log('As known: a purge beyond the end moves the end.');
}
END
timeout 60 node probe.js
