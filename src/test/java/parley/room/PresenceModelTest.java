package parley.room;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import parley.protocol.Attendee;
import parley.protocol.Content;

/**
 * Random joins, leaves, renames, states and losses of what nodes tell each other, on three nodes, with clients that take deltas,
 * miss some, and ask in between. Once quiet every client's picture is the truth. More with {@code
 * -Dparley.presence=20000} steps a run.
 */
class PresenceModelTest {
    private static final int STEPS = Integer.getInteger("parley.presence", 400);
    private static final int NODES = 3;

    /** A connection, as it is in truth. */
    private static final class Connection {
        final int node;
        final String user;
        String name;
        String state;

        Connection(int node, String user, String name) {
            this.node = node;
            this.user = user;
            this.name = name;
        }
    }

    /** What a client knows of a room: by deltas and snapshots alone, as docs/protocol.md says. */
    private static final class Picture {
        private final Presence presence;
        private long version;
        final Set<String> names = new HashSet<>();
        final Map<String, Attendee> members = new HashMap<>();
        boolean isWhole;
        int count;

        Picture(Presence presence) {
            this.presence = presence;
            this.version = presence.delta().version();
            look();
        }

        void look() {
            Presence.Snapshot now = presence.snapshot();
            names.clear();
            members.clear();
            names.addAll(now.names());
            now.members().forEach(member -> members.put(key(member), member));
            isWhole = now.isWhole();
            count = now.count();
        }

        void take() {
            Presence.Delta delta = presence.delta();
            if (delta.version() == version) {
                return;
            }
            boolean isNext = delta.version() == version + 1;
            version = delta.version();
            if (!isNext || delta.joined() == null) {
                look();
                return;
            }
            names.addAll(delta.joined());
            names.removeAll(delta.left());
            delta.gone().forEach(member -> members.remove(key(member)));
            delta.members().forEach(member -> members.put(key(member), member));
            count = delta.count();
        }

        private static String key(Attendee member) {
            return member.user() != null ? "@" + member.user() : "=" + member.name();
        }
    }

    private final List<Connection> connections = new ArrayList<>();
    private final List<Presence> nodes = new ArrayList<>();
    private final List<Picture> pictures = new ArrayList<>();
    private long now = 1_000;

    private long nanos;

    private void join(Connection one) {
        connections.add(one);
        nodes.get(one.node).joined(one.user, one.name);
    }

    private void leave(Connection one, Departure how) {
        connections.remove(one);
        nodes.get(one.node).left(one, one.user, one.name, how);
    }

    private void tell(int from, int to) {
        nodes.get(to).present("n" + from, nodes.get(from).here());
    }

    private void sweep(int node) {
        nanos += 250_000_000L;
        nodes.get(node).change(nanos);
    }

    private void step(Random random) {
        now += random.nextInt(3);
        int node = random.nextInt(NODES);
        Connection any = connections.isEmpty() ? null : connections.get(random.nextInt(connections.size()));
        int what = random.nextInt(14);
        if (what < 3) {
            String user = random.nextInt(3) == 0 ? null : "u" + random.nextInt(5);
            join(new Connection(node, user, random.nextInt(4) == 0 ? null : "n" + random.nextInt(5)));
        } else if (what < 6 && any != null) {
            leave(any, random.nextBoolean() ? Departure.LEFT : Departure.LOST);
        } else if (what < 7 && any != null) {
            String name = "n" + random.nextInt(5);
            nodes.get(any.node).renamed(any, any.user, any.name, name);
            any.name = name;
        } else if (what < 8) {
            tell(node, (node + 1 + random.nextInt(NODES - 1)) % NODES);
        } else if (what < 9) {
            nodes.get(node).lost("n" + (node + 1) % NODES); // it was silent for too long
        } else if (what < 10) {
            sweep(node);
        } else if (what < 11) {
            pictures.add(new Picture(nodes.get(node)));
        } else if (what < 13 && any != null) {
            Content state = random.nextInt(4) == 0 ? null : state("{" + random.nextInt(9) + "}");
            if (nodes.get(any.node).show(any, any.user, any.name, state) == Shown.DONE) {
                any.state = state == null ? null : state.text();
            }
        } else if (!pictures.isEmpty()) {
            Picture one = pictures.get(random.nextInt(pictures.size()));
            if (random.nextInt(3) == 0) {
                one.look(); // it asks who is there
            } else {
                one.take();
            }
        }
    }

    private static Content state(String text) {
        return new Content(Content.Kind.DATA, text, text.length());
    }

    /** So long that nobody is away any more, and that a delta has as much as its bytes allow. */
    private void quiet() {
        for (int i = 0; i < 100; i++) {
            for (int from = 0; from < NODES; from++) {
                for (int to = 0; to < NODES; to++) {
                    if (from != to) {
                        tell(from, to);
                    }
                }
            }
            for (int node = 0; node < NODES; node++) {
                sweep(node);
            }
            pictures.forEach(Picture::take);
        }
    }

    /** The states that the connections of an entry show. */
    private Set<String> states(Attendee member) {
        Set<String> states = new HashSet<>();
        for (Connection one : connections) {
            boolean isIts = member.user() != null
                    ? member.user().equals(one.user)
                    : one.user == null && member.name().equals(one.name);
            if (isIts && one.state != null) {
                states.add(one.state);
            }
        }
        return states;
    }

    @RepeatedTest(20)
    void onceQuietEveryPictureIsTheTruth(RepetitionInfo repetition) {
        Random random = new Random(repetition.getCurrentRepetition());
        int most = random.nextBoolean() ? 100 : 6; // fewer than there are at times
        RoomLimits limits = Samples.limits(most, Duration.ofMillis(250), 200);
        for (int i = 0; i < NODES; i++) {
            nodes.add(new Presence(
                    limits, new PresenceBytes(new SharedBytes(1 << 20), new SharedBytes(1 << 20)), () -> now));
        }
        for (int i = 0; i < STEPS; i++) {
            step(random);
        }
        quiet();
        Map<String, Integer> users = new HashMap<>();
        Set<String> labels = new HashSet<>();
        for (Connection one : connections) {
            if (one.user != null) {
                users.merge(one.user, 1, Integer::sum);
            } else if (one.name != null) {
                labels.add(one.name);
            }
        }
        Picture truth = new Picture(nodes.get(0));
        for (Picture picture : pictures) {
            assertThat(picture.count).isEqualTo(connections.size());
            if (users.size() + labels.size() <= most) {
                assertThat(picture.names).isEqualTo(truth.names);
                assertThat(picture.members).isEqualTo(truth.members);
                Map<String, Integer> told = new HashMap<>();
                Set<String> names = new HashSet<>(labels);
                picture.members.values().forEach(member -> {
                    if (member.user() != null) {
                        told.put(member.user(), member.connections());
                    }
                    Set<String> states = states(member);
                    assertThat(
                                    member.state() == null
                                            ? states.isEmpty()
                                            : states.contains(member.state().text()))
                            .as("%s of %s", member, states)
                            .isTrue();
                    if (member.name() != null) {
                        names.add(member.name());
                    }
                });
                assertThat(told).isEqualTo(users);
                assertThat(picture.names).isEqualTo(names);
            }
        }
        while (!connections.isEmpty()) {
            leave(connections.get(0), Departure.LEFT);
        }
        quiet();
        pictures.forEach(picture -> {
            assertThat(picture.count).isZero();
            assertThat(picture.names).isEmpty();
            assertThat(picture.members).isEmpty();
        });
    }
}
