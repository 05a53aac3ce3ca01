package parley.it;

import static org.assertj.core.api.Assertions.assertThat;
import static parley.testclient.Token.SECRET;
import static parley.testclient.Token.claims;
import static parley.testclient.Token.token;

import java.util.List;
import org.jose4j.jwt.JwtClaims;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.openqa.selenium.Keys;
import parley.testclient.JsonClient;

/** Members on the page: users with their tabs, members that are away or type, and what each user has read. */
final class MembersPageIT extends BrowserBase {
    private static final String ENTRIES =
            "return [...document.querySelectorAll('#members > li')].map(one => one.innerText.replace(/\\s+/g, ' '))";
    private static final String NEW = "return [...document.querySelectorAll('.new')].map(one =>"
            + " one.parentElement.querySelector('.text').textContent)";

    private static ParleyProcess strict;

    @BeforeAll
    static void startWithTokens() {
        strict = ParleyProcess.start(
                "--set", "access.mode=token", "--set", "access.secret=" + SECRET, "--set", "room.away=30s");
    }

    @AfterAll
    static void stopWithTokens() {
        assertThat(strict.stop()).as(strict::output).isZero();
    }

    private static String tokenOf(String name) throws Exception {
        JwtClaims claims = claims(name, "*");
        claims.setSubject("u-" + name);
        return token(claims);
    }

    private Window enter(String name, String rooms) throws Exception {
        Window page = open(strict, "?room=" + rooms + "#token=" + tokenOf(name));
        page.awaitText("connection-words", "Connected as " + name);
        return page;
    }

    private static JsonClient client(String name, String room) throws Exception {
        return new JsonClient(strict.socket("chat/" + room + "?token=" + tokenOf(name)));
    }

    private static void say(JsonClient client, String room, String... texts) throws InterruptedException {
        for (String text : texts) {
            client.ask("{'type':'say','room':'" + room + "','text':'" + text + "'}");
        }
    }

    @Test
    void theTabsOfAUserAreOneMemberWithTheirNumber() throws Exception {
        Window ann = enter("Ann", "tabs");
        try (JsonClient first = client("Ben", "tabs")) {
            untilHolds(() -> assertThat(ann.list(ENTRIES)).containsExactly("A Ann (you)", "B Ben"));
            try (JsonClient second = client("Ben", "tabs")) {
                untilHolds(
                        () -> assertThat(ann.list(ENTRIES)).containsExactly("A Ann (you)", "B Ben ×2 2 connections"));
                assertThat(ann.text("members-count")).isEqualTo("3");
                assertThat(ann.text("members-more")).isEmpty();
                second.soFar();
            }
            untilHolds(() -> assertThat(ann.list(ENTRIES)).containsExactly("A Ann (you)", "B Ben"));
            first.soFar();
        }
        untilHolds(() -> assertThat(ann.list(ENTRIES)).containsExactly("A Ann (you)"));
    }

    @Test
    void whatAUserSaysOnAnotherDeviceIsItsOwn() throws Exception {
        Window ann = enter("Ann", "devices");
        try (JsonClient phone = client("Ann", "devices");
                JsonClient ben = client("Ben", "devices")) {
            say(phone, "devices", "from the phone");
            say(ben, "devices", "from another user");
            ann.awaitMessages("Ann: from the phone", "Ben: from another user");
            assertThat(ann.own("sent")).isEqualTo(1);
        }
    }

    @Test
    void aMemberWhoseConnectionIsLostIsAway() throws Exception {
        Window ann = enter("Ann", "away");
        try (JsonClient ben = client("Ben", "away")) {
            untilHolds(() -> assertThat(ann.list(ENTRIES)).containsExactly("A Ann (you)", "B Ben"));
            ben.cut();
        }
        untilHolds(() -> assertThat(ann.list(ENTRIES)).containsExactly("A Ann (you)", "B Ben away"));
        screenshot("away-member.png");
    }

    @Test
    void typingEndsWithTheMessageAndWithTheFieldEmptied() throws Exception {
        Window ann = enter("Ann", "typing");
        Window ben = enter("Ben", "typing");
        ben.type("chat-text", "Shall we");
        ann.awaitText("typing", "Ben is typing…");
        assertThat(ben.text("typing")).isEmpty();
        ben.find("chat-text").sendKeys(Keys.chord(Keys.CONTROL, "a"), Keys.DELETE);
        untilHolds(() -> assertThat(ann.text("typing")).isEmpty());
        ben.type("chat-text", "Shall we");
        ann.awaitText("typing", "Ben is typing…");
        ben.find("chat-text").sendKeys(Keys.ENTER);
        ann.awaitMessages("Ben: Shall we");
        assertThat(ann.text("typing")).isEmpty();
    }

