#!/bin/bash
# Where many sessions meet one Jakarta WebSocket client container.
#
# Versions   Tyrus 2.2.2 (tyrus-standalone-client, Grizzly inside), Java 17, npm ws 8.23.0 as the server
# Guess      One WebSocketContainer is one set of threads, as one java.net.http.HttpClient is: fifty sessions from it
#            share a selector and a pool. And an open session keeps the program running.
# Behaviour  Each connectToServer starts another transport with a selector and two workers: fifty sessions are 150
#            threads, which is what a load test then measures. And all of them are daemons: when main returns, the
#            program ends with its sessions open, and the server sees 1006. The property
#            org.glassfish.tyrus.client.sharedContainer (Tyrus's own, true) gives one transport for all.
# Seen       50 sessions: 150 Grizzly threads, 0 of them keep the program; shared: 10 Grizzly threads
#            main returned: exit status 0, the server saw 1006 fifty times in each run
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund ws@8.23.0
jar=org.glassfish.tyrus.bundles:tyrus-standalone-client:2.2.2
timeout 200 mvn -B -q dependency:copy -Dartifact=$jar -DoutputDirectory=lib >mvn.log 2>&1 || { cat mvn.log; exit 1; }
cat >Client.java <<'END'
import jakarta.websocket.ClientEndpointConfig;
import jakarta.websocket.Endpoint;
import jakarta.websocket.EndpointConfig;
import jakarta.websocket.Session;
import java.net.URI;
import org.glassfish.tyrus.client.ClientManager;
import org.glassfish.tyrus.client.ClientProperties;

class Client {
    public static class Silent extends Endpoint {
        public void onOpen(Session session, EndpointConfig config) {}
    }

    public static void main(String[] args) throws Exception {
        var container = ClientManager.createClient();
        if (args[1].equals("shared")) container.getProperties().put(ClientProperties.SHARED_CONTAINER, true);
        for (int i = 0; i < 50; i++)
            container.connectToServer(new Silent(), ClientEndpointConfig.Builder.create().build(), URI.create(args[0]));
        var all = Thread.getAllStackTraces().keySet();
        var threads = all.stream().filter(t -> t.getName().startsWith("Grizzly")).toList();
        long lasting = threads.stream().filter(t -> !t.isDaemon()).count();
        System.out.print(threads.size() + " Grizzly threads, " + lasting + " of them keep the program");
    }
}
END
cat >probe.js <<'END'
const { spawn } = require('child_process'), WebSocket = require('ws');
const server = new WebSocket.Server({ port: 0, host: '127.0.0.1' }, async () => {
  async function probe(how) {
    let codes = {}, printed = '';
    const count = socket => socket.on('error', () => {}).on('close', c => { codes[c] = (codes[c] ?? 0) + 1; });
    server.on('connection', count);
    const java = spawn('java', ['-cp', 'lib/*', 'Client.java', 'ws://127.0.0.1:' + server.address().port, how],
      { stdio: ['ignore', 'pipe', 'inherit'] });
    process.on('exit', () => java.kill());
    const status = new Promise(done => java.on('exit', done));
    for await (const part of java.stdout) printed += part;
    printed += `; exit status ${await status}`;
    while (server.clients.size) await new Promise(done => setTimeout(done, 50));
    server.off('connection', count);
    return `${printed}, the server saw ${JSON.stringify(codes)}`;
  }
  const own = await probe('own'), shared = await probe('shared');
  console.log(`50 sessions: ${own}\nshared: ${shared}`);
  const end = '0 of them keep the program; exit status 0, the server saw {"1006":50}';
  const known = parseInt(own) >= 100 && own.endsWith(end) && parseInt(shared) < 30 && shared.endsWith(end);
  console.log(known ? 'As known: daemon threads of its own for each session.' : 'This has changed.');
  process.exit(known ? 0 : 1);
});
END
timeout 60 node probe.js
