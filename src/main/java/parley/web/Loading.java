package parley.web;

import jakarta.servlet.ServletContext;
import java.io.IOException;
import java.io.InputStream;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.URL;
import java.security.CodeSource;
import java.util.Set;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.jspecify.annotations.Nullable;

/**
 * Loads all classes of Parley when it starts. Open Liberty stops an application when its file has been deleted: what it
 * has not loaded by then it cannot load.
 */
final class Loading {
    private static final Logger LOG = System.getLogger("parley.web");

    private static final String CLASSES = "/WEB-INF/classes/";
    private static final String LIBRARIES = "/WEB-INF/lib/";
    private static final String PACKAGE = "parley/";
    private static final String CLASS = ".class";

    private Loading() {}

    /** Loads them, from the WAR that is Parley or from the library in an application. */
    static void all(ServletContext context) {
        folder(context, CLASSES + PACKAGE);
        String library = library();
        if (library == null) {
            return;
        }
        try (InputStream file = context.getResourceAsStream(LIBRARIES + library)) {
            if (file != null) {
                archive(file);
            }
        } catch (IOException e) {
            LOG.log(Level.DEBUG, "the library's classes are loaded when they are needed", e);
        }
    }

    private static void folder(ServletContext context, String folder) {
        Set<String> paths = context.getResourcePaths(folder);
        if (paths == null || folder.endsWith("/standalone/")) {
            return;
        }
        for (String path : paths) {
            if (path.endsWith("/")) {
                folder(context, path);
            } else {
                load(path.substring(CLASSES.length()));
            }
        }
    }

    /** The name of the file that this class is in; null where that is no archive, or the server does not tell. */
    private static @Nullable String library() {
        CodeSource source = Loading.class.getProtectionDomain().getCodeSource();
        URL location = source == null ? null : source.getLocation();
        String path = location == null ? "" : location.getPath().replaceFirst("!?/*$", "");
        return path.endsWith(".jar") ? path.substring(path.lastIndexOf('/') + 1) : null;
    }

    private static void archive(InputStream file) throws IOException {
        ZipInputStream entries = new ZipInputStream(file);
        for (ZipEntry entry = entries.getNextEntry(); entry != null; entry = entries.getNextEntry()) {
            if (entry.getName().startsWith(PACKAGE)) {
                load(entry.getName());
            }
        }
    }

    /** What a class needs that an application may lack is not loaded with it. */
    private static void load(String file) {
        if (!file.endsWith(CLASS) || file.endsWith("-info.class")) {
            return;
        }
        String name = file.substring(0, file.length() - CLASS.length()).replace('/', '.');
        try {
            Class.forName(name, false, Loading.class.getClassLoader());
        } catch (ClassNotFoundException e) {
            throw new IllegalStateException("a class of Parley's own is not there: " + name, e);
        } catch (LinkageError e) {
            LOG.log(Level.DEBUG, "not loaded, since what it needs is not there: " + name, e);
        }
    }
}
