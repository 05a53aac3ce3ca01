#!/bin/bash
# Where nginx's least_conn meets WebSockets that outlive a reload.
#
# Versions   nginx 1.22.1 (Debian 12), npm ws 8.23.0
# Guess      least_conn and max_conns with a shared `zone` know how many connections each server has. These are still
#            open after `nginx -s reload`, so the counts hold, and a server that was restarted empty is filled up first.
# Behaviour  Each reload begins with zero for all servers, although the old workers still carry the old connections.
#            New WebSockets are spread evenly over full and empty servers, and a server with max_conns is given as many
#            again after each reload. With connections that live for hours it stays so: servers have to limit them
#            themselves, and a rolling restart behind a proxy that was reloaded does not even out.
# Seen       12 clients: 6 and 6; second server restarted: 6 and 0; 4 more: 6 and 4; 2 more: 6 and 6;
#            one too many: 502; restarted again, nginx reloaded, 8 more: 10 and 4, although max_conns is 6
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
const sleep = ms => new Promise(done => setTimeout(done, ms)), here = process.cwd();
const servers = [0, 1].map(() => new WebSocket.Server({ port: 0, host: '127.0.0.1' }));
const free = net.createServer().listen(0, '127.0.0.1');
(async () => {
  await sleep(200);
  const { port } = free.address();
  await new Promise(done => free.close(done));
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(t => `${t}_temp_path ${t};`).join(' ');
  const list = servers.map(s => `server 127.0.0.1:${s.address().port} max_conns=6;`).join(' ');
  fs.writeFileSync('nginx.conf', `daemon off; worker_processes 2; pid nginx.pid; events {} http { access_log off;
    error_log nginx.log notice; ${temporary} upstream parlour { least_conn; zone parlour 64k; ${list} }
    server { listen 127.0.0.1:${port}; location / { proxy_pass http://parlour; proxy_http_version 1.1;
    proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; } } }`);
  const options = ['-p', here + '/', '-e', 'nginx.log', '-c', 'nginx.conf'];
  const nginx = spawn('usr/sbin/nginx', options, { stdio: 'ignore' });
  process.on('exit', () => nginx.kill());
  const join = () => new Promise(done => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/`);
    socket.on('open', () => done('open')).on('unexpected-response', (_, answer) => done(answer.statusCode))
      .on('error', () => done('error'));
  });
  const more = async count => { for (let i = 0; i < count; i++) await join(); };
  const load = () => servers.map(s => s.clients.size).join(' and ');
  const restart = async () => {
    for (const socket of servers[1].clients) socket.terminate();
    await sleep(500);
  };
  for (let i = 0; i < 50 && await join() === 'error'; i++) await sleep(100); // the first client
  const seen = [];
  const note = what => seen.push(`${what}: ${load()}`);
  await more(11), note('12 clients');
  await restart(), note('second server restarted');
  await more(4), note('4 more');
  await more(2), note('2 more'), seen.push(`one too many: ${await join()}`);
  await restart();
  nginx.kill('SIGHUP');
  for (let i = 0; i < 50 && !fs.readFileSync('nginx.log', 'utf8').includes('gracefully'); i++) await sleep(100);
  await sleep(500);
  await more(8), note('restarted again, nginx reloaded, 8 more');
  console.log(seen.join('\n'));
  const known = '12 clients: 6 and 6\nsecond server restarted: 6 and 0\n4 more: 6 and 4\n2 more: 6 and 6\n'
    + 'one too many: 502\nrestarted again, nginx reloaded, 8 more: 10 and 4';
  if (seen.join('\n') !== known) throw Error('this has changed; see the head of the script');
  console.log('As known: a reload forgets what is open.');
})().then(() => process.exit(0), e => { console.error(e); process.exit(1); });
END
timeout 60 node probe.js
