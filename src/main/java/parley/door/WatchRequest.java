package parley.door;

import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import parley.protocol.WatchList;
import parley.room.WatchLimits;

/**
 * What a request for an event stream of watched rooms asks for. Immutable.
 *
 * @param parameters those of its query
 */
record WatchRequest(WatchList list, Map<String, String> parameters) {
    /**
     * Reads a request.
     *
     * @throws ReaderRequest.Wrong when it cannot be
     */
    static WatchRequest of(Request request, WatchLimits limits) throws ReaderRequest.Wrong {
        Map<String, String> parameters;
        List<String> named;
        try {
            parameters = Query.parse(request.query());
            named = Query.all(request.query(), "room");
        } catch (IllegalArgumentException e) {
            throw new ReaderRequest.Wrong(Admission.BROKEN_QUERY);
        }
        WatchList list = WatchList.parse(named, details(parameters))
                .orElseThrow(() -> new ReaderRequest.Wrong("each room is " + WatchList.RULE));
        int patterns = list.patterns().size();
        if (list.size() == 0 || list.size() > limits.rooms() || patterns > WatchLimits.PATTERNS) {
            throw new ReaderRequest.Wrong("a stream watches 1 to " + limits.rooms() + " rooms, up to "
                    + WatchLimits.PATTERNS + " of them patterns, as in /watch?room=a&room=team-*; not " + list.size()
                    + " with " + patterns + " patterns");
        }
        return new WatchRequest(list, parameters);
    }

    private static Set<WatchList.Detail> details(Map<String, String> parameters) throws ReaderRequest.Wrong {
        Set<WatchList.Detail> details = EnumSet.noneOf(WatchList.Detail.class);
        for (WatchList.Detail detail : WatchList.Detail.values()) {
            String wanted = parameters.getOrDefault(detail.word(), "false");
            if (wanted.equals("true")) {
                details.add(detail);
            } else if (!wanted.equals("false")) {
                throw new ReaderRequest.Wrong(detail.word() + " is true or false");
            }
        }
        return details;
    }
}
