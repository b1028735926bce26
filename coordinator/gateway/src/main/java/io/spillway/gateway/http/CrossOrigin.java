package io.spillway.gateway.http;

import java.util.Map;

/** What browsers ask before they let a page of another origin call us. Keys travel in headers, never cookies: any origin may. */
final class CrossOrigin {
    private static final String EXPOSED = "x-request-id, request-id, openai-processing-ms, retry-after, retry-after-ms, x-should-retry, "
        + "x-ratelimit-limit-requests, x-ratelimit-limit-tokens, x-ratelimit-remaining-requests, x-ratelimit-remaining-tokens, "
        + "x-ratelimit-reset-requests, x-ratelimit-reset-tokens, "
        + "anthropic-ratelimit-requests-limit, anthropic-ratelimit-requests-remaining, anthropic-ratelimit-requests-reset, "
        + "anthropic-ratelimit-tokens-limit, anthropic-ratelimit-tokens-remaining, anthropic-ratelimit-tokens-reset, "
        + "x-chain-id, x-step-id, x-chain-cost, x-chain-cached-tokens, x-spillway-placement, x-spillway-cost, x-spillway-prefix, "
        + "x-spillway-tools, x-spillway-tools-not-offered, x-spillway-items-not-told, x-spillway-tool-choice";

    private CrossOrigin() {
    }

    static void allow(final HttpExchange exchange) {
        exchange.header("access-control-allow-origin", "*");
        exchange.header("access-control-expose-headers", EXPOSED);
    }

    static void preflight(final HttpExchange exchange, final String methods) {
        exchange.header("access-control-allow-methods", methods);
        exchange.header("vary", "access-control-request-headers");
        if (exchange.call().header("access-control-request-private-network").filter("true"::equals).isPresent()) {
            exchange.header("access-control-allow-private-network", "true");
        }
        exchange.header("access-control-allow-headers",
            exchange.call().header("access-control-request-headers").orElse("authorization, content-type, x-api-key"));
        exchange.header("access-control-max-age", "86400");
        exchange.respond(new HttpAnswer(204, Map.of(), new byte[0]));
    }
}
