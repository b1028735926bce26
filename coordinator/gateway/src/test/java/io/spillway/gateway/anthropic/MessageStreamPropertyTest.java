package io.spillway.gateway.anthropic;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.domain.id.ModelId;
import io.spillway.domain.request.PrefillSources;
import io.spillway.domain.request.Usage;
import io.spillway.gateway.chat.ChatEvent;
import io.spillway.gateway.chat.ChatEvent.ChatFinish;
import io.spillway.gateway.chat.ChatUsage;
import io.spillway.gateway.json.Json;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** However an output comes in pieces, stream and whole message say the same, and calls' arguments assemble to what the model wrote. */
class MessageStreamPropertyTest {
    private static final PrefillSources SOURCES = new PrefillSources(3, 1, 0, 0, 6);
    private static final ChatUsage USAGE = new ChatUsage(new Usage(10, 4, 7, SOURCES), 2, 5, "here");
    private static final List<String> WORDS = List.of("a", "\"", "\\", "ü", "😀", "{", "}", "\n", "</tool_call>", " ", "null");

    private static MessagesBody.AnswerForm form(final boolean thinks) {
        return new MessagesBody.AnswerForm(new ModelId("m"), true, new ThinkingBody(thinks, false));
    }

    /** @return a random output: events of a well-formed choice, text and arguments cut anywhere */
    private static List<ChatEvent> output(final Random random, final int parts) {
        final List<ChatEvent> events = new ArrayList<>();
        if (random.nextBoolean()) {
            events.add(new ChatEvent.Started(0, SOURCES, "here"));
        }
        if (random.nextBoolean()) {
            pieces(words(random), random).forEach(piece -> events.add(new ChatEvent.Reasoning(0, 0, piece)));
        }
        int calls = 0;
        for (int part = 0; part < parts; part++) {
            events.add(new ChatEvent.Tokens(0, part, new int[] {1}, List.of()));
            if (random.nextBoolean()) {
                pieces(words(random), random).forEach(piece -> events.add(new ChatEvent.Text(0, 0, piece)));
            } else {
                events.add(new ChatEvent.CallStart(0, calls, "call_" + calls, "tool"));
                final String arguments = Json.spaced(Json.object().put("k" + words(random), words(random)).put("n", random.nextInt()));
                for (final String piece : pieces(arguments, random)) {
                    events.add(new ChatEvent.CallArguments(0, calls, piece));
                }
                calls++;
            }
        }
        events.add(new ChatEvent.ChoiceFinished(0, calls > 0 ? ChatFinish.TOOL_CALLS : ChatFinish.STOP));
        return events;
    }

    private static String words(final Random random) {
        final StringBuilder words = new StringBuilder();
        for (int i = random.nextInt(6); i >= 0; i--) {
            words.append(WORDS.get(random.nextInt(WORDS.size())));
        }
        return words.toString();
    }

    private static List<String> pieces(final String text, final Random random) {
        final List<String> pieces = new ArrayList<>();
        int from = 0;
        while (from < text.length()) {
            final int to = from + 1 + random.nextInt(text.length() - from);
            pieces.add(text.substring(from, to));
            from = to;
        }
        return pieces;
    }

    /** A client's own assembly, as simple as can be. */
    private static List<ObjectNode> assembled(final List<ObjectNode> events) {
        final List<ObjectNode> blocks = new ArrayList<>();
        final StringBuilder json = new StringBuilder();
        for (final ObjectNode event : events) {
            final JsonNode delta = event.path("delta");
            switch (event.path("type").textValue()) {
                case "content_block_start" -> {
                    assertThat(event.path("index").intValue()).isEqualTo(blocks.size());
                    blocks.add(event.path("content_block").deepCopy());
                    json.setLength(0);
                }
                case "content_block_delta" -> delta.fieldNames().forEachRemaining(field -> {
                    if (field.equals("partial_json")) {
                        json.append(delta.path(field).textValue());
                    } else if (!field.equals("type")) {
                        blocks.getLast().put(field, blocks.getLast().path(field).textValue() + delta.path(field).textValue());
                    }
                });
                case "content_block_stop" -> {
                    if (blocks.getLast().has("input") && !json.isEmpty()) {
                        blocks.getLast().set("input", Json.parse(json.toString().getBytes(StandardCharsets.UTF_8)));
                    }
                }
                default -> { }
            }
        }
        return blocks;
    }

    @Property(tries = 500)
    void streamAndWholeSayTheSame(@ForAll final long seed, @ForAll @IntRange(max = 5) final int parts, @ForAll final boolean thinks) {
        final List<ChatEvent> output = output(new Random(seed), parts);
        final InputUsage.Reach reach = new InputUsage.Reach(7, 5);
        final MessageStream stream = new MessageStream("msg_1", form(thinks));
        stream.reaching(reach);
        final AnswerBlocks whole = new AnswerBlocks("msg_1", form(thinks));
        final List<ObjectNode> events = new ArrayList<>();
        final Random quiet = new Random(seed + 1);
        for (final ChatEvent event : output) {
            events.addAll(stream.on(event));
            whole.on(event);
            if (quiet.nextInt(8) == 0) {
                events.addAll(stream.quiet());
            }
        }
        events.addAll(stream.end(USAGE));
        final ObjectNode message = whole.answer(InputUsage.of(USAGE.usage(), reach), USAGE);
        assertThat(assembled(events)).isEqualTo(List.copyOf(message.path("content").valueStream().toList()));
        assertThat(events.getFirst().path("type").textValue()).isEqualTo("message_start");
        final JsonNode delta = events.get(events.size() - 2);
        assertThat(delta.path("delta").path("stop_reason")).isEqualTo(message.path("stop_reason"));
        for (final String field : List.of("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens", "output_tokens")) {
            assertThat(delta.path("usage").path(field)).isEqualTo(message.path("usage").path(field));
        }
    }

    @Property
    void everyPromptTokenIsCountedOnce(@ForAll @IntRange(max = 1000) final int promptTokens, @ForAll @IntRange(max = 1000) final int cached,
            @ForAll @IntRange(max = 1200) final int any, @ForAll @IntRange(max = 1200) final int hour) {
        final int read = Math.min(cached, promptTokens);
        final InputUsage usage = InputUsage.of(new PrefillSources(read, 0, 0, 0, promptTokens - read),
            new InputUsage.Reach(Math.max(any, hour), hour));
        assertThat(usage.readTokens() + usage.shortTokens() + usage.longTokens() + usage.plainTokens()).isEqualTo(promptTokens);
        assertThat(List.of(usage.readTokens(), usage.shortTokens(), usage.longTokens(), usage.plainTokens())).allMatch(tokens -> tokens >= 0);
    }
}
