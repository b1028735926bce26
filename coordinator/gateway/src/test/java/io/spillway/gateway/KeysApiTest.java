package io.spillway.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.spillway.coordinator.access.ApiKey;
import io.spillway.gateway.openai.ApiKeys;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Keys by their routes, from creation to revocation. */
class KeysApiTest {
    private static final String KEYS = "/v1/admin/keys";
    @TempDir
    private Path directory;
    private BatchCluster cluster;

    @BeforeEach
    void start() {
        cluster = new BatchCluster(directory);
    }

    @AfterEach
    void stop() {
        cluster.close();
    }

    private JsonNode ok(final HttpResponse<String> answer) {
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        assertThat(answer.headers().firstValue("cache-control")).hasValue("no-store");
        return TestCluster.json(answer.body());
    }

    private HttpResponse<String> post(final String key, final String path, final String body) {
        return cluster.send(cluster.request(path, key).POST(HttpRequest.BodyPublishers.ofString(body.replace('\'', '"'))));
    }

    private JsonNode created(final String body) {
        return ok(cluster.post(KEYS, body));
    }

    private int models(final String secret) {
        return cluster.send(cluster.request("/v1/models", secret).GET()).statusCode();
    }

    private static String secret(final JsonNode key) {
        return key.path("secret").asText();
    }

    private static String id(final JsonNode key) {
        return key.path("id").asText();
    }

    private JsonNode shown(final JsonNode key) {
        return ok(cluster.get(KEYS + "/" + id(key)));
    }

    @Test
    void aKeyIsMadeUsedListedAndRevoked() {
        final JsonNode key = created("{'name':'ci','scopes':['inference','usage']}");
        assertThat(secret(key)).matches("sk-spillway-[0-9a-f]{48}").startsWith(key.path("prefix").asText());
        assertThat(key.path("prefix").asText()).hasSize(16);
        assertThat(id(key)).isEqualTo(ApiKey.idOf(ApiKeys.hash(secret(key))));
        assertThat(key.path("scopes")).extracting(JsonNode::asText).containsExactly("inference", "usage");
        assertThat(key.path("status").asText()).isEqualTo("active");
        assertThat(key.path("created_at").asLong()).isCloseTo(cluster.clock.epochMillis() / 1000, org.assertj.core.data.Offset.offset(60L));
        assertThat(models(secret(key))).isEqualTo(200);
        final JsonNode list = ok(cluster.get(KEYS));
        assertThat(list.path("data")).extracting(entry -> entry.path("name").asText()).containsExactly("test", "ci");
        assertThat(list.toString()).doesNotContain(secret(key)).doesNotContain("secret").doesNotContain(BatchCluster.KEY);
        assertThat(cluster.log.view().toString()).as("kept as a hash only").doesNotContain(secret(key));
        final JsonNode gone = ok(cluster.send(cluster.request(KEYS + "/" + id(key), BatchCluster.KEY).DELETE()));
        assertThat(gone.path("deleted").asBoolean()).isTrue();
        assertThat(models(secret(key))).isEqualTo(401);
        assertThat(shown(key).path("status").asText()).isEqualTo("revoked");
        final HttpResponse<String> again = cluster.send(cluster.request(KEYS + "/" + id(key), BatchCluster.KEY).DELETE());
        assertThat(again.statusCode()).as("nothing is left to revoke").isEqualTo(404);
    }

    @Test
    void bothKeysAreTakenUntilTheTimeOfGraceIsOver() {
        final JsonNode old = created("{'name':'ci','scopes':['inference']}");
        final JsonNode next = ok(cluster.post(KEYS + "/" + id(old) + "/rotate", "{'grace_seconds':600}"));
        assertThat(next.path("name").asText()).isEqualTo("ci");
        assertThat(next.path("scopes")).isEqualTo(old.path("scopes"));
        assertThat(next.path("replaces").path("rotated_to").asText()).isEqualTo(id(next));
        assertThat(next.path("replaces").path("status").asText()).isEqualTo("rotated");
        assertThat(models(secret(old))).isEqualTo(200);
        assertThat(models(secret(next))).isEqualTo(200);
        assertThat(cluster.post(KEYS + "/" + id(old) + "/rotate", "").statusCode()).as("it has a successor").isEqualTo(409);
        cluster.aheadMillis.addAndGet(TimeUnit.SECONDS.toMillis(599));
        assertThat(models(secret(old))).isEqualTo(200);
        cluster.aheadMillis.addAndGet(TimeUnit.SECONDS.toMillis(2));
        assertThat(models(secret(old))).isEqualTo(401);
        assertThat(models(secret(next))).isEqualTo(200);
        assertThat(shown(old).path("status").asText()).isEqualTo("expired");
    }

    @Test
    void withoutGraceTheOldKeyEndsAtOnceWhateverTheClocksSay() {
        final JsonNode old = created("{'name':'leaked','scopes':['inference']}");
        final JsonNode next = ok(cluster.post(KEYS + "/" + id(old) + "/rotate", "{'grace_seconds':0}"));
        cluster.aheadMillis.addAndGet(-TimeUnit.HOURS.toMillis(1));
        assertThat(models(secret(old))).isEqualTo(401);
        assertThat(models(secret(next))).isEqualTo(200);
    }

