package parley.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.nats.client.api.KeyValueConfiguration;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import parley.protocol.RoomName;
import parley.room.MarkStore;
import parley.testclient.NatsServer;

/** The bucket of read marks in a real NATS. */
class NatsMarksTest {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final RoomName JAVA = new RoomName("java");

    @TempDir
    private Path folder;

    private final Subjects subjects = new Subjects("parley", 1);
    private NatsServer nats;
    private Link link;
    private NatsConnection connection;
    private NatsMarks marks;

    @BeforeEach
    void connect() throws Exception {
        nats = NatsServer.start(folder);
        connection = new NatsConnection(nats, 1);
        link = connection.link;
        marks = new NatsMarks(connection.settings, subjects, link);
    }

    @AfterEach
    void end() throws Exception {
        connection.close();
        nats.close();
    }

    private long count() throws Exception {
        return link.connection()
                .jetStreamManagement()
                .getStreamInfo(subjects.markStream())
                .getStreamState()
                .getMsgCount();
    }

    private MarkBucket.Put put(String user) throws Exception {
        return marks.put(JAVA, user, 0, new MarkStore.Mark("e", 1)).get();
    }

    @Test
    void aSixteenthGoesWhenTheBucketIsFullAndNothingWhenItIsNot() throws Exception {
        link.connection()
                .keyValueManagement()
                .create(KeyValueConfiguration.builder()
                        .name(subjects.bucket())
                        .maxHistoryPerKey(1)
                        .maxBucketSize(40_000)
                        .build());
        int users = 0;
        while (put("user" + users) == MarkBucket.Put.DONE) {
            users++;
        }
        assertThat(users).isGreaterThan(100);
        long full = count(); // NATS itself lets some of the oldest go before it refuses one
        marks.letOldestGo();
        long left = count();
        assertThat(left).isEqualTo(full - full / 16 - 1);
        assertThat(put("another")).isEqualTo(MarkBucket.Put.DONE);
        marks.keepNewest(JAVA, left - 10);
        marks.letOldestGo();
        marks.letOldestGo();
        assertThat(count()).isEqualTo(left - 10);
        assertThat(marks.find(JAVA, "another").get().mark()).isEqualTo(new MarkStore.Mark("e", 1));
        assertThat(marks.find(JAVA, "user0").get().mark()).isNull();
    }

    @Test
    void theBucketIsMadeOnceAndMissingUntilThen() throws Exception {
        assertThat(marks.find(JAVA, "ann").handle((kept, failure) -> failure).get())
                .hasRootCauseInstanceOf(MarkBucket.NoBucketException.class)
                .isInstanceOf(Exception.class);
        marks.prepare();
        marks.prepare();
        assertThat(put("ann")).isEqualTo(MarkBucket.Put.DONE);
        assertThat(put("ann")).as("its revision is another").isEqualTo(MarkBucket.Put.MOVED);
    }
}
