#!/bin/bash
# Where WebSocket pings meet the NATS server's own (its WebSocket listener).
#
# Versions   nats-server 2.9.10 (Debian 12), npm ws 8.23.0; 2.15.1 differs in the close code alone (1001)
# Guess      nats-server answers WebSocket pings, so a client or a proxy that pings every 300 ms shows that it is there,
#            and the connection stays.
# Behaviour  Each ping gets its pong, and none of them counts: after ping_interval times ping_max without a PONG of the
#            NATS protocol the connection is stale and is cut. The other way, the server never sends a WebSocket ping:
#            what keeps the line warm through proxies is its PING inside a data message, which the client has to answer
#            by itself. 2.9.10 closes with code 1006, which must not stand in a frame: ws reports an error.
# Seen       pings sent every 300 ms, all answered up to the end; closed after 3 to 6 s, Stale Connection,
#            error: Invalid WebSocket frame: invalid status code 1006; WebSocket pings from the server: 0
#            a client that answers PING with PONG in its messages: open
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund ws@8.23.0
get() { apt-get -qq -o APT::Sandbox::User=root download "$1" || { apt-get -qq update; apt-get -qq download "$1"; }; }
get 'nats-server=2.9.10*'
dpkg -x nats-server_*.deb .
cat >probe.js <<'END'
const { spawn } = require('child_process'), fs = require('fs'), net = require('net'), WebSocket = require('ws');
const sleep = ms => new Promise(done => setTimeout(done, ms));
const ports = [0, 0].map(() => net.createServer().listen(0, '127.0.0.1'));
setTimeout(async () => {
  const [port, web] = ports.map(p => p.address().port);
  ports.forEach(p => p.close());
  fs.writeFileSync('nats.conf', `listen: 127.0.0.1:${port}\nping_interval: "1s"\nping_max: 2\n`
    + `websocket { listen: "127.0.0.1:${web}", no_tls: true }\n`);
  const server = spawn('usr/sbin/nats-server', ['-c', 'nats.conf'], { stdio: 'ignore' });
  process.on('exit', () => server.kill());
  for (let i = 0; i < 50; i++) {
    if (await new Promise(done => net.connect(web, '127.0.0.1').on('connect', function () { this.end(); done(true); })
      .on('error', () => done(false)))) break;
    await sleep(100);
  }
  function client(answersInside) {
    const seen = { pings: 0, pongs: 0, fromServer: 0, text: '' }, start = Date.now();
    const socket = seen.socket = new WebSocket('ws://127.0.0.1:' + web);
    socket.on('open', () => {
      socket.send('CONNECT {"verbose":false}\r\nPING\r\n');
      const timer = setInterval(() => { if (!answersInside) socket.ping(), seen.pings++; }, 300);
      socket.on('close', code => { clearInterval(timer), seen.code = code, seen.after = Date.now() - start; });
    });
    socket.on('message', data => {
      seen.text += data;
      if (answersInside && String(data).includes('PING\r\n')) socket.send('PONG\r\n');
    });
    socket.on('pong', () => seen.pongs++).on('ping', () => seen.fromServer++).on('error', e => seen.error = e.message);
    return seen;
  }
  const pings = client(false), inside = client(true);
  await sleep(7000);
  const stale = pings.text.includes("'Stale Connection'"), open = inside.socket.readyState === WebSocket.OPEN;
  console.log(`WebSocket pings: ${pings.pings} sent, ${pings.pongs} answered; closed after ${pings.after} ms, `
    + `stale ${stale}, error: ${pings.error}; pings from the server: ${pings.fromServer + inside.fromServer}`);
  console.log(`PONG in messages: ${open ? 'open' : 'closed'}`);
  const known = pings.pongs > 5 && pings.pings - pings.pongs <= 1 && pings.after > 1500 && pings.after < 6500 && stale
    && pings.error === 'Invalid WebSocket frame: invalid status code 1006' && open
    && pings.fromServer + inside.fromServer === 0;
  console.log(known ? 'As known: WebSocket pings are answered and do not count.' : 'This has changed.');
  process.exit(known ? 0 : 1);
}, 100);
END
timeout 60 node probe.js
