#!/bin/bash
# Where Apache's two timeouts meet WebSockets and event streams.
#
# Versions   Apache httpd 2.4.71 (Debian 12), mod_proxy_http with upgrade=websocket, npm ws 8.23.0
# Guess      ProxyTimeout, or timeout= of ProxyPass, says how long the proxied server may be silent, and Timeout is for
#            the client's side. A WebSocket on which nothing comes is cut by the smaller one, an event stream too.
# Behaviour  A WebSocket is cut after the larger of Timeout and ProxyTimeout; timeout= of ProxyPass does nothing to it.
#            An event stream on the same proxy is cut by ProxyTimeout (or timeout=), whatever Timeout says. To shorten
#            one alone frees no WebSocket sooner; to lengthen ProxyTimeout for streams keeps dead WebSockets as long.
# Seen       Timeout 2, ProxyTimeout 2: WebSocket cut at 2 s, event stream cut at 2 s
#            Timeout 6, ProxyTimeout 2: WebSocket cut at 6 s, event stream cut at 2 s
#            Timeout 2, ProxyTimeout 6: WebSocket cut at 6 s, event stream cut at 6 s
#            Timeout 6, ProxyTimeout 6, timeout=2: WebSocket cut at 6 s, event stream cut at 2 s
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund ws@8.23.0
get() { apt-get -qq -o APT::Sandbox::User=root download "$1" || { apt-get -qq update; apt-get -qq download "$1"; }; }
for package in 'apache2-bin=2.4.71*' libapr1 libaprutil1; do get "$package"; done
for package in *.deb; do dpkg -x "$package" .; done
export LD_LIBRARY_PATH=$(echo "$work"/usr/lib/*-linux-gnu*)
cat >probe.js <<'END'
const { spawn } = require('child_process'), fs = require('fs'), http = require('http'), net = require('net');
const WebSocket = require('ws'), sleep = ms => new Promise(done => setTimeout(done, ms));
const server = http.createServer((request, response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write('data: hello\n\n');
}).listen(0, '127.0.0.1');
new WebSocket.Server({ server }).on('connection', socket => socket.on('error', () => {}));
async function probe(timeout, proxyTimeout, option) {
  const free = net.createServer().listen(0, '127.0.0.1');
  await sleep(50);
  const port = free.address().port, folder = fs.mkdtempSync(process.cwd() + '/apache');
  await new Promise(done => free.close(done));
  const modules = ['mpm_event', 'authz_core', 'proxy', 'proxy_http'].map(m =>
    `LoadModule ${m}_module ${process.cwd()}/usr/lib/apache2/modules/mod_${m}.so`).join('\n');
  fs.writeFileSync(folder + '/conf', `ServerRoot ${folder}\nServerName probe\nDefaultRuntimeDir ${folder}\nListen `
    + `127.0.0.1:${port}\nPidFile pid\nErrorLog log\n${modules}\nTimeout ${timeout}\nProxyTimeout ${proxyTimeout}\n`
    + `ProxyPass / http://127.0.0.1:${server.address().port}/ upgrade=websocket ${option}\n`);
  const apache = spawn('usr/sbin/apache2', ['-f', folder + '/conf', '-DFOREGROUND'], { stdio: 'inherit' });
  process.on('exit', () => apache.kill());
  const seen = { WebSocket: 'open', 'event stream': 'open' };
  const cut = (what, start) => () => { seen[what] = `cut at ${Math.round((Date.now() - start) / 1000)} s`; };
  for (let i = 0; ; i++) {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/`);
    if (await new Promise(done => socket.on('open', () => done(true)).on('error', () => done(false)))) {
      socket.on('close', cut('WebSocket', Date.now()));
      break;
    }
    if (i === 50) throw Error('Apache does not answer');
    await sleep(100);
  }
  http.get(`http://127.0.0.1:${port}/`, { agent: false }, stream =>
    stream.resume().on('error', () => {}).on('close', cut('event stream', Date.now())));
  await sleep(9000);
  return Object.entries(seen).map(([what, state]) => `${what} ${state}`).join(', ');
}
(async () => {
  const cases = [[2, 2, ''], [6, 2, ''], [2, 6, ''], [6, 6, 'timeout=2']];
  const seen = await Promise.all(cases.map(c => probe(...c)));
  cases.forEach((c, i) => console.log(`Timeout ${c[0]}, ProxyTimeout ${c[1]}${c[2] && ', ' + c[2]}: ${seen[i]}`));
  const known = [[2, 2], [6, 2], [6, 6], [6, 2]].map(([w, s]) => `WebSocket cut at ${w} s, event stream cut at ${s} s`);
  if (seen.join() !== known.join()) throw Error('this has changed; see the head of the script');
  console.log('As known: the larger timeout holds for a WebSocket, the proxy\'s own for an event stream.');
})().then(() => process.exit(0), e => { console.error(e); process.exit(1); });
END
timeout 60 node probe.js
