package io.spillway.gateway;

import static java.util.Objects.requireNonNull;

import io.spillway.domain.id.ModelId;
import io.spillway.gateway.chat.ChatService;
import io.spillway.gateway.guard.GuardPolicy;
import io.spillway.gateway.http.HttpServerConfig;
import io.spillway.gateway.limits.RateLimits;
import io.spillway.gateway.responses.ResponsesConfig;
import java.util.Map;

/**
 * How a gateway serves.
 *
 * @param console    who may see the console's state
 * @param guardrails policies for tool calls; models without one are left alone
 * @param rates      what each tenant may ask for
 * @param responses  how responses are kept and run in the background
 */
public record GatewayConfig(
    HttpServerConfig http, ChatService.Limits chat, ConsoleAccess console, Map<ModelId, GuardPolicy> guardrails, RateLimits.Limits rates,
    ResponsesConfig responses) {
    /** Without limits of rate, with responses kept and run as usual. */
    public GatewayConfig(
        final HttpServerConfig http, final ChatService.Limits chat, final ConsoleAccess console, final Map<ModelId, GuardPolicy> guardrails) {
        this(http, chat, console, guardrails, RateLimits.Limits.NONE, ResponsesConfig.USUAL);
    }

    public GatewayConfig {
        requireNonNull(rates, "rates");
        requireNonNull(http, "http");
        requireNonNull(chat, "chat");
        requireNonNull(console, "console");
        requireNonNull(responses, "responses");
        guardrails = Map.copyOf(guardrails);
    }

    /** Who may see the console's state. */
    public enum ConsoleAccess {
        /** Whoever sits at this machine, when the gateway listens on loopback only; else whoever has a key. */
        LOCAL_OR_KEY,
        /** Whoever has an API key. */
        KEY
    }

    /** @return the usual limits on that address; port 0 = any */
    public static GatewayConfig on(final String host, final int port) {
        return new GatewayConfig(HttpServerConfig.on(host, port), ChatService.Limits.USUAL, ConsoleAccess.LOCAL_OR_KEY,
            Map.of());
    }
}
