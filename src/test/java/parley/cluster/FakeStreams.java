package parley.cluster;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import parley.protocol.Content;
import parley.protocol.Draft;

/** One stream in memory, of which another server may have less. For one thread. */
final class FakeStreams implements Streams {
    private record Stored(String subject, byte[] data) {}

    private final NavigableMap<Long, Stored> messages = new TreeMap<>();
    /** The most recent numbers of each subject, from which an envelope takes where to go back. */
    private final Map<String, List<Long>> numbers = new TreeMap<>();

    private long last;
    private long first = 1;
    /** How many messages it gives at once. */
    int batch = Integer.MAX_VALUE;
    /** Up to which number the server that is read from has messages. */
    long thereUpTo = Long.MAX_VALUE;

    boolean isReachable = true;
    /** Whether the server that leads the stream answers. */
    boolean isLeaderReachable = true;
    /** Called before something is stored behind something else. */
    Runnable beforeStoring = () -> {};

    boolean isFull;
    /** How often something is stored or erased before the node that does so ends. */
    int stepsLeft = Integer.MAX_VALUE;

    String epoch = "e";
    String leader = "a";
    /** How often {@link #read} was called. */
    int reads;
    /** How often the leader was asked anything. */
    int asked;

    /** Stores a message as a node does that knows all before it. */
    long store(String subject) {
        List<Long> before = numbers.computeIfAbsent(subject, s -> new ArrayList<>());
        long back = before.size() < Remote.STRIDE ? 0 : before.get(before.size() - Remote.STRIDE);
        long newest = before.isEmpty() ? 0 : before.get(before.size() - 1);
        Draft draft = new Draft(null, Content.text("m", 1), null);
        return store(subject, new Envelope("n", 0, back, new Envelope.Quiet(newest, last), draft).encode());
    }

    long store(String subject, byte[] data) {
        last++;
        messages.put(last, new Stored(subject, data));
        numbers.computeIfAbsent(subject, s -> new ArrayList<>()).add(last);
        return last;
    }

    /** Lets go of the messages before a number. */
    void trim(long before) {
        messages.headMap(before).clear();
        first = Math.max(first, before);
    }

    void remove(long seq) {
        messages.remove(seq);
    }

    /** All that is stored. */
    List<byte[]> all() {
        return messages.values().stream().map(Stored::data).toList();
    }

    @Override
    public void await() throws IOException {
        reach();
    }

    private void reach() throws IOException {
        if (!isReachable) {
            throw new IOException("no answer");
        }
    }

    private void reachLeader() throws IOException {
        reach();
        if (!isLeaderReachable) {
            throw new IOException("no answer");
        }
        asked++;
    }

    @Override
    public State prepare(int shard) throws IOException {
        reach();
        return state(shard, null);
    }

    @Override
    public State state(int shard, String subject) throws IOException {
        reachLeader();
        long count = messages.values().stream()
                .filter(stored -> stored.subject.equals(subject))
                .count();
        return new State(epoch, leader, first, last, count, isFull);
    }

    @Override
    public Batch read(int shard, String subject, long from, int limit, long bytes) throws IOException {
        reach();
        reads++;
        List<Kept> found = new ArrayList<>();
        long size = 0;
        for (Map.Entry<Long, Stored> next : messages.tailMap(from).entrySet()) {
            if (next.getKey() > thereUpTo) {
                break;
            }
            if (next.getValue().subject.equals(subject)) {
                if (found.size() >= Math.min(limit, batch) || (size > 0 && size >= bytes)) {
                    return new Batch(found, false);
                }
                size += next.getValue().data.length;
                found.add(new Kept(next.getKey(), next.getValue().data, null));
            }
        }
        return new Batch(found, true);
    }

    @Override
    public Kept next(int shard, String subject, long from) throws IOException {
        reachLeader();
        return messages.tailMap(from).entrySet().stream()
                .filter(entry -> entry.getValue().subject.equals(subject))
                .findFirst()
                .map(FakeStreams::kept)
                .orElse(null);
    }

    private static Kept kept(Map.Entry<Long, Stored> entry) {
        return new Kept(entry.getKey(), entry.getValue().data, null);
    }

    @Override
    public List<Kept> last(int shard, List<String> subjects) throws IOException {
        reachLeader();
        List<Kept> last = new ArrayList<>();
        for (String subject : subjects) {
            last.add(messages.descendingMap().entrySet().stream()
                    .filter(entry -> entry.getValue().subject.equals(subject))
                    .findFirst()
                    .map(FakeStreams::kept)
                    .orElse(null));
        }
        return last;
    }

    @Override
    public Set<String> subjects(int shard, String wildcard) throws IOException {
        reachLeader();
        String begin = wildcard.substring(0, wildcard.length() - 1);
        return messages.values().stream()
                .map(Stored::subject)
                .filter(subject -> subject.startsWith(begin))
                .collect(Collectors.toSet());
    }

    @Override
    public void erase(int shard, long seq) throws IOException {
        reach();
        if (stepsLeft-- <= 0) {
            throw new IOException("the node has ended");
        }
        messages.remove(seq);
        first = messages.isEmpty() ? last + 1 : messages.firstKey();
    }

    @Override
    public long store(int shard, String subject, long behind, byte[] data) throws IOException {
        beforeStoring.run();
        Kept last = last(shard, List.of(subject)).get(0);
        if (stepsLeft-- <= 0) {
            throw new IOException("the node has ended");
        }
        if ((last == null ? 0 : last.seq()) != behind) {
            throw new IOException("wrong last sequence");
        }
        return store(subject, data);
    }

    @Override
    public void purge(int shard, String subject, long before) throws IOException {
        reach();
        messages.headMap(before).values().removeIf(stored -> stored.subject.equals(subject));
    }
}
