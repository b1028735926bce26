package io.spillway.node.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.spillway.config.ConfigFile;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.id.ModelId;
import io.spillway.domain.id.RequestId;
import io.spillway.domain.id.TenantId;
import io.spillway.domain.kv.BlockHash;
import io.spillway.domain.request.GenerationEvent;
import io.spillway.domain.request.GenerationRequest;
import io.spillway.domain.request.PrefillSources;
import io.spillway.domain.request.SamplingParams;
import io.spillway.wire.codec.ClusterCodec;
import io.spillway.wire.codec.RequestCodec;
import io.spillway.wire.v1.NodeEngineGrpc;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Nodes whose model is computed by several ranks: they answer like others, and exchange blocks with them. */
class TensorParallelNodeTest {
    private static final int PROMPT_TOKENS = 200;
    @TempDir
    private Path data;

    /** An answer, put together. */
    private record Answer(List<Integer> tokens, PrefillSources sources) {
    }

    @Test
    void nodesOfOneTwoAndFourRanksAnswerTheSameAndShareBlocks() throws Exception {
        try (FakeCoordinator coordinator = new FakeCoordinator();
             NodeServer one = node("n1", coordinator, "engine: {tensor-parallel: 1}");
             NodeServer two = node("n2", coordinator, "engine: {tensor-parallel: 2}");
             NodeServer four = node("n4", coordinator, "engine: {tensor-parallel: 4, threads: 2}")) {
            assertThat(two.descriptor().model()).isEqualTo(one.descriptor().model());
            final Answer cold = ask(two, request("r1"));
            assertThat(cold.tokens()).hasSize(24);
            assertThat(cold.sources().computedTokens()).isEqualTo(PROMPT_TOKENS);
            await().atMost(Duration.ofSeconds(20)).until(() -> hostBlocks(coordinator, "n2") >= PROMPT_TOKENS / 64);
            for (final NodeServer other : List.of(one, four)) {
                final Answer warm = ask(other, request("r" + other.descriptor().id().value()));
                assertThat(warm.sources().remoteTokens()).as("blocks of two ranks").isEqualTo(PROMPT_TOKENS / 64 * 64);
                assertThat(warm.tokens()).isEqualTo(cold.tokens());
            }
        }
    }

    @Test
    void whatCannotBeDividedIsRefusedByItsKey() throws Exception {
        try (FakeCoordinator coordinator = new FakeCoordinator()) {
            assertThatThrownBy(() -> node("n1", coordinator, "engine: {tensor-parallel: 3}")).isInstanceOfSatisfying(SpillwayException.class, e -> {
                assertThat(e.code()).isEqualTo(ErrorCode.INVALID_CONFIG);
                assertThat(e.field()).contains("engine.tensor-parallel");
                assertThat(e).hasMessageContaining("4 heads and 2 key-value heads");
            });
            assertThatThrownBy(() -> node("n1", coordinator, "engine: {tensor-parallel: 0}")).isInstanceOfSatisfying(SpillwayException.class,
                e -> assertThat(e).hasMessageContaining("tensor-parallel"));
        }
    }

    private static long hostBlocks(final FakeCoordinator coordinator, final String node) {
        return coordinator.updates().stream().filter(update -> update.hasLoad() && update.getLoad().getId().equals(node))
            .mapToLong(update -> ClusterCodec.toDomain(update.getLoad()).tiers().hostBlocks()).max().orElse(0);
    }

    private NodeServer node(final String id, final FakeCoordinator coordinator, final String engine) {
        final Path model = Path.of(System.getProperty("spillway.root"), "deploy/local/models/brook/brook-small");
        return NodeServer.start(ConfigFile.parse("""
            id: %s
            coordinators: ['127.0.0.1:%d']
            data-dir: '%s'
            model: {id: brook, path: '%s'}
            kv: {device-max-bytes: 32MiB, host-max-bytes: 32MiB}
            %s
            """.formatted(id, coordinator.port(), data.resolve(id), model, engine), "test", NodeConfig.class));
    }

    private static GenerationRequest request(final String id) {
        final int[] prompt = new int[PROMPT_TOKENS];
        Arrays.setAll(prompt, i -> (i * 131 + 7) % 2000);
        return new GenerationRequest(new RequestId(id), new TenantId("t"), Optional.empty(), new ModelId("brook"),
            new BlockHash(1, 2), prompt, new int[0], 24, new int[0],
            new SamplingParams(0f, 0, 1f, 0f, 0f, 0f, 1f, Map.of(), 42, -1));
    }

    private static Answer ask(final NodeServer node, final GenerationRequest request) throws InterruptedException {
        final ManagedChannel channel = ManagedChannelBuilder
            .forAddress(node.descriptor().rpc().host(), node.descriptor().rpc().port()).usePlaintext().build();
        try {
            final Iterator<io.spillway.wire.v1.GenerationEvent> events = NodeEngineGrpc.newBlockingStub(channel)
                .withDeadlineAfter(60, TimeUnit.SECONDS).generate(RequestCodec.toWire(request, 0));
            final List<Integer> tokens = new ArrayList<>();
            PrefillSources sources = PrefillSources.NONE;
            while (events.hasNext()) {
                switch (RequestCodec.toDomain(events.next())) {
                    case GenerationEvent.Started started -> sources = started.sources();
                    case GenerationEvent.TokenDelta delta -> Arrays.stream(delta.tokens()).forEach(tokens::add);
                    case GenerationEvent.Embedded embedded -> throw new AssertionError("not asked for");
                    case GenerationEvent.Finished finished -> { }
                    case GenerationEvent.Failed failed -> throw new AssertionError(failed);
                }
            }
            return new Answer(tokens, sources);
        } finally {
            channel.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
        }
    }
}
