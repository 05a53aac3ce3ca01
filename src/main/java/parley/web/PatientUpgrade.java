package parley.web;

import jakarta.servlet.ReadListener;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletInputStream;
import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import jakarta.servlet.http.HttpUpgradeHandler;
import jakarta.servlet.http.WebConnection;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * A handshake in which the container's handler hears of data when it is ready for it. For the thread that serves the
 * request.
 *
 * <p>Tyrus in GlassFish and Payara makes its handler the read listener before the handler is ready. When the client has
 * sent something by then, it is called at once, on the same thread, and waits for ever for what this thread would do
 * next: as many clients as there are threads stop the server. Here its {@code setReadListener} takes effect when its
 * {@code init} has returned. Handlers that are no read listeners themselves (Tomcat's) are left alone.
 */
final class PatientUpgrade extends HttpServletRequestWrapper {
    PatientUpgrade(HttpServletRequest handshake) {
        super(handshake);
    }

    @Override
    public <T extends HttpUpgradeHandler> T upgrade(Class<T> type) throws IOException, ServletException {
        if (!ReadListener.class.isAssignableFrom(type)) {
            return super.upgrade(type);
        }
        T handler;
        try {
            handler = type.getDeclaredConstructor().newInstance();
        } catch (ReflectiveOperationException e) {
            throw new ServletException(e);
        }
        super.upgrade(Handler.class).handler = handler;
        return handler;
    }

    /** Stands before the container's handler. Made by the container. */
    public static final class Handler implements HttpUpgradeHandler {
        private @Nullable HttpUpgradeHandler handler;

        @Override
        public void init(WebConnection connection) {
            HttpUpgradeHandler known = handler;
            if (known == null) {
                throw new IllegalStateException("initialized before the upgrade has returned");
            }
            try {
                Input input = new Input(connection.getInputStream());
                known.init(new Connection(connection, input));
                input.listen();
            } catch (IOException e) {
                throw new IllegalStateException("the connection has no input", e);
            }
        }

        @Override
        public void destroy() {
            HttpUpgradeHandler known = handler;
            if (known != null) {
                known.destroy();
            }
        }
    }

    private record Connection(WebConnection connection, Input input) implements WebConnection {
        @Override
        public ServletInputStream getInputStream() {
            return input;
        }

        @Override
        public ServletOutputStream getOutputStream() throws IOException {
            return connection.getOutputStream();
        }

        @Override
        public void close() throws Exception {
            connection.close();
        }
    }

    private static final class Input extends ServletInputStream {
        private final ServletInputStream input;
        private @Nullable ReadListener listener;

        Input(ServletInputStream input) {
            this.input = input;
        }

        @Override
        public void setReadListener(ReadListener listener) {
            this.listener = listener;
        }

        void listen() {
            if (listener != null) {
                input.setReadListener(listener);
            }
        }

        @Override
        public boolean isReady() {
            return input.isReady();
        }

        @Override
        public boolean isFinished() {
            return input.isFinished();
        }

        @Override
        public int available() throws IOException {
            return input.available();
        }

        @Override
        public int read() throws IOException {
            return input.read();
        }

        @Override
        public int read(byte[] bytes, int from, int count) throws IOException {
            return input.read(bytes, from, count);
        }

        @Override
        public void close() throws IOException {
            input.close();
        }
    }
}
