package io.spillway.gateway;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.spillway.coordinator.access.ApiKey;
import io.spillway.coordinator.state.ClusterView;
import io.spillway.domain.cluster.Endpoint;
import io.spillway.domain.cluster.ModelDescriptor;
import io.spillway.domain.cluster.NodeDescriptor;
import io.spillway.domain.cluster.NodeLoad;
import io.spillway.domain.cluster.StepTotals;
import io.spillway.domain.cluster.NodeRole;
import io.spillway.domain.id.ModelId;
import io.spillway.domain.id.NodeId;
import io.spillway.domain.id.TenantId;
import io.spillway.domain.kv.BlockHasher;
import io.spillway.domain.kv.KvElement;
import io.spillway.domain.kv.KvLayout;
import io.spillway.domain.kv.ModelFingerprint;
import io.spillway.domain.kv.TenantSecret;
import io.spillway.domain.time.EpochClock;
import io.spillway.domain.time.NanoClock;
import io.spillway.gateway.chat.ChatModel;
import io.spillway.gateway.chat.ChatService;
import io.spillway.gateway.console.ConsoleMembers;
import io.spillway.gateway.console.ConsoleSnapshot;
import io.spillway.gateway.http.HttpServerConfig;
import io.spillway.gateway.limits.RateLimits;
import io.spillway.gateway.openai.ApiKeys;
import io.spillway.gateway.responses.ResponsesConfig;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;

/** A gateway over a scripted line, and the ways tests talk to it. */
final class TestCluster implements AutoCloseable {
    static final String KEY = "sk-test";
    static final int CONTEXT_TOKENS = 512;
    static final int BODY_BYTES_MAX = 1 << 20;
    static final ObjectMapper JSON = new ObjectMapper();
    /** A key of another tenant. */
    static final String OTHER_KEY = "sk-other";
    private static final TenantId TENANT = new TenantId("acme");
    private static final TenantId OTHER_TENANT = new TenantId("umbrella");

    final ScriptedLine line = new ScriptedLine();
    /** By id. */
    final Map<String, ChatModel> models = new ConcurrentHashMap<>(Map.of("bytes", new ByteModel()));
    final Gateway gateway;
    private final Optional<ConsoleSnapshot> shown;
    final HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    volatile ClusterView view = view(true);

    TestCluster() {
        this(new ChatService.Limits(1_000, TimeUnit.SECONDS.toNanos(15)), TimeUnit.SECONDS.toNanos(60),
            GatewayConfig.ConsoleAccess.LOCAL_OR_KEY);
    }

    /** Usual, but for limits of rate. */
    TestCluster(final RateLimits.Limits rates) {
        this(ChatService.Limits.USUAL, TimeUnit.SECONDS.toNanos(60), GatewayConfig.ConsoleAccess.LOCAL_OR_KEY,
            new Changes(rates, ResponsesConfig.USUAL, config -> config));
    }

    /** Usual, but for how responses are kept and run. */
    TestCluster(final ResponsesConfig responses) {
        this(new ChatService.Limits(1_000, TimeUnit.SECONDS.toNanos(15)), TimeUnit.SECONDS.toNanos(60),
            GatewayConfig.ConsoleAccess.LOCAL_OR_KEY, new Changes(RateLimits.Limits.NONE, responses, config -> config));
    }

    TestCluster(final ChatService.Limits limits, final long stallNanos, final GatewayConfig.ConsoleAccess console) {
        this(limits, stallNanos, console, new Changes(RateLimits.Limits.NONE, ResponsesConfig.USUAL, config -> config));
    }

    /** @param change what is other than usual at the HTTP server */
    TestCluster(final UnaryOperator<HttpServerConfig> change) {
        this(new ChatService.Limits(1_000, TimeUnit.SECONDS.toNanos(15)), TimeUnit.SECONDS.toNanos(60), change);
    }

    TestCluster(final ChatService.Limits limits, final long stallNanos, final UnaryOperator<HttpServerConfig> change) {
        this(limits, stallNanos, GatewayConfig.ConsoleAccess.LOCAL_OR_KEY,
            new Changes(RateLimits.Limits.NONE, ResponsesConfig.USUAL, change));
    }

    /** Usual, but for what the console shows. */
    TestCluster(final ConsoleSnapshot shown) {
        this(ChatService.Limits.USUAL, TimeUnit.SECONDS.toNanos(60), GatewayConfig.ConsoleAccess.LOCAL_OR_KEY,
            new Changes(RateLimits.Limits.NONE, ResponsesConfig.USUAL, config -> config, Optional.of(shown)));
    }

    /** What is other than usual. */
    private record Changes(
        RateLimits.Limits rates, ResponsesConfig responses, UnaryOperator<HttpServerConfig> http, Optional<ConsoleSnapshot> shown) {
        Changes(final RateLimits.Limits rates, final ResponsesConfig responses, final UnaryOperator<HttpServerConfig> http) {
            this(rates, responses, http, Optional.empty());
        }
    }

