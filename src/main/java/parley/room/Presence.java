package parley.room;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Who is in a room, by name, and what of it has been told. Guarded by the room's lock, except for {@link #news}.
 *
 * <p>Comings and goings are not told one by one: the sweep makes <i>news</i> of what has changed since the last, a few times a
 * second at most. A member that has heard the news before gets the changes; one that has not gets everybody there is. In a
 * room with more names than its limit, news is the number of members alone.
 *
 * <p>The changes name every name that was touched, in {@code joined} when it is there now and in {@code left} when it is not,
 * though it may have come and gone in between: then they are right for a picture taken at any moment since the last news.
 */
public final class Presence {
    /**
     * What is told of the changes since the news before.
     *
     * @param version one more with each
     * @param joined null when the changes cannot be told and everybody has to be
     * @param left null with {@code joined}
     */
    record News(
            long version,
            @Nullable List<String> joined,
            @Nullable List<String> left,
            int count) {}

    /**
     * Who is there.
     *
     * @param names as many as may be told
     * @param isWhole whether these are all
     * @param count members, those without a name included
     */
    public record Picture(List<String> names, boolean isWhole, int count) {}

    /** How long after news there is none. */
    private static final long INTERVAL_NANOS = 250_000_000L;

    private final int maxNames;

    private volatile News news = new News(0, List.of(), List.of(), 0);

    // Guarded by the room's lock
    /** How many members go by a name. */
    private final Map<String, Integer> members = new LinkedHashMap<>();

    private final Set<String> touched = new LinkedHashSet<>();
    /** Whether more names than may be told were touched. */
    private boolean touchedTooMany;
    /** Whether somebody was told less than everybody since the last news, or with it. */
    private boolean hadTooMany;

    private int count;
    private long toldAtNanos;

    /** Whether somebody here has come or gone since it was last asked who is here. */
    private boolean hasChangedHere;

    /** Who is there on other nodes, which is a part of the above; empty in a room of one node. */
    private final Map<String, RoomStore.Present> elsewhere = new HashMap<>();

    /** The same by name, added up. */
    private final Map<String, Integer> namesElsewhere = new HashMap<>();

    Presence(int maxNames) {
        this.maxNames = maxNames;
    }

    /** The latest news. Any thread. */
    News news() {
        return news;
    }

    void joined(@Nullable String name) {
        hasChangedHere = true;
        count++;
        come(name);
    }

    void left(@Nullable String name) {
        hasChangedHere = true;
        count--;
        go(name);
    }

    void renamed(@Nullable String before, String now) {
        hasChangedHere = true;
        go(before);
        come(now);
    }

    int count() {
        return count;
    }

    boolean hasChangedHere() {
        return hasChangedHere;
    }

    /** Who is here, for other nodes. */
    RoomStore.Present here() {
        hasChangedHere = false;
        Map<String, Integer> names = new LinkedHashMap<>();
        int hereCount = count;
        boolean isWhole = true;
        for (RoomStore.Present there : elsewhere.values()) {
            hereCount -= there.count();
        }
        for (Map.Entry<String, Integer> one : members.entrySet()) {
            int here = one.getValue() - namesElsewhere.getOrDefault(one.getKey(), 0);
            if (here > 0 && names.size() >= maxNames) {
                isWhole = false;
                break;
            }
            if (here > 0) {
                names.put(one.getKey(), here);
            }
        }
        return new RoomStore.Present(hereCount, names, isWhole);
    }

    /** Takes in who is there on another node, in place of what was known of it. */
    void present(String node, RoomStore.Present there) {
        RoomStore.Present before = there.count() == 0 ? elsewhere.remove(node) : elsewhere.put(node, there);
        count += there.count();
        there.names().forEach((name, times) -> {
            come(name, times);
            namesElsewhere.merge(name, times, Integer::sum);
        });
        if (before != null) {
            count -= before.count();
            before.names().forEach((name, times) -> {
                go(name, times);
                namesElsewhere.merge(name, -times, (have, less) -> have + less == 0 ? null : have + less);
            });
        }
    }

    /** Who is there now. Who is told less than all of it needs everybody with the next news. */
    Picture picture() {
        List<String> names = members.keySet().stream().limit(maxNames).toList();
        boolean isWhole =
                names.size() == members.size() && elsewhere.values().stream().allMatch(RoomStore.Present::isWhole);
        hadTooMany |= !isWhole;
        return new Picture(names, isWhole, count);
    }

    /** Makes news of what has changed; false when nothing has, or when the last news is too young. */
    boolean tell(long nowNanos) {
        if (touched.isEmpty() && !touchedTooMany && count == news.count) {
            return false;
        }
        if (news.version > 0 && nowNanos - toldAtNanos < INTERVAL_NANOS) {
            return false;
        }
        toldAtNanos = nowNanos;
        boolean hasTooMany =
                members.size() > maxNames || !elsewhere.values().stream().allMatch(RoomStore.Present::isWhole);
        if (hasTooMany || hadTooMany || touchedTooMany) {
            news = new News(news.version + 1, null, null, count);
        } else {
            List<String> joined = new ArrayList<>();
            List<String> left = new ArrayList<>();
            touched.forEach(name -> (members.containsKey(name) ? joined : left).add(name));
            news = new News(news.version + 1, joined, left, count);
        }
        hadTooMany = hasTooMany;
        touchedTooMany = false;
        touched.clear();
        return true;
    }

    private void come(@Nullable String name) {
        if (name != null) {
            come(name, 1);
        }
    }

    private void come(String name, int times) {
        if (members.merge(name, times, Integer::sum) == times) {
            touch(name);
        }
    }

    private void go(@Nullable String name) {
        if (name != null) {
            go(name, 1);
        }
    }

    private void go(String name, int times) {
        if (members.merge(name, -times, (have, less) -> have + less == 0 ? null : have + less) == null) {
            touch(name);
        }
    }

    private void touch(String name) {
        touchedTooMany |= touched.size() >= maxNames && !touched.contains(name);
        if (touchedTooMany) {
            touched.clear();
        } else {
            touched.add(name);
        }
    }
}
