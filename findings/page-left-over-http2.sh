#!/bin/bash
# Where a browser that leaves a page meets a WebSocket over HTTP/2 (RFC 8441).
#
# Versions   HAProxy 2.6.12 (Debian 12), Chromium (Debian; 156), npm ws 8.23.0 and playwright-core 1.65.1
# Guess      A page that is left, reloaded or closed ends its WebSockets with 1001, and a server may tell "went away"
#            from "line lost" (1006). A proxy that offers HTTP/2 does that for pages; WebSockets stay with HTTP/1.1.
# Behaviour  HAProxy offers WebSockets over HTTP/2 by itself when `alpn` has h2, and Chromium takes the offer where the
#            page came over HTTP/2. When the page goes it resets the stream, without a close frame: the server sees 1006
#            for each page that is left, though close() in the page still arrives with its code. Over HTTP/1.1 it is
#            1001. With Node's http2 as the server it is the same reset (CANCEL), so it is Chromium's doing. The server
#            cannot tell from the handshake: HAProxy makes an ordinary HTTP/1.1 upgrade of it, key included.
# Seen       alpn h2: left 1006, reloaded 1006, closed 1006, close(3000) 3000
#            alpn http/1.1: left 1001, reloaded 1001, closed 1001, close(3000) 3000
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
command -v chromium >/dev/null || apt-get -qq install -y --no-install-recommends chromium
npm install --silent --no-audit --no-fund ws@8.23.0 playwright-core@1.65.1
get() { apt-get -qq -o APT::Sandbox::User=root download "$1" || { apt-get -qq update; apt-get -qq download "$1"; }; }
for package in 'haproxy=2.6.12*' libopentracing-c-wrapper0 libopentracing1; do get "$package"; done
for package in *.deb; do dpkg -x "$package" .; done
export LD_LIBRARY_PATH=$(echo "$work"/usr/lib/*-linux-gnu*)
openssl req -x509 -newkey rsa:2048 -nodes -keyout key -out certificate -days 2 -subj /CN=localhost 2>/dev/null
cat key certificate >both.pem
cat >probe.js <<'END'
const { spawn } = require('child_process'), fs = require('fs'), http = require('http'), net = require('net');
const WebSocket = require('ws'), { chromium } = require('playwright-core');
const server = http.createServer((request, response) => {
  response.writeHead(200, { 'content-type': 'text/html', 'cache-control': 'no-store' }).end('<p>page');
}).listen(0, '127.0.0.1');
const sockets = new WebSocket.Server({ server });
const leaving = {
  left: page => page.goto('about:blank'), reloaded: page => page.reload(), closed: page => page.close(),
  'close(3000)': page => page.evaluate(() => socket.close(3000)),
};
async function probe(alpn, browser) {
  const free = net.createServer().listen(0, '127.0.0.1');
  await new Promise(done => free.on('listening', done));
  const { port } = free.address(), file = `${alpn.replace('/', '')}.cfg`;
  await new Promise(done => free.close(done));
  fs.writeFileSync(file, 'defaults\n mode http\n timeout connect 5s\n timeout client 1m\n timeout server 1m\nlisten l\n'
    + ` bind 127.0.0.1:${port} ssl crt both.pem alpn ${alpn}\n server s 127.0.0.1:${server.address().port}\n`);
  const proxy = spawn('usr/sbin/haproxy', ['-db', '-f', file], { stdio: 'ignore' });
  process.on('exit', () => proxy.kill());
  const answers = () => new Promise(done => {
    const line = net.connect(port, '127.0.0.1', () => done(!line.end())).on('error', () => setTimeout(done, 100, true));
  });
  for (let i = 0; i < 50 && await answers(); ) i++;
  const seen = [];
  for (const how in leaving) {
    const page = await (await browser.newContext({ ignoreHTTPSErrors: true })).newPage();
    const joined = new Promise(done => sockets.once('connection', done));
    await page.goto(`https://127.0.0.1:${port}/`);
    const protocol = await page.evaluate(() => performance.getEntriesByType('navigation')[0].nextHopProtocol);
    if (protocol !== alpn) throw Error(`the page came over ${protocol}`);
    await page.evaluate(port => new Promise(done => {
      globalThis.socket = new WebSocket(`wss://127.0.0.1:${port}/`);
      socket.onopen = done;
    }), port);
    const socket = await joined, ended = new Promise(done => socket.on('close', done).on('error', () => {}));
    await leaving[how](page);
    seen.push(`${how} ${await ended}`);
    if (!page.isClosed()) await page.context().close();
  }
  console.log(`alpn ${alpn}: ${seen.join(', ')}`);
  return seen.join(', ');
}
(async () => {
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ['--no-sandbox'] });
  console.log('Chromium ' + browser.version());
  const second = await probe('h2', browser), first = await probe('http/1.1', browser);
  await browser.close();
  const known = code => `left ${code}, reloaded ${code}, closed ${code}, close(3000) 3000`;
  if (second !== known(1006) || first !== known(1001)) throw Error('this has changed; see the head of the script');
  console.log('As known: a page that is left says 1001 over HTTP/1.1 and nothing over HTTP/2.');
})().then(() => process.exit(0), e => { console.error(e); process.exit(1); });
END
CHROMIUM=$(command -v chromium) timeout 120 node probe.js
