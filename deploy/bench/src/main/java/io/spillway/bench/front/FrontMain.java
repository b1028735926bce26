package io.spillway.bench.front;

import io.spillway.coordinator.admission.RequestLine;
import io.spillway.coordinator.access.ApiKey;
import io.spillway.coordinator.state.ClusterView;
import io.spillway.domain.cluster.Endpoint;
import io.spillway.domain.cluster.ModelDescriptor;
import io.spillway.domain.cluster.NodeDescriptor;
import io.spillway.domain.cluster.NodeRole;
import io.spillway.domain.id.ModelId;
import io.spillway.domain.id.NodeId;
import io.spillway.domain.id.TenantId;
import io.spillway.domain.kv.BlockHasher;
import io.spillway.domain.kv.KvElement;
import io.spillway.domain.kv.KvLayout;
import io.spillway.domain.kv.ModelFingerprint;
import io.spillway.domain.kv.TenantSecret;
import io.spillway.domain.request.FinishReason;
import io.spillway.domain.request.GenerationEvent;
import io.spillway.domain.request.GenerationRequest;
import io.spillway.domain.request.PrefillSources;
import io.spillway.domain.request.Usage;
import io.spillway.domain.time.EpochClock;
import io.spillway.domain.time.NanoClock;
import io.spillway.gateway.Gateway;
import io.spillway.gateway.GatewayConfig;
import io.spillway.gateway.chat.TextChatModel;
import io.spillway.gateway.console.ConsoleSnapshot;
import io.spillway.gateway.openai.ApiKeys;
import io.spillway.local.command.Places;
import io.spillway.text.ModelText;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * The gateway, whole, over a line that answers at once: authentication, JSON, template, tokenizer, detokenizer, metrics and HTTP are
 * the product's; only admission and engine are not there. Streams are
 * compressed for who asks. Prints its port.
 */
final class FrontMain {
    private static final TenantId TENANT = new TenantId("bench");
    private static final ModelId MODEL = new ModelId("brook");

    private FrontMain() {
    }

    /** Serves until standard input ends. */
    public static void main(final String[] args) throws Exception {
        final ModelText text = ModelText.load(Places.bundledModel());
        final TextChatModel model = new TextChatModel(text);
        final int[] tokens = text.encodeText("the order is on its way and it will be there ".repeat(StubAnswers.TOKENS));
        final ClusterView view = view(model.vocabularySize());
        final GatewayConfig usual = GatewayConfig.on("127.0.0.1", 0);
        final GatewayConfig config = new GatewayConfig(usual.http().packingStreams(true), usual.chat(), usual.console(), usual.guardrails());
        final Gateway gateway = Gateway.start(config, new Gateway.Parts(() -> view,
            id -> id.equals(MODEL) ? Optional.of(model) : Optional.empty(), new AtOnce(tokens), (id, usage) -> 1000L,
            () -> ConsoleSnapshot.empty(0), Random::new, NanoClock.SYSTEM, EpochClock.SYSTEM));
        System.out.println(gateway.port());
        while (System.in.read() >= 0) {
            Thread.onSpinWait();
        }
        System.exit(0);
    }

    private static ClusterView view(final int vocabularySize) {
        final ModelDescriptor model = new ModelDescriptor(MODEL, new ModelFingerprint("ab".repeat(32)), 32_768, vocabularySize,
            new KvLayout(2, 2, 8, 64, KvElement.F16), BlockHasher.VERSION);
        final TreeMap<NodeId, ClusterView.Member> members = new TreeMap<>(Map.of(new NodeId("node-1"), new ClusterView.Member(
            new NodeDescriptor(new NodeId("node-1"), NodeRole.ENGINE, new Endpoint("127.0.0.1", 1), new Endpoint("127.0.0.1", 2),
                Optional.of(model), 128), 1, Long.MAX_VALUE / 2)));
        return new ClusterView(1, members, Map.of(ApiKeys.hash(StubAnswers.KEY), ApiKey.unbounded(ApiKeys.hash(StubAnswers.KEY), TENANT, "bench")),
            new TreeMap<>(Map.of(TENANT, new TenantSecret(new byte[TenantSecret.BYTES]))), new TreeMap<>());
    }

    /** Gives a fixed output, one token per event, from a thread of its own. */
    private record AtOnce(int[] tokens) implements RequestLine {
        @Override
        public Submission submit(final GenerationRequest request, final Consumer<GenerationEvent> listener) {
            Thread.ofVirtual().start(() -> play(request, listener));
            return new Submission() {
                @Override
                public void cancel() {
                    // It has ended by then.
                }

                @Override
                public String placement() {
                    return "node-1";
                }
            };
        }

        private void play(final GenerationRequest request, final Consumer<GenerationEvent> listener) {
            final int known = request.knownTokens();
            final PrefillSources sources = new PrefillSources(known / 2, 0, 0, 0, known - known / 2);
            listener.accept(new GenerationEvent.Started(sources));
            final int count = Math.min(StubAnswers.TOKENS, request.outputTokensMax());
            for (int i = 0; i < count; i++) {
                listener.accept(new GenerationEvent.TokenDelta(i, new int[] {tokens[i]}, List.of()));
            }
            listener.accept(new GenerationEvent.Finished(FinishReason.LENGTH, new Usage(known, known / 2, count, sources)));
        }
    }
}
