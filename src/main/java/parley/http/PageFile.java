package parley.http;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;
import parley.door.Request;

/**
 * A file of the page, as it is and compressed once, each with a tag: a browser asks each time whether it has changed
 * ({@code Cache-Control: no-cache}), and gets the file again only when it has. Immutable.
 */
public final class PageFile {
    /** A coding and its weight (RFC 9110 section 12.5.3). */
    private static final Pattern CODING = Pattern.compile("([^;\\s]+)\\s*(?:;\\s*q=([01](?:\\.\\d{0,3})?))?");

    private static final int TAG_BYTES = 12;

    /** One form of the file. */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record Form(EntityTag tag, byte[] content, Map<String, String> headers) {}

    private final Form plain;
    /** The plain one where the other is not shorter. */
    private final Form compressed;

    private PageFile(Form plain, Form compressed) {
        this.plain = plain;
        this.compressed = compressed;
    }

    /**
     * Makes one.
     *
     * @param content not to be changed afterwards
     * @param type its media type
     */
    public static PageFile of(byte[] content, String type) {
        String digest = digest(content);
        byte[] shorter = gzip(content);
        if (shorter.length >= content.length) {
            Form only = form('"' + digest + '"', content, Map.of("Content-Type", type));
            return new PageFile(only, only);
        }
        return new PageFile(
                form('"' + digest + '"', content, Map.of("Content-Type", type, "Vary", "Accept-Encoding")),
                form(
                        '"' + digest + ".gz\"",
                        shorter,
                        Map.of("Content-Type", type, "Vary", "Accept-Encoding", "Content-Encoding", "gzip")));
    }

    private static Form form(String tag, byte[] content, Map<String, String> headers) {
        Map<String, String> all = new HashMap<>(headers);
        all.put("ETag", tag);
        all.put("Cache-Control", "no-cache");
        return new Form(new EntityTag(tag), content, Map.copyOf(all));
    }

    private static String digest(byte[] content) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(content);
            return HexFormat.of().formatHex(digest, 0, TAG_BYTES);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // each JDK has it
        }
    }

    private static byte[] gzip(byte[] content) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GZIPOutputStream zipped = new GZIPOutputStream(out)) {
            zipped.write(content);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }

    /** Answers a request to read it, with 304 where the client has it. */
    public Answer answer(Request.Headers headers) {
        Form form = isGzipTaken(headers.value("Accept-Encoding")) ? compressed : plain;
        if (!form.tag.isKnownBy(headers.value("If-None-Match"))) {
            return new Answer(200, form.headers, form.content);
        }
        Map<String, String> unchanged = new HashMap<>(form.headers);
        unchanged.remove("Content-Type");
        unchanged.remove("Content-Encoding");
        return new Answer(304, unchanged, new byte[0]);
    }

    /** What is said of gzip holds, and else what is said of all codings that are not named. */
    private static boolean isGzipTaken(@Nullable String accepted) {
        Boolean others = null;
        for (String one : accepted == null
                ? new String[0]
                : accepted.toLowerCase(Locale.ROOT).split(",")) {
            Matcher coding = CODING.matcher(one.strip());
            if (coding.matches()) {
                boolean isTaken = coding.group(2) == null || Double.parseDouble(coding.group(2)) > 0;
                if (coding.group(1).equals("gzip")) {
                    return isTaken;
                }
                others = coding.group(1).equals("*") ? Boolean.valueOf(isTaken) : others;
            }
        }
        return others != null && others;
    }
}
