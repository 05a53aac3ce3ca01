#!/bin/bash
# Where a stream of events ends in the middle of one, and Jersey's client reads it.
#
# Versions   jersey-media-sse and jersey-client 3.1.10 (Jakarta REST 3.1, SseEventSource), JDK 17
# Guess      An event without its blank line is dropped, and comes again when the client resumes; comments are for
#            proxies alone (HTML standard, section 9.2.6).
# Behaviour  The listener is called with half an event, such as JSON that ends too early, and the client then comes back
#            with the id of it: the whole one never comes. A comment, as servers send against silence, is an event with
#            empty data for the listener, and so is a retry alone.
# Remedy     The server writes the id behind the data; listeners pass over what is empty or no whole JSON.
# Seen       cut off: handed on 1/a 2/{"half, came back with 2
#            id behind: handed on 1/a null/{"half, came back with 1
#            comment: handed on 1/a null/, came back with 1
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cat >pom.xml <<'END'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion><groupId>probe</groupId><artifactId>probe</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>org.glassfish.jersey.media</groupId><artifactId>jersey-media-sse</artifactId>
      <version>3.1.10</version></dependency>
    <dependency><groupId>org.glassfish.jersey.core</groupId><artifactId>jersey-client</artifactId>
      <version>3.1.10</version></dependency>
    <dependency><groupId>org.glassfish.jersey.inject</groupId><artifactId>jersey-hk2</artifactId>
      <version>3.1.10</version></dependency>
  </dependencies>
</project>
END
mvn -B -q org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies -DoutputDirectory=jars >/dev/null
cat >Probe.java <<'END'
import com.sun.net.httpserver.HttpServer;
import jakarta.ws.rs.client.ClientBuilder;
import jakarta.ws.rs.sse.SseEventSource;
import java.net.InetSocketAddress;
import java.util.*;
import java.util.concurrent.*;
public class Probe {
    public static void main(String[] arguments) throws Exception {
        String first = "id: 1\ndata: a\n\n";
        probe("cut off", first + "id: 2\ndata: {\"half");
        probe("id behind", first + "data: {\"half");
        probe("comment", first + ": still here\n\n");
        System.exit(0);
    }
    static void probe(String name, String stream) throws Exception {
        BlockingQueue<String> positions = new LinkedBlockingQueue<>();
        List<String> got = new CopyOnWriteArrayList<>();
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
        server.createContext("/", exchange -> {
            String position = String.valueOf(exchange.getRequestHeaders().getFirst("Last-Event-ID"));
            if (position.equals("null")) {
                exchange.getResponseHeaders().add("Content-Type", "text/event-stream");
                exchange.sendResponseHeaders(200, 0);
                exchange.getResponseBody().write(stream.getBytes());
            } else {
                exchange.sendResponseHeaders(204, -1);
                positions.add(position);
            }
            exchange.close();
        });
        server.start();
        var target = ClientBuilder.newClient().target("http://127.0.0.1:" + server.getAddress().getPort() + "/");
        try (var source = SseEventSource.target(target).reconnectingEvery(50, TimeUnit.MILLISECONDS).build()) {
            source.register(event -> got.add(event.getId() + "/" + event.readData()));
            source.open();
            String position = positions.poll(20, TimeUnit.SECONDS);
            System.out.println(name + ": handed on " + String.join(" ", got) + ", came back with " + position);
        }
        server.stop(0);
    }
}
END
java -cp 'jars/*' Probe.java 2>/dev/null | tee seen
diff - seen <<<$'cut off: handed on 1/a 2/{"half, came back with 2
id behind: handed on 1/a null/{"half, came back with 1
comment: handed on 1/a null/, came back with 1'
