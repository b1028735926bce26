package io.spillway.local.cluster;

import java.util.concurrent.Callable;

/**
 * One role of a cluster, startable in both ways.
 *
 * @param kind   coordinator, node or store
 * @param stage  roles of a lower stage are started first; those of one stage together
 * @param launch its own process: main class, config, heap
 * @param start  starts it in this JVM with the same config; closing the handle ends it
 */
public record Role(String kind, String name, int stage, Launch launch, Callable<? extends AutoCloseable> start) {

    /**
     * @param mainClass takes {@code --config FILE}
     * @param config    written to that file
     * @param heap      most heap, as in {@code -Xmx}: {@code 256m}
     */
    public record Launch(String mainClass, Record config, String heap) {
    }
}
