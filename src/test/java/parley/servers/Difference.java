package parley.servers;

/**
 * What a client or an operator may see on some servers and not on others, because the server leaves Parley no choice.
 * The tests expect the difference where {@link Kind} names it, so that it is noticed when it goes; docs/servers.md
 * lists them all.
 */
public enum Difference {
    COMPRESSES("Compresses messages when the client asks for it (permessage-deflate)."),
    STOPS_WITHOUT_A_WORD(
            "May cut connections when it is stopped, before the application hears of it; an undeploy closes them with"
                    + " 1001."),
    STOPS_BEFORE_PARLEY(
            "Closes connections itself with 1001 when it is stopped, before the application hears of it: without bye"
                    + " and without Parley's words; an undeploy has both."),
    WAITS_FOR_THE_ANSWER_TO_A_CLOSE(
            "Leaves the TCP connection open while a client that was sent a close frame does not answer it, for half a"
                    + " minute at least."),
    CUTS_WHO_IS_STILL_SENDING(
            "Closes the TCP connection behind its close frame at once: a client that is still sending gets a reset"
                    + " and may not read why it was closed."),
    TAKES_FRAMES_WITHOUT_A_MASK("Takes frames without a mask, which RFC 6455 forbids."),
    WAITS_FOR_LONG_FRAMES(
            "Waits for the rest of a frame whose header says that it is longer than a message may be, up to 4 MiB."),
    WAITS_FOR_WHO_DOES_NOT_READ(
            "Keeps the TCP connection of a client that does not read, and what it was sent, until it reads or goes;"
                    + " may hold a thread for 30 seconds to close it."),
    DROPS_WHAT_COMES_WITH_THE_HANDSHAKE(
            "Drops what a client sends before it has the answer to its handshake, which RFC 6455 does not allow it"
                    + " to, and on a busy machine now and then what it sends right behind it."),
    CUTS_NO_CHARACTERS("Closes with 1007 when a fragment of a text message ends within a character."),
    ANSWERS_YOUNG_CODES_WITH_1002("Answers a client that closes with 1012, 1013 or 1014 with 1002."),
    DOES_NOT_TELL_WHO_CLOSED(
            "A client that closes with 1002, 1007 or 1009 and a reason, or on Open Liberty with 1011 and one, may be"
                    + " counted as malformed or lost: the server does not tell whether it or the client closed."),
    ANSWERS_A_CLOSE_AT_ONCE("Answers a client's close at once: answers to the last commands before it may be missing."),
    DOES_NOT_SEE_A_CLIENT_GO_WHILE_IT_WAITS(
            "Does not notice that a client goes while its long poll waits: the poll ends, and stops counting, when its"
                    + " answer is due."),
    MAY_KEEP_A_CLOSING_THREAD(
            "Now and then keeps for ever a thread that closes a client which takes nothing, when its own timeout of"
                    + " what the client was sent comes at that moment; Parley goes on with others."),
    LOSES_A_COMPLETION(
            "Now and then never completes a send when many clients come at once on a busy machine: the client is"
                    + " closed with 1013 after `session.send-deadline`, or gets a frame that is none, and comes back."),
    KEEPS_THE_LAST(
            "May keep the classes of an application that was undeployed, as long as a thread that served it serves no"
                    + " other."),
    KEEPS_CLASSES("Keeps the classes of an application that was undeployed for a while, or until it is stopped.");

    private final String words;

    Difference(String words) {
        this.words = words;
    }

    /** The sentence in docs/servers.md. */
    public String words() {
        return words;
    }
}
