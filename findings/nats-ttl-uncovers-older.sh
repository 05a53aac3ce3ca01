#!/bin/bash
# Where a message's own time to live meets a JetStream stream that keeps more than one message a subject.
#
# Versions   nats-server 2.15.1 (Debian's testing suite), npm nats 2.29.3. Servers before 2.11 have no such times.
# Guess      When the newest value of a subject runs out (Nats-TTL), the subject has no value any more. When the marker
#            of a deletion runs out, the deleted key is gone for good and its marker with it.
# Behaviour  The message alone goes, and the one before it is the last of its subject again: readers of the last value
#            get the older value back, and a deleted key comes back to life when its marker runs out. Nobody is told,
#            since nothing was published. So: one message a subject, or a rollup (Nats-Rollup: sub) with the marker.
# Seen       status: online; then away for 1 s: away; after it ran out: online
#            key: value; deleted: (marker DEL); after it ran out: value
#            other: value; rolled up: (marker PURGE); after it ran out: no message found
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund nats@2.29.3
# The testing suite, from the mirror that this machine's own sources name, without touching the system.
mkdir -p lists/partial archives/partial
echo "deb $(apt-get indextargets --format '$(REPO_URI)' | grep -v security | head -1) forky main" >sources.list
newer=(apt-get -qq -o Dir::Etc::SourceList="$work/sources.list" -o Dir::Etc::SourceParts=/dev/null
    -o Dir::State::Lists="$work/lists" -o Dir::Cache="$work" -o APT::Sandbox::User=root)
"${newer[@]}" update
"${newer[@]}" download nats-server
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
  await api('STREAM.CREATE.KEYS', { name: 'KEYS', subjects: ['keys.*'], retention: 'limits', storage: 'file',
    num_replicas: 1, max_msgs: -1, max_bytes: -1, max_age: 0, max_msgs_per_subject: 5, allow_msg_ttl: true,
    allow_rollup_hdrs: true });
  const put = async (key, value, extra = {}) => {
    const h = headers();
    for (const name in extra) h.set(name, extra[name]);
    const ack = (await nats.request('keys.' + key, value, { headers: h })).json();
    if (ack.error) throw Error(ack.error.description);
  };
  const last = async key => {
    const { message, error } = await api('STREAM.MSG.GET.KEYS', { last_by_subj: 'keys.' + key });
    const operation = message?.hdrs && /KV-Operation: (\w+)/.exec(Buffer.from(message.hdrs, 'base64'))?.[1];
    return error?.description ?? (operation ? `(marker ${operation})` : String(Buffer.from(message.data, 'base64')));
  };
  const lines = [];
  async function watch(key, value, words) {
    const before = await last(key);
    await put(key, ...value);
    const now = await last(key);
    for (let i = 0; i < 60 && (await last(key)) === now; i++) await new Promise(done => setTimeout(done, 100));
    lines.push(`${key}: ${before}; ${words}: ${now}; after it ran out: ${await last(key)}`);
  }
  for (const [key, value] of [['status', 'online'], ['key', 'value'], ['other', 'value']]) await put(key, value);
  await watch('status', ['away', { 'Nats-TTL': '1s' }], 'then away for 1 s');
  await watch('key', ['', { 'KV-Operation': 'DEL', 'Nats-TTL': '1s' }], 'deleted');
  await watch('other', ['', { 'KV-Operation': 'PURGE', 'Nats-TTL': '1s', 'Nats-Rollup': 'sub' }], 'rolled up');
  console.log(`nats-server ${nats.info.version}\n${lines.join('\n')}`);
  const known = ['status: online; then away for 1 s: away; after it ran out: online',
    'key: value; deleted: (marker DEL); after it ran out: value',
    'other: value; rolled up: (marker PURGE); after it ran out: no message found'];
  if (lines.join() !== known.join()) throw Error('this has changed; see the head of the script');
  console.log('As known: what runs out uncovers what was before it, deleted keys too.');
}
END
timeout 60 node probe.js
