package io.spillway.gateway;

import io.spillway.gateway.http.HttpAnswer;
import io.spillway.gateway.http.Router.Route;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;

/**
 * {@code GET /openapi.json}: what this server answers, as OpenAPI 3.1. The document is a resource beside this class, written by hand; a test
 * holds it against the routes, the fields that are read, and the answers. Any thread.
 */
final class ApiDocument {
    private ApiDocument() {
    }

    /** @return the one route; no key is asked for */
    static Route route() {
        final byte[] document = load();
        return new Route("GET", "/openapi.json", exchange -> exchange.respond(HttpAnswer.of(200, HttpAnswer.JSON, document)), true);
    }

    private static byte[] load() {
        try (InputStream file = ApiDocument.class.getResourceAsStream("openapi.json")) {
            return file.readAllBytes();
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
