package io.spillway.local.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spillway.domain.error.SpillwayException;
import io.spillway.node.server.NodeConfig;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code up}'s options become in the servers' configurations. */
class RolesTest {
    @TempDir
    private Path folder;

    private NodeConfig node(final String weightCache) {
        final Serving serving = new Serving(new Serving.Kernels(Optional.of("vector"), Optional.ofNullable(weightCache), Optional.of(2), Optional.of("cpu")),
            Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());
        final ClusterPlan plan = ClusterPlan.of(new ClusterSpec(Path.of("models/brook"), folder, 1, 0, serving), "sk",
            PortBook.open(folder.resolve("ports.json"), new Random(1)));
        return Roles.of(plan).stream().map(role -> role.launch().config()).filter(NodeConfig.class::isInstance).map(NodeConfig.class::cast)
            .findFirst().orElseThrow();
    }

    @Test
    void keptWeightsOfAllNodesAreInTheClustersFolder() {
        final NodeConfig usual = node(null);
        assertThat(usual.engine().weightCache()).isEqualTo(NodeConfig.Engine.WeightCache.OFF);
        assertThat(node("folder").engine().weightCache()).isEqualTo(NodeConfig.Engine.WeightCache.FOLDER);
        assertThat(usual.engine().weightCacheDir()).contains(folder.toAbsolutePath().normalize().resolve("weights"));
        assertThat(usual.engine().kernels().name()).isEqualTo("VECTOR");
        assertThat(usual.engine().tensorParallel()).isEqualTo(2);
        assertThat(usual.engine().backend()).isEqualTo(NodeConfig.Engine.Backend.CPU);
        assertThat(node("beside").engine().weightCache()).isEqualTo(NodeConfig.Engine.WeightCache.BESIDE);
        assertThat(node("off").engine().weightCache()).isEqualTo(NodeConfig.Engine.WeightCache.OFF);
        assertThatThrownBy(() -> node("always")).isInstanceOf(SpillwayException.class).hasMessageContaining("weight-cache");
    }

    @Test
    void whatUpWasToldIsToldToTheProcessThatDetachStarts() {
        final Serving serving = new Serving(new Serving.Kernels(Optional.of("vector"), Optional.of("off"), Optional.of(4), Optional.of("auto")), Optional.of("I8"),
            Optional.empty(), Optional.empty(), Optional.empty());
        assertThat(serving.arguments()).isEqualTo(List.of("--backend", "auto", "--kernels", "vector", "--weight-cache", "off", "--tensor-parallel", "4", "--kv", "I8"));
        assertThat(Serving.DEFAULT.arguments()).isEmpty();
    }
}
