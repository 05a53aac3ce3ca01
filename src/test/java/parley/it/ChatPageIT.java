package parley.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.openqa.selenium.By;
import org.openqa.selenium.Keys;
import org.openqa.selenium.interactions.Actions;
import parley.testclient.JsonClient;

/** The chat of the page: rooms, members, messages, what text from others may not do, keyboard, sizes and colours. */
final class ChatPageIT extends BrowserBase {
    @Test
    void twoWindowsInOneRoomSeeEachOther() {
        Window ann = join(parley, "both", "Ann");
        Window ben = join(parley, "both", "Ben");
        ann.say("Is anyone here?");
        ben.awaitMessages("Ann: Is anyone here?");
        ben.say("I am.");
        ben.awaitMessages("Ann: Is anyone here?", "Ben: I am.");
        ann.awaitMessages("Ann: Is anyone here?", "Ben: I am.");
        untilHolds(() -> assertThat(ann.own("sent")).isEqualTo(1));
        untilHolds(() -> assertThat(ann.members()).containsExactly("Ann (you)", "Ben"));
        untilHolds(() -> assertThat(ben.members()).containsExactly("Ann", "Ben (you)"));

        ann.type("chat-text", "Shall we");
        ben.awaitText("typing", "Ann is typing…");
        assertThat(ann.text("typing")).isEmpty();

        ann.press("rename");
        ann.type("rename-name", "Anna", Keys.ENTER);
        untilHolds(() -> assertThat(ben.members()).containsExactly("Anna", "Ben (you)"));
        assertThat(ann.address()).endsWith("?name=Anna&room=both");
        ann.awaitText("connection-words", "Connected as Anna");
    }

    @Test
    void theLobbyTakesWhoGivesNoName() {
        Window page = open(parley, "");
        page.press("start-join");
        page.awaitText("connection-words", "Connected, without a name");
        page.say("hello");
        page.awaitMessages("Anonymous: hello");
        assertThat(page.address()).endsWith("?room=lobby");
    }

    @Test
    void theAddressNamesWhoAndWhere() throws Exception {
        Window page = open(parley, "?name=Ann&room=java&room=tea");
        page.awaitText("connection-words", "Connected as Ann");
        untilHolds(() -> assertThat(page.members()).containsExactly("Ann (you)"));
        say(parley, "tea", "Ben", List.of("milk?", "sugar?"));
        untilHolds(() -> assertThat(page.rooms()).containsExactly("java", "tea: 2 unread"));
        assertThat(browser.getTitle()).isEqualTo("(2) java – Parley");

        page.find("chat-text").sendKeys(Keys.chord(Keys.ALT, Keys.ARROW_DOWN));
        page.awaitMessages("Ben: milk?", "Ben: sugar?");
        untilHolds(() -> assertThat(page.rooms()).containsExactly("java", "tea"));
        page.type("join-room", "coffee", Keys.ENTER);
        untilHolds(() -> assertThat(page.text("room-title")).isEqualTo("coffee"));
        assertThat(page.address()).endsWith("?name=Ann&room=java&room=tea&room=coffee");
        page.press("leave");
        untilHolds(() -> assertThat(page.text("room-title")).isEqualTo("tea"));
        assertThat(page.address()).endsWith("?name=Ann&room=java&room=tea");
        browser.navigate().refresh();
        untilHolds(() -> assertThat(page.rooms()).containsExactly("java", "tea"));
    }

    @Test
    void whatIsBeingWrittenSurvivesAnotherRoomAndAReloadAndIsNotLeftUnasked() {
        Window page = open(parley, "?name=Ann&room=draft&room=other");
        page.awaitText("connection-words", "Connected as Ann");
        page.type("chat-text", "not sent yet");
        page.find("chat-text").sendKeys(Keys.chord(Keys.ALT, Keys.ARROW_DOWN));
        untilHolds(() -> assertThat(page.text("room-title")).isEqualTo("other"));
        assertThat(page.find("chat-text").getDomProperty("value")).isEmpty();
        browser.navigate().refresh();
        untilHolds(
                () -> assertThat(page.find("chat-text").getDomProperty("value")).isEqualTo("not sent yet"));
        page.press("leave");
        browser.switchTo().alert().dismiss();
        assertThat(page.text("room-title")).isEqualTo("draft");
        page.press("leave");
        browser.switchTo().alert().accept();
        untilHolds(() -> assertThat(page.rooms()).containsExactly("other"));
        page.type("join-room", "draft", Keys.ENTER);
        untilHolds(() -> assertThat(page.text("room-title")).isEqualTo("draft"));
        assertThat(page.find("chat-text").getDomProperty("value")).isEmpty();
    }