    @Test
    void aKeyExpiresAndItsSuccessorLivesAsLong() {
        final JsonNode key = created("{'name':'short','scopes':['inference'],'expires_in_seconds':3600}");
        final JsonNode next = ok(cluster.post(KEYS + "/" + id(key) + "/rotate", ""));
        assertThat(next.path("expires_at").asLong() - next.path("created_at").asLong()).isEqualTo(3600);
        assertThat(shown(key).path("expires_at").asLong()).as("grace does not lengthen it").isLessThanOrEqualTo(key.path("expires_at").asLong());
        cluster.aheadMillis.addAndGet(TimeUnit.HOURS.toMillis(1) + 1_000);
        final HttpResponse<String> refused = cluster.send(cluster.request("/v1/models", secret(key)).GET());
        assertThat(refused.statusCode()).isEqualTo(401);
        assertThat(refused.body()).contains("expired", "invalid_api_key").doesNotContain(secret(key));
        assertThat(cluster.post(KEYS + "/" + id(key) + "/rotate", "").statusCode()).isEqualTo(404);
    }

    @Test
    void nobodyGivesMoreThanItHas() {
        final String admin = secret(created("{'name':'deputy','scopes':['admin','inference']}"));
        final HttpResponse<String> refused = post(admin, KEYS, "{'name':'more','scopes':['inference','console']}");
        assertThat(refused.statusCode()).isEqualTo(403);
        assertThat(refused.body()).contains("permission_error", "'console'");
        final String everything = ApiKey.idOf(ApiKeys.hash(BatchCluster.KEY));
        assertThat(post(admin, KEYS + "/" + everything + "/rotate", "").statusCode()).as("its successor would be more").isEqualTo(403);
        assertThat(post(admin, KEYS, "{'name':'less','scopes':['inference']}").statusCode()).isEqualTo(200);
    }

    @Test
    void keysOfOtherTenantsAreNotThere() {
        final JsonNode key = created("{'name':'ci','scopes':['inference']}");
        for (final HttpRequest.Builder asked : new HttpRequest.Builder[] {
            cluster.request(KEYS + "/" + id(key), BatchCluster.RIVAL_KEY).GET(),
            cluster.request(KEYS + "/" + id(key), BatchCluster.RIVAL_KEY).DELETE(),
            cluster.request(KEYS + "/" + id(key) + "/rotate", BatchCluster.RIVAL_KEY).POST(HttpRequest.BodyPublishers.noBody())}) {
            assertThat(cluster.send(asked).statusCode()).isEqualTo(404);
        }
        assertThat(cluster.send(cluster.request(KEYS, BatchCluster.RIVAL_KEY).GET()).body()).doesNotContain("ci");
        assertThat(models(secret(key))).isEqualTo(200);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "{} | name | missing_required_parameter", "{'name':7,'scopes':['usage']} | name | invalid_type",
        "{'name':' ','scopes':['usage']} | name | invalid_value", "{'name':'x'} | scopes | missing_required_parameter",
        "{'name':'x','scopes':[]} | scopes | invalid_value", "{'name':'x','scopes':['root']} | scopes | invalid_value",
        "{'name':'x','scopes':'usage'} | scopes | invalid_type", "{'name':'x','scopes':[{}]} | scopes | invalid_value",
        "{'name':'x','scopes':['usage'],'expires_in_seconds':0} | expires_in_seconds | integer_below_min_value",
        "{'name':'x','scopes':['usage'],'expires_in_seconds':1e12} | expires_in_seconds | integer_above_max_value"})
    void badInputIsNamed(final String body, final String field, final String code) {
        final HttpResponse<String> refused = cluster.post(KEYS, body);
        assertThat(refused.statusCode()).isEqualTo(400);
        final JsonNode error = TestCluster.json(refused.body()).path("error");
        assertThat(error.path("param").asText()).isEqualTo(field);
        assertThat(error.path("code").asText()).isEqualTo(code);
        assertThat(cluster.log.view().keys()).hasSize(2);
    }

    @Test
    void whenAKeyWasLastUsedIsNotedOnceAnHour() {
        final JsonNode key = created("{'name':'ci','scopes':['inference']}");
        assertThat(shown(key).path("last_used_at").isNull()).isTrue();
        models(secret(key));
        final long first = awaitUse(key, 0);
        cluster.aheadMillis.addAndGet(TimeUnit.MINUTES.toMillis(61));
        models(secret(key));
        assertThat(awaitUse(key, first)).isGreaterThanOrEqualTo(first + TimeUnit.MINUTES.toSeconds(60));
    }

    private long awaitUse(final JsonNode key, final long after) {
        final long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (true) {
            final long used = shown(key).path("last_used_at").asLong();
            if (used > after) {
                return used;
            }
            assertThat(System.nanoTime() - until).as("noted in time").isNegative();
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
        }
    }

    @Test
    void anUnknownLeaderIsNotAnsweredWithASecret() {
        cluster.log.unanswered = command -> true;
        final HttpResponse<String> answer = cluster.post(KEYS, "{'name':'x','scopes':['usage']}");
        cluster.log.unanswered = command -> false;
        assertThat(answer.statusCode()).isEqualTo(503);
        assertThat(answer.body()).doesNotContain("sk-spillway");
    }
}
