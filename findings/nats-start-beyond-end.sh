#!/bin/bash
# Where a client that resumes meets a JetStream stream that was made anew: a consumer that starts beyond the end.
#
# Versions   nats-server 2.9.10 (Debian 12) and 2.15.1 (Debian's testing suite), npm nats 2.29.3; 2.10.27 is as 2.9.10
# Guess      A consumer with opt_start_seq 1000 on a stream that ends at 6 is refused, or gets nothing below 1000; one
#            with opt_start_time in an hour gets nothing for an hour.
# Behaviour  2.9 and 2.10 silently start with the next message, 7, and never say that 1000 was not there. 2.15 waits for
#            1000, so after an upgrade the same client hears nothing at all, with num_pending 0 and no error. A start
#            time in the future is ignored by all. So: compare with the stream's last sequence (and its time of
#            creation) before resuming.
# Seen       2.9.10: start at 1000: got 7,8, num_pending 0; start in an hour: got 9
#            2.15.1: start at 1000: got nothing, num_pending 0; start in an hour: got 9
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund nats@2.29.3
mkdir -p old testing/lists/partial testing/archives/partial
get() { apt-get -qq -o APT::Sandbox::User=root download "$1" || { apt-get -qq update; apt-get -qq download "$1"; }; }
get 'nats-server=2.9.10*'
dpkg -x nats-server_*.deb old
# The testing suite, from the mirror that this machine's own sources name, without touching the system.
mirror=$(apt-get indextargets --format '$(REPO_URI)' | grep -v security | head -1)
echo "deb $mirror forky main" >testing/sources.list
newer=(apt-get -qq -o Dir::Etc::SourceList="$work/testing/sources.list" -o Dir::Etc::SourceParts=/dev/null
    -o Dir::State::Lists="$work/testing/lists" -o Dir::Cache="$work/testing" -o APT::Sandbox::User=root)
"${newer[@]}" update
(cd testing && "${newer[@]}" download nats-server && dpkg -x nats-server_*.deb .)
cat >probe.js <<'END'
const { connect } = require('nats'), { spawn } = require('child_process'), net = require('net'), fs = require('fs');
const sleep = ms => new Promise(done => setTimeout(done, ms));
const freePort = () => new Promise(done => {
  const server = net.createServer().listen(0, '127.0.0.1', () => {
    const { port } = server.address();
    server.close(() => done(port));
  });
});
async function probe(folder) {
  const port = await freePort();
  const options = ['-a', '127.0.0.1', '-p', port, '-js', '-sd', folder + '/data'];
  const server = spawn(folder + '/usr/sbin/nats-server', options, { stdio: 'ignore' });
  try {
    const nats = await connect({ port, waitOnFirstConnect: true, reconnectTimeWait: 100 });
    const api = async (subject, body) => (await nats.request('$JS.API.' + subject, JSON.stringify(body ?? {}))).json();
    await api('STREAM.CREATE.ROOM', { name: 'ROOM', subjects: ['room'], retention: 'limits', storage: 'file',
      num_replicas: 1, max_msgs: -1, max_bytes: -1, max_age: 0 });
    const say = async () => (await nats.request('room', 'hello')).json().seq;
    const consumer = async (name, start) => {
      const got = [];
      nats.subscribe('to.' + name, { callback: (_, message) => got.push(message.reply.split('.')[5]) });
      const answer = await api(`CONSUMER.DURABLE.CREATE.ROOM.${name}`, { stream_name: 'ROOM',
        config: { durable_name: name, deliver_subject: 'to.' + name, ack_policy: 'none', ...start } });
      return { got, error: answer.error };
    };
    for (let i = 0; i < 6; i++) await say();
    const beyond = await consumer('beyond', { deliver_policy: 'by_start_sequence', opt_start_seq: 1000 });
    await say(), await say(), await sleep(500);
    const pending = (await api('CONSUMER.INFO.ROOM.beyond')).num_pending;
    const inAnHour = new Date(Date.now() + 3600e3).toISOString();
    const later = await consumer('later', { deliver_policy: 'by_start_time', opt_start_time: inAnHour });
    const list = c => c.error ? c.error.description : 'got ' + (c.got.join() || 'nothing');
    const first = list(beyond);
    await say(), await sleep(500);
    const seen = `start at 1000: ${first}, num_pending ${pending}; start in an hour: ${list(later)}`;
    console.log(`${nats.info.version}: ${seen}`);
    await nats.close();
    return seen;
  } finally { server.kill(); }
}
(async () => {
  const [old, recent] = [await probe('old'), await probe('testing')];
  const known = got => `start at 1000: got ${got}, num_pending 0; start in an hour: got 9`;
  if (old !== known('7,8') || recent !== known('nothing')) throw Error('this has changed; see the head of the script');
  console.log('As known: the old server starts with the next message, the new one waits, and neither says a word.');
})().catch(e => { console.error(e); process.exit(1); });
END
timeout 60 node probe.js
