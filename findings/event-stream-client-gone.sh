#!/bin/bash
# Where an event stream's client that leaves meets three proxies.
#
# Versions   nginx 1.22.1, HAProxy 2.6.12, Apache httpd 2.4.71 (all Debian 12), Node's http as the server
# Guess      A proxy whose client's connection ends lets go of the server's at once, or at least all proxies do the
#            same: a server behind one may count its open streams as clients.
# Behaviour  While the server writes nothing, nginx passes the end on within milliseconds; HAProxy and Apache keep the
#            stream until the server writes, or until their own timeout of the server (6 s here) ends it. The comment
#            that keeps a stream warm is also what finds out, behind these two, that nobody is there. In HAProxy the
#            switch is `option abortonclose`, whose name and text are about requests that wait in a queue.
# Seen       silent server: nginx 2 ms, HAProxy with abortonclose 1 ms, HAProxy 5292 ms, Apache 5506 ms
#            server that writes every 250 ms: all within 300 ms
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
get() { apt-get -qq -o APT::Sandbox::User=root download "$1" || { apt-get -qq update; apt-get -qq download "$1"; }; }
libraries="libapr1 libaprutil1 libopentracing-c-wrapper0 libopentracing1"
for package in 'nginx=1.22.1*' 'haproxy=2.6.12*' 'apache2-bin=2.4.71*' $libraries; do get "$package"; done
for package in *.deb; do dpkg -x "$package" .; done
export LD_LIBRARY_PATH=$(echo "$work"/usr/lib/*-linux-gnu*)
cat >probe.js <<'END'
const { spawn } = require('child_process'), fs = require('fs'), http = require('http'), net = require('net');
const sleep = ms => new Promise(done => setTimeout(done, ms)), ended = {};
const server = http.createServer((request, response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write('data: hello\n\n');
  const timer = request.url.startsWith('/writes') && setInterval(() => response.write(': here\n\n'), 250);
  response.on('close', () => { clearInterval(timer), ended[request.url] = Date.now(); });
}).listen(0, '127.0.0.1');
const here = process.cwd(), temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
const modules = ['mpm_event', 'authz_core', 'proxy', 'proxy_http'].map(m =>
  `LoadModule ${m}_module ${here}/usr/lib/apache2/modules/mod_${m}.so\n`).join('');
const haproxy = option => [['usr/sbin/haproxy', '-db', '-f'], (port, to) => `defaults\n mode http\n${option}`
  + ' timeout connect 5s\n timeout client 6s\n timeout server 6s\n'
  + `listen l\n bind 127.0.0.1:${port}\n server s ${to}\n`];
const proxies = {
  nginx: [['usr/sbin/nginx', '-p', here + '/', '-e', 'stderr', '-c'], (port, to) => `daemon off;
    pid nginx.pid; events {} http { access_log off; ${temporary.map(t => `${t}_temp_path ${t};`).join(' ')}
    server { listen 127.0.0.1:${port};
    location / { proxy_pass http://${to}; proxy_http_version 1.1; proxy_read_timeout 6s; } } }`],
  haproxy: haproxy(''), abortonclose: haproxy(' option abortonclose\n'),
  apache: [['usr/sbin/apache2', '-DFOREGROUND', '-f'], (port, to) => `ServerRoot ${here}\nDefaultRuntimeDir ${here}\n`
    + `ServerName probe\nPidFile pid\nErrorLog log\nListen 127.0.0.1:${port}\nProxyTimeout 6\n${modules}`
    + `ProxyPass / http://${to}/\n`],
};
async function leave(name, port, path) {
  for (let i = 0; i < 50; i++) {
    const request = http.get({ port, host: '127.0.0.1', path, agent: false });
    const stream = await new Promise(done => request.on('response', done).on('error', () => done()));
    if (!stream) { await sleep(100); continue; }
    stream.resume().on('error', () => {});
    await sleep(500);
    const left = Date.now(request.destroy());
    while (!ended[path] && Date.now() - left < 10000) await sleep(5);
    return (ended[path] ?? Infinity) - left;
  }
  throw Error(name);
}
(async () => {
  const told = await Promise.all(Object.entries(proxies).map(async ([name, [command, write]]) => {
    const free = net.createServer().listen(0, '127.0.0.1');
    await sleep(50);
    const port = free.address().port, file = `${here}/${name}.conf`;
    await new Promise(done => free.close(done));
    fs.writeFileSync(file, write(port, '127.0.0.1:' + server.address().port));
    const proxy = spawn(command[0], [...command.slice(1), file], { stdio: ['ignore', 'ignore', 'inherit'] });
    process.on('exit', () => proxy.kill());
    const [silent, writes] = [await leave(name, port, '/silent-' + name), await leave(name, port, '/writes-' + name)];
    console.log(`${name}: a silent server is told after ${silent} ms, one that writes after ${writes} ms`);
    const atOnce = name === 'nginx' || name === 'abortonclose';
    return writes < 2500 && (atOnce ? silent < 1000 : silent > 4000 && silent < 8000);
  }));
  if (!told.every(Boolean)) throw Error('this has changed; see the head of the script');
  console.log('As known: HAProxy by default, and Apache, tell a silent server nothing.');
  process.exit(0);
})().catch(e => { console.error(e); process.exit(1); });
END
timeout 90 node probe.js