    @Test
    void fieldsHaveTheFocusAndLoseTheirFaultWhenTheyArePutRight() {
        Window page = open(parley, "");
        assertThat(page.find("start-name")).isEqualTo(browser.switchTo().activeElement());
        page.type("start-room", "two words", Keys.ENTER);
        page.awaitText("start-room-fault", "A room has 1 to 64 letters");
        page.type("start-room", "words");
        untilHolds(() -> assertThat(page.text("start-room-fault")).isEmpty());
        page.type("start-name", "Ann", Keys.ENTER);
        page.awaitText("connection-words", "Connected as Ann");
        page.press("rename");
        keys("Ben", Keys.ENTER);
        page.awaitText("connection-words", "Connected as Ben");
    }

    @Test
    void theTitleFollowsTheViewAndNamesContainWhatIsSeen() {
        Window page = join(parley, "title", "Ann");
        untilHolds(() -> assertThat(browser.getTitle()).isEqualTo("title – Parley"));
        page.script("document.querySelector('[data-view=echo]').click()");
        untilHolds(() -> assertThat(browser.getTitle()).isEqualTo("Echo – Parley"));
        page.script("document.querySelector('[data-view=chat]').click()");
        untilHolds(() -> assertThat(browser.getTitle()).isEqualTo("title – Parley"));
        untilHolds(() -> assertThat(page.find("show-members").getDomAttribute("aria-label"))
                .isEqualTo("1 member"));
    }

    @Test
    void roomsThatAreOpenCanBeFoundAndOthersInvited() {
        try (JsonClient first = new JsonClient(parley.socket("chat/find-java?name=Ben"));
                JsonClient second = new JsonClient(parley.socket("chat/find-tea?name=Cleo"))) {
            second.send("{\"type\":\"join\",\"room\":\"find-java\"}");
            Window page = open(parley, "");
            untilHolds(() -> assertThat(page.list("return [...document.querySelectorAll('#start-rooms button')]"
                            + ".map(one => one.textContent)"))
                    .contains("find-java 2 members", "find-tea 1 member"));
            page.script("document.querySelector('[data-name=find-tea]').click()");
            untilHolds(() -> assertThat(page.text("room-title")).isEqualTo("find-tea"));
            page.script("document.querySelector('#find summary').click()");
            page.type("join-room", "find");
            String found = "return [...document.querySelectorAll('#found button')].map(one => one.innerText"
                    + ".replace(/\\s+/g, ' '))";
            untilHolds(() -> assertThat(page.list(found)).containsExactly("find-java 2 members"));
            first.close();
            untilHolds(() -> assertThat(page.list(found)).containsExactly("find-java 1 member"));
            page.script("navigator.clipboard.writeText = async text => { window.copied = text; }");
            page.press("invite");
            page.awaitText("invite", "Copied");
            assertThat(page.script("return copied")).isEqualTo(parley.page() + "?room=find-tea");
            page.script("document.querySelector('#found button').click()");
            untilHolds(() -> assertThat(page.text("room-title")).isEqualTo("find-java"));
            page.awaitText("found-about", "No other open room has that in its name.");
        }
    }

    /** The colours of avatars whose names differ in their last digit are at least an eighteenth of the circle apart. */
    @Test
    void coloursOfNeighboursDiffer() {
        Window page = open(parley, "");
        assertThat((boolean) page.script("""
                return import('./messages.js').then(({ avatar }) => {
                    const hues = Array.from({ length: 200 }, (_, i) =>
                        Number(avatar(`Member${String(i).padStart(3, '0')}`).style.getPropertyValue('--hue')));
                    const apart = (a, b) => Math.min(Math.abs(a - b), 360 - Math.abs(a - b));
                    return hues.every((hue, i) => i === 0 || apart(hue, hues[i - 1]) >= 20);
                })
                """)).isTrue();
    }

