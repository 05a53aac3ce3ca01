package parley.room;

import java.util.ArrayList;
import java.util.HashMap;
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

    /** By the message and the key, the senders with the numbers of their entries, oldest first. */
    private final TreeMap<Long, Map<ReactionKey, LinkedHashMap<Reactor, Long>>> messages = new TreeMap<>();

    @Override
    public OptionalLong find(long message, ReactionKey key, Reactor sender) {
        Long seq = senders(message, key).get(sender);
        return seq == null ? OptionalLong.empty() : OptionalLong.of(seq);
    }

    private Map<Reactor, Long> senders(long message, ReactionKey key) {
        Map<Reactor, Long> senders = messages.getOrDefault(message, Map.of()).get(key);
        return senders == null ? Map.of() : senders;
    }

    @Override
    public void set(long message, ReactionKey key, Reactor sender, long seq) {
        messages.computeIfAbsent(message, unused -> new HashMap<>())
                .computeIfAbsent(key, unused -> new LinkedHashMap<>())
                .put(sender, seq);
    }

    @Override
    public void takeBack(long message, ReactionKey key, Reactor sender) {
        Map<ReactionKey, LinkedHashMap<Reactor, Long>> keys = messages.get(message);
        Map<Reactor, Long> senders = keys == null ? null : keys.get(key);
        if (keys == null || senders == null) {
            return;
        }
        senders.remove(sender);
        if (senders.isEmpty()) {
            keys.remove(key);
        }
        if (keys.isEmpty()) {
            messages.remove(message);
        }
    }

    @Override
    public List<Reactor> newestBut(long message, ReactionKey key, Reactor sender) {
        Map<Reactor, Long> senders = senders(message, key);
        List<Reactor> newest = new ArrayList<>();
        senders.keySet().stream()
                .skip(Math.max(0, senders.size() - Reactions.SHOWN - 1))
                .filter(one -> !one.equals(sender))
                .forEach(one -> newest.add(0, one));
        return newest.subList(0, Math.min(newest.size(), Reactions.SHOWN));
    }

    @Override
    public long held(Reactor sender) {
        return OVERHEAD_BYTES + sender.name().length();
    }

    @Override
    public void removed(long message) {
        messages.remove(message);
    }

    /** Messages before that number are not kept any more. */
    void forgetBefore(long seq) {
        messages.headMap(seq).clear();
    }
}
