package example;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import parley.client.ConnectionState;
import parley.client.Joining;
import parley.client.MissedRange;
import parley.client.ParleyClient;
import parley.client.RoomCallbacks;
import parley.client.RoomMessage;

/** Prints what is said in a room, and says the lines that it reads. */
public final class CommandLineClient {
    /** Arguments: the address of {@code /chat}, a room, a name. */
    public static void main(String[] arguments) throws IOException {
        try (ParleyClient client = ParleyClient.to(arguments[0])
                .name(arguments[2])
                .onState(CommandLineClient::show)
                .build()) {
            var room = client.join(arguments[1], Joining.last(10).callbacks(new RoomCallbacks() {
                @Override
                public void message(RoomMessage message) {
                    System.out.println(message.from() + ": " + message.text());
                }

                @Override
                public void missed(MissedRange range) {
                    if (range.state() == MissedRange.State.LOST) {
                        System.out.println("(messages before " + range.before() + " are gone)");
                    }
                }
            }));
            BufferedReader input = new BufferedReader(new InputStreamReader(System.in));
            for (String line = input.readLine(); line != null; line = input.readLine()) {
                long seq = room.say(line).join().seq(); // the server has it
                System.out.println("(message " + seq + ")");
            }
        }
    }

    private static void show(ConnectionState state) {
        if (state instanceof ConnectionState.Waiting waiting) {
            System.out.println("(back in " + waiting.delay().toMillis() + " ms)");
        }
    }
}
