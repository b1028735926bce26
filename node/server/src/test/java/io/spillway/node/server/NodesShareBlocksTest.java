package io.spillway.node.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.spillway.config.ConfigFile;
import io.spillway.domain.id.ModelId;
import io.spillway.domain.id.RequestId;
import io.spillway.domain.id.TenantId;
import io.spillway.domain.kv.BlockHash;
import io.spillway.domain.kv.KvElement;
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
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Two whole nodes, the real model, gRPC and Aeron: what one has computed the other fetches. */
class NodesShareBlocksTest {
    private static final int PROMPT_TOKENS = 700;
    @TempDir
    private Path data;

    /** An answer, put together. */
    private record Answer(List<Integer> tokens, PrefillSources sources) {
    }

    @ParameterizedTest
    @EnumSource(KvElement.class)
    void aPeerFetchesWhatANodeComputedAndAnswersTheSame(final KvElement element) throws Exception {
        try (FakeCoordinator coordinator = new FakeCoordinator();
             NodeServer first = node("n1", coordinator, element);
             NodeServer second = node("n2", coordinator, element)) {
            assertThat(first.descriptor().model().orElseThrow().layout().element()).isEqualTo(element);
            final Answer cold = ask(first, request("r1"));
            assertThat(cold.tokens()).hasSize(40);
            assertThat(cold.sources()).isEqualTo(new PrefillSources(0, 0, 0, 0, PROMPT_TOKENS));
            await().atMost(Duration.ofSeconds(20)).until(() -> hostBlocks(coordinator, "n1") >= PROMPT_TOKENS / 64);

            final Answer warm = ask(second, request("r2"));
            assertThat(warm.sources().remoteTokens()).isEqualTo(PROMPT_TOKENS / 64 * 64);
            assertThat(warm.sources().computedTokens()).isEqualTo(PROMPT_TOKENS % 64);
            assertThat(warm.tokens()).isEqualTo(cold.tokens());

            final Answer again = ask(second, request("r3"));
            assertThat(again.sources().deviceTokens()).isEqualTo(PROMPT_TOKENS / 64 * 64);
            assertThat(again.tokens()).isEqualTo(cold.tokens());
            assertThat(ask(second, request("r4").continuedFrom(
                cold.tokens().subList(0, 17).stream().mapToInt(Integer::intValue).toArray())).tokens())
                .isEqualTo(cold.tokens().subList(17, 40));
        }
    }

    private static long hostBlocks(final FakeCoordinator coordinator, final String node) {
        return coordinator.updates().stream().filter(update -> update.hasLoad() && update.getLoad().getId().equals(node))
            .mapToLong(update -> ClusterCodec.toDomain(update.getLoad()).tiers().hostBlocks()).max().orElse(0);
    }

    private NodeServer node(final String id, final FakeCoordinator coordinator, final KvElement element) {
        final Path model = Path.of(System.getProperty("spillway.root"), "deploy/local/models/brook/brook");
        return NodeServer.start(ConfigFile.parse("""
            id: %s
            coordinators: ['127.0.0.1:%d']
            data-dir: '%s'
            model: {id: brook, path: '%s'}
            kv: {element: %s}
            """.formatted(id, coordinator.port(), data.resolve(id), model, element), "test", NodeConfig.class));
    }

    private static GenerationRequest request(final String id) {
        final int[] prompt = new int[PROMPT_TOKENS];
        for (int i = 0; i < prompt.length; i++) {
            prompt[i] = (i * 131 + 7) % 2000;
        }
        return new GenerationRequest(new RequestId(id), new TenantId("t"), Optional.empty(), new ModelId("brook"),
            new BlockHash(1, 2), prompt, new int[0], 40, new int[0],
            new SamplingParams(1f, 0, 1f, 0f, 0f, 0f, 1f, Map.of(), 42, -1));
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
                    case GenerationEvent.TokenDelta delta -> {
                        assertThat(delta.firstIndex()).isEqualTo(request.emittedTokens().length + tokens.size());
                        java.util.Arrays.stream(delta.tokens()).forEach(tokens::add);
                    }
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
