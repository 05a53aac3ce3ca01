#!/bin/bash
# Where Java's own WebSocket client meets a server that goes right behind a message.
#
# Versions   OpenJDK 17.0.15 (25.0.3 does the same), npm ws 8.23.0
# Guess      A client that has requested enough hears of the end of its TCP connection at once: onClose with 1006, or
#            onError. Programs come back when one of the two is called.
# Behaviour  When the end (FIN) comes right behind a message, a third of the connections and more hear nothing: not
#            then, not when they request more, not later. isInputClosed() stays false. Pings go well too at first; the
#            third or fourth fails. When the end comes alone, or behind a close frame, all hear of it. A server that is
#            killed while it talks leaves clients that wait for ever, unless they ping and count.
# Seen       the end alone: 0 of 100 heard nothing
#            a message and a close frame: 0 of 100 heard nothing
#            a message and the end: 79 of 100 heard nothing; of these 79 had a ping that failed, the 4th at the earliest
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund ws@8.23.0
cat >server.js <<'END'
const { WebSocketServer } = require('ws');
const server = new WebSocketServer({ port: 0, host: '127.0.0.1' }, () => console.log(server.address().port));
const ways = {
  '/alone': socket => socket._socket.end(),
  '/close': socket => { socket.send('hello'); socket.close(1001); },
  '/end': socket => { socket.send('hello'); socket._socket.end(); },
};
server.on('connection', (socket, request) => setTimeout(() => ways[request.url](socket), 50));
END
node server.js >port &
trap 'kill $!; rm -rf "$work"' EXIT
until [ -s port ]; do sleep 0.1; done
cat >Probe.java <<'END'
import java.net.URI;
import java.net.http.*;
import java.nio.ByteBuffer;
import java.util.*;
import java.util.concurrent.*;

class Probe {
    static int silent(HttpClient http, String address, String what) throws Exception {
        Set<WebSocket> waiting = ConcurrentHashMap.newKeySet();
        for (int i = 0; i < 100; i++)
            http.newWebSocketBuilder().buildAsync(URI.create(address), new WebSocket.Listener() {
                @Override public void onOpen(WebSocket socket) { waiting.add(socket); socket.request(1_000); }
                @Override public CompletionStage<?> onText(WebSocket s, CharSequence text, boolean l) { return null; }
                @Override public void onError(WebSocket socket, Throwable error) { waiting.remove(socket); }
                @Override public CompletionStage<?> onClose(WebSocket socket, int code, String reason) {
                    return waiting.remove(socket) ? null : null;
                }
            }).get();
        Thread.sleep(3_000);
        int left = waiting.size(), failed = 0, earliest = 99;
        for (WebSocket socket : new ArrayList<>(waiting))
            for (int ping = 1; ping <= 10; ping++, Thread.sleep(20))
                try {
                    socket.sendPing(ByteBuffer.allocate(1)).get();
                } catch (ExecutionException e) {
                    failed++;
                    earliest = Math.min(earliest, ping);
                    break;
                }
        System.out.println(what + ": " + left + " of 100 heard nothing" + (left == 0 ? "" : "; of these " + failed
                + " had a ping that failed, the " + earliest + "th at the earliest"));
        return left;
    }

    public static void main(String[] args) throws Exception {
        HttpClient http = HttpClient.newHttpClient();
        String server = "ws://127.0.0.1:" + args[0];
        int alone = silent(http, server + "/alone", "the end alone");
        int close = silent(http, server + "/close", "a message and a close frame");
        int end = silent(http, server + "/end", "a message and the end");
        boolean isKnown = alone + close == 0 && end > 5;
        System.out.println(isKnown ? "As known: an end behind a message is not heard." : "This has changed.");
        System.exit(isKnown ? 0 : 1);
    }
}
END
timeout 60 java Probe.java "$(cat port)"