    @Test
    void aRoomStartsWithItsNewestMessagesAndOlderOnesComeByScrollingUp() throws Exception {
        say(parley, "older", "Ben", numbered("line ", 1, 130));
        Window page = join(parley, "older", "Ann");
        page.awaitMessages(numbered("Ben: line ", 81, 130));
        for (int first : List.of(31, 1)) {
            page.script("document.getElementById('chat-box').scrollTop = 0");
            page.awaitMessages(numbered("Ben: line ", first, 130));
            page.script("document.getElementById('chat-box').scrollTop = 200");
        }
        say(parley, "older", "Ben", List.of("one more"));
        page.awaitText("newest", "1 new");
        page.press("newest");
        untilHolds(() -> assertThat(page.messages()).endsWith("Ben: line 130", "Ben: one more"));
        untilHolds(() -> assertThat(page.find("newest").isDisplayed()).isFalse());
    }

    @Test
    void theDocumentHoldsTheNewestRowsOnlyAndOlderOnesStayWithinReach() throws Exception {
        Window page = join(parley, "long", "Ann");
        say(parley, "long", "Ben", numbered("line ", 1, 900));
        page.awaitMessages(numbered("Ben: line ", 501, 900));
        page.script("document.getElementById('chat-box').scrollTop = 0");
        page.awaitMessages(numbered("Ben: line ", 401, 800));
        untilHolds(() -> assertThat((boolean) page.script("""
                const row = [...document.querySelectorAll('.message')].find(one => one.textContent.includes('line 501'));
                return Math.abs(row.getBoundingClientRect().top - document.getElementById('chat-box').getBoundingClientRect().top) < 80
                """))
                .as("what was in sight is still in sight")
                .isTrue());
    }

    @Test
    void markupAsTextDataOrNameStaysText() throws Exception {
        String script = "<script>document.title='taken'</script>";
        String image = "<img src=x onerror=\"document.title='taken'\">";
        Window page = open(parley, "");
        page.type("start-name", "<img src=x onerror=alert(1)>");
        page.type("start-room", "markup", Keys.ENTER);
        page.awaitText("connection-words", "Connected as <img src=x onerror=alert(1)>");
        page.say(script);
        page.say(image);
        try (JsonClient client = new JsonClient(parley.socket("chat/markup"))) {
            client.ask("{'type':'say','room':'markup','data':{'a':'<svg onload=alert(1)>'}}");
        }
        String name = "<img src=x onerror=alert(1)>: ";
        page.awaitMessages(name + script, name + image, "Anonymous: {\n  \"a\": \"<svg onload=alert(1)>\"\n}");
        try (JsonClient client = new JsonClient(parley.socket("chat/markup?name=%3Cb%3EBen"))) {
            client.ask("{'type':'state','room':'markup','state':{'typing':true,'__proto__':{'typing':false}}}");
            page.awaitText("typing", "<b>Ben is typing…");
            assertThat(page.members()).containsExactly("<b>Ben", "<img src=x onerror=alert(1)> (you)");
        }
        assertThat(browser.findElements(By.cssSelector("main script, main img, main svg[onload]")))
                .isEmpty();
        assertThat(browser.getTitle()).isEqualTo("markup – Parley");

        Window other = open(parley, "?name=Ann&room=<script>alert(1)</script>");
        other.awaitText("start-room-fault", "A room has 1 to 64 letters");
        assertThat(other.find("start-room").getDomProperty("value")).isEqualTo("<script>alert(1)</script>");
    }

    @Test
    void editsAndRemovalsAreShownAtOnceAndAfterAReload() throws Exception {
        Window page = join(parley, "changes", "Ann");
        try (JsonClient ben = new JsonClient(parley.socket("chat/changes?name=Ben"))) {
            for (String text : List.of("one", "two", "three")) {
                ben.ask("{'type':'say','room':'changes','text':'" + text + "'}");
            }
            page.awaitMessages("Ben: one", "Ben: two", "Ben: three");
            ben.ask("{'type':'edit','room':'changes','seq':1,'text':'uno'}");
            ben.ask("{'type':'remove','room':'changes','seq':2}");
            page.awaitMessages("Ben: uno", "Ben: Message removed", "Ben: three");
        }
        String edited = "return [...document.querySelectorAll('.meta')].map(m => m.textContent.includes('(edited)'))";
        assertThat(page.script(edited)).isEqualTo(List.of(true, false, false));
        browser.navigate().refresh();
        page.awaitMessages("Ben: uno", "Ben: Message removed", "Ben: three");
        assertThat(page.script(edited)).isEqualTo(List.of(true, false, false));
    }

