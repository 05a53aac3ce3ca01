package parley.access;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Files in PEM (RFC 7468). */
public final class Pem {
    private static final Pattern BLOCK =
            Pattern.compile("-----BEGIN ([A-Z0-9 ]+)-----\\s*([A-Za-z0-9+/=\\s]+)-----END \\1-----");

    /**
     * A part of a file.
     *
     * @param label what it says it is, such as {@code PUBLIC KEY}
     * @param der its bytes
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    public record Block(String label, byte[] der) {}

    private Pem() {}

    /**
     * Reads the parts of a file; text around them is passed over, in whatever encoding it is.
     *
     * @throws IOException when the file cannot be read
     */
    public static List<Block> read(Path file) throws IOException {
        Matcher matcher = BLOCK.matcher(Files.readString(file, StandardCharsets.ISO_8859_1));
        return matcher.results()
                .map(found -> new Block(found.group(1), Base64.getMimeDecoder().decode(found.group(2))))
                .toList();
    }
}
