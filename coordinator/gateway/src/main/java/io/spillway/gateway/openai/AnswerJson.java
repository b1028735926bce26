package io.spillway.gateway.openai;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.domain.request.Usage;
import io.spillway.gateway.answer.Explanation;
import io.spillway.gateway.chat.ChatEvent.ChatFinish;
import io.spillway.gateway.chat.ChatUsage;
import io.spillway.gateway.chat.TokenText;
import io.spillway.gateway.json.Json;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;

/** Pieces that chat and completion answers share. Stateless; any thread. */
public final class AnswerJson {
    /** What OpenAI reports for a probability too small to say. */
    private static final double LOGPROB_MIN = -9999.0;

    private AnswerJson() {
    }

    /** @return an object with what every answer and chunk begins with */
    static ObjectNode head(final String id, final String object, final long createdSeconds, final AnswerForm form) {
        final ObjectNode head = Json.object();
        head.put("id", id);
        head.put("object", object);
        head.put("created", createdSeconds);
        head.put("model", form.model().value());
        if (form.serviceTier()) {
            head.put("service_tier", "default");
        }
        return head;
    }

    static String finish(final ChatFinish reason) {
        return reason.name().toLowerCase(Locale.ROOT);
    }

    static ObjectNode usage(final ChatUsage total, final AnswerForm form) {
        final Usage usage = total.usage();
        final ObjectNode node = Json.object();
        node.put("prompt_tokens", usage.promptTokens());
        node.put("completion_tokens", usage.outputTokens());
        node.put("total_tokens", usage.totalTokens());
        node.putObject("prompt_tokens_details").put("cached_tokens", usage.cachedTokens()).put("audio_tokens", 0);
        node.putObject("completion_tokens_details").put("reasoning_tokens", total.reasoningTokens()).put("audio_tokens", 0)
            .put("accepted_prediction_tokens", total.prediction().acceptedTokens())
            .put("rejected_prediction_tokens", total.prediction().rejectedTokens());
        final ObjectNode ours = Explanation.json(total);
        if (!form.prefix().isEmpty()) {
            ours.put("prefix", form.prefix());
        }
        node.set("spillway", ours);
        return node;
    }

    static double logprob(final float value) {
        return Float.isFinite(value) ? value : LOGPROB_MIN;
    }

    /** @return the chat shape: {@code {"content":[...],"refusal":null}} */
    static ObjectNode logprobs(final List<TokenText> tokens) {
        final ObjectNode node = Json.object();
        final ArrayNode content = node.putArray("content");
        for (final TokenText token : tokens) {
            final ObjectNode entry = token(token);
            final ArrayNode top = entry.putArray("top_logprobs");
            token.top().forEach(other -> top.add(token(other)));
            content.add(entry);
        }
        node.putNull("refusal");
        return node;
    }

    /** @return one token and its probability, without those that might have stood there */
    public static ObjectNode token(final TokenText token) {
        final ObjectNode node = Json.object();
        node.put("token", new String(token.bytes(), StandardCharsets.UTF_8));
        node.put("logprob", logprob(token.logprob()));
        final ArrayNode bytes = node.putArray("bytes");
        for (final byte b : token.bytes()) {
            bytes.add(b & 0xff);
        }
        return node;
    }
}
