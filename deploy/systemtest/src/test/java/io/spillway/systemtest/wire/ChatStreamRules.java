package io.spillway.systemtest.wire;

import static io.spillway.systemtest.wire.WireRules.require;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import io.spillway.testkit.openai.OpenAiSchemas;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** What a stream of chat completion chunks promises beyond the shape of each chunk. One instance reads one stream. */
final class ChatStreamRules {
    private static final String DONE = "[DONE]";
    private final Set<String> heads = new HashSet<>();
    private final Set<Integer> begun = new HashSet<>();
    private final Set<Integer> finished = new HashSet<>();
    private final Set<String> calls = new HashSet<>();
    private boolean usage;

    private ChatStreamRules() {
    }

    /** @param whole whether the client read to the end */
    static void check(final List<SseEvents.Event> events, final boolean whole) throws JsonProcessingException {
        final ChatStreamRules rules = new ChatStreamRules();
        for (int i = 0; i < events.size(); i++) {
            final String data = events.get(i).data();
            require(events.get(i).name().isEmpty(), "chunks have no event name");
            if (data.equals(DONE)) {
                require(i == events.size() - 1, "nothing comes after " + DONE);
            } else {
                rules.chunk(WireRules.JSON.readTree(data));
            }
        }
        if (whole) {
            require(!events.isEmpty() && events.getLast().data().equals(DONE), "a stream ends with " + DONE);
            require(!rules.begun.isEmpty() && rules.begun.equals(rules.finished), "every choice that began is finished");
        }
    }

    private void chunk(final JsonNode chunk) {
        OpenAiSchemas.check("CreateChatCompletionStreamResponse", chunk);
        heads.add(chunk.get("id") + " " + chunk.get("created") + " " + chunk.get("model"));
        require(heads.size() == 1, "id, created and model stay the same within a stream: " + heads);
        require(!usage, "nothing comes after the usage");
        if (chunk.get("choices").isEmpty()) {
            usage = chunk.path("usage").isObject();
            require(usage, "a chunk without choices brings the usage");
        }
        chunk.get("choices").forEach(this::choice);
    }

    private void choice(final JsonNode choice) {
        final int index = choice.get("index").asInt();
        require(!finished.contains(index), "nothing comes after a choice's finish_reason");
        final JsonNode delta = choice.get("delta");
        require(begun.add(index) == delta.has("role"), "the role comes in a choice's first chunk, and only there");
        for (final JsonNode call : delta.path("tool_calls")) {
            final boolean first = calls.add(index + "/" + call.path("index").asInt(-1));
            require(call.has("index") && first == call.has("id") && first == call.at("/function").has("name"),
                "the first piece of a call brings id and name, later ones only its index");
        }
        if (!choice.get("finish_reason").isNull()) {
            finished.add(index);
        }
    }
}
