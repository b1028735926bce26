package io.spillway.local.cluster;

import java.util.List;
import java.util.function.Consumer;

/** A way to start roles. */
public interface ClusterLauncher {
    /**
     * Starts {@code roles}, stage by stage. On failure everything started is ended before the exception leaves.
     *
     * @param progress told one line per step
     */
    RunningCluster launch(List<Role> roles, Consumer<String> progress);
}