    @Test
    void theArrowKeyEditsOnesNewestMessageAndWithoutTextRemovesIt() {
        Window page = join(parley, "own", "Ann");
        page.say("one");
        page.say("tow");
        page.awaitMessages("Ann: one", "Ann: tow");
        untilHolds(() -> assertThat(page.own("sent")).isEqualTo(2));
        keys(Keys.ARROW_UP);
        assertThat(page.find("editing").isDisplayed()).isTrue();
        page.type("chat-text", "two", Keys.ENTER);
        page.awaitMessages("Ann: one", "Ann: two");
        assertThat(page.find("editing").isDisplayed()).isFalse();
        keys(Keys.ARROW_UP, Keys.ESCAPE);
        assertThat(page.find("chat-text").getDomProperty("value")).isEmpty();
        keys(Keys.ARROW_UP);
        keys(Keys.BACK_SPACE, Keys.BACK_SPACE, Keys.BACK_SPACE); // clear() would take the focus away
        keys(Keys.ENTER);
        alert().dismiss();
        assertThat(page.messages()).containsExactly("Ann: one", "Ann: two");
        keys(Keys.ENTER);
        alert().accept();
        page.awaitMessages("Ann: one", "Ann: Message removed");
    }

    @Test
    void addressesBecomeLinksAndNothingElseDoes() {
        Window page = join(parley, "links", "Ann");
        page.say("see https://parley.test/a?b=(c). or javascript:alert(1) <http://parley.test/>");
        page.awaitMessages("Ann: see https://parley.test/a?b=(c). or javascript:alert(1) <http://parley.test/>");
        assertThat(page.list("""
                return [...document.querySelectorAll('.text a')].map(a => [a.href, a.rel, a.target].join(' '))
                """))
                .containsExactly(
                        "https://parley.test/a?b=(c) noopener noreferrer _blank",
                        "http://parley.test/ noopener noreferrer _blank");
    }

    @Test
    void ofALongMessageTheBeginningIsShownAndItsPlaceIsKept() {
        Window page = join(parley, "wide", "Ann");
        page.script("""
                const text = document.getElementById('chat-text');
                text.value = 'word '.repeat(2000);
                text.form.requestSubmit();
                """);
        untilHolds(() -> assertThat(page.messages()).singleElement().asString().hasSizeLessThan(1600));
        String top = "return document.querySelector('#chat-log > .message').getBoundingClientRect().top";
        double before = ((Number) page.script(top)).doubleValue();
        page.pressButton("Show all");
        untilHolds(() -> assertThat(page.messages()).singleElement().asString().hasSizeGreaterThan(9900));
        assertThat(((Number) page.script(top)).doubleValue()).isCloseTo(before, within(2.0));
        page.script("document.getElementById('chat-box').scrollTop = 1e6");
        page.pressButton("Show less");
        untilHolds(() -> assertThat(page.messages()).singleElement().asString().hasSizeLessThan(1600));
        assertThat((boolean) page.script("""
                const [row, box] = [document.querySelector('#chat-log > .message'), document.getElementById('chat-box')]
                    .map(one => one.getBoundingClientRect());
                return row.top >= box.top - 1 && row.top < box.bottom;
                """)).as("the message is in sight").isTrue();
    }

