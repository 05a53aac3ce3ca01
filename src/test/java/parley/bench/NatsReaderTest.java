package parley.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NatsReaderTest {
    private final NatsReader operations = new NatsReader();

    private static ByteBuffer of(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "MSG _INBOX.1 1 5\r\na\r\nbc\r\n",
                "MSG _INBOX.1 1 reply 12\r\n{\"seq\":1000}\r\n",
                "MSG _INBOX.1 1 0\r\n\r\n",
                "MSG _INBOX.1 1  2\r\nab\r\n",
                "INFO {\"server_id\":\"N\"}\r\n"
            })
    void anOperationIsReadWhenAllOfItIsThereAndNotBefore(String operation) throws IOException {
        ByteBuffer in = of("before" + operation);
        for (int end = 6; end < in.limit(); end++) {
            assertThat(operations.read(in, 6, end)).isFalse();
        }
        assertThat(operations.read(in, 6, in.limit())).isTrue();
        assertThat(operations.end()).isEqualTo(in.limit());
    }

    @Test
    void operationsAreReadOneAfterTheOther() throws IOException {
        ByteBuffer in = of("PING\r\nMSG _INBOX.1 1 9\r\n{\"seq\":7}\r\n-ERR 'Stale Connection'\r\n");
        assertThat(operations.read(in, 0, in.limit())).isTrue();
        assertThat(operations.operation()).isEqualTo(NatsReader.Operation.PING);
        assertThat(operations.read(in, operations.end(), in.limit())).isTrue();
        assertThat(operations.operation()).isEqualTo(NatsReader.Operation.MESSAGE);
        assertThat(operations.text()).isEqualTo("{\"seq\":7}");
        assertThat(operations.read(in, operations.end(), in.limit())).isTrue();
        assertThat(operations.operation()).isEqualTo(NatsReader.Operation.ERROR);
        assertThat(operations.text()).isEqualTo("-ERR 'Stale Connection'");
        assertThat(operations.read(in, operations.end(), in.limit())).isFalse();
    }

    @ParameterizedTest
    @CsvSource({"INFO {}", "PONG", "+OK"})
    void someNeedNoAnswer(String line) throws IOException {
        ByteBuffer in = of(line + "\r\n");
        assertThat(operations.read(in, 0, in.limit())).isTrue();
        assertThat(operations.operation()).isEqualTo(NatsReader.Operation.OTHER);
    }

    @ParameterizedTest
    @ValueSource(strings = {"HTTP/1.1 400 Bad Request", "MSG _INBOX.1 1 x", "MSG _INBOX.1 5", "MSG a 1 99999999", ""})
    void whatIsNoOperationIsRefused(String line) {
        ByteBuffer in = of(line + "\r\n");
        assertThatThrownBy(() -> operations.read(in, 0, in.limit())).isInstanceOf(IOException.class);
    }
}
