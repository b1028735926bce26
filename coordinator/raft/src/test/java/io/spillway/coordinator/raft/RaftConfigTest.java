package io.spillway.coordinator.raft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spillway.domain.cluster.Endpoint;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

class RaftConfigTest {
    private static final RaftConfig.Peer A = new RaftConfig.Peer("a", new Endpoint("h", 1));
    private static final RaftConfig.Peer B = new RaftConfig.Peer("b", new Endpoint("h", 2));

    private static RaftConfig config(final String id, final List<RaftConfig.Peer> peers) {
        return new RaftConfig("cluster", id, peers, Path.of("x"));
    }

    private static void assertInvalid(final String field, final ThrowingCallable making) {
        assertThatThrownBy(making).isInstanceOfSatisfying(SpillwayException.class, failure -> {
            assertThat(failure.code()).isEqualTo(ErrorCode.INVALID_CONFIG);
            assertThat(failure.field()).contains(field);
        });
    }

    @Test
    void badConfigurationNamesItsField() {
        assertInvalid("peers", () -> config("a", List.of(A, B)));
        assertInvalid("peers", () -> config("a", List.of(A, B, new RaftConfig.Peer("a", new Endpoint("h", 3)))));
        assertInvalid("peers", () -> config("a", List.of(A, B, new RaftConfig.Peer("c", new Endpoint("h", 2)))));
        assertInvalid("replicaId", () -> config("z", List.of(A)));
        assertInvalid("peers.id", () -> new RaftConfig.Peer("a b", new Endpoint("h", 3)));
        assertInvalid("timeouts.electionMax", () -> new RaftConfig.Timeouts(Duration.ofMillis(2), Duration.ofMillis(2),
            Duration.ofMillis(1), Duration.ofMillis(1), Duration.ofMillis(1)));
        assertInvalid("timeouts.request", () -> new RaftConfig.Timeouts(Duration.ofMillis(1), Duration.ofMillis(2),
            Duration.ofMillis(1), Duration.ZERO, Duration.ofMillis(1)));
    }

    @Test
    void clustersOfDifferentNamesAreDifferentGroups() {
        final RaftConfig one = config("a", List.of(A));
        final RaftConfig other = new RaftConfig("other", "a", List.of(A), Path.of("x"));
        assertThat(RatisSettings.group(one)).isEqualTo(RatisSettings.group(one));
        assertThat(RatisSettings.group(one).getGroupId()).isNotEqualTo(RatisSettings.group(other).getGroupId());
    }
}
