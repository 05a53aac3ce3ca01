package parley.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** RFC 7692 sections 5 and 7.1. */
class DeflateTermsTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "permessage-deflate; client_max_window_bits",
                "Permessage-Deflate;Client_Max_Window_Bits=15",
                "permessage-deflate; client_max_window_bits=\"8\"",
                "permessage-deflate; client_max_window_bits = 10; server_no_context_takeover",
                "permessage-deflate; client_no_context_takeover; server_max_window_bits=15",
                "x-other, permessage-deflate; client_no_context_takeover",
                "permessage-deflate; server_max_window_bits=9, permessage-deflate; client_max_window_bits",
            })
    void aClientThatReadsParametersIsAskedToForgetEachMessage(String offer) {
        assertThat(termsOf(offer)).hasValue(DeflateTerms.FRESH);
    }

    /** Firefox, and Tyrus's extension, which does not read the answer. */
    @ParameterizedTest
    @ValueSource(strings = {"permessage-deflate", "permessage-deflate; server_no_context_takeover"})
    void oneThatMayNotIsNot(String offer) {
        assertThat(termsOf(offer)).hasValue(DeflateTerms.KEPT);
    }

    /** Section 7.1.2.1. The websockets library of Python closes otherwise. */
    @ParameterizedTest
    @CsvSource({
        "permessage-deflate; server_max_window_bits=15, "
                + "permessage-deflate; server_no_context_takeover; server_max_window_bits=15",
        "permessage-deflate; client_max_window_bits; Server_Max_Window_Bits=\"15\", "
                + "permessage-deflate; server_no_context_takeover; client_no_context_takeover; "
                + "server_max_window_bits=15",
        "permessage-deflate; client_max_window_bits, "
                + "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
    })
    void aWindowThatIsAskedOfTheServerIsAnswered(String offer, String answer) {
        assertThat(DeflateTerms.of(List.of(offer)).map(DeflateTerms.Taken::answer))
                .hasValue(answer);
    }

    private static Optional<DeflateTerms> termsOf(String... lines) {
        return DeflateTerms.of(List.of(lines)).map(DeflateTerms.Taken::terms);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "x-webkit-deflate-frame",
                "permessage-deflate; unknown",
                "permessage-deflate; server_max_window_bits",
                "permessage-deflate; server_max_window_bits=14",
                "permessage-deflate; server_max_window_bits=16",
                "permessage-deflate; client_max_window_bits=7",
                "permessage-deflate; client_max_window_bits=016",
                "permessage-deflate; client_max_window_bits=\"",
                "permessage-deflate; client_no_context_takeover=true",
                "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
                "permessage-deflate; client_max_window_bits; client_max_window_bits=10",
                "permessage-deflate;",
                "permessage-deflate; ;",
                "permessage-deflate client_max_window_bits",
            })
    void anOfferThatCannotBeTakenIsDeclined(String offer) {
        assertThat(DeflateTerms.of(List.of(offer))).isEmpty();
    }

    @Test
    void theFirstOfferThatCanBeTakenDecides() {
        assertThat(termsOf("permessage-deflate; odd", "permessage-deflate, permessage-deflate; client_max_window_bits"))
                .hasValue(DeflateTerms.KEPT);
        assertThat(DeflateTerms.of(List.of())).isEmpty();
    }
}
