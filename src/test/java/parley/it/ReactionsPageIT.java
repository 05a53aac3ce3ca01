package parley.it;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.json.JsonObject;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.openqa.selenium.Keys;
import parley.testclient.JsonClient;

/** Reactions on the page: shown, set and taken back, by pointer and by keyboard. */
final class ReactionsPageIT extends BrowserBase {
    private static final String SHOWN = "return [...document.querySelectorAll('.reactions > button')].map(one =>"
            + " one.textContent + (one.getAttribute('aria-pressed') === 'true' ? ' own' : ''))";
    private static final String FOCUSED = "return document.activeElement.dataset.reaction";

    private static JsonObject ask(JsonClient client, String rest) throws InterruptedException {
        return client.ask("{'room':'reactions'," + rest + "}");
    }

    @Test
    void reactionsOfOthersAreShownAndOnesOwnAreHighlighted() throws Exception {
        Window page = join(parley, "reactions", "Ann");
        try (JsonClient ben = new JsonClient(parley.socket("chat/reactions?name=Ben"))) {
            ask(ben, "'type':'say','text':'one'");
            page.awaitMessages("Ben: one");
            assertThat(page.list(SHOWN)).isEmpty();
            ask(ben, "'type':'react','seq':1,'key':'\ud83d\udc4d'");
            untilHolds(() -> assertThat(page.list(SHOWN)).containsExactly("\ud83d\udc4d 1"));
            page.script("document.querySelector('.reactions > button').click()");
            untilHolds(() -> assertThat(page.list(SHOWN)).containsExactly("\ud83d\udc4d 2 own"));
            assertThat(page.script("return document.querySelector('.reactions > button').title"))
                    .isEqualTo("Ann, Ben");
            page.script("document.querySelector('.reactions > button').click()");
            untilHolds(() -> assertThat(page.list(SHOWN)).containsExactly("\ud83d\udc4d 1"));
            page.script("document.querySelector('.reactions > button').click()");
            untilHolds(() -> assertThat(page.list(SHOWN)).containsExactly("\ud83d\udc4d 2 own"));
            browser.navigate().refresh();
            untilHolds(() -> assertThat(page.list(SHOWN)).containsExactly("\ud83d\udc4d 2 own"));
            ask(ben, "'type':'remove','seq':1");
            untilHolds(() -> assertThat(page.list(SHOWN)).isEmpty());
        }
    }

    @Test
    void theOfferStaysOpenAndKeepsTheFocusWhenOthersReact() throws Exception {
        Window page = join(parley, "reactions-open", "Ann");
        try (JsonClient ben = new JsonClient(parley.socket("chat/reactions-open?name=Ben"))) {
            ben.ask("{'room':'reactions-open','type':'say','text':'one'}");
            page.awaitMessages("Ben: one");
            page.script("document.querySelector('.bubble').dataset.kept = 'yes';"
                    + "document.querySelector('.reactions summary').focus()");
            keys(Keys.ENTER);
            keys(Keys.TAB);
            String focused = "return document.activeElement.dataset.choice";
            untilHolds(() -> assertThat(page.script(focused)).isEqualTo("\ud83d\udc4d"));
            ben.ask("{'room':'reactions-open','type':'react','seq':1,'key':'ok'}");
            untilHolds(() -> assertThat(page.list(SHOWN)).containsExactly("ok 1"));
            assertThat(page.script("return document.querySelector('.reactions details').open"))
                    .isEqualTo(true);
            assertThat(page.script(focused)).isEqualTo("\ud83d\udc4d");
            assertThat(page.script("return document.querySelector('.bubble').dataset.kept"))
                    .as("the rest of the row is left alone")
                    .isEqualTo("yes");
            ben.ask("{'room':'reactions-open','type':'edit','seq':1,'text':'uno'}");
            page.awaitMessages("Ben: uno");
            assertThat(page.script(focused)).isEqualTo("\ud83d\udc4d");
        }
    }

    @Test
    void theOfferIsChosenFromByKeyboardAndTheFocusStaysThere() throws Exception {
        Window page = join(parley, "reactions-keys", "Ann");
        page.say("mine");
        untilHolds(() -> assertThat(page.own("sent")).isEqualTo(1));
        page.script("document.querySelector('.reactions summary').focus()");
        assertThat(page.script("return getComputedStyle(document.querySelector('.reactions details')).opacity"))
                .as("seen while it has the focus")
                .isEqualTo("1");
        keys(Keys.ENTER);
        untilHolds(() -> assertThat(
                        page.list("return [...document.querySelectorAll('.choices button')].map(one => one.ariaLabel)"))
                .contains("thumbs up", "heart"));
        keys(Keys.ESCAPE);
        assertThat(page.script("return document.querySelector('.reactions details').open"))
                .isEqualTo(false);
        keys(Keys.ENTER);
        keys(Keys.TAB);
        keys(Keys.ENTER);
        untilHolds(() -> assertThat(page.list(SHOWN)).containsExactly("\ud83d\udc4d 1 own"));
        assertThat(page.script(FOCUSED)).as("on the offer").isEqualTo("");
        page.script("document.querySelector('.reactions > button').focus()");
        keys(Keys.SPACE);
        untilHolds(() -> assertThat(page.list(SHOWN)).isEqualTo(List.of()));
        assertThat(page.script(FOCUSED)).as("of what is left").isEqualTo("");
    }
}
