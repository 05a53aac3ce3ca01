package parley.protocol;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A message to publish, or a signal to pass on, as it came in the body of a request. Immutable.
 *
 * @param from on behalf of whom; null when it does not say
 * @param standing what the message is besides what it says
 * @param rooms where, when the body says that; else null
 */
public record Post(
        Content content,
        @Nullable String id,
        @Nullable MemberName from,
        Standing standing,
        @Nullable List<RoomName> rooms)
        implements HttpJson.Decoded {}
