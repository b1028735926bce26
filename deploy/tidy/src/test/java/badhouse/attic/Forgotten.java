package badhouse.attic;

/** A class without a room. */
public final class Forgotten {
}