    @Test
    void theKeyboardAloneIsEnough() {
        Window page = open(parley, "");
        page.awaitText("start", "Join a room");
        keys("Ann", Keys.TAB);
        keys(Keys.chord(Keys.CONTROL, "a"), "keys", Keys.ENTER);
        page.awaitText("connection-words", "Connected as Ann");
        keys("first line", Keys.chord(Keys.SHIFT, Keys.ENTER), "second line", Keys.ENTER);
        page.awaitMessages("Ann: first line\nsecond line");

        for (int i = 0; i < 20 && !"join-room".equals(focus()); i++) {
            keys(Keys.chord(Keys.SHIFT, Keys.TAB));
        }
        keys("more-keys", Keys.ENTER);
        untilHolds(() -> assertThat(page.text("room-title")).isEqualTo("more-keys"));
        keys("draft", Keys.chord(Keys.ALT, Keys.ARROW_UP));
        untilHolds(() -> assertThat(page.text("room-title")).isEqualTo("keys"));
        page.awaitMessages("Ann: first line\nsecond line");
        keys(Keys.chord(Keys.ALT, Keys.ARROW_DOWN));
        untilHolds(() -> assertThat(page.text("room-title")).isEqualTo("more-keys"));
        keys(" sent", Keys.ENTER);
        page.awaitMessages("Ann: draft sent");
    }

    private String focus() {
        return browser.switchTo().activeElement().getDomProperty("id");
    }

    @Test
    void thePageWorksUnderAContextPath() {
        try (ParleyProcess elsewhere = ParleyProcess.start("--context", "/some/where")) {
            assertThat(elsewhere.page()).endsWith("/some/where/");
            Window page = join(elsewhere, "java", "Ann");
            page.say("hello");
            page.awaitMessages("Ann: hello");
            Window echo = open(elsewhere, "?view=echo");
            echo.type("echo-text", "hello", Keys.ENTER);
            untilHolds(() -> assertThat(echo.echoes()).containsExactly("hello"));
        }
    }

    @Test
    void aRoomOrNameThatCannotBeIsRefusedBeforeItIsAskedFor() {
        Window page = open(parley, "");
        for (String room : List.of("no/where", "..", "é", " ")) {
            page.type("start-room", room, Keys.ENTER);
            assertThat(page.text("start-room-fault")).as(room).isNotEmpty();
        }
        page.type("start-room", "A.room_of-1");
        page.type("start-name", "n".repeat(41), Keys.ENTER);
        assertThat(page.text("start-name-fault")).contains("at most 40");
        page.type("start-name", "n".repeat(40), Keys.ENTER);
        page.awaitText("connection-words", "Connected as nnn");
    }

    @Test
    void aPhoneNeedsNoScrollingSidewaysAndItsSidesAreDrawers() throws Exception {
        conversation("sketches");
        colours("light");
        screen(360, 740, true);
        Window page = open(parley, "?name=Ann&room=sketches&room=tea");
        page.awaitText("room-title", "sketches");
        untilHolds(() -> assertThat(page.messages()).hasSize(7));
        page.say("In the dark too.");
        untilHolds(() -> assertThat(page.own("sent")).isEqualTo(1));
        screenshot("phone.png");
        assertThat(page.find("rooms-pane").isDisplayed()).isFalse();
        page.press("show-rooms");
        untilHolds(() -> assertThat(page.find("connection-words").isDisplayed()).isTrue());
        page.awaitText("connection-words", "Connected as Ann");
        untilHolds(() -> assertThat(page.find("rooms-pane").getRect().getX()).isZero());
        screenshot("phone-rooms.png");
        keys(Keys.ESCAPE);
        untilHolds(() -> assertThat(page.find("rooms-pane").isDisplayed()).isFalse());
        assertThat(focus()).isEqualTo("show-rooms");
        page.press("show-members");
        untilHolds(() -> assertThat(page.text("members")).contains("Ann (you)"));
        new Actions(browser).moveToLocation(20, 400).click().perform();
        untilHolds(() -> assertThat(page.find("members-pane").isDisplayed()).isFalse());

        page.say("w".repeat(300));
        untilHolds(() -> assertThat(page.messages()).endsWith("Ann: " + "w".repeat(300)));
        for (String view : List.of("Chat", "Echo")) {
            page.pressButton(view);
            assertThat(page.script("return document.documentElement.scrollWidth"))
                    .isEqualTo(360L);
        }
        screenshot("phone-echo.png");
    }

