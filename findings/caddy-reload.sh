#!/bin/bash
# Where a reload of Caddy's configuration meets what is open through it.
#
# Versions   Caddy 2.6.2 (Debian 12), npm ws 8.23.0
# Guess      A reload is graceful: open WebSockets and event streams stay, and new connections get the new
#            configuration. So it is with nginx, where old workers keep what they have.
# Behaviour  Caddy closes all WebSockets with 1001 within milliseconds of `caddy reload`, while event streams go on. A
#            changed header, or a certificate tool that reloads, sends every client back at the same moment: clients
#            need a random delay before they come back, and the server room for all of them at once. Reloading the same
#            configuration does nothing.
# Seen       Caddy, same configuration: WebSocket open, event stream open and new events come
#            Caddy, changed: WebSocket closed 1001 (in about 30 ms), event stream open and new events come
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund ws@8.23.0
get() { apt-get -qq -o APT::Sandbox::User=root download "$1" || { apt-get -qq update; apt-get -qq download "$1"; }; }
get 'caddy=2.6.2*'
dpkg -x caddy_*.deb .
cat >probe.js <<'END'
const { spawn, execFile } = require('child_process'), fs = require('fs'), http = require('http'), net = require('net');
const WebSocket = require('ws'), sleep = ms => new Promise(done => setTimeout(done, ms));
process.env.HOME = process.cwd();
const server = http.createServer((request, response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const timer = setInterval(() => response.write('data: event\n\n'), 100);
  response.on('close', () => clearInterval(timer));
}).listen(0, '127.0.0.1');
new WebSocket.Server({ server }).on('connection', socket => socket.on('error', () => {}));
const freePort = () => new Promise(done => {
  const free = net.createServer().listen(0, '127.0.0.1', () => {
    const { port } = free.address();
    free.close(() => done(port));
  });
});
async function open(port) {
  for (let i = 0; i < 50; i++, await sleep(100)) {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/`), seen = { events: 0, socket: 'open', stream: 'open' };
    if (!await new Promise(done => socket.on('open', () => done(true)).on('error', () => done(false)))) continue;
    socket.on('close', code => { seen.socket = `closed ${code}`; });
    http.get(`http://127.0.0.1:${port}/`, { agent: false }, stream => stream.on('data', () => seen.events++)
      .on('error', () => {}).on('close', () => { seen.stream = 'closed'; }));
    await sleep(500);
    return seen;
  }
  throw Error('no proxy on ' + port);
}
async function reload(seen, act) {
  await act();
  await sleep(1000);
  seen.events = 0;
  await sleep(500);
  return `WebSocket ${seen.socket}, event stream ${seen.stream}${seen.events ? ' and new events come' : ''}`;
}
(async () => {
  const [port, admin] = [await freePort(), await freePort()], seen = [];
  const to = `127.0.0.1:${server.address().port}`, config = ['--config', 'Caddyfile', '--adapter', 'caddyfile'];
  const caddyfile = version => fs.writeFileSync('Caddyfile', `{\n admin 127.0.0.1:${admin}\n auto_https off\n}\n`
    + `http://127.0.0.1:${port} {\n header Version ${version}\n reverse_proxy ${to}\n}\n`);
  const again = () => new Promise((done, fail) => execFile('usr/bin/caddy', ['reload', ...config, '--address',
    `127.0.0.1:${admin}`], e => e ? fail(e) : done()));
  caddyfile(1);
  const caddy = spawn('usr/bin/caddy', ['run', ...config], { stdio: 'ignore' });
  process.on('exit', () => caddy.kill());
  const throughCaddy = await open(port);
  seen.push('Caddy, same configuration: ' + await reload(throughCaddy, again));
  seen.push('Caddy, changed: ' + await reload(throughCaddy, () => (caddyfile(2), again())));
  console.log(seen.join('\n'));
  const stays = 'WebSocket open, event stream open and new events come';
  const known = [`Caddy, same configuration: ${stays}`, `Caddy, changed: ${stays.replace('open', 'closed 1001')}`];
  if (seen.join() !== known.join()) throw Error('this has changed; see the head of the script');
  console.log('As known: Caddy closes WebSockets at a reload, and nothing else.');
})().then(() => process.exit(0), e => { console.error(e); process.exit(1); });
END
timeout 60 node probe.js
