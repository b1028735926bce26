package io.spillway.domain.error;

import java.io.IOException;
import java.util.Optional;

/**
 * A failure for the log, without its words: types and places stay, messages go. What an exception says may quote what a caller sent, and
 * that must be in no log. Kept are the codes of our own failures, and what the operating system says of files and connections.
 */
public final class Unworded extends Exception {
    private static final long serialVersionUID = 1L;
    private static final System.Logger LOG = System.getLogger(Unworded.class.getName());
    private static final int CAUSES_MAX = 8;
    private static final String SYSTEM = "java.base";

    private Unworded(final String what, final Throwable cause, final StackTraceElement[] places) {
        super(what, cause, false, true);
        setStackTrace(places);
    }

    /** @return what may be logged of {@code failure} and its causes */
    public static Unworded of(final Throwable failure) {
        return of(failure, CAUSES_MAX);
    }

    private static Unworded of(final Throwable failure, final int causes) {
        final Throwable cause = failure.getCause();
        return new Unworded(what(failure), cause == null || causes == 0 ? null : of(cause, causes - 1), failure.getStackTrace());
    }

    private static String what(final Throwable failure) {
        final String type = failure.getClass().getName();
        if (failure instanceof final SpillwayException known) {
            return type + " " + known.code();
        }
        return type + (ofTheSystem(failure) ? ": " + failure.getMessage() : "");
    }

    private static boolean ofTheSystem(final Throwable failure) {
        final StackTraceElement[] places = failure.getStackTrace();
        return failure instanceof IOException && places.length > 0 && SYSTEM.equals(places[0].getModuleName());
    }

    /** From now on, threads of this process that die of an exception are logged without its words. For mains. */
    public static void logUncaught() {
        Thread.setDefaultUncaughtExceptionHandler((thread, failure) -> LOG.log(System.Logger.Level.ERROR,
            "thread " + Optional.of(thread.getName()).filter(name -> !name.isEmpty()).orElse("without a name") + " died", of(failure)));
    }
}
