#!/bin/bash
# Where an ordinary GET of Java's HttpClient meets a Node server with WebSockets.
#
# Versions   JDK 17.0.15 (25.0.3 does the same), npm ws 8.23.0, Node 20 and 22
# Guess      GET /health of java.net.http.HttpClient with its default settings is answered by the server's request
#            handler, as curl's and a browser's are. WebSockets live at their own path and do not matter.
# Behaviour  400 Invalid Upgrade header. HttpClient prefers HTTP/2 by default, so over http: its GET carries
#            `Upgrade: h2c`, an offer that a server may ignore. Node hands every request with an Upgrade header to the
#            listeners of that event once there is one, and ws answers before it looks at the path. The same GET is
#            answered 200 without ws, or when the client says version(HTTP_1_1). Health checks, webhooks and tests in
#            Java meet this; over https the version is agreed in TLS instead.
# Seen       without WebSockets: HTTP_1_1 200, HTTP_2 200; with WebSockets at /chat: HTTP_1_1 200, HTTP_2 400
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
command -v java >/dev/null
npm install --silent --no-audit --no-fund ws@8.23.0
cat >Client.java <<'END'
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;

class Client {
    public static void main(String[] args) throws Exception {
        var get = HttpRequest.newBuilder(URI.create(args[0])).build();
        var plain = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
        for (var client : List.of(plain, HttpClient.newHttpClient())) {
            var answer = client.send(get, BodyHandlers.ofString());
            System.out.println(client.version() + " " + answer.statusCode() + " " + answer.body());
        }
    }
}
END
cat >probe.js <<'END'
const { spawn } = require('child_process'), http = require('http'), WebSocket = require('ws');
async function probe(sockets) {
  const server = http.createServer((request, response) => response.end('well'));
  if (sockets) new WebSocket.Server({ server, path: '/chat' });
  await new Promise(done => server.listen(0, '127.0.0.1', done));
  const java = spawn('java', ['Client.java', `http://127.0.0.1:${server.address().port}/health`],
    { stdio: ['ignore', 'pipe', 'inherit'] });
  process.on('exit', () => java.kill());
  let printed = '';
  for await (const part of java.stdout) printed += part;
  server.close();
  return printed.trim().split('\n').join(', ');
}
(async () => {
  const without = await probe(false), beside = await probe(true);
  console.log(`without WebSockets: ${without}\nwith WebSockets at /chat: ${beside}`);
  const known = without === 'HTTP_1_1 200 well, HTTP_2 200 well'
    && beside === 'HTTP_1_1 200 well, HTTP_2 400 Invalid Upgrade header';
  console.log(known ? 'As known: the default client cannot GET from this server.' : 'This has changed.');
  process.exit(known ? 0 : 1);
})().catch(e => { console.error(e); process.exit(1); });
END
timeout 60 node probe.js
