#!/bin/bash
# Where back-pressure in java.net.http.WebSocket meets a server's heartbeat.
#
# Versions   JDK 17.0.15 (25.0.3 does the same), npm ws 8.23.0 as the server
# Guess      request(n) says how many messages the listener takes. A client that has had enough and does not ask for
#            more holds back messages; pings are still answered by the library, and the end of the connection is told.
# Behaviour  Without an open request the client reads nothing at all: pings get no pong, so a server that watches its
#            clients takes a busy one for dead and cuts it, and the client hears neither the close frame nor the end:
#            no onClose, no onError, isInputClosed() false. A client that pauses has to go on reading into a bounded
#            queue, or the server's deadline for pongs has to exceed the longest pause.
# Seen       asks on: 9 of 9 pings answered, onClose 1001
#            does not ask after the first message: 0 of 9 pings answered, told nothing, isInputClosed false
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
command -v java >/dev/null
npm install --silent --no-audit --no-fund ws@8.23.0
cat >Client.java <<'END'
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.util.concurrent.CompletionStage;

class Client {
    public static void main(String[] args) throws Exception {
        boolean asksOn = args[1].equals("on");
        var told = new StringBuffer();
        var listener = new WebSocket.Listener() {
            public CompletionStage<?> onText(WebSocket socket, CharSequence text, boolean last) {
                if (asksOn) socket.request(1);
                return null;
            }

            public CompletionStage<?> onClose(WebSocket socket, int code, String reason) {
                told.append("onClose ").append(code);
                return null;
            }

            public void onError(WebSocket socket, Throwable error) { told.append("onError ").append(error); }
        };
        var socket = HttpClient.newHttpClient().newWebSocketBuilder().buildAsync(URI.create(args[0]), listener).get();
        System.in.read(); // the server has closed, some time ago
        System.out.print((told.isEmpty() ? "told nothing" : told) + ", isInputClosed " + socket.isInputClosed());
        System.exit(0);
    }
}
END
cat >probe.js <<'END'
const { spawn } = require('child_process'), WebSocket = require('ws');
const sleep = ms => new Promise(done => setTimeout(done, ms));
const server = new WebSocket.Server({ port: 0, host: '127.0.0.1' }, async () => {
  async function probe(asks) {
    const connected = new Promise(done => server.once('connection', done));
    const java = spawn('java', ['Client.java', 'ws://127.0.0.1:' + server.address().port, asks],
      { stdio: ['pipe', 'pipe', 'inherit'] });
    process.on('exit', () => java.kill());
    const socket = await connected;
    let pings = 0, pongs = 0, printed = '';
    socket.on('pong', () => pongs++).on('error', () => {});
    socket.send('first');
    await sleep(300);
    for (; pings < 9; pings++, await sleep(100)) socket.ping();
    socket.close(1001);
    await sleep(1500);
    java.stdin.end('\n');
    for await (const part of java.stdout) printed += part;
    return `${pongs} of ${pings} pings answered, ${printed}`;
  }
  const on = await probe('on'), stop = await probe('stop');
  console.log(`asks on: ${on}\ndoes not ask after the first message: ${stop}`);
  const known = on === '9 of 9 pings answered, onClose 1001, isInputClosed true'
    && stop === '0 of 9 pings answered, told nothing, isInputClosed false';
  console.log(known ? 'As known: a client that does not ask is deaf to pings and closes.' : 'This has changed.');
  process.exit(known ? 0 : 1);
});
process.on('unhandledRejection', e => { console.error(e); process.exit(1); });
END
timeout 60 node probe.js
