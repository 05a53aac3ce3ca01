package parley.protocol;

import java.util.regex.Pattern;

/** The user and password that an address may hold (RFC 3986 section 3.2.1). No log line and no error shows them. */
public final class Userinfo {
    /**
     * Up to the last '@' before a space or the next address: passwords hold '@', '/', ',' when nobody has escaped them.
     */
    private static final Pattern IN_ADDRESS = Pattern.compile("(?<=[A-Za-z0-9+.-]://)(?:(?!://)\\S)*@");

    private Userinfo() {}

    /** Returns a text with all that stands before an '@' in its addresses replaced. */
    public static String masked(String text) {
        return IN_ADDRESS.matcher(text).replaceAll("***@");
    }
}
