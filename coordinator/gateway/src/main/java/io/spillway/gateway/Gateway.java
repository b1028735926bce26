package io.spillway.gateway;

import io.spillway.coordinator.access.ApiKey;
import io.spillway.coordinator.access.Scope;
import io.spillway.coordinator.admission.RequestLine;
import io.spillway.coordinator.state.ClusterView;
import io.spillway.coordinator.state.ReplicatedLog;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.id.ModelId;
import io.spillway.domain.request.Usage;
import io.spillway.domain.time.EpochClock;
import io.spillway.domain.time.NanoClock;
import io.spillway.gateway.anthropic.MessageErrors;
import io.spillway.gateway.anthropic.MessagesApi;
import io.spillway.gateway.batch.BatchLimits;
import io.spillway.gateway.chat.ChatModel;
import io.spillway.gateway.chat.ChatObserver;
import io.spillway.gateway.chat.ChatService;
import io.spillway.gateway.chat.RequestIds;
import io.spillway.gateway.console.ConsoleApi;
import io.spillway.gateway.console.ConsoleBooks;
import io.spillway.gateway.console.ConsoleRuns;
import io.spillway.gateway.console.ConsoleState;
import io.spillway.gateway.console.LocalAccess;
import io.spillway.gateway.files.FileLimits;
import io.spillway.gateway.files.SharedDirectory;
import io.spillway.gateway.guard.GuardService;
import io.spillway.gateway.http.Access;
import io.spillway.gateway.http.BodySpooling;
import io.spillway.gateway.http.ErrorRenderer;
import io.spillway.gateway.http.HttpAnswer;
import io.spillway.gateway.http.HttpServer;
import io.spillway.gateway.http.Router;
import io.spillway.gateway.http.Router.Route;
import io.spillway.gateway.keys.KeyUses;
import io.spillway.gateway.keys.KeysApi;
import io.spillway.gateway.limits.RateLimits;
import io.spillway.gateway.metrics.GatewayMetrics;
import io.spillway.gateway.metrics.MetricName;
import io.spillway.gateway.openai.ApiErrors;
import io.spillway.gateway.openai.ApiKeys;
import io.spillway.gateway.openai.OpenAiApi;
import io.spillway.gateway.openai.RunsApi;
import io.spillway.gateway.openai.TokensApi;
import io.spillway.gateway.responses.KeptResponses;
import io.spillway.gateway.responses.ResponsesApi;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.ToLongBiFunction;
import java.util.random.RandomGenerator;

/** The cluster's front: HTTP in, token requests out. Serves from {@link #start} until {@link #close}. */
public final class Gateway implements AutoCloseable {
    private static final long CONSOLE_INTERVAL_NANOS = TimeUnit.SECONDS.toNanos(1);
    /** What is below it tells of the cluster. */
    private static final String CONSOLE_STATE = "/console/api/";
    private static final Executor KEY_USES_GATHER = CompletableFuture.delayedExecutor(2, TimeUnit.SECONDS);

    private final HttpServer server;
    private final ChatService chat;
    private final Optional<Background> background;
    private final KeptResponses responses;
    private final ApiKeys keys;
    private final ConsoleBooks books;
    private final List<Route> routes;

    /**
     * What a gateway works with.
     *
     * @param view    newest cluster state
     * @param models  text side of every model this process can speak for
     * @param tariff  cost of one output in nano dollars
     * @param console what the console and the metrics show
     * @param random  ids and seeds; not shared with others, used under a lock
     * @param shared  where files are kept; empty = files and batches are not served
     * @param keyLog  where changes to API keys go; empty = keys are as they are
     */
    public record Parts(
        Supplier<ClusterView> view, Function<ModelId, Optional<ChatModel>> models, RequestLine line,
        ToLongBiFunction<ModelId, Usage> tariff, ConsoleState console, Supplier<RandomGenerator> random,
        NanoClock nanoClock, EpochClock epochClock, Optional<Shared> shared, Optional<ReplicatedLog> keyLog) {
        /** Without administration of keys. */
        public Parts(
            final Supplier<ClusterView> view, final Function<ModelId, Optional<ChatModel>> models, final RequestLine line,
            final ToLongBiFunction<ModelId, Usage> tariff, final ConsoleState console, final Supplier<RandomGenerator> random,
            final NanoClock nanoClock, final EpochClock epochClock, final Optional<Shared> shared) {
            this(view, models, line, tariff, console, random, nanoClock, epochClock, shared, Optional.empty());
        }

        /** Without files, batches and administration of keys. */
        public Parts(
            final Supplier<ClusterView> view, final Function<ModelId, Optional<ChatModel>> models, final RequestLine line,
            final ToLongBiFunction<ModelId, Usage> tariff, final ConsoleState console, final Supplier<RandomGenerator> random,
            final NanoClock nanoClock, final EpochClock epochClock) {
            this(view, models, line, tariff, console, random, nanoClock, epochClock, Optional.empty(), Optional.empty());
        }
    }

