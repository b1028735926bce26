package io.spillway.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.spillway.coordinator.access.ApiKey;
import io.spillway.coordinator.access.KeyChange;
import io.spillway.coordinator.access.Scope;
import io.spillway.coordinator.state.Command;
import io.spillway.coordinator.state.CommandResult;
import io.spillway.gateway.http.Access;
import io.spillway.gateway.http.Router;
import io.spillway.gateway.openai.ApiKeys;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every route there is: which scope it asks for, and that a key without it is turned away. */
class ScopesTest {
    /** What anybody may ask; a route that is new here needs a reason. */
    private static final Set<String> OPEN = Set.of("/", "/console", "/console/", "/health", "/live", "/metrics", "/openapi.json");
    /** The console's page, which tells nothing of the cluster. */
    private static final String PAGE = "/console/app/";
    @TempDir
    private static Path directory;
    private static final AtomicInteger MADE = new AtomicInteger();
    private static BatchCluster cluster;

    @BeforeAll
    static void start() {
        cluster = new BatchCluster(directory);
    }

    @AfterAll
    static void stop() {
        cluster.close();
    }

    private static Optional<Scope> expected(final String pattern) {
        if (OPEN.contains(pattern) || pattern.startsWith(PAGE)) {
            return Optional.empty();
        }
        if (pattern.startsWith("/v1/admin/")) {
            return Optional.of(Scope.ADMIN);
        }
        if (pattern.startsWith("/v1/runs/")) {
            return Optional.of(Scope.USAGE);
        }
        return Optional.of(pattern.startsWith("/console/") ? Scope.CONSOLE : Scope.INFERENCE);
    }

    private static String key(final Set<Scope> scopes) {
        final String secret = "sk-" + MADE.incrementAndGet();
        assertThat(cluster.log.propose(secret, new Command.ChangeKeys(new KeyChange.Issue(BatchCluster.TENANT,
            new KeyChange.Secret(ApiKeys.hash(secret), "sk-"), "test", scopes, 0))).join()).isIn(new CommandResult.Done());
        return secret;
    }

    private static HttpResponse<String> ask(final Router.Route route, final HttpRequest.Builder request) {
        return cluster.send(request.method(route.method(), HttpRequest.BodyPublishers.noBody()));
    }

    private static String path(final Router.Route route) {
        return route.pattern().replace("*", "nothing");
    }

    @Test
    void everyRouteHasItsScope() {
        final List<Router.Route> routes = cluster.routes();
        assertThat(routes).hasSizeGreaterThan(25);
        for (final Router.Route route : routes) {
            final Optional<Scope> scope = expected(route.pattern());
            if (scope.isEmpty()) {
                assertThat(route.access()).as(route.pattern()).isSameAs(Access.ANYBODY);
            } else if (scope.get() != Scope.CONSOLE) {
                assertThat(route.access()).as(route.pattern()).isInstanceOfSatisfying(ApiKeys.Having.class,
                    having -> assertThat(having.scope()).isEqualTo(scope.get()));
            }
        }
    }

    @Test
    void aKeyWithoutTheScopeIsToldWhichOneItLacks() {
        for (final Router.Route route : cluster.routes()) {
            final Optional<Scope> scope = expected(route.pattern());
            if (scope.isEmpty() || scope.get() == Scope.CONSOLE) {
                continue;
            }
            final String key = key(EnumSet.complementOf(EnumSet.of(scope.get())));
            final HttpResponse<String> refused = ask(route, cluster.request(path(route), key));
            final JsonNode error = TestCluster.json(refused.body()).path("error");
            assertThat(refused.statusCode()).as(route.toString()).isEqualTo(403);
            assertThat(error.path("type").asText()).as(route.toString()).isEqualTo("permission_error");
            assertThat(error.path("message").asText()).as(route.toString()).isEqualTo("This API key lacks the scope '" + scope.get().text() + "'.");
            assertThat(refused.headers().firstValue("x-should-retry")).hasValue("false");
            assertThat(ask(route, cluster.request(path(route), "sk-unknown")).statusCode()).as(route.toString()).isEqualTo(401);
            assertThat(ask(route, cluster.request(path(route), key(EnumSet.of(scope.get())))).statusCode()).as(route.toString())
                .isNotIn(401, 403, 500);
        }
    }

    @Test
    void theCodeOfTheRefusalIsItsOwn() {
        final HttpResponse<String> refused = cluster.send(cluster.request("/v1/models", key(EnumSet.of(Scope.USAGE))).GET());
        assertThat(TestCluster.json(refused.body()).path("error").path("code").asText()).isEqualTo("insufficient_scope");
        assertThat(refused.headers().firstValue("www-authenticate")).hasValue("Bearer error=\"insufficient_scope\"");
        final HttpResponse<String> there = cluster.send(cluster.request("/v1/messages", key(EnumSet.of(Scope.USAGE)))
            .POST(HttpRequest.BodyPublishers.ofString("{}")));
        assertThat(there.body()).contains("\"type\":\"error\"", "\"permission_error\"", "'inference'");
    }

    /** From elsewhere, that is: at this machine the console needs no key. */
    @Test
    void theConsoleAsksForItsScope() throws Exception {
        for (final Set<Scope> scopes : List.of(EnumSet.of(Scope.CONSOLE), EnumSet.complementOf(EnumSet.of(Scope.CONSOLE)))) {
            try (RawHttp raw = new RawHttp(cluster.port())) {
                raw.send("GET /console/api/state HTTP/1.1\r\nhost: spillway.example\r\nauthorization: Bearer " + key(scopes) + "\r\n\r\n");
                assertThat(raw.answer().status()).isEqualTo(scopes.contains(Scope.CONSOLE) ? 200 : 403);
            }
        }
    }

    /** It would go on for ever otherwise. */
    @Test
    void theConsolesStreamEndsWithItsKey() throws Exception {
        final String key = key(EnumSet.of(Scope.CONSOLE));
        try (RawHttp raw = new RawHttp(cluster.port())) {
            raw.send("GET /console/api/events HTTP/1.1\r\nhost: spillway.example\r\nauthorization: Bearer " + key + "\r\n\r\n");
            String line = raw.line();
            while (!line.startsWith("data: ")) {
                line = raw.line();
            }
            cluster.log.propose("revoke", new Command.ChangeKeys(new KeyChange.Revoke(BatchCluster.TENANT, ApiKey.idOf(ApiKeys.hash(key)))));
            while (!line.equals("0")) {
                line = raw.line();
            }
        }
    }

    @Test
    void aRouteThatNobodyWasSaidToHaveAccessToIsNotServed() {
        final Router.Route route = new Router.Route("GET", "/v1/new", exchange -> { }, true);
        assertThatThrownBy(() -> new Router(List.of(route))).hasMessageContaining("GET /v1/new");
    }

    @Test
    void uploadsAreRefusedBeforeTheyAreWritten() throws Exception {
        final HttpResponse<String> refused = cluster.upload(key(EnumSet.of(Scope.USAGE)), "name=\"purpose\"", "batch",
            "name=\"file\"; filename=\"x\"", "y");
        assertThat(refused.statusCode()).isEqualTo(403);
        cluster.assertNothingIsLeftInUploads();
    }
}
