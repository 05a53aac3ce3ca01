package parley.servers;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Set;
import java.util.function.Function;

/** The servers that Parley is tested on, and in what each differs from what the others do. */
public enum Kind {
    STANDALONE("standalone", home -> new Standalone(), Difference.COMPRESSES),
    TOMCAT_10_1(
            "tomcat-10.1",
            Tomcat::new,
            Difference.COMPRESSES,
            Difference.ANSWERS_YOUNG_CODES_WITH_1002,
            Difference.DOES_NOT_TELL_WHO_CLOSED,
            Difference.ANSWERS_A_CLOSE_AT_ONCE,
            Difference.DOES_NOT_SEE_A_CLIENT_GO_WHILE_IT_WAITS),
    TOMCAT_11(
            "tomcat-11",
            Tomcat::new,
            Difference.COMPRESSES,
            Difference.ANSWERS_YOUNG_CODES_WITH_1002,
            Difference.DOES_NOT_TELL_WHO_CLOSED,
            Difference.ANSWERS_A_CLOSE_AT_ONCE,
            Difference.DOES_NOT_SEE_A_CLIENT_GO_WHILE_IT_WAITS),
    // From JDK 24 on only the Tomcat in it starts: it sets a security policy, which no longer is possible.
    TOMEE_9(
            "tomee-9",
            home -> new Tomcat(home, 23),
            Difference.COMPRESSES,
            Difference.WAITS_FOR_THE_ANSWER_TO_A_CLOSE,
            Difference.ANSWERS_YOUNG_CODES_WITH_1002,
            Difference.DOES_NOT_TELL_WHO_CLOSED,
            Difference.ANSWERS_A_CLOSE_AT_ONCE,
            Difference.DOES_NOT_SEE_A_CLIENT_GO_WHILE_IT_WAITS),
    JETTY_12(
            "jetty-12",
            Jetty::new,
            Difference.COMPRESSES,
            Difference.STOPS_BEFORE_PARLEY,
            Difference.CUTS_WHO_IS_STILL_SENDING,
            Difference.DOES_NOT_TELL_WHO_CLOSED,
            Difference.ANSWERS_A_CLOSE_AT_ONCE,
            Difference.DOES_NOT_SEE_A_CLIENT_GO_WHILE_IT_WAITS),
    WILDFLY(
            "wildfly",
            WildFly::new,
            Difference.STOPS_BEFORE_PARLEY,
            Difference.ANSWERS_YOUNG_CODES_WITH_1002,
            Difference.DOES_NOT_TELL_WHO_CLOSED,
            Difference.ANSWERS_A_CLOSE_AT_ONCE,
            Difference.DOES_NOT_SEE_A_CLIENT_GO_WHILE_IT_WAITS),
    GLASSFISH_7(
            "glassfish-7",
            home -> new GlassFish(home, 17, 24),
            Difference.STOPS_WITHOUT_A_WORD,
            Difference.TAKES_FRAMES_WITHOUT_A_MASK,
            Difference.WAITS_FOR_LONG_FRAMES,
            Difference.WAITS_FOR_WHO_DOES_NOT_READ,
            Difference.ANSWERS_YOUNG_CODES_WITH_1002,
            Difference.DOES_NOT_TELL_WHO_CLOSED,
            Difference.ANSWERS_A_CLOSE_AT_ONCE,
            Difference.DOES_NOT_SEE_A_CLIENT_GO_WHILE_IT_WAITS,
            Difference.KEEPS_CLASSES),
    GLASSFISH_8(
            "glassfish-8",
            home -> new GlassFish(home, 21, 25),
            Difference.STOPS_WITHOUT_A_WORD,
            Difference.TAKES_FRAMES_WITHOUT_A_MASK,
            Difference.WAITS_FOR_LONG_FRAMES,
            Difference.WAITS_FOR_WHO_DOES_NOT_READ,
            Difference.ANSWERS_YOUNG_CODES_WITH_1002,
            Difference.DOES_NOT_TELL_WHO_CLOSED,
            Difference.ANSWERS_A_CLOSE_AT_ONCE,
            Difference.DOES_NOT_SEE_A_CLIENT_GO_WHILE_IT_WAITS,
            Difference.KEEPS_CLASSES),
    PAYARA_6(
            "payara-6",
            home -> new GlassFish(home, 17, 25),
            Difference.TAKES_FRAMES_WITHOUT_A_MASK,
            Difference.WAITS_FOR_LONG_FRAMES,
            Difference.WAITS_FOR_WHO_DOES_NOT_READ,
            Difference.ANSWERS_YOUNG_CODES_WITH_1002,
            Difference.DOES_NOT_TELL_WHO_CLOSED,
            Difference.ANSWERS_A_CLOSE_AT_ONCE,
            Difference.DOES_NOT_SEE_A_CLIENT_GO_WHILE_IT_WAITS,
            Difference.KEEPS_CLASSES),
    LIBERTY(
            "liberty",
            Liberty::new,
            Difference.STOPS_WITHOUT_A_WORD,
            Difference.WAITS_FOR_THE_ANSWER_TO_A_CLOSE,
            Difference.DROPS_WHAT_COMES_WITH_THE_HANDSHAKE,
            Difference.CUTS_NO_CHARACTERS,
            Difference.MAY_KEEP_A_CLOSING_THREAD,
            Difference.ANSWERS_YOUNG_CODES_WITH_1002,
            Difference.DOES_NOT_TELL_WHO_CLOSED,
            Difference.ANSWERS_A_CLOSE_AT_ONCE,
            Difference.DOES_NOT_SEE_A_CLIENT_GO_WHILE_IT_WAITS,
            Difference.LOSES_A_COMPLETION,
            Difference.KEEPS_THE_LAST);

    private final String name;
    private final Function<Path, Server> make;
    private final Set<Difference> differences;

    Kind(String name, Function<Path, Server> make, Difference... differences) {
        this.name = name;
        this.make = make;
        this.differences = EnumSet.noneOf(Difference.class);
        this.differences.addAll(Arrays.asList(differences));
    }

    /**
     * Returns the one of that name, such as {@code tomcat-11}.
     *
     * @throws IllegalArgumentException when there is none
     */
    public static Kind of(String name) {
        return Arrays.stream(values())
                .filter(kind -> kind.name.equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(
                        "there is no server '" + name + "'; there are " + Arrays.toString(values())));
    }

    /** Returns the one that this process tests. */
    public static Kind tested() {
        return of(System.getProperty("parley.server", ""));
    }

    /** Makes one, not yet started, from the distribution that this process was given. */
    public Server installed() {
        return at(Path.of(System.getProperty("parley.server.home", "")));
    }

    /** Makes one, not yet started, from the distribution in that folder. */
    public Server at(Path home) {
        return make.apply(home);
    }

    /** Whether it differs so. */
    public boolean has(Difference difference) {
        return differences.contains(difference);
    }

    @Override
    public String toString() {
        return name;
    }
}
