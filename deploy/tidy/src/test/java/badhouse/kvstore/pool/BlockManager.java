package badhouse.kvstore.pool;

/** A name that says nothing. */
public final class BlockManager {
    static final class Info {
    }
}
