package io.spillway.gateway.keys;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.coordinator.access.ApiKey;
import io.spillway.coordinator.access.KeyChange;
import io.spillway.coordinator.access.Scope;
import io.spillway.coordinator.state.Command;
import io.spillway.coordinator.state.CommandResult;
import io.spillway.coordinator.state.ReplicatedLog;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.id.TenantId;
import io.spillway.domain.time.EpochClock;
import io.spillway.gateway.chat.RequestIds;
import io.spillway.gateway.http.HttpAnswer;
import io.spillway.gateway.http.HttpExchange;
import io.spillway.gateway.http.Router.Route;
import io.spillway.gateway.json.Fields;
import io.spillway.gateway.json.Json;
import io.spillway.gateway.openai.ApiKeys;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The routes of {@code /v1/admin/keys}: whoever has the scope {@code admin} makes, lists, rotates and revokes the keys of its tenant, and
 * gives at most the scopes that it has itself. A secret is in the one answer that tells of a new key, and nowhere else. Any thread.
 */
public final class KeysApi {
    private static final Logger LOG = LoggerFactory.getLogger(KeysApi.class);
    private static final String KEYS = "/v1/admin/keys";
    private static final String ROTATE = "/rotate";
    private static final int NAME_CHARS_MAX = 200;
    private static final int LIFETIME_SECONDS_MAX = (int) TimeUnit.DAYS.toSeconds(3_650);
    private static final int GRACE_SECONDS_MAX = (int) TimeUnit.DAYS.toSeconds(90);
    private static final int GRACE_SECONDS_USUAL = (int) TimeUnit.HOURS.toSeconds(24);
    private static final String SCOPES =
        Stream.of(Scope.values()).map(Scope::text).collect(Collectors.joining(", "));

    private final ReplicatedLog log;
    private final ApiKeys keys;
    private final Secrets secrets;
    private final RequestIds commandIds;
    private final EpochClock clock;

    /** @param random makes what makes the secrets */
    public KeysApi(final ReplicatedLog log, final ApiKeys keys, final Supplier<RandomGenerator> random, final EpochClock clock) {
        this.log = log;
        this.keys = keys;
        this.secrets = new Secrets(random.get());
        this.commandIds = new RequestIds(random.get());
        this.clock = clock;
    }

    /** @return create, list, retrieve, rotate and revoke */
    public List<Route> routes() {
        return List.of(
            new Route("POST", KEYS, this::create, false),
            new Route("GET", KEYS, this::list, false),
            new Route("GET", KEYS + "/*", this::get, false),
            new Route("POST", KEYS + "/*", this::rotate, false),
            new Route("DELETE", KEYS + "/*", this::revoke, false));
    }

    private void create(final HttpExchange exchange) {
        final ApiKey caller = keys.holder(exchange.call());
        final Fields body = Fields.parse(exchange.call().body());
        final String name = name(body);
        final Set<Scope> scopes = scopes(body);
        requireAll(caller, scopes);
        final OptionalInt lifetimeSeconds = body.integer("expires_in_seconds", 1, LIFETIME_SECONDS_MAX);
        final Secrets.Made made = secrets.next();
        propose(new KeyChange.Issue(caller.tenant(), made.known(), name, scopes, millis(lifetimeSeconds.orElse(0))));
        final ApiKey key = made(made);
        LOG.info("{} of tenant {} was created by {}: {}", key.id(), key.tenant(), caller.id(), key.scopes());
        respond(exchange, json(key).put("secret", made.secret()));
    }

    private void list(final HttpExchange exchange) {
        final ApiKey caller = keys.holder(exchange.call());
        final ObjectNode answer = Json.object().put("object", "list");
        final var data = answer.putArray("data");
        log.view().keys().values().stream().filter(key -> key.tenant().equals(caller.tenant()))
            .sorted(Comparator.comparingLong((ApiKey key) -> key.times().createdMillis()).thenComparing(ApiKey::id))
            .forEach(key -> data.add(json(key)));
        respond(exchange, answer.put("has_more", false));
    }

    private void get(final HttpExchange exchange) {
        final ApiKey caller = keys.holder(exchange.call());
        respond(exchange, json(find(caller.tenant(), rest(exchange))));
    }

    private void rotate(final HttpExchange exchange) {
        final ApiKey caller = keys.holder(exchange.call());
        final String rest = rest(exchange);
        if (!rest.endsWith(ROTATE)) {
            throw new SpillwayException(ErrorCode.UNKNOWN_PATH, "Unknown request URL: POST " + KEYS + "/…; a key can be rotated: "
                + KEYS + "/{id}" + ROTATE);
        }
        final ApiKey old = find(caller.tenant(), rest.substring(0, rest.length() - ROTATE.length()));
        requireAll(caller, old.scopes());
        final byte[] sent = exchange.call().body();
        final Fields body = sent.length == 0 ? Fields.parse(Json.bytes(Json.object())) : Fields.parse(sent);
        final int graceSeconds = body.integer("grace_seconds", 0, GRACE_SECONDS_MAX).orElse(GRACE_SECONDS_USUAL);
        final OptionalInt lifetimeSeconds = body.integer("expires_in_seconds", 1, LIFETIME_SECONDS_MAX);
        final Secrets.Made made = secrets.next();
        propose(new KeyChange.Rotate(caller.tenant(), old.id(), made.known(), millis(graceSeconds),
            lifetimeSeconds.isPresent() ? millis(lifetimeSeconds.getAsInt()) : KeyChange.Rotate.SAME_LIFETIME));
        final ApiKey next = made(made);
        LOG.info("{} of tenant {} was rotated to {} by {}", old.id(), old.tenant(), next.id(), caller.id());
        final ObjectNode answer = json(next).put("secret", made.secret());
        answer.set("replaces", json(find(old.tenant(), old.id())));
        respond(exchange, answer);
    }

