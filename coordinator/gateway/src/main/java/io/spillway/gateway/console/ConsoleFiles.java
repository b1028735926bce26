package io.spillway.gateway.console;

import io.spillway.gateway.http.HttpAnswer;
import io.spillway.gateway.http.HttpExchange;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.Optional;

/** The page and what it is made of, read once from the class path. Immutable; any thread. */
final class ConsoleFiles {
    private static final String POLICY = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
        + "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    private static final String HTML = "text/html; charset=utf-8";
    private static final String CSS = "text/css; charset=utf-8";
    private static final String SCRIPT = "text/javascript; charset=utf-8";
    private static final String PAGE = "console.html";
    /** The version stands in its name: it may be kept. */
    private static final String CHARTS = "chart-4.5.1.js";

    private final Map<String, Asset> files = Map.of(
        PAGE, own(PAGE, HTML), "console.css", own("console.css", CSS), "console.js", own("console.js", SCRIPT),
        "text.js", own("text.js", SCRIPT), "charts.js", own("charts.js", SCRIPT), "overview.js", own("overview.js", SCRIPT),
        "requests.js", own("requests.js", SCRIPT), "runs.js", own("runs.js", SCRIPT), "feed.js", own("feed.js", SCRIPT),
        CHARTS, load("/META-INF/resources/webjars/chart.js/4.5.1/dist/chart.umd.min.js", SCRIPT, "max-age=86400"));

    /** @param cache what the browser may do with it */
    private record Asset(String type, byte[] content, String cache) {
    }

    private static Asset own(final String name, final String type) {
        return load(name, type, "no-cache");
    }

    private static Asset load(final String resource, final String type, final String cache) {
        try (InputStream file = ConsoleFiles.class.getResourceAsStream(resource)) {
            if (file == null) {
                throw new IllegalStateException("the build lacks " + resource);
            }
            return new Asset(type, file.readAllBytes(), cache);
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    void page(final HttpExchange exchange) {
        answer(exchange, files.get(PAGE));
    }

    /** @return whether there is a file of that name; then it is answered */
    boolean file(final HttpExchange exchange, final String name) {
        final Optional<Asset> file = Optional.ofNullable(files.get(name)).filter(found -> !name.equals(PAGE));
        file.ifPresent(found -> answer(exchange, found));
        return file.isPresent();
    }

    private static void answer(final HttpExchange exchange, final Asset file) {
        exchange.header("content-security-policy", POLICY);
        exchange.header("x-content-type-options", "nosniff");
        exchange.header("referrer-policy", "no-referrer");
        exchange.header("cache-control", file.cache);
        exchange.respond(HttpAnswer.of(200, file.type, file.content));
    }
}
