package io.spillway.local.cluster;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import java.util.List;

/** Turns a plan into roles: the one place where the launcher names the servers' mains and fills in their configs. */
public final class Roles {
    private Roles() {
    }

    /** @return every role of {@code plan}: coordinators and stores in stage 0, nodes in stage 1 */
    public static List<Role> of(final ClusterPlan plan) {
        throw new SpillwayException(ErrorCode.UNSUPPORTED,
            "this build holds no servers for the " + plan.coordinators().size() + " coordinators of a cluster");
    }
}