    private void revoke(final HttpExchange exchange) {
        final ApiKey caller = keys.holder(exchange.call());
        final String id = rest(exchange);
        propose(new KeyChange.Revoke(caller.tenant(), id));
        LOG.info("{} of tenant {} was revoked by {}", id, caller.tenant(), caller.id());
        respond(exchange, Json.object().put("id", id).put("object", "api_key").put("deleted", true));
    }

    private static String rest(final HttpExchange exchange) {
        return exchange.call().path().substring(KEYS.length() + 1);
    }

    private static String name(final Fields body) {
        final String name = body.requiredText("name").strip();
        if (name.isEmpty() || name.length() > NAME_CHARS_MAX || name.chars().anyMatch(Character::isISOControl)) {
            throw body.invalid("name", "it must have 1 to " + NAME_CHARS_MAX + " characters, on one line.");
        }
        return name;
    }

    private static Set<Scope> scopes(final Fields body) {
        final EnumSet<Scope> scopes = EnumSet.noneOf(Scope.class);
        for (final JsonNode element : body.array("scopes")) {
            scopes.add(Scope.of(element.asText()).orElseThrow(() ->
                body.invalid("scopes", "it must be an array of " + SCOPES + ".")));
        }
        if (scopes.isEmpty()) {
            throw body.has("scopes") ? body.invalid("scopes", "name one at least of " + SCOPES + ".") : body.missing("scopes");
        }
        return scopes;
    }

    private static long millis(final int seconds) {
        return TimeUnit.SECONDS.toMillis(seconds);
    }

    /** Who may make keys must not make itself more than it is. */
    private static void requireAll(final ApiKey caller, final Set<Scope> scopes) {
        scopes.stream().filter(scope -> !caller.has(scope)).findFirst().ifPresent(scope -> {
            throw SpillwayException.ofField(ErrorCode.INSUFFICIENT_SCOPE, "scopes",
                "This API key lacks the scope '" + scope.text() + "', so it cannot give it to another one.");
        });
    }

    private ApiKey find(final TenantId tenant, final String id) {
        return log.view().keys().values().stream().filter(key -> key.tenant().equals(tenant) && key.id().equals(id)).findFirst()
            .orElseThrow(() -> SpillwayException.ofField(ErrorCode.NOT_FOUND, "id", "No such API key."));
    }

    /** A replica that lags has not seen what the log has taken already. */
    private ApiKey made(final Secrets.Made made) {
        return log.view().key(made.known().sha256Hex()).orElseThrow(() -> new SpillwayException(ErrorCode.NO_LEADER,
            "The key was made, but this replica lags and cannot tell of it: list the keys, revoke this one and make another"));
    }

    private void propose(final KeyChange change) {
        final CommandResult result;
        try {
            result = log.propose(commandIds.next("keys-"), new Command.ChangeKeys(change)).join();
        } catch (final CompletionException e) {
            throw e.getCause() instanceof SpillwayException failure ? failure
                : new SpillwayException(ErrorCode.INTERNAL, "the log failed", e);
        }
        if (result instanceof CommandResult.Refused(ErrorCode code, String detail)) {
            throw code == ErrorCode.NOT_FOUND ? SpillwayException.ofField(code, "id", detail + ".") : new SpillwayException(code, detail);
        }
    }

    private ObjectNode json(final ApiKey key) {
        final ObjectNode node = Json.object().put("id", key.id()).put("object", "api_key").put("name", key.name())
            .put("prefix", key.hint().isEmpty() ? null : key.hint());
        final var scopes = node.putArray("scopes");
        key.scopes().forEach(scope -> scopes.add(scope.text()));
        return node.put("status", status(key)).put("created_at", seconds(key.times().createdMillis()))
            .put("expires_at", seconds(key.times().expiresMillis())).put("last_used_at", seconds(key.times().lastUsedMillis()))
            .put("rotated_to", key.successor().isEmpty() ? null : key.successor());
    }

    private String status(final ApiKey key) {
        if (key.times().revokedMillis() != 0) {
            return "revoked";
        }
        if (!key.taken(clock.epochMillis())) {
            return "expired";
        }
        return key.successor().isEmpty() ? "active" : "rotated";
    }

    private static Long seconds(final long millis) {
        return millis == 0 ? null : Long.valueOf(TimeUnit.MILLISECONDS.toSeconds(millis));
    }

    private static void respond(final HttpExchange exchange, final ObjectNode answer) {
        exchange.header("cache-control", "no-store");
        exchange.respond(HttpAnswer.of(200, HttpAnswer.JSON, Json.bytes(answer)));
    }
}
