package io.spillway.gateway.responses;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.coordinator.state.ClusterView;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.id.ModelId;
import io.spillway.domain.id.TenantId;
import io.spillway.domain.time.EpochClock;
import io.spillway.gateway.answer.AnswerRun;
import io.spillway.gateway.chat.ChatModel;
import io.spillway.gateway.chat.RequestIds;
import io.spillway.gateway.guard.GuardService;
import io.spillway.gateway.http.HttpAnswer;
import io.spillway.gateway.http.HttpExchange;
import io.spillway.gateway.http.Router.Route;
import io.spillway.gateway.json.Fields;
import io.spillway.gateway.json.Json;
import io.spillway.gateway.openai.ApiKeys;
import io.spillway.gateway.openai.Idempotency;
import io.spillway.gateway.responses.ResponseHead.Status;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;

/** The routes of the Responses API. Any thread. */
public final class ResponsesApi {
    private static final String ROOT = "/v1/responses";
    private static final long CANCEL_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final Parts parts;
    private final Conversations conversations;
    private final RequestReader reader;
    private final BackgroundRuns runs;
    private final Following following;

    /** What the API works with. */
    public record Parts(
        GuardService chat, ApiKeys keys, Supplier<ClusterView> view, Function<ModelId, Optional<ChatModel>> models,
        RequestIds ids, EpochClock clock) {
    }

    /**
     * @param kept       may be shared with others of this kind
     * @param quietNanos after this long without an event a stream shows that it lives
     */
    public ResponsesApi(final Parts parts, final KeptResponses kept, final long quietNanos) {
        this.parts = parts;
        this.conversations = kept.conversations();
        this.runs = kept.runs();
        this.reader = new RequestReader(parts.view(), parts.models(), conversations);
        this.following = new Following(quietNanos);
    }

    /** @return create, count, retrieve, follow, list input, cancel, delete */
    public List<Route> routes() {
        return List.of(
            new Route("POST", ROOT, this::create, true),
            new Route("POST", ROOT + "/input_tokens", this::count, true),
            new Route("GET", ROOT + "/*", this::get, true),
            new Route("POST", ROOT + "/*", this::post, true),
            new Route("DELETE", ROOT + "/*", this::delete, true));
    }

    private RequestReader.Read read(final HttpExchange exchange, final TenantId tenant) {
        final Fields fields = Fields.parse(exchange.call().body());
        final String id = Idempotency.id(ItemIds.RESPONSE, exchange.call(), tenant).orElseGet(() -> parts.ids().next(ItemIds.RESPONSE));
        return reader.read(exchange.call(), fields, new RequestReader.Asker(tenant, id, TimeUnit.MILLISECONDS.toSeconds(parts.clock().epochMillis())));
    }

    private void create(final HttpExchange exchange) {
        final TenantId tenant = parts.keys().tenant(exchange.call());
        final RequestReader.Read read = read(exchange, tenant);
        read.notes().forEach(exchange::header);
        final ResponseRequest request = read.request();
        if (request.form().background()) {
            background(exchange, request);
        } else {
            new AnswerRun(exchange, new ForegroundAnswer(request, response -> kept(request, response), parts.clock()))
                .run(parts.chat(), request.chat());
        }
    }

    private ObjectNode kept(final ResponseRequest request, final ObjectNode response) {
        if (request.form().store()) {
            conversations.keep(request.chat().tenant(), new StoredResponse(response, request.input(),
                request.chat().run().map(run -> run.value()).orElse(request.head().id()), parts.clock().epochMillis()));
        }
        return response;
    }

    private void background(final HttpExchange exchange, final ResponseRequest request) {
        final BackgroundRun run = runs.find(request.chat().tenant(), request.head().id()).orElseGet(() -> { // else sent again
            final BackgroundRun fresh = new BackgroundRun(request, parts.chat(), conversations, parts.clock());
            runs.start(new ResponseKey(request.chat().tenant(), request.head().id()), fresh);
            return fresh;
        });
        if (request.form().stream()) {
            following.follow(exchange, run.log(), 0);
        } else {
            respond(exchange, run.queued());
        }
    }

    private void count(final HttpExchange exchange) {
        final RequestReader.Read read = read(exchange, parts.keys().tenant(exchange.call()));
        respond(exchange, Json.object().put("object", "response.input_tokens").put("input_tokens", reader.promptTokens(read.request())));
    }

    /** {@code ID} or {@code ID/what}. */
    private record Path(String id, String what) {
        static Path of(final HttpExchange exchange) {
            final String[] names = exchange.call().path().substring(ROOT.length() + 1).split("/", 2);
            return new Path(names[0], names.length == 1 ? "" : names[1]);
        }
    }

