package parley.room;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import parley.protocol.ReactionKey;
import parley.protocol.Reactions;
import parley.protocol.Reactor;

/**
 * Who has reacted to the messages of a room in memory. Their bytes are counted with the message, in the ring. For the
 * thread that serves the room's requests.
 */
final class MemoryReactors implements Reactors<RuntimeException> {
    /** The bytes of a sender besides its name: the record, the string, the entry of the map, the number. */
    static final int OVERHEAD_BYTES = 160;

    private static final class OfMessage {
        /** Of each key its senders with the numbers of their entries, oldest first. */
        final Map<ReactionKey, LinkedHashMap<Reactor, Long>> keys = new LinkedHashMap<>();

        long bytes;
    }

    private final TreeMap<Long, OfMessage> messages = new TreeMap<>();

    @Override
    public OptionalLong find(long message, ReactionKey key, Reactor sender) {
        Long seq = senders(message, key).get(sender);
        return seq == null ? OptionalLong.empty() : OptionalLong.of(seq);
    }

    private Map<Reactor, Long> senders(long message, ReactionKey key) {
        OfMessage its = messages.get(message);
        Map<Reactor, Long> senders = its == null ? null : its.keys.get(key);
        return senders == null ? Map.of() : senders;
    }

    @Override
    public void set(long message, ReactionKey key, Reactor sender, long seq) {
        OfMessage its = messages.computeIfAbsent(message, unused -> new OfMessage());
        its.keys.computeIfAbsent(key, unused -> new LinkedHashMap<>()).put(sender, seq);
        its.bytes += bytes(sender);
    }

    @Override
    public void takeBack(long message, ReactionKey key, Reactor sender) {
        OfMessage its = messages.get(message);
        Map<Reactor, Long> senders = senders(message, key);
        if (its == null || senders.remove(sender) == null) {
            return;
        }
        its.bytes -= bytes(sender);
        if (senders.isEmpty()) {
            its.keys.remove(key);
        }
        if (its.keys.isEmpty()) {
            messages.remove(message);
        }
    }

    private static long bytes(Reactor sender) {
        return OVERHEAD_BYTES + sender.name().length();
    }

    @Override
    public List<Reactor> newest(long message, ReactionKey key) {
        Map<Reactor, Long> senders = senders(message, key);
        List<Reactor> newest = new ArrayList<>();
        senders.keySet().stream()
                .skip(Math.max(0, senders.size() - Reactions.SHOWN))
                .forEach(sender -> newest.add(0, sender));
        return newest;
    }

    @Override
    public long held(long message) {
        OfMessage its = messages.get(message);
        return its == null ? 0 : its.bytes;
    }

    /** A message has been removed. */
    void forget(long message) {
        messages.remove(message);
    }

    /** Messages before that number are not kept any more. */
    void forgetBefore(long seq) {
        messages.headMap(seq).clear();
    }
}