    private TestCluster(
        final ChatService.Limits limits, final long stallNanos, final GatewayConfig.ConsoleAccess console, final Changes changes) {
        shown = changes.shown;
        final HttpServerConfig config = changes.http.apply(new HttpServerConfig("127.0.0.1", 0, 2, BODY_BYTES_MAX, 8L << 20, 64,
            TimeUnit.SECONDS.toNanos(30), stallNanos, TimeUnit.SECONDS.toNanos(2)));
        gateway = Gateway.start(new GatewayConfig(config, limits, console, Map.of(), changes.rates, changes.responses), new Gateway.Parts(() -> view,
            id -> Optional.ofNullable(models.get(id.value())), line,
            (model, usage) -> 10L * (usage.promptTokens() - usage.cachedTokens()) + 20L * usage.outputTokens(),
            this::snapshot, () -> new Random(7), NanoClock.SYSTEM, EpochClock.SYSTEM));
    }

    static ClusterView view(final boolean served) {
        return view(served ? 1 : 0);
    }

    /** @param nodes engines {@code node-1} and on, all of the same model */
    static ClusterView view(final int nodes) {
        return view(nodes, CONTEXT_TOKENS);
    }

    static ClusterView view(final int nodes, final int contextTokens) {
        return view("bytes", nodes, contextTokens);
    }

    static ClusterView view(final String name, final int nodes, final int contextTokens) {
        final ModelDescriptor model = new ModelDescriptor(new ModelId(name), new ModelFingerprint("ab".repeat(32)),
            contextTokens, ByteModel.VOCABULARY, new KvLayout(2, 2, 8, 16, KvElement.values()[0]), BlockHasher.VERSION);
        final TreeMap<NodeId, ClusterView.Member> members = new TreeMap<>();
        for (int i = 1; i <= nodes; i++) {
            final NodeDescriptor node = new NodeDescriptor(new NodeId("node-" + i), NodeRole.ENGINE, new Endpoint("127.0.0.1", 1),
                new Endpoint("127.0.0.1", 2), Optional.of(model), 128);
            members.put(node.id(), new ClusterView.Member(node, 3, Long.MAX_VALUE / 2));
        }
        final TreeMap<TenantId, TenantSecret> secrets = new TreeMap<>();
        secrets.put(TENANT, new TenantSecret(new byte[TenantSecret.BYTES]));
        secrets.put(OTHER_TENANT, new TenantSecret(new byte[TenantSecret.BYTES]));
        return new ClusterView(1, members, keys(), secrets, new TreeMap<>());
    }

    private static Map<String, ApiKey> keys() {
        return Map.of(ApiKeys.hash(KEY), ApiKey.unbounded(ApiKeys.hash(KEY), TENANT, "test"),
            ApiKeys.hash(OTHER_KEY), ApiKey.unbounded(ApiKeys.hash(OTHER_KEY), OTHER_TENANT, "other"));
    }

    private ConsoleSnapshot snapshot() {
        return shown.orElseGet(TestCluster::usual);
    }

    private static ConsoleSnapshot usual() {
        final NodeLoad load = new NodeLoad(new NodeId("node-1"), 3, 1, 2, 300, 100, 20, 8, 5000, 4_000_000, 0,
            new NodeLoad.TierUse(10, 1000, 4000, 20, 2000, 8000), new StepTotals(6, 9, 100, 9, 40, 21, 500_000_000L,
                java.util.stream.IntStream.range(0, StepTotals.BUCKETS)
                    .mapToObj(bucket -> bucket == 0 ? 1L : bucket == 1 ? 3L : bucket == 14 ? 2L : 0L).toList()));
        return new ConsoleSnapshot(1_000, List.of(new ConsoleSnapshot.Replica("c1", true, true, 4, 77)),
            ConsoleMembers.of(view(true), new ConsoleMembers.Heard(Map.of(load.id(), load), Set.of(load.id()), Map.of()), 1_000),
            List.of(new ConsoleSnapshot.Request("r1", "", "", "", "r1", "", "bytes", "node-1", 1, "running", "", 10, 5, 3,
                ConsoleSnapshot.Sources.NONE, new ConsoleSnapshot.Times(0, 1, 1, 2), "why")),
            ConsoleSnapshot.Totals.ZERO);
    }

    URI uri(final String path) {
        return URI.create("http://127.0.0.1:" + gateway.port() + path);
    }

    HttpRequest.Builder request(final String path) {
        return HttpRequest.newBuilder(uri(path)).header("authorization", "Bearer " + KEY);
    }

    HttpResponse<String> send(final HttpRequest request) {
        try {
            return http.send(request, HttpResponse.BodyHandlers.ofString());
        } catch (final IOException e) {
            throw new java.io.UncheckedIOException(e);
        } catch (final InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    HttpResponse<String> post(final String path, final String body) {
        return send(request(path).POST(HttpRequest.BodyPublishers.ofString(body)).build());
    }

    HttpResponse<String> get(final String path) {
        return send(request(path).GET().build());
    }

    /** @return the chat body with one user message; {@code more} are further fields, in JSON, beginning with a comma */
    static String chat(final String more) {
        return "{\"model\":\"bytes\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]" + more.replace('\'', '"') + "}";
    }

    static JsonNode json(final String text) {
        try {
            return JSON.readTree(text);
        } catch (final IOException e) {
            throw new java.io.UncheckedIOException(text, e);
        }
    }

    /** @return the data of every event */
    static List<String> events(final String stream) {
        final List<String> events = new ArrayList<>();
        for (final String event : stream.split("\n\n")) {
            if (event.startsWith("data: ")) {
                events.add(event.substring(6));
            }
        }
        return events;
    }

    @Override
    public void close() {
        http.close();
        gateway.close();
    }
}
