package parley.room;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import parley.protocol.Content;
import parley.protocol.Draft;
import parley.protocol.ReactionKey;
import parley.protocol.Reactions;
import parley.protocol.Reactor;

/** The reactions to some messages as simply as they can be kept, and random ones to put into it and into a store. */
public final class ReactionModel {
    private static final int KEYS = 5;
    private static final int MOST_KEYS = 3;
    private static final int SENDERS = 14;

    private final Random random;
    /** By message and key, oldest first; null for a message that was removed. */
    private final Map<Long, Map<ReactionKey, List<Reactor>>> messages = new TreeMap<>();

    /** Of that many messages, numbered from 1. */
    public ReactionModel(long seed, int count) {
        random = new Random(seed);
        for (long seq = 1; seq <= count; seq++) {
            messages.put(seq, new LinkedHashMap<>());
        }
    }

    /** A reaction of anybody to any of them. */
    public ReactionDraft next() {
        int sender = random.nextInt(SENDERS);
        String name = "s" + sender / 2; // of a user and a label that are called the same
        Draft draft = new Draft(name, sender % 2 == 0 ? name : null, Content.REACTIONS, null);
        long of = 1 + random.nextInt(messages.size());
        ReactionKey key = new ReactionKey("k" + random.nextInt(KEYS));
        return new ReactionDraft(of, draft, key, random.nextInt(3) == 0, MOST_KEYS, 1 << 20, null);
    }

    /** Makes a reaction, and returns what a store is to answer, its number left out. */
    public String make(ReactionDraft draft) {
        Map<ReactionKey, List<Reactor>> its = messages.get(draft.of());
        if (its == null) {
            return "not found";
        }
        List<Reactor> senders = its.getOrDefault(draft.key(), List.of());
        boolean isSet = senders.contains(draft.sender());
        if (isSet != draft.isOff()) {
            return "duplicate";
        }
        if (draft.isOff()) {
            senders.remove(draft.sender());
            if (senders.isEmpty()) {
                its.remove(draft.key());
            }
            return "made";
        }
        if (senders.isEmpty() && its.size() == MOST_KEYS) {
            return "too large";
        }
        its.computeIfAbsent(draft.key(), key -> new ArrayList<>()).add(draft.sender());
        return "made";
    }

    /** What a store has answered, in the same words. */
    public static String word(Outcome outcome) {
        if (outcome instanceof Outcome.Published published) {
            return published.duplicate() ? "duplicate" : "made";
        }
        return outcome instanceof Outcome.TooLarge
                ? "too large"
                : outcome instanceof Outcome.NotFound ? "not found" : String.valueOf(outcome);
    }

    /** A message is removed. */
    public void remove(long seq) {
        messages.put(seq, null);
    }

    /** Whether a message was not removed. */
    public boolean has(long seq) {
        return messages.get(seq) != null;
    }

    /** The reactions to a message, as clients are sent them. */
    public List<Reactions.OfKey> of(long seq) {
        List<Reactions.OfKey> all = new ArrayList<>();
        Map<ReactionKey, List<Reactor>> its = messages.get(seq);
        if (its != null) {
            its.forEach((key, senders) -> {
                List<Reactor> newest = new ArrayList<>();
                for (int i = senders.size() - 1; i >= 0 && newest.size() < Reactions.SHOWN; i--) {
                    newest.add(senders.get(i));
                }
                all.add(new Reactions.OfKey(key, senders.size(), newest));
            });
        }
        return all;
    }
}
