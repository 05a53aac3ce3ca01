#!/bin/bash
# Where a server's pings meet a page whose script hangs.
#
# Versions   Chromium (Debian; 156 when this was written), npm ws 8.23.0 and playwright-core 1.65.1
# Guess      A page that hangs in its script for seconds answers no pings, so the server's heartbeat finds it out and
#            closes. When it does answer, it goes on answering, whatever else is sent.
# Behaviour  Pongs say nothing about the page. While its script is in an endless loop, Chromium answers each ping from
#            another process: a hung page is alive for any heartbeat of this kind. But send it messages, and after some
#            megabytes that the page has not taken pings are stuck behind them: no pong at all, from the same page. What
#            tells is an answer from the page's own code, and the server's own bufferedAmount.
# Seen       page hangs, pings alone: 16 of 16 answered while it hung
#            page hangs, messages too: 0 of 16 answered while it hung, 16 of 16 afterwards
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
command -v chromium >/dev/null || apt-get -qq install -y --no-install-recommends chromium
npm install --silent --no-audit --no-fund ws@8.23.0 playwright-core@1.65.1
cat >probe.js <<'END'
const http = require('http'), WebSocket = require('ws'), { chromium } = require('playwright-core');
const sleep = ms => new Promise(done => setTimeout(done, ms));
const server = http.createServer((request, response) => response.end('page')).listen(0, '127.0.0.1');
const sockets = new WebSocket.Server({ server });
async function probe(browser, flood) {
  const address = '127.0.0.1:' + server.address().port, page = await browser.newPage();
  await page.goto(`http://${address}/`);
  const connected = new Promise(done => sockets.once('connection', done));
  await page.evaluate(address => new Promise(done => {
    const socket = new WebSocket(`ws://${address}/`);
    socket.onmessage = () => { globalThis.taken = (globalThis.taken ?? 0) + 1; };
    socket.onopen = done;
  }), address);
  const socket = await connected;
  let pings = 0, pongs = 0;
  socket.on('pong', () => pongs++).on('error', () => {});
  const hangs = page.evaluate(() => {
    const start = performance.now();
    while (performance.now() - start < 8000);
  });
  await sleep(500);
  const block = Buffer.alloc(65536), more = () => {
    while (socket.bufferedAmount < 4 << 20) socket.send(block);
  };
  const flooding = flood && setInterval(more, 10);
  if (flood) await sleep(1500);
  for (; pings < 16; pings++, await sleep(200)) socket.ping();
  await sleep(300);
  const meanwhile = pongs;
  clearInterval(flooding);
  await hangs;
  for (let i = 0; i < 100 && pongs < pings; i++) await sleep(100);
  await page.close();
  return `${meanwhile} of ${pings} answered while it hung, ${pongs} of ${pings} afterwards`;
}
(async () => {
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ['--no-sandbox'] });
  const alone = await probe(browser, false), flooded = await probe(browser, true);
  console.log(`Chromium ${browser.version()}\npings alone: ${alone}\nmessages too: ${flooded}`);
  await browser.close();
  if (alone !== '16 of 16 answered while it hung, 16 of 16 afterwards'
      || flooded !== '0 of 16 answered while it hung, 16 of 16 afterwards')
    throw Error('this has changed; see the head of the script');
  console.log('As known: a hung page answers pings until messages stand before them.');
})().then(() => process.exit(0), e => { console.error(e); process.exit(1); });
END
CHROMIUM=$(command -v chromium) timeout 120 node probe.js
