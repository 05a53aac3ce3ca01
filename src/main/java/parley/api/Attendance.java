package parley.api;

import java.util.List;

/**
 * Who is in a room.
 *
 * @param count how many, those without a name included
 * @param names what they are called, each once; up to {@code room.names}
 * @param isWhole whether these are all names
 */
public record Attendance(String room, int count, List<String> names, boolean isWhole) {
    /** Copies the list. */
    public Attendance {
        names = List.copyOf(names);
    }
}
