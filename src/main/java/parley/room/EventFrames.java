package parley.room;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import parley.delivery.Frame;
import parley.delivery.StreamEvent;
import parley.protocol.Event;
import parley.protocol.EventId;
import parley.protocol.Message;

/**
 * The frames of members that read an event stream: the lines of JSON members, each an event. Lines of messages are
 * encoded once for both kinds of member.
 *
 * <p>Every event that moves a member's position has the new one as its id, so that a client that is cut in the middle
 * of a frame goes on behind the last whole event.
 */
final class EventFrames implements Frames {
    private record Made(Frame from, Frame frame) {}

    private final JsonFrames json;
    private final Supplier<String> epoch;
    private final Ring ring;
    private final Batches batches;
    private volatile @Nullable Made lastPresence;
    private volatile @Nullable Made lastSignals;

    /**
     * Makes the frames of a room.
     *
     * @param json those of its JSON members
     * @param epoch the history that the room is in. Members compare it with theirs when they have a frame, and do not
     *     take one that was made while it changed
     */
    EventFrames(JsonFrames json, Ring ring, Supplier<String> epoch) {
        this.json = json;
        this.ring = ring;
        this.batches = new Batches(ring);
        this.epoch = epoch;
    }

    @Override
    public @Nullable Batch messages(long from, long until) {
        Batch made = batches.find(from, until);
        if (made != null) {
            return made;
        }
        String of = epoch.get();
        long foldings = ring.foldings();
        Lines.Run run = json.lines().run(from, until);
        if (run == null) {
            return null;
        }
        List<StreamEvent> events = new ArrayList<>();
        run.lines()
                .forEach(line -> line.frame()
                        .ifPresent(told -> events.add(StreamEvent.message(EventId.of(of, line.seq()), told.text()))));
        return batches.keep(run.in(frame(events)), run.bytes(), foldings);
    }

    @Override
    public Batch messages(List<Message> page) {
        String of = epoch.get();
        Batch batch = json.messages(page);
        Frame.Text text = (Frame.Text) batch.frame();
        Iterator<String> lines = text == null
                ? Collections.emptyIterator()
                : List.of(lines(text)).iterator();
        List<StreamEvent> events = new ArrayList<>();
        for (Message message : Pieces.inStreams(page.subList(0, batch.count()))) {
            events.add(StreamEvent.message(EventId.of(of, message.seq()), lines.next()));
        }
        return new Batch(batch.from(), batch.to(), batch.last(), batch.isFull(), frame(events));
    }

    private static @Nullable Frame frame(List<StreamEvent> events) {
        return events.isEmpty() ? null : new Frame.Events(events);
    }

    @Override
    public Frame gap(long after, long before, long missed) {
        return moved("gap", EventId.of(epoch.get(), before - 1), json.gap(after, before, missed));
    }

    @Override
    public Frame begun(String epoch, long seq) {
        return moved("joined", EventId.of(epoch, seq), json.begun(epoch, seq));
    }

    @Override
    public Frame presence(Presence.Delta delta, boolean everybody) {
        Made made = made("presence", json.presence(delta, everybody), lastPresence);
        lastPresence = made;
        return made.frame;
    }

    @Override
    public @Nullable Frame signals(long from, long to) {
        Frame signals = json.signals(from, to);
        if (signals == null) {
            return null;
        }
        Made made = made("signal", signals, lastSignals);
        lastSignals = made;
        return made.frame;
    }

    /** The last page moves the position: a client that is cut before it begins again with the first. */
    @Override
    public Frame values(String epoch, long seq, List<Message> page, boolean more) {
        Frame values = json.values(epoch, seq, page, more);
        return more
                ? new Frame.Events(List.of(StreamEvent.of("state", lines(values)[0])))
                : moved("state", EventId.of(epoch, seq), values);
    }

    @Override
    public boolean tellsMarks() {
        return true;
    }

    @Override
    public Frame mark(Event.Mark mark) {
        return new Frame.Events(List.of(StreamEvent.of("mark", lines(json.mark(mark))[0])));
    }

    /** Lets go of what is kept for members to share. */
    void letGo() {
        batches.letGo();
        lastPresence = null;
        lastSignals = null;
    }

    private static Made made(String type, Frame from, @Nullable Made last) {
        if (last != null && last.from == from) {
            return last;
        }
        List<StreamEvent> events = new ArrayList<>();
        for (String line : lines(from)) {
            events.add(StreamEvent.of(type, line));
        }
        return new Made(from, new Frame.Events(events));
    }

    private static Frame moved(String type, String id, Frame from) {
        return new Frame.Events(List.of(StreamEvent.of(type, lines(from)[0]).withId(id)));
    }

    /** No line of JSON has a line break in it. */
    private static String[] lines(Frame json) {
        List<Frame> all = json instanceof Frame.Several several ? several.messages() : List.of(json);
        return all.stream().flatMap(one -> ((Frame.Text) one).text().lines()).toArray(String[]::new);
    }
}
