package io.spillway.wire.link;

import io.spillway.domain.cluster.Endpoint;
import java.time.Duration;
import java.util.List;

/**
 * How a member keeps in touch.
 *
 * @param coordinators  gRPC endpoints of all replicas
 * @param loadInterval  how often load is looked at; a changed one is sent
 * @param loadHeartbeat how often load is sent even when unchanged: the sign of life
 * @param retryInterval pause before a lost stream or a failed registration is tried again
 */
public record LinkConfig(
    List<Endpoint> coordinators, Duration loadInterval, Duration loadHeartbeat, Duration retryInterval) {
    public LinkConfig {
        coordinators = List.copyOf(coordinators);
        if (coordinators.isEmpty()) {
            throw new IllegalArgumentException("coordinators must name at least one endpoint");
        }
    }

    /** @return a config with the usual intervals */
    public static LinkConfig of(final List<Endpoint> coordinators) {
        return new LinkConfig(coordinators, Duration.ofMillis(100), Duration.ofSeconds(2), Duration.ofMillis(300));
    }
}