    /** The mark is set by the tab that shows the newest message, and takes the badge from the user's other tab. */
    @Test
    void whatAUserHasReadInOneTabIsReadInTheOther() throws Exception {
        try (JsonClient ben = client("Ben", "read")) {
            Window one = enter("Ann", "other&room=read");
            Window two = enter("Ann", "other&room=read");
            say(ben, "read", "first", "second");
            untilHolds(() -> assertThat(one.rooms()).containsExactly("other", "read: 2 unread"));
            untilHolds(() -> assertThat(two.rooms()).containsExactly("other", "read: 2 unread"));
            two.find("chat-text").sendKeys(Keys.chord(Keys.ALT, Keys.ARROW_DOWN));
            two.awaitMessages("Ben: first", "Ben: second");
            untilHolds(() -> assertThat(one.rooms()).containsExactly("other", "read"));
        }
    }

    @Test
    void aLineStandsAboveWhatIsNewSinceTheUserReadLast() throws Exception {
        try (JsonClient ben = client("Ben", "line")) {
            say(ben, "line", "read before");
            Window page = enter("Ann", "line");
            page.awaitMessages("Ben: read before");
            untilHolds(() -> assertThat(page.list(NEW)).isEmpty());
            awaitMark("Ann", "line", 1);
            browser.get("about:blank");
            say(ben, "line", "new", "newer");
            browser.get(strict.page() + "?room=tea&room=line");
            untilHolds(() -> assertThat(page.rooms()).containsExactly("tea", "line: 2 unread"));
            page.find("chat-text").sendKeys(Keys.chord(Keys.ALT, Keys.ARROW_DOWN));
            page.awaitMessages("Ben: read before", "Ben: new", "Ben: newer");
            untilHolds(() -> assertThat(page.list(NEW)).containsExactly("new"));
            awaitMark("Ann", "line", 3);
            say(ben, "line", "live");
            untilHolds(() -> assertThat(page.messages()).endsWith("Ben: live"));
            assertThat(page.list(NEW)).as("what is seen live is not new").containsExactly("new");
            page.say("answered");
            untilHolds(() -> assertThat(page.list(NEW)).isEmpty());
        }
    }

    /** Where no mark is kept the line is that of this tab. */
    @Test
    void aLineStandsAboveWhatCameWhileAnotherRoomWasShown() throws Exception {
        Window page = open(parley, "?name=Ann&room=here&room=there");
        page.awaitText("connection-words", "Connected as Ann");
        say(parley, "there", "Ben", List.of("one"));
        untilHolds(() -> assertThat(page.rooms()).containsExactly("here", "there: 1 unread"));
        page.find("chat-text").sendKeys(Keys.chord(Keys.ALT, Keys.ARROW_DOWN));
        untilHolds(() -> assertThat(page.list(NEW)).containsExactly("one"));
        untilHolds(() -> assertThat(page.rooms()).containsExactly("here", "there"));
        page.find("chat-text").sendKeys(Keys.chord(Keys.ALT, Keys.ARROW_UP));
        page.find("chat-text").sendKeys(Keys.chord(Keys.ALT, Keys.ARROW_DOWN));
        page.awaitMessages("Ben: one");
        assertThat(page.list(NEW)).isEmpty();
    }

    /** A window that is visible behind another one is not read. */
    @Test
    void whatComesWhileTheWindowHasNotTheFocusIsNotRead() throws Exception {
        Window page = join(parley, "blurred", "Ann");
        page.script("document.hasFocus = () => false; dispatchEvent(new Event('blur'))");
        say(parley, "blurred", "Ben", List.of("one", "two"));
        untilHolds(() -> assertThat(browser.getTitle()).isEqualTo("(2) blurred – Parley"));
        page.script("document.hasFocus = () => true; dispatchEvent(new Event('focus'))");
        untilHolds(() -> assertThat(browser.getTitle()).isEqualTo("blurred – Parley"));
        assertThat(page.list(NEW)).containsExactly("one");
    }

    /** Waits until the server has a mark, as it tells another connection of the user. */
    private static void awaitMark(String name, String room, int mark) {
        untilHolds(() -> {
            try (JsonClient again = client(name, room)) {
                assertThat(again.next("joined").getInt("mark", -1)).isEqualTo(mark);
            }
        });
    }
}
