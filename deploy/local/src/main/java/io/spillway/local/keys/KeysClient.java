package io.spillway.local.keys;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;

/** The routes of {@code /v1/admin/keys}, called. Whatever goes wrong is a {@link SpillwayException} of one line. One thread. */
final class KeysClient {
    static final JsonMapper JSON = new JsonMapper();
    private static final Duration TIMEOUT = Duration.ofSeconds(30);

    private final List<String> baseUrls;
    private final String key;

    /** @param baseUrls of replicas: the first that can be reached is asked */
    KeysClient(final List<String> baseUrls, final String key) {
        this.baseUrls = List.copyOf(baseUrls);
        this.key = key;
    }

    /** @return the new key, its secret included */
    JsonNode create(final ObjectNode wanted) {
        return call("POST", "", wanted);
    }

    /** @return every key of the tenant, oldest first */
    JsonNode list() {
        return call("GET", "", null).path("data");
    }

    /** @return the key's successor, its secret included */
    JsonNode rotate(final String id, final ObjectNode how) {
        return call("POST", "/" + id + "/rotate", how);
    }

    void revoke(final String id) {
        call("DELETE", "/" + id, null);
    }

    private JsonNode call(final String method, final String path, final JsonNode body) {
        ConnectException last = null;
        try (HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(Duration.ofSeconds(5)).build()) {
            for (final String base : baseUrls) {
                try {
                    return answered(base, http.send(request(base, method, path, body), HttpResponse.BodyHandlers.ofString()));
                } catch (final ConnectException e) {
                    last = e;
                }
            }
        } catch (final IOException e) {
            throw new SpillwayException(ErrorCode.NO_NODE, "the answer of " + baseUrls.getFirst() + " did not come: " + e.getMessage()
                + "; look at `keys list` before trying again", e);
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new SpillwayException(ErrorCode.CANCELLED, "interrupted", e);
        }
        throw new SpillwayException(ErrorCode.NO_NODE, "cannot reach " + String.join(" or ", baseUrls), last);
    }

    private HttpRequest request(final String base, final String method, final String path, final JsonNode body) {
        final HttpRequest.BodyPublisher sent = body == null ? BodyPublishers.noBody() : BodyPublishers.ofString(body.toString());
        try {
            return HttpRequest.newBuilder(URI.create(base + "/admin/keys" + path)).timeout(TIMEOUT).header("Authorization", "Bearer " + key)
                .header("Content-Type", "application/json").method(method, sent).build();
        } catch (final IllegalArgumentException e) {
            throw new SpillwayException(ErrorCode.INVALID_VALUE, "a key's id looks like key_0123456789abcdef01234567", e);
        }
    }

    private static JsonNode answered(final String base, final HttpResponse<String> answer) {
        final JsonNode json;
        try {
            json = JSON.readTree(answer.body());
        } catch (final JsonProcessingException e) {
            throw new SpillwayException(ErrorCode.INTERNAL, base + " answered status " + answer.statusCode() + " without JSON: is it a Spillway?", e);
        }
        if (answer.statusCode() != 200) {
            throw new SpillwayException(ErrorCode.INVALID_VALUE,
                json.path("error").path("message").asText("status " + answer.statusCode()) + " (" + base + ", status " + answer.statusCode() + ")");
        }
        return json;
    }
}