    /**
     * What all replicas share besides the state.
     *
     * @param tariff     cost of one output of a batch in nano dollars
     * @param onMismatch told when other replicas keep their files elsewhere: this one must not serve
     */
    public record Shared(
        ReplicatedLog log, SharedDirectory directory, FileLimits files, BatchLimits batches,
        ToLongBiFunction<ModelId, Usage> tariff, Consumer<SpillwayException> onMismatch) {
    }

    /** What works besides the server. */
    private record Serving(Optional<Background> background, KeptResponses responses, ConsoleBooks books, ApiKeys keys) {
    }

    private Gateway(final HttpServer server, final ChatService chat, final Serving serving, final List<Route> routes) {
        this.server = server;
        this.chat = chat;
        this.background = serving.background;
        this.responses = serving.responses;
        this.books = serving.books;
        this.keys = serving.keys;
        this.routes = List.copyOf(routes);
    }

    /**
     * Listens and serves.
     *
     * @throws SpillwayException {@code INVALID_CONFIG} when the address cannot be bound, or files are kept elsewhere than the
     *                           cluster's
     */
    public static Gateway start(final GatewayConfig config, final Parts parts) {
        final GatewayMetrics metrics = new GatewayMetrics(parts.console());
        final ErrorRenderer errors = new MessageErrors(new ApiErrors());
        final ConsoleBooks books = new ConsoleBooks(parts.console(), errors, parts.nanoClock(), parts.epochClock());
        final RequestIds ids = new RequestIds(parts.random().get());
        final ChatService.Soft soft = ChatService.Soft.usual(parts.epochClock())
            .with(new RateLimits(config.rates(), parts.nanoClock()));
        final ChatService chat = new ChatService(new ChatService.Parts(parts.view(), parts.models(), parts.line(),
            parts.tariff(), ChatObserver.both(metrics, books.observer()), parts.random().get(), parts.nanoClock(), soft), config.chat());
        final GuardService guarded = new GuardService(chat, config.guardrails());
        final RequestIds commandIds = new RequestIds(parts.random().get());
        final ApiKeys keys = new ApiKeys(parts.view(), parts.epochClock(), parts.keyLog().<Consumer<ApiKey>>map(log ->
            new KeyUses(log, parts.epochClock(), () -> commandIds.next("key-uses-"), KEY_USES_GATHER)).orElse(key -> { }));
        final List<Route> routes = new ArrayList<>();
        final KeptResponses responses = new KeptResponses(config.responses(), parts.epochClock(), parts.nanoClock());
        final Asking asking = new Asking(config, parts, keys, responses);
        routes.addAll(asking.routes(chat, guarded, ids));
        routes.addAll(by(keys.having(Scope.INFERENCE), new TokensApi(new TokensApi.Parts(chat, keys, parts.models(), ids)).routes()));
        routes.addAll(by(keys.having(Scope.USAGE), new RunsApi(keys, parts.view(), soft.runs()).routes()));
        parts.keyLog().ifPresent(log -> routes.addAll(by(keys.having(Scope.ADMIN),
            new KeysApi(log, keys, parts.random(), parts.epochClock()).routes())));
        final Optional<Background> background = parts.shared().map(shared ->
            new Background(shared, parts, keys, asking.idleRoutes(shared, metrics), errors));
        background.ifPresent(present -> routes.addAll(by(keys.having(Scope.INFERENCE), present.routes())));
        routes.addAll(consoleRoutes(books, new ConsoleRuns(soft.runs(), parts.view()), viewers(config, keys)));
        routes.add(ApiDocument.route().by(Access.ANYBODY));
        routes.addAll(by(Access.ANYBODY, new HealthApi(parts.view(), parts.models()).routes()));
        routes.add(new Route("GET", "/metrics", exchange -> exchange.respond(
            HttpAnswer.of(200, "text/plain; version=0.0.4; charset=utf-8", metrics.scrape())), false).by(Access.ANYBODY));
        final HttpServer server = HttpServer.start(config.http(), new HttpServer.Parts(
            new Router(routes), books.errors(), () -> ids.next("req_"), metrics::onAnswer, parts.nanoClock(),
            background.map(Background::spooling).orElse(BodySpooling.NONE)));
        metrics.gauge(MetricName.BATCHES, () -> background.map(Background::runningBatches).orElse(0));
        metrics.counter(MetricName.GUARD_REPAIRS, guarded.counters()::repairedCalls);
        metrics.counter(MetricName.GUARD_MALFORMED, guarded.counters()::malformedCalls);
        metrics.counter(MetricName.GUARD_FORBIDDEN, guarded.counters()::forbiddenCalls);
        metrics.counter(MetricName.GUARD_UNTRUE, guarded.counters()::untrueAnswers);
        metrics.counter(MetricName.GUARD_RETRIES, guarded.counters()::retriedAttempts);
        metrics.counter(MetricName.GUARD_FAILURES, guarded.counters()::givenUpRequests);
        metrics.counter(MetricName.PROMPT_REUSED, soft.prompts()::reusedTokens);
        metrics.counter(MetricName.PROMPT_ENCODED, soft.prompts()::encodedTokens);
        metrics.gauge(MetricName.PROMPT_MEMORY, soft.prompts()::bytes);
        metrics.gauge(MetricName.HTTP_CONNECTIONS, server::connections);
        metrics.counter(MetricName.HTTP_REFUSED, server::refusedConnections);
        metrics.counter(MetricName.HTTP_STALLED, server::stalledClients);
        metrics.counter(MetricName.HTTP_LATE, server::lateRequests);
        metrics.gauge(MetricName.HTTP_BODY_BYTES, server::bodyBytes);
        books.start();
        return new Gateway(server, chat, new Serving(background, responses, books, keys), routes);
    }

