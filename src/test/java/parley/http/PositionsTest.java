package parley.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import parley.protocol.ChangeKind;
import parley.protocol.Content;
import parley.protocol.Draft;
import parley.protocol.Message;
import parley.protocol.Revision;
import parley.room.History;

class PositionsTest {
    private static final Draft DRAFT = new Draft(null, null, Content.text("x", 1), null);
    private static final Message THREE = new Message(3, 0, DRAFT);
    private static final Message CHANGE = new Message(4, 0, DRAFT, new Revision.Change(1, 0, ChangeKind.Whole.EDIT));
    private static final Message OTHER = new Message(5, 0, DRAFT, new Revision.Change(2, 0, ChangeKind.Whole.EDIT));

    private static String tag(Message... entries) {
        return Positions.tag(new History.Page("e", List.of(entries), true, null));
    }

    /** A later change of the message takes the place of the one between the others. */
    @Test
    void aPageWithoutAChangeThatItHadGetsAnotherTag() {
        assertThat(tag(THREE, CHANGE, OTHER)).isNotEqualTo(tag(THREE, OTHER));
    }
}
