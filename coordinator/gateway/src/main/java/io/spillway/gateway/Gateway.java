package io.spillway.gateway;

import io.spillway.coordinator.admission.RequestLine;
import io.spillway.coordinator.state.ClusterView;
import io.spillway.domain.id.ModelId;
import io.spillway.domain.request.Usage;
import io.spillway.domain.time.EpochClock;
import io.spillway.domain.time.NanoClock;
import io.spillway.gateway.chat.ChatModel;
import io.spillway.gateway.chat.ChatService;
import io.spillway.gateway.chat.RequestIds;
import io.spillway.gateway.console.ConsoleApi;
import io.spillway.gateway.console.ConsoleState;
import io.spillway.gateway.console.LocalAccess;
import io.spillway.gateway.guard.GuardService;
import io.spillway.gateway.http.HttpAnswer;
import io.spillway.gateway.http.HttpCall;
import io.spillway.gateway.http.HttpServer;
import io.spillway.gateway.http.Router;
import io.spillway.gateway.http.Router.Route;
import io.spillway.gateway.metrics.GatewayMetrics;
import io.spillway.gateway.metrics.MetricName;
import io.spillway.gateway.openai.ApiErrors;
import io.spillway.gateway.openai.ApiKeys;
import io.spillway.gateway.openai.OpenAiApi;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.ToLongBiFunction;
import java.util.random.RandomGenerator;

/** The cluster's front: HTTP in, token requests out. Serves from {@link #start} until {@link #close}. */
public final class Gateway implements AutoCloseable {
    private static final long CONSOLE_INTERVAL_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final HttpServer server;
    private final ChatService chat;

    /**
     * What a gateway works with.
     *
     * @param view    newest cluster state
     * @param models  text side of every model this process can speak for
     * @param tariff  cost of one output in nano dollars
     * @param console what the console and the metrics show
     * @param random  ids and seeds; not shared with others, used under a lock
     */
    public record Parts(
        Supplier<ClusterView> view, Function<ModelId, Optional<ChatModel>> models, RequestLine line,
        ToLongBiFunction<ModelId, Usage> tariff, ConsoleState console, Supplier<RandomGenerator> random,
        NanoClock nanoClock, EpochClock epochClock) {
    }

    private Gateway(final HttpServer server, final ChatService chat) {
        this.server = server;
        this.chat = chat;
    }

    /**
     * Listens and serves.
     *
     * @throws io.spillway.domain.error.SpillwayException {@code INVALID_CONFIG} when the address cannot be bound
     */
    public static Gateway start(final GatewayConfig config, final Parts parts) {
        final GatewayMetrics metrics = new GatewayMetrics(parts.console());
        final RequestIds ids = new RequestIds(parts.random().get());
        final ChatService chat = new ChatService(new ChatService.Parts(parts.view(), parts.models(), parts.line(),
            parts.tariff(), metrics, parts.random().get(), parts.nanoClock()), config.chat());
        final GuardService guarded = new GuardService(chat, config.guardrails());
        final ApiKeys keys = new ApiKeys(parts.view());
        final List<Route> routes = new ArrayList<>();
        routes.addAll(new OpenAiApi(new OpenAiApi.Parts(
            guarded, chat::embed, keys, parts.view(), parts.models(), ids, parts.epochClock())).routes());
        routes.addAll(new ConsoleApi(parts.console(), access(config, keys), CONSOLE_INTERVAL_NANOS).routes());
        routes.add(new Route("GET", "/health", exchange -> exchange.respond(
            HttpAnswer.of(200, HttpAnswer.JSON, "{\"status\":\"ok\"}")), true));
        routes.add(new Route("GET", "/metrics", exchange -> exchange.respond(
            HttpAnswer.of(200, "text/plain; version=0.0.4; charset=utf-8", metrics.scrape())), false));
        final HttpServer server = HttpServer.start(config.http(), new HttpServer.Parts(
            new Router(routes), new ApiErrors(), () -> ids.next("req_"), metrics::onAnswer, parts.nanoClock()));
        metrics.counter(MetricName.GUARD_REPAIRS, guarded.counters()::repairedCalls);
        metrics.counter(MetricName.GUARD_MALFORMED, guarded.counters()::malformedCalls);
        metrics.counter(MetricName.GUARD_FORBIDDEN, guarded.counters()::forbiddenCalls);
        metrics.counter(MetricName.GUARD_UNTRUE, guarded.counters()::untrueAnswers);
        metrics.counter(MetricName.GUARD_RETRIES, guarded.counters()::retriedAttempts);
        metrics.counter(MetricName.GUARD_FAILURES, guarded.counters()::givenUpRequests);
        metrics.gauge(MetricName.HTTP_CONNECTIONS, server::connections);
        metrics.counter(MetricName.HTTP_REFUSED, server::refusedConnections);
        metrics.counter(MetricName.HTTP_STALLED, server::stalledClients);
        metrics.counter(MetricName.HTTP_LATE, server::lateRequests);
        metrics.gauge(MetricName.HTTP_BODY_BYTES, server::bodyBytes);
        return new Gateway(server, chat);
    }

    private static Consumer<HttpCall> access(final GatewayConfig config, final ApiKeys keys) {
        final boolean local = config.console() == GatewayConfig.ConsoleAccess.LOCAL_OR_KEY
            && LocalAccess.loopback(config.http().host());
        return call -> {
            if (!local || !LocalAccess.namesThisMachine(call)) {
                keys.tenant(call);
            }
        };
    }

    /** @return the port that is listened on */
    public int port() {
        return server.port();
    }

    /** @return the way in for protocols other than HTTP */
    public ChatService chat() {
        return chat;
    }

    /** Stops listening, lets running requests finish for the configured time, then cuts what is left. Blocks. */
    @Override
    public void close() {
        server.close();
    }
}