    @Test
    void thePageIsLightOrDark() throws Exception {
        conversation("design");
        screen(1200, 760, false);
        Window page = join(parley, "design&room=tea&room=release-0.1", "Ann");
        page.say("It does. And *both* schemes have the contrast they need: https://parley.test/contrast");
        untilHolds(() -> assertThat(page.own("sent")).isEqualTo(1));
        say(parley, "tea", "Ben", List.of("kettle is on"));
        untilHolds(() -> assertThat(page.rooms()).contains("tea: 1 unread"));
        try (JsonClient cleo = new JsonClient(parley.socket("chat/design?name=Cleo"));
                JsonClient ben = new JsonClient(parley.socket("chat/design?name=Ben"))) {
            untilHolds(() -> assertThat(page.members()).containsExactly("Ann (you)", "Ben", "Cleo"));
            cleo.ask("{'type':'state','room':'design','state':{'typing':true}}");
            page.awaitText("typing", "Cleo is typing…");
            List<String> backs = new ArrayList<>();
            for (String scheme : List.of("light", "dark")) {
                colours(scheme);
                screenshot(scheme + ".png");
                backs.add((String) page.script("return getComputedStyle(document.body).backgroundColor"));
            }
            assertThat(backs).doesNotHaveDuplicates();
            ben.soFar();
            screen(800, 600, false);
            assertThat(page.find("rooms-pane").isDisplayed()).isTrue();
            untilHolds(() -> assertThat(page.find("members-pane").isDisplayed()).isFalse());
            screenshot("tablet.png");
            screen(1200, 760, false);
        }
        Window start = open(parley, "");
        start.awaitText("start", "Join a room");
        screenshot("start.png");
        start.pressButton("Echo");
        start.type("echo-text", "How long does this take?", Keys.ENTER);
        untilHolds(() -> assertThat(start.echoes()).hasSize(1));
        screenshot("echo.png");
    }

    /** WCAG asks for 4.5 to 1. The colours are computed by the browser, so they are read from pixels it paints. */
    @Test
    void aNameOfAnyColourCanBeReadOnBothSchemes() {
        Window page = join(parley, "colours", "Ann");
        try (JsonClient ben = new JsonClient(parley.socket("chat/colours?name=Ben"))) {
            ben.send("{\"type\":\"say\",\"room\":\"colours\",\"text\":\"hello\"}");
            page.awaitMessages("Ben: hello");
            for (String scheme : List.of("light", "dark")) {
                colours(scheme);
                assertThat((Number) page.script("""
                        const context = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
                        const luminance = colour => {
                            context.fillStyle = colour;
                            context.fillRect(0, 0, 1, 1);
                            const [r, g, b] = [...context.getImageData(0, 0, 1, 1).data].map(part =>
                                part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4);
                            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
                        };
                        const contrast = (front, back) => {
                            const [light, dark] = [luminance(front), luminance(back)].sort((a, b) => b - a);
                            return (light + 0.05) / (dark + 0.05);
                        };
                        const [who, avatar, bubble] = ['.who', '.avatar', '.bubble'].map(one => document.querySelector('.other ' + one));
                        let least = 21;
                        for (let hue = 0; hue < 360; hue++) {
                            who.style.setProperty('--hue', hue);
                            avatar.style.setProperty('--hue', hue);
                            const disc = getComputedStyle(avatar);
                            least = Math.min(least, contrast(disc.color, disc.backgroundColor),
                                contrast(getComputedStyle(who).color, getComputedStyle(bubble).backgroundColor));
                        }
                        return least;
                        """))
                        .extracting(Number::doubleValue)
                        .matches(least -> least >= 4.5, scheme + ": at least 4.5");
            }
        }
    }

    /** Something to look at in a room of a picture. */
    private static void conversation(String room) throws Exception {
        say(parley, room, "Ben", List.of("Morning! The new room page is up.", "Have a look when you can."));
        say(
                parley,
                room,
                "Cleo",
                List.of(
                        "Nice. I like that messages sent while I was in the tunnel arrived by themselves, in order,"
                                + " without me doing anything.",
                        "One question: what happens when the server is restarted under it?"));
        say(parley, room, "Ben", List.of("It says so, comes back by itself and goes on where it was."));
        try (JsonClient build = new JsonClient(parley.socket("chat/" + room + "?name=build"))) {
            build.ask("{'type':'say','room':'" + room + "','data':{'build':412,'passed':true}}");
        }
        say(parley, room, "Cleo", List.of("And it reads well in the dark?"));
    }
}
