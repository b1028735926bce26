package badhouse.local;

/** What nothing may see. */
public final class Launcher {
    long startedNanos = System.nanoTime();
}
