package parley.app;

/** How lines of the log look, when Parley runs by itself. */
public enum LogFormat {
    PLAIN,
    JSON
}
