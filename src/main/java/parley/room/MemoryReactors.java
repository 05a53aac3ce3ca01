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
import parley.protocol.Utf8;

/**
 * Who has reacted to the messages of a room in memory. Their bytes are counted with the message, in the ring, and have
 * a bound ({@link ReactionDraft}). For the thread that serves the room's requests.
 */
final class MemoryReactors implements Reactors<RuntimeException> {
    /** The bytes of a sender besides its name and key: the record, the strings, the entry of the map, the number. */
    static final int OVERHEAD_BYTES = 160;

    /** By the message and the key, the senders with the numbers of their entries, oldest first. */
    private final TreeMap<Long, Map<ReactionKey, LinkedHashMap<Reactor, Long>>> messages = new TreeMap<>();

    private long held;

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
        held += held(key, sender);
    }

    @Override
    public void takeBack(long message, ReactionKey key, Reactor sender) {
        Map<ReactionKey, LinkedHashMap<Reactor, Long>> keys = messages.get(message);
        Map<Reactor, Long> senders = keys == null ? null : keys.get(key);
        if (keys == null || senders == null) {
            return;
        }
        held -= senders.remove(sender) == null ? 0 : held(key, sender);
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
    public long held(ReactionKey key, Reactor sender) {
        return OVERHEAD_BYTES + Utf8.length(key.value()) + Utf8.length(sender.name());
    }

    @Override
    public long held() {
        return held;
    }

    @Override
    public void removed(long message) {
        gone(messages.getOrDefault(message, Map.of()));
        messages.remove(message);
    }

    private void gone(Map<ReactionKey, LinkedHashMap<Reactor, Long>> keys) {
        keys.forEach((key, senders) -> senders.keySet().forEach(sender -> held -= held(key, sender)));
    }

    /** Messages before that number are not kept any more. */
    void forgetBefore(long seq) {
        Map<Long, Map<ReactionKey, LinkedHashMap<Reactor, Long>>> before = messages.headMap(seq);
        before.values().forEach(this::gone);
        before.clear();
    }
}
