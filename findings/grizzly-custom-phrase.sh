#!/bin/bash
# The status line of statuses that came after HTTP/1.1's first list.
#
# Versions   Grizzly 4.0.2 (grizzly-http-server), Java 17
# Guess      response.setStatus(429) writes "429 Too Many Requests", or no phrase, as RFC 9112 section 4 allows.
# Behaviour  It writes "429 CUSTOM", a word that clients and logs then show, and so for 422, 426 and 428. 421 and 431,
#            which are as young, have their phrases. HttpStatus.newHttpStatus(429, "Too Many Requests") gives setStatus
#            one.
# Seen       [404 Not Found, 421 Misdirected Request, 422 CUSTOM, 426 CUSTOM, 428 CUSTOM, 429 CUSTOM,
#            431 Request Header Fields Too Large, 429 Too Many Requests]
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cat >pom.xml <<'END'
<project><modelVersion>4.0.0</modelVersion><groupId>a</groupId><artifactId>a</artifactId><version>1</version>
  <dependencies><dependency><groupId>org.glassfish.grizzly</groupId><artifactId>grizzly-http-server</artifactId>
    <version>4.0.2</version></dependency></dependencies></project>
END
timeout 200 mvn -B -q dependency:copy-dependencies -DoutputDirectory=lib >mvn.log 2>&1 || { cat mvn.log; exit 1; }
cat >Probe.java <<'END'
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import org.glassfish.grizzly.http.server.HttpHandler;
import org.glassfish.grizzly.http.server.HttpServer;
import org.glassfish.grizzly.http.server.NetworkListener;
import org.glassfish.grizzly.http.server.Request;
import org.glassfish.grizzly.http.server.Response;
import org.glassfish.grizzly.http.util.HttpStatus;

class Probe {
    public static void main(String[] args) throws Exception {
        HttpServer server = new HttpServer();
        NetworkListener listener = new NetworkListener("probe", "127.0.0.1", 0);
        server.addListener(listener);
        server.getServerConfiguration().addHttpHandler(new HttpHandler() {
            public void service(Request request, Response response) {
                String path = request.getRequestURI();
                if (path.equals("/named")) {
                    response.setStatus(HttpStatus.newHttpStatus(429, "Too Many Requests"));
                } else {
                    response.setStatus(Integer.parseInt(path.substring(1)));
                }
            }
        });
        server.start();
        List<String> lines = new ArrayList<>();
        for (String path : List.of("404", "421", "422", "426", "428", "429", "431", "named")) {
            try (Socket socket = new Socket("127.0.0.1", listener.getPort())) {
                String request = "GET /" + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
                socket.getOutputStream().write(request.getBytes());
                String line = new BufferedReader(new InputStreamReader(socket.getInputStream())).readLine();
                lines.add(line.substring("HTTP/1.1 ".length()));
            }
        }
        server.shutdownNow();
        System.out.println(lines);
    }
}
END
seen=$(timeout 60 java -cp 'lib/*' Probe.java 2>java.log) || { cat java.log; exit 1; }
echo "$seen"
known='[404 Not Found, 421 Misdirected Request, 422 CUSTOM, 426 CUSTOM, 428 CUSTOM, 429 CUSTOM,'
known="$known 431 Request Header Fields Too Large, 429 Too Many Requests]"
[ "$seen" = "$known" ] || { echo 'This has changed.'; exit 1; }
echo 'As known: CUSTOM is the phrase of statuses that Grizzly does not know.'
