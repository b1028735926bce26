package io.spillway.gateway.answer;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.domain.request.PrefillSources;
import io.spillway.gateway.chat.ChatUsage;
import io.spillway.gateway.http.HttpExchange;
import io.spillway.gateway.json.Json;
import java.math.BigDecimal;

/** What every answer says of itself, whatever API it came by: where its tokens came from, what it cost, why it ran where it ran. */
public final class Explanation {
    private static final int NANO_DIGITS = 9;

    private Explanation() {
    }

    /** @return what stands as {@code spillway} under an answer's usage */
    public static ObjectNode json(final ChatUsage total) {
        final PrefillSources sources = total.usage().sources();
        return Json.object()
            .put("device_tokens", sources.deviceTokens()).put("host_tokens", sources.hostTokens())
            .put("remote_tokens", sources.remoteTokens()).put("disk_tokens", sources.diskTokens())
            .put("computed_tokens", sources.computedTokens())
            .put("cost_usd", dollars(total.costNanoDollars())).put("placement", total.placement());
    }

    /** Says the cost and the placement in the headers of an answer that is sent as a whole. */
    public static void headers(final HttpExchange exchange, final ChatUsage total) {
        exchange.header("x-spillway-cost", dollars(total.costNanoDollars()).toPlainString());
        if (!total.placement().isEmpty()) {
            exchange.header("x-spillway-placement", total.placement());
        }
    }

    /** @return the same amount in dollars, exactly */
    public static BigDecimal dollars(final long nanoDollars) {
        return BigDecimal.valueOf(nanoDollars, NANO_DIGITS);
    }
}
