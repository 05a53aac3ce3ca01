package parley.room;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import parley.protocol.ChangeKind;
import parley.protocol.Content;
import parley.protocol.Message;
import parley.protocol.Revision;
import parley.protocol.Standing;

class PiecesTest {
    private static final Message OTHER = message(90, "other", Standing.NONE);

    private static Message message(long seq, String text, Standing standing) {
        Content content = Content.text(text, text.length());
        return new Message(seq, seq, "Ann", null, content, null, Revision.None.UNCHANGED, standing);
    }

    private static Message piece(long seq, long of, int start, String text, boolean isLast) {
        Content whole = isLast ? Content.text("w".repeat(start) + text, start + text.length()) : Content.EMPTY;
        Revision change = new Revision.Change(of, 0, new ChangeKind.Piece(start, isLast, whole));
        return new Message(seq, seq, "Ann", null, Content.text(text, text.length()), null, change);
    }

    private static Message grown(long seq, String text, long last) {
        return message(seq, text, Standing.NONE.with(new Standing.Growth(true, last)));
    }

    @Test
    void piecesOfEachMessageAreJoinedInThePlaceOfTheFirst() {
        Message a = piece(11, 1, 3, "ab", false);
        Message x = piece(12, 2, 0, "x", false);
        Message b = piece(13, 1, 5, "c", true);
        List<Message> sent = Pieces.inStreams(List.of(a, x, OTHER, b));
        assertThat(sent).hasSize(3);
        assertThat(sent.get(0).seq()).isEqualTo(11);
        assertThat(sent.get(0).content()).isEqualTo(Content.text("abc", 3));
        assertThat(((Revision.Change) sent.get(0).revision()).kind())
                .isEqualTo(new ChangeKind.Piece(3, true, Content.text("wwwwwc", 6)));
        assertThat(sent.get(1)).isSameAs(x);
        assertThat(sent.get(2)).isSameAs(OTHER);
    }

    @Test
    void onAPageTheyAreInThePlaceOfTheLastBehindWhichTheNextPageBegins() {
        Message a = piece(11, 1, 3, "ab", false);
        Message b = piece(13, 1, 5, "c", false);
        List<Message> sent = Pieces.inPages(List.of(a, OTHER, b));
        assertThat(sent).extracting(Message::seq).containsExactly(90L, 13L);
        assertThat(sent.get(1).content().text()).isEqualTo("abc");
    }

    @Test
    void piecesThatTheMessageHasAreLeftOutAndNoOthers() {
        Message has = grown(5, "abc", 7);
        Message in = piece(7, 5, 2, "c", false);
        Message behind = piece(8, 5, 3, "d", false);
        assertThat(Pieces.inStreams(List.of(has, in, behind))).containsExactly(has, behind);
    }

    @Test
    void piecesWithAHoleBetweenThemStayApart() {
        Message a = piece(11, 1, 3, "ab", false);
        Message b = piece(13, 1, 9, "c", false);
        assertThat(Pieces.inStreams(List.of(a, b))).containsExactly(a, b);
    }

    @Test
    void whatSaysNothingAnyMoreIsLeftOut() {
        Message a = piece(11, 1, 3, "ab", false).superseded();
        Message b = piece(13, 1, 0, "new", false);
        assertThat(Pieces.inStreams(List.of(a, b))).containsExactly(b);
        assertThat(piece(14, 1, 3, "ab", true).superseded().toString()).doesNotContain("ab");
    }
}
