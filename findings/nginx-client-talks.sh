#!/bin/bash
# Where nginx's proxy_read_timeout meets a WebSocket on which only the client talks.
#
# Versions   nginx 1.22.1 (Debian 12), npm ws 8.23.0
# Guess      The documentation speaks of the time in which the proxied server sends nothing: a server that is silent
#            for proxy_read_timeout is cut off, however much its clients send. It has to ping.
# Behaviour  That is true of answers to requests. Once a connection is upgraded, bytes of either side start the time
#            anew: a client that sends something every half a second keeps a silent server's connection through a
#            timeout of 2 s. nginx does not notice a server that has hung while its clients talk (and their heartbeats
#            are talk): the timeout ends only connections on which both are silent.
# Seen       both silent: closed (1006) after 2.0 s; client talks, server silent: open after 8 s, 4 timeouts long
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund ws@8.23.0
get() { apt-get -qq -o APT::Sandbox::User=root download "$1" || { apt-get -qq update; apt-get -qq download "$1"; }; }
get 'nginx=1.22.1*'
dpkg -x nginx_*.deb .
cat >probe.js <<'END'
const { spawn } = require('child_process'), fs = require('fs'), net = require('net'), WebSocket = require('ws');
const sleep = ms => new Promise(done => setTimeout(done, ms));
const free = net.createServer().listen(0, '127.0.0.1');
const received = {};
const server = new WebSocket.Server({ port: 0, host: '127.0.0.1' }, async () => {
  const port = free.address().port;
  await new Promise(done => free.close(done));
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(t => `${t}_temp_path ${t};`).join(' ');
  fs.writeFileSync('nginx.conf', `daemon off; worker_processes 1; pid nginx.pid; events {}
    http { access_log off; ${temporary} server { listen 127.0.0.1:${port}; location / {
      proxy_pass http://127.0.0.1:${server.address().port}; proxy_http_version 1.1; proxy_read_timeout 2s;
      proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; } } }`);
  const nginx = spawn('usr/sbin/nginx', ['-p', process.cwd() + '/', '-e', 'stderr', '-c', 'nginx.conf'],
    { stdio: ['ignore', 'ignore', 'inherit'] });
  process.on('exit', () => nginx.kill());
  async function client(path, every) {
    for (let i = 0; i < 50; i++) {
      const socket = new WebSocket(`ws://127.0.0.1:${port}/${path}`);
      const open = await new Promise(done => socket.on('open', () => done(true)).on('error', () => done(false)));
      if (!open) { await sleep(100); continue; }
      const seen = { socket, start: Date.now() }, timer = every && setInterval(() => socket.send('hello'), every);
      socket.on('close', code => { clearInterval(timer), seen.code = code, seen.after = Date.now() - seen.start; });
      return seen;
    }
    throw Error('nginx does not answer');
  }
  const silent = await client('silent'), talks = await client('talks', 500);
  await sleep(8000);
  const open = talks.socket.readyState === WebSocket.OPEN;
  console.log(`both silent: closed (${silent.code}) after ${silent.after} ms`);
  console.log(`client talks, server silent: ${open ? 'open' : 'closed'} after 8 s, ${received['/talks']} received`);
  const known = silent.code === 1006 && silent.after > 1500 && silent.after < 4000 && open && received['/talks'] > 10;
  console.log(known ? 'As known: the client alone keeps the connection.' : 'This has changed.');
  process.exit(known ? 0 : 1);
});
server.on('connection', (socket, request) => {
  socket.on('message', () => { received[request.url] = (received[request.url] ?? 0) + 1; }).on('error', () => {});
});
END
timeout 60 node probe.js
