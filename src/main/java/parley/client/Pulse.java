package parley.client;

/** Whether a line is alive: when something came from it last, and what it owes. Used on the client's strand. */
final class Pulse {
    /** How long a connection may take until its welcome. */
    private static final long OPENING = 30_000;
    /** How long the server may be silent before it is pinged: with nothing to answer, and with a command to answer. */
    private static final long SILENCE = 30_000;

    private static final long OVERDUE = 5_000;
    /** How long the answer to a ping may take, and to any command; more for each byte on its way. */
    private static final long ANSWER = 10_000;

    private static final long COMMAND = 60_000;
    private static final long BYTES_PER_MILLI = 8;
    private static final long MOST_PATIENCE = 120_000;
    private static final long NEVER = Long.MIN_VALUE;

    /** What to do about a line. */
    enum Verdict {
        ALIVE,
        /** Ask it for a sign of life. */
        ASK,
        DEAD
    }

    private final ClientTimers timers;
    private final long openedAt;

    private long heardAt;
    private long askedAt = NEVER;
    /** How much the line had not passed on when it was last looked at. */
    private long buffered;

    /** Of a line that is being opened. */
    Pulse(ClientTimers timers) {
        this.timers = timers;
        this.openedAt = timers.now();
        this.heardAt = openedAt;
    }

    void heard() {
        heardAt = timers.now();
        askedAt = NEVER;
    }

    /** Looks at a line that has not said welcome. */
    Verdict lookBeforeWelcome() {
        return timers.now() - openedAt >= OPENING ? Verdict.DEAD : Verdict.ALIVE;
    }

    /** Looks at a line that has; {@code left} is what it has not passed on, {@code sent} what was not answered. */
    Verdict look(long left, Commands.OnTheirWay sent) {
        long now = timers.now();
        if (left < buffered) { // on a slow line this is all that happens for long
            heardAt = now;
            askedAt = askedAt == NEVER ? NEVER : now;
        }
        buffered = left;
        boolean owes = sent.oldest() != Asked.NOT_SENT;
        long more = sent.bytes() / BYTES_PER_MILLI;
        if (askedAt != NEVER) {
            return now - askedAt > Math.min(MOST_PATIENCE, ANSWER + more) ? Verdict.DEAD : Verdict.ALIVE;
        }
        if (owes && now - sent.oldest() > Math.min(MOST_PATIENCE, COMMAND + more)) {
            return Verdict.DEAD;
        }
        long silence = owes && now - sent.oldest() >= OVERDUE ? OVERDUE : SILENCE;
        if (now - heardAt < silence) {
            return Verdict.ALIVE;
        }
        askedAt = now;
        return Verdict.ASK;
    }
}
