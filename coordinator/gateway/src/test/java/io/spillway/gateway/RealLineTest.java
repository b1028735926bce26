package io.spillway.gateway;

import static io.spillway.gateway.TestCluster.chat;
import static io.spillway.gateway.TestCluster.events;
import static io.spillway.gateway.TestCluster.json;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.spillway.coordinator.admission.AdmissionConfig;
import io.spillway.coordinator.admission.Coordinator;
import io.spillway.coordinator.admission.CoordinatorHooks;
import io.spillway.coordinator.dispatch.NodePort;
import io.spillway.domain.cluster.NodeDescriptor;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.request.FinishReason;
import io.spillway.domain.request.GenerationEvent;
import io.spillway.domain.request.GenerationRequest;
import io.spillway.domain.request.PrefillSources;
import io.spillway.domain.request.Usage;
import io.spillway.domain.time.EpochClock;
import io.spillway.domain.time.NanoClock;
import io.spillway.gateway.console.ConsoleSnapshot;
import io.spillway.gateway.console.CoordinatorConsole;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The gateway on the coordinator's own line, over make-believe nodes of which the first to be asked dies in mid-stream. */
class RealLineTest {
    private static final String ANSWER = "an unbroken answer";
    private final Map<String, Integer> asked = new ConcurrentHashMap<>();
    private final Coordinator coordinator = new Coordinator(AdmissionConfig.DEFAULT, new DyingNodes(),
        new CoordinatorHooks(this::wake, node -> { }, consumption -> { }), NanoClock.SYSTEM);
    private volatile Thread agent;
    private Gateway gateway;

    /** Nodes that write {@link #ANSWER}; the first attempt is lost after five tokens. */
    private final class DyingNodes implements NodePort {
        @Override
        public Call generate(
            final NodeDescriptor node, final long epoch, final GenerationRequest request,
            final Consumer<GenerationEvent> listener) {
            final boolean first = asked.isEmpty();
            asked.merge(node.id().value(), 1, Integer::sum);
            Thread.ofVirtual().start(() -> write(request, listener, first));
            return () -> { };
        }

        private void write(final GenerationRequest request, final Consumer<GenerationEvent> listener, final boolean dies) {
            final int[] answer = ByteModel.bytes(ANSWER);
            final PrefillSources sources = new PrefillSources(0, 0, 0, 0, request.knownTokens());
            listener.accept(new GenerationEvent.Started(sources));
            final int end = dies ? 5 : answer.length;
            for (int i = request.emittedTokens().length; i < end; i++) {
                listener.accept(new GenerationEvent.TokenDelta(i, new int[] {answer[i]}, List.of()));
            }
            listener.accept(dies ? new GenerationEvent.Failed(ErrorCode.NODE_LOST, "gone")
                : new GenerationEvent.Finished(FinishReason.STOP, new Usage(request.promptTokens().length, 0, end, sources)));
        }
    }

    private void wake() {
        LockSupport.unpark(agent);
    }

    @BeforeEach
    void start() {
        coordinator.onView(TestCluster.view(2));
        agent = Thread.ofPlatform().daemon().start(() -> {
            while (!Thread.currentThread().isInterrupted()) {
                if (coordinator.agent().doWork() == 0) {
                    LockSupport.parkNanos(1_000_000);
                }
            }
        });
        gateway = Gateway.start(GatewayConfig.on("127.0.0.1", 0), new Gateway.Parts(() -> TestCluster.view(2),
            id -> Optional.of(new ByteModel()), coordinator, (model, usage) -> 0,
            new CoordinatorConsole(new CoordinatorConsole.Sources(() -> TestCluster.view(2), coordinator::stats, Map::of, Set::of,
                () -> List.of(new ConsoleSnapshot.Replica("c1", true, true, 1, 1)), EpochClock.SYSTEM)),
            () -> new Random(3), NanoClock.SYSTEM, EpochClock.SYSTEM));
    }

    @AfterEach
    void stop() {
        gateway.close();
        agent.interrupt();
    }

    @Test
    void aStreamGoesOnWhenItsNodeDies() throws Exception {
        try (HttpClient http = HttpClient.newHttpClient()) {
            final HttpResponse<String> response = http.send(HttpRequest.newBuilder(uri("/v1/chat/completions"))
                .header("authorization", "Bearer " + TestCluster.KEY).header("X-Run-Id", "run-1").header("X-Session-Id", "session-1")
                .header("X-Agent-Id", "agent-1").header("X-Parent-Step-Id", "step-0")
                .POST(HttpRequest.BodyPublishers.ofString(chat(",'stream':true"))).build(), HttpResponse.BodyHandlers.ofString());
            final StringBuilder text = new StringBuilder();
            final List<String> events = events(response.body());
            assertThat(events.getLast()).isEqualTo("[DONE]");
            for (final String event : events.subList(0, events.size() - 1)) {
                text.append(json(event).path("choices").get(0).path("delta").path("content").asText(""));
            }
            assertThat(text).hasToString(ANSWER);
            assertThat(asked).hasSize(2);

            JsonNode state = state(http);
            while (state.path("totals").path("finished").asInt() == 0) {
                state = state(http);
            }
            assertThat(state.path("totals").path("failed_over").asInt()).isEqualTo(1);
            final JsonNode request = state.path("requests").get(0);
            assertThat(request.path("state").asText()).isEqualTo("finished");
            assertThat(request.path("output_tokens").asInt()).isEqualTo(ANSWER.length());
            assertThat(request.path("placement").asText()).isNotBlank();
            assertThat(request.path("run").asText()).isEqualTo("run-1");
            assertThat(request.path("session").asText()).isEqualTo("session-1");
            assertThat(request.path("agent").asText()).isEqualTo("agent-1");
            assertThat(request.path("step").asText()).isEqualTo(request.path("id").asText()).startsWith("chatcmpl-");
            assertThat(request.path("parent_step").asText()).isEqualTo("step-0");
        }
    }

    private JsonNode state(final HttpClient http) throws Exception {
        return json(http.send(HttpRequest.newBuilder(uri("/console/api/state")).build(),
            HttpResponse.BodyHandlers.ofString()).body());
    }

    private URI uri(final String path) {
        return URI.create("http://127.0.0.1:" + gateway.port() + path);
    }
}
