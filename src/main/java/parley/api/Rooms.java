package parley.api;

import jakarta.servlet.ServletContext;

/**
 * The rooms of the Parley that is in this application. Any thread may call any method; none blocks.
 *
 * <p>With CDI it is a bean: {@code @Inject Rooms rooms}.
 */
public interface Rooms {
    /**
     * Finds the rooms of an application.
     *
     * @throws IllegalStateException when Parley has not been started there: its library is not in {@code WEB-INF/lib}, or
     *     this is called before its listener was
     */
    static Rooms of(ServletContext context) {
        if (context.getAttribute(Rooms.class.getName()) instanceof Rooms rooms) {
            return rooms;
        }
        throw new IllegalStateException("Parley has not been started in the application '" + context.getContextPath()
                + "': put its library into WEB-INF/lib, and call this when the application has been started.");
    }

    /**
     * A room, whether anybody is in it or not. It is made when it is needed.
     *
     * @param name 1 to 64 ASCII letters, digits, {@code .}, {@code _} and {@code -}, as in {@code /chat/{room}}
     * @throws IllegalArgumentException when the name cannot be
     */
    ChatRoom room(String name);

    /**
     * Closes the connections of all clients on this server that have a name at the moment. With a close frame of code
     * 1008; clients that keep to the protocol do not come back.
     *
     * @param reason what the close frame says: 1 to 123 bytes of UTF-8 without control characters
     * @return how many there were
     * @throws IllegalArgumentException when the name or the reason cannot be
     */
    int close(String member, String reason);
}
