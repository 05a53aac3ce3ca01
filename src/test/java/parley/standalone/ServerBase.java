package parley.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.junit.jupiter.api.AfterEach;
import parley.app.Settings;
import parley.app.SettingsSources;
import parley.room.Counts;
import parley.session.Ending;
import parley.testclient.RawClient;

/** A server by itself for each test, over real sockets, that leaves nothing behind. */
abstract class ServerBase {
    Server server;

    final void start(String... settings) throws IOException {
        SettingsSources sources = new SettingsSources(Map.of(), new Properties()).set("listen.port", "0");
        for (String setting : settings) {
            sources.set(setting.split("=")[0], setting.split("=")[1]);
        }
        Settings all = sources.load();
        server = new Server(all, Path.of("webapp"));
    }

    /** Whatever a test did: after the stop no session, no member and no thread is left. */
    @AfterEach
    final void stopAndLeaveNothing() {
        if (server == null) {
            return;
        }
        server.stop();
        assertThat(server.parley().sessions().openCount()).isZero();
        assertThat(server.parley().sessions().notYetGoneCount()).isZero();
        assertThat(server.parley().rooms().memberCount()).isZero();
        assertThat(server.parley().sessions().endedCount(Ending.FAULT)).isZero();
        Counts counts = server.parley().rooms().counts();
        assertThat(counts.offered()).isEqualTo(counts.delivered() + counts.missed());
        await().untilAsserted(() -> assertThat(threadsOfTheServer()).isEmpty());
    }

    static List<String> threadsOfTheServer() {
        return Thread.getAllStackTraces().keySet().stream()
                .map(Thread::getName)
                .filter(name -> name.startsWith("parley") || name.contains("rizzly") || name.contains("tyrus"))
                .toList();
    }

    final String ws(String path) {
        return "ws://127.0.0.1:" + server.port() + path;
    }

    final RawClient raw(String path) throws IOException {
        return RawClient.open(server.port(), path);
    }

    final void awaitEnding(Ending why) {
        await().until(() -> server.parley().sessions().endedCount(why) == 1);
    }

    final void awaitMembers(int count) {
        await().until(() -> server.parley().rooms().memberCount() == count);
    }
}
