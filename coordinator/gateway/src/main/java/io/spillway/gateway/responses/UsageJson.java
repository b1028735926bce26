package io.spillway.gateway.responses;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.domain.request.Usage;
import io.spillway.gateway.answer.Explanation;
import io.spillway.gateway.chat.ChatUsage;
import io.spillway.gateway.json.Json;

/** What a response consumed. Stateless; any thread. */
final class UsageJson {
    private UsageJson() {
    }

    /** Nothing is charged for being written to a cache, so no tokens are told as such. */
    static ObjectNode of(final ChatUsage total) {
        final Usage usage = total.usage();
        final ObjectNode node = Json.object().put("input_tokens", usage.promptTokens());
        node.putObject("input_tokens_details").put("cached_tokens", usage.cachedTokens()).put("cache_write_tokens", 0);
        node.put("output_tokens", usage.outputTokens());
        node.putObject("output_tokens_details").put("reasoning_tokens", total.reasoningTokens());
        node.put("total_tokens", usage.totalTokens());
        node.set("spillway", Explanation.json(total));
        return node;
    }
}