    private void get(final HttpExchange exchange) {
        final TenantId tenant = parts.keys().tenant(exchange.call());
        final Path path = Path.of(exchange);
        switch (path.what) {
            case "" -> retrieve(exchange, tenant, path.id);
            case "input_items" -> respond(exchange, InputItemsPage.of(stored(tenant, path.id).input(), exchange.call()));
            default -> throw unknown(exchange);
        }
    }

    private void post(final HttpExchange exchange) {
        final TenantId tenant = parts.keys().tenant(exchange.call());
        final Path path = Path.of(exchange);
        if (!path.what.equals("cancel")) {
            throw unknown(exchange);
        }
        cancel(exchange, tenant, path.id);
    }

    private static SpillwayException unknown(final HttpExchange exchange) {
        return new SpillwayException(ErrorCode.UNKNOWN_PATH,
            "Unknown request URL: " + exchange.call().method() + " " + exchange.call().path());
    }

    private StoredResponse stored(final TenantId tenant, final String id) {
        return conversations.find(tenant, id).orElseThrow(() -> SpillwayException.ofField(ErrorCode.NOT_FOUND, "response_id",
            "Response with id '" + id + "' not found."));
    }

    private void retrieve(final HttpExchange exchange, final TenantId tenant, final String id) {
        final boolean stream = exchange.call().query("stream").map(text -> Queries.flag("stream", text)).orElse(false);
        final Optional<Long> after = exchange.call().query("starting_after").map(text -> Queries.number("starting_after", text));
        if (after.isPresent() && (!stream || after.get() < 0)) {
            throw SpillwayException.ofField(stream ? ErrorCode.BELOW_MINIMUM : ErrorCode.INVALID_VALUE, "starting_after",
                "Invalid 'starting_after': " + (stream ? "expected at least 0." : "it is only allowed when 'stream' is true."));
        }
        final Optional<BackgroundRun> run = runs.find(tenant, id);
        if (stream && run.isPresent()) {
            following.follow(exchange, run.get().log(), after.map(number -> number + 1).orElse(0L));
            return;
        }
        final ObjectNode response = run.map(BackgroundRun::now).orElseGet(() -> stored(tenant, id).response());
        if (stream) {
            throw SpillwayException.ofField(ErrorCode.INVALID_VALUE, "stream", "Invalid 'stream': " + unfollowable(response));
        }
        respond(exchange, response);
    }

    private static String unfollowable(final ObjectNode response) {
        if (!response.path("background").asBoolean()) {
            return "only a response that was created with 'background' can be followed.";
        }
        return Status.of(response.path("status").asText()).running()
            ? "the response runs on another replica; retrieve it without 'stream' to see how it stands."
            : "the response has ended and its events are kept no longer; retrieve it without 'stream'.";
    }

    private void cancel(final HttpExchange exchange, final TenantId tenant, final String id) {
        final Optional<BackgroundRun> run = runs.find(tenant, id);
        if (run.isPresent()) {
            run.get().cancel();
            run.get().awaitEnd(CANCEL_NANOS);
            respond(exchange, run.get().now());
            return;
        }
        final StoredResponse stored = stored(tenant, id);
        if (!stored.response().path("background").asBoolean()) {
            throw SpillwayException.ofField(ErrorCode.INVALID_VALUE, "response_id",
                "Only a response that was created with 'background' can be cancelled.");
        }
        if (stored.status().running()) { // on another replica, which looks here from time to time
            stored.response().put("status", Status.CANCELLED.word());
            conversations.keep(tenant, stored);
        }
        respond(exchange, stored.response());
    }

    private void delete(final HttpExchange exchange) {
        final TenantId tenant = parts.keys().tenant(exchange.call());
        final Path path = Path.of(exchange);
        if (!path.what.isEmpty()) {
            throw unknown(exchange);
        }
        final Optional<BackgroundRun> run = runs.find(tenant, path.id);
        if (run.isEmpty()) {
            stored(tenant, path.id);
        }
        runs.remove(new ResponseKey(tenant, path.id)).ifPresent(BackgroundRun::forget);
        conversations.forget(tenant, path.id);
        respond(exchange, Json.object().put("id", path.id).put("object", "response").put("deleted", true));
    }

    private static void respond(final HttpExchange exchange, final ObjectNode answer) {
        exchange.respond(HttpAnswer.of(200, HttpAnswer.JSON, Json.bytes(answer)));
    }
}
