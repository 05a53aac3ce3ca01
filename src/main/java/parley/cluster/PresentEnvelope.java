package parley.cluster;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import parley.protocol.Content;
import parley.protocol.Utf8;
import parley.room.RoomStore;

/**
 * Who is in a room at a node, as that tells the others, in the bytes of {@link Envelope}: fixed fields, then tagged
 * ones.
 *
 * <p>The names among the fixed fields are those of users too, as nodes before users had them: such a node shows each
 * connection of a user as a label. Users follow in a tagged field, and a node that reads it takes their names out again.
 * States, and names without a connection that may come back, are in fields of their own.
 */
record PresentEnvelope(String node, RoomStore.Present present) {
    private static final int TAG_USERS = 1;
    private static final int TAG_STATES_OF_USERS = 2;
    private static final int TAG_STATES = 3;
    private static final int TAG_AWAY = 4;
    private static final int MOST = 1_000_000;

    byte[] encode() {
        Map<String, Integer> names = new LinkedHashMap<>(present.names());
        present.users().values().forEach(user -> {
            if (user.name() != null && user.connections() > 0) {
                names.merge(user.name(), user.connections(), Integer::sum);
            }
        });
        return Envelope.write(out -> {
            out.writeUTF(node);
            out.writeInt(present.count());
            out.writeBoolean(present.isWhole());
            out.writeInt(names.size());
            for (Map.Entry<String, Integer> name : names.entrySet()) {
                out.writeUTF(name.getKey());
                out.writeInt(name.getValue());
            }
            if (!present.users().isEmpty()) {
                Envelope.writeTagged(out, TAG_USERS, users());
                writeStates(out, TAG_STATES_OF_USERS, statesOfUsers());
            }
            writeStates(out, TAG_STATES, present.states());
            if (!present.away().isEmpty()) {
                Envelope.writeTagged(out, TAG_AWAY, away());
            }
        });
    }

    private byte[] away() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            out.writeInt(present.away().size());
            for (String name : present.away()) {
                out.writeUTF(name);
            }
        }
        return bytes.toByteArray();
    }

    private static Set<String> away(DataInputStream in) throws IOException {
        int size = Math.min(in.readInt(), MOST);
        Set<String> names = new HashSet<>();
        for (int i = 0; i < size; i++) {
            names.add(in.readUTF());
        }
        return names;
    }

    private Map<String, RoomStore.State> statesOfUsers() {
        Map<String, RoomStore.State> states = new LinkedHashMap<>();
        present.users().forEach((user, part) -> {
            if (part.state() != null) {
                states.put(user, part.state());
            }
        });
        return states;
    }

    private static void writeStates(DataOutputStream out, int tag, Map<String, RoomStore.State> states)
            throws IOException {
        if (states.isEmpty()) {
            return;
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream field = new DataOutputStream(bytes)) {
            field.writeInt(states.size());
            for (Map.Entry<String, RoomStore.State> state : states.entrySet()) {
                field.writeUTF(state.getKey());
                field.writeUTF(state.getValue().content().text());
                field.writeLong(state.getValue().at());
            }
        }
        Envelope.writeTagged(out, tag, bytes.toByteArray());
    }

    private static Map<String, RoomStore.State> states(DataInputStream in) throws IOException {
        int size = Math.min(in.readInt(), MOST);
        Map<String, RoomStore.State> states = new HashMap<>();
        for (int i = 0; i < size; i++) {
            String of = in.readUTF();
            String text = in.readUTF();
            Content content = new Content(Content.Kind.DATA, text, Utf8.length(text));
            states.put(of, new RoomStore.State(content, in.readLong()));
        }
        return states;
    }

    private byte[] users() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            out.writeInt(present.users().size());
            for (Map.Entry<String, RoomStore.User> user : present.users().entrySet()) {
                out.writeUTF(user.getKey());
                out.writeInt(user.getValue().connections());
                Envelope.writeOptional(out, user.getValue().name());
                out.writeLong(user.getValue().namedAt());
            }
        }
        return bytes.toByteArray();
    }

    static PresentEnvelope decode(byte[] bytes) throws Envelope.UnreadableException {
        return Envelope.read(bytes, in -> {
            String node = in.readUTF();
            int count = in.readInt();
            boolean isWhole = in.readBoolean();
            int size = Math.min(in.readInt(), MOST);
            Map<String, Integer> names = new HashMap<>();
            for (int i = 0; i < size; i++) {
                names.put(in.readUTF(), in.readInt());
            }
            Map<String, RoomStore.User> users = new HashMap<>();
            Map<String, RoomStore.State> states = Map.of();
            Map<String, RoomStore.State> statesOfUsers = Map.of();
            Set<String> away = Set.of();
            for (int tag = in.read(); tag >= 0; tag = in.read()) {
                DataInputStream field = new DataInputStream(new ByteArrayInputStream(Envelope.readBytes(in)));
                switch (tag) {
                    case TAG_USERS -> users = users(field);
                    case TAG_STATES_OF_USERS -> statesOfUsers = states(field);
                    case TAG_STATES -> states = states(field);
                    case TAG_AWAY -> away = away(field);
                    default -> {} // of a later version
                }
            }
            Map<String, RoomStore.State> shown = statesOfUsers;
            users.replaceAll((user, part) ->
                    new RoomStore.User(part.connections(), part.name(), part.namedAt(), shown.get(user)));
            users.values().forEach(user -> {
                if (user.name() != null && user.connections() > 0) {
                    names.computeIfPresent(
                            user.name(), (name, all) -> all > user.connections() ? all - user.connections() : null);
                }
            });
            return new PresentEnvelope(node, new RoomStore.Present(count, names, isWhole, users, states, away));
        });
    }

    private static Map<String, RoomStore.User> users(DataInputStream in) throws IOException {
        int size = Math.min(in.readInt(), MOST);
        Map<String, RoomStore.User> users = new HashMap<>();
        for (int i = 0; i < size; i++) {
            String user = in.readUTF();
            users.put(user, new RoomStore.User(in.readInt(), Envelope.readOptional(in), in.readLong(), null));
        }
        return users;
    }
}
