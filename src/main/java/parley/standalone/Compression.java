package parley.standalone;

import java.util.List;
import java.util.Optional;
import parley.delivery.DeflateCounts;
import parley.delivery.Deflation;

/** What a process agrees on with clients that offer to compress (RFC 7692), and does then. Any thread. */
final class Compression {
    private final Optional<Deflation> deflation;
    private final Inflaters inflaters;

    private Compression(Optional<Deflation> deflation, Inflaters inflaters) {
        this.deflation = deflation;
        this.inflaters = inflaters;
    }

    /** Declines every offer. */
    static Compression none() {
        return new Compression(Optional.empty(), new Inflaters(new DeflateCounts()));
    }

    /** Takes offers and compresses so. */
    static Compression with(Deflation deflation) {
        return new Compression(Optional.of(deflation), new Inflaters(deflation.counts()));
    }

    /**
     * What was agreed on with one client.
     *
     * @param answer what Sec-WebSocket-Extensions says in the answer to its handshake
     */
    record Agreed(DeflateTerms terms, String answer, Deflation deflation, Inflaters inflaters) {
        /** Gives back what was reserved for the client. Once. */
        void cancel() {
            if (terms == DeflateTerms.KEPT) {
                inflaters.cancel();
            }
        }
    }

    /**
     * Returns what to agree on with a client that sent these lines of Sec-WebSocket-Extensions. The inflaters then have
     * a reservation for a client whose decompressor stays.
     */
    Optional<Agreed> agree(List<String> lines) {
        return deflation.flatMap(with -> DeflateTerms.of(lines)
                .filter(taken -> taken.terms() == DeflateTerms.FRESH || inflaters.reserve())
                .map(taken -> new Agreed(taken.terms(), taken.answer(), with, inflaters)));
    }

    /** Lets go of what is outside the heap. */
    void close() {
        deflation.ifPresent(Deflation::close);
        inflaters.close();
    }
}
