#!/bin/bash
# Where a client that offers a subprotocol meets a server that does not know it.
#
# Versions   JDK 17.0.15's client, npm ws 8.23.0 (client and server), Node 22.23.3, Chromium (Debian; 156)
# Guess      RFC 6455 lets a server choose none: the connection opens, and `protocol` is empty for whoever looks.
# Behaviour  The Java client opens. Chromium, ws and Node fail, after the server has answered 101 and taken the
#            connection (as Jakarta servers do: @OnOpen is called): it has let somebody in whose code is told an error
#            and, but for Node, 1006, without a reason, and who comes back for ever if it retries. A server that renames
#            its subprotocol has to keep the old name too, or refuse before the 101.
# Seen       Java: open, protocol ''
#            ws: error, close 1006; Node: error; Chromium: error, close 1006; connections that the server took: 4
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
command -v java >/dev/null
command -v chromium >/dev/null || apt-get -qq install -y --no-install-recommends chromium
npm install --silent --no-audit --no-fund ws@8.23.0 node@22.23.3 playwright-core@1.65.1
cat >Client.java <<'END'
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;

class Client {
    public static void main(String[] args) throws Exception {
        var builder = HttpClient.newHttpClient().newWebSocketBuilder().subprotocols("chat.v1");
        var socket = builder.buildAsync(URI.create(args[0]), new WebSocket.Listener() {}).get();
        System.out.println("open, protocol '" + socket.getSubprotocol() + "'");
        System.exit(0);
    }
}
END
cat >probe.js <<'END'
const http = require('http'), WebSocket = require('ws'), { chromium } = require('playwright-core');
const { promisify } = require('util'), run = promisify(require('child_process').execFile);
const server = http.createServer((request, response) => response.end('page')), names = ['chat.v2'];
let taken = 0;
const handleProtocols = offered => names.find(name => offered.has(name)) ?? false;
const sockets = new WebSocket.Server({ server, handleProtocols });
sockets.on('connection', socket => { taken++, socket.on('error', () => {}); });
server.listen(0, '127.0.0.1', async () => {
  const address = '127.0.0.1:' + server.address().port, seen = {};
  const attempt = `new Promise(done => {
    const socket = new WebSocket('ws://${address}/chat', ['chat.v1']), told = [];
    socket.onopen = () => told.push('open'), socket.onclose = e => told.push('close ' + e.code);
    socket.onerror = () => { told.push('error'); };
    setTimeout(() => done(told.join(', ')), 1500);
  })`;
  const printed = async (command, ...args) => (await run(command, args)).stdout.trim();
  const node = use => printed('node_modules/.bin/node', '-e', `${use}; ${attempt}.then(console.log)`);
  seen.Java = await printed('java', 'Client.java', `ws://${address}/chat`);
  seen.ws = await node("globalThis.WebSocket = require('ws')");
  seen.Node = await node('');
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ['--no-sandbox'] });
  const page = await browser.newPage();
  await page.goto(`http://${address}/`);
  seen.Chromium = await page.evaluate(attempt);
  await browser.close();
  seen['connections that the server took'] = taken;
  const text = Object.entries(seen).map(([who, what]) => `${who}: ${what}`).join('\n');
  console.log(text);
  if (text !== "Java: open, protocol ''\nws: error, close 1006\nNode: error\nChromium: error, close 1006\n"
      + 'connections that the server took: 4') throw Error('this has changed; see the head of the script');
  console.log('As known: what the server has opened, three of four clients refuse.');
  process.exit(0);
});
process.on('unhandledRejection', e => { console.error(e); process.exit(1); });
END
CHROMIUM=$(command -v chromium) timeout 120 node probe.js
