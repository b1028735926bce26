package io.spillway.gateway.openai;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.gateway.answer.AnswerEvents;
import io.spillway.gateway.answer.ClientAnswer;
import io.spillway.gateway.chat.ChatEvent;
import io.spillway.gateway.chat.ChatUsage;
import io.spillway.gateway.json.Json;
import java.nio.charset.StandardCharsets;

/** An answer of chat or classic completions, whose shape words its events. Owned by the exchange's virtual thread. */
final class ShapedAnswer implements ClientAnswer {
    private static final byte[] DONE = "[DONE]".getBytes(StandardCharsets.US_ASCII);

    private final AnswerForm form;
    private final AnswerShape shape;

    ShapedAnswer(final AnswerForm form, final AnswerShape shape) {
        this.form = form;
        this.shape = shape;
    }

    @Override
    public void on(final ChatEvent event, final AnswerEvents events) {
        if (!form.stream()) {
            shape.collect(event);
            return;
        }
        for (final ObjectNode chunk : shape.chunks(event)) {
            if (form.includeUsage()) {
                chunk.putNull("usage");
            }
            events.data(Json.bytes(chunk));
        }
    }

    @Override
    public void finished(final ChatUsage usage, final AnswerEvents events) {
        if (!form.stream()) {
            return;
        }
        if (form.includeUsage()) {
            final ObjectNode last = shape.usageChunk();
            last.set("usage", AnswerJson.usage(usage, form));
            events.data(Json.bytes(last));
        }
        events.data(DONE);
    }

    @Override
    public void failed(final SpillwayException failure, final AnswerEvents events) {
        events.data(Json.bytes(ApiErrors.body(failure)));
    }

    @Override
    public ObjectNode whole(final ChatUsage usage) {
        final ObjectNode answer = shape.answer();
        answer.set("usage", AnswerJson.usage(usage, form));
        return answer;
    }
}