    /** What asks models: the same over whichever line the chat service has. */
    private record Asking(GatewayConfig config, Parts parts, ApiKeys keys, KeptResponses responses) {
        List<Route> routes(final ChatService chat, final GuardService guarded, final RequestIds ids) {
            final List<Route> openAi = new OpenAiApi(new OpenAiApi.Parts(
                guarded, chat::embed, keys, parts.view(), parts.models(), ids, parts.epochClock())).routes();
            final List<Route> routes = new ArrayList<>(new MessagesApi(new MessagesApi.Parts(
                guarded, keys, parts.view(), parts.models(), ids, parts.epochClock())).routesWith(openAi));
            routes.addAll(new ResponsesApi(new ResponsesApi.Parts(guarded, keys, parts.view(), parts.models(), ids, parts.epochClock()),
                responses, config.chat().quietNanos()).routes());
            return by(keys.having(Scope.INFERENCE), routes);
        }

        /** The same routes for the lines of batches: from idle capacity only, at the price of batches. */
        List<Route> idleRoutes(final Shared shared, final GatewayMetrics metrics) {
            final ChatService chat = new ChatService(new ChatService.Parts(parts.view(), parts.models(), Background.idle(parts.line()),
                shared.tariff(), metrics.ofIdleRequests(), parts.random().get(), parts.nanoClock(),
                Background.soft(parts.epochClock())), config.chat());
            return routes(chat, new GuardService(chat, config.guardrails()), new RequestIds(parts.random().get()));
        }
    }

    /** Who may use routes is said here for all of them: a router takes none of which it was not. */
    private static List<Route> by(final Access access, final List<Route> routes) {
        return routes.stream().map(route -> route.by(access)).toList();
    }

    /** The page and its scripts tell nothing of the cluster; what they ask for does. */
    private static List<Route> consoleRoutes(final ConsoleBooks books, final ConsoleRuns runs, final Access viewers) {
        return new ConsoleApi(books, runs, viewers::check, CONSOLE_INTERVAL_NANOS).routes().stream()
            .map(route -> route.by(route.pattern().startsWith(CONSOLE_STATE) ? viewers : Access.ANYBODY)).toList();
    }

    private static Access viewers(final GatewayConfig config, final ApiKeys keys) {
        final Access keyed = keys.having(Scope.CONSOLE);
        final boolean local = config.console() == GatewayConfig.ConsoleAccess.LOCAL_OR_KEY
            && LocalAccess.loopback(config.http().host());
        return call -> {
            if (!local || !LocalAccess.namesThisMachine(call)) {
                keyed.check(call);
            }
        };
    }

    /** @return the port that is listened on */
    public int port() {
        return server.port();
    }

    /** @return every route that is served */
    List<Route> routes() {
        return routes;
    }

    /** @return who may come in, for protocols other than HTTP */
    public ApiKeys keys() {
        return keys;
    }

    /** @return the way in for protocols other than HTTP */
    public ChatService chat() {
        return chat;
    }

    /** Stops listening, lets running requests finish for the configured time, then cuts what is left. Blocks. */
    @Override
    public void close() {
        background.ifPresent(Background::close);
        server.close();
        responses.close();
        books.close();
    }
}
