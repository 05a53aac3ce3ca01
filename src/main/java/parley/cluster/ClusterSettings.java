package parley.cluster;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a node joins its cluster, and what the cluster keeps.
 *
 * @param servers addresses of NATS servers, {@code nats://} or {@code tls://}
 * @param name what streams and subjects begin with: clusters of different names do not see each other
 * @param login who the node is to NATS
 * @param streams how many streams the rooms are spread over; the same for the life of the cluster
 * @param replicas how many NATS servers keep each stream
 * @param kept what the streams keep
 * @param deadline how long a message may wait to be acknowledged
 * @param waitingBytes what may wait, in bytes; more is refused
 * @param messageBytes how many bytes of content clients may send in a message
 * @param nodeTimeout how long a node may be silent before its members are taken to be gone
 */
public record ClusterSettings(
        List<String> servers,
        String name,
        Login login,
        int streams,
        int replicas,
        Kept kept,
        Duration deadline,
        long waitingBytes,
        long messageBytes,
        Duration nodeTimeout) {

    /**
     * Who the node is: by a credentials file, or a user with a password, or a token, or none of these.
     *
     * @param truststore certificates to trust, in PKCS #12, in place of those that Java does
     */
    public record Login(
            @Nullable Path credentials,
            String user,
            String password,
            String token,
            @Nullable Path truststore,
            String truststorePassword) {}

    /**
     * What is kept.
     *
     * @param messages of each room
     * @param bytes of each stream; 0 for any
     * @param age of each message; zero for any
     * @param again how long a message said again with the same {@code id} is known
     */
    public record Kept(long messages, long bytes, Duration age, Duration again) {}
}
