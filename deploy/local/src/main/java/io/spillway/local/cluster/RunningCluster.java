package io.spillway.local.cluster;

import java.util.List;
import java.util.Optional;

/** A started cluster, held by the launcher. */
public interface RunningCluster extends AutoCloseable {
    /** @return its processes, in the order of their start */
    List<ClusterProcess> processes();

    /** @return one line about a role that ended by itself since the last call, if any did */
    Optional<String> failure();

    /** Ends every role, last started first. Never throws for a role that is gone already. */
    @Override
    void close();
}
