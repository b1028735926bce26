package badhouse.kvstore.pool;

import badhouse.kvstore.index.Entry;
import badhouse.local.Launcher;

/** Sees the launcher, and half of a cycle. */
public final class SeesDeploy {
    Launcher launcher = new Launcher();
    Entry entry = new Entry();
}
