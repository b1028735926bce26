package io.spillway.gateway.openai;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.gateway.chat.ChatEvent;
import io.spillway.gateway.chat.TokenText;
import io.spillway.gateway.json.Json;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** The words of {@code text_completion}, in streams and whole. */
final class CompletionShape implements AnswerShape {
    private final String id;
    private final long createdSeconds;
    private final AnswerForm form;
    private final Choice[] choices;

    /** What is known of one choice. */
    private static final class Choice {
        private final StringBuilder text = new StringBuilder();
        private final List<TokenText> logprobs = new ArrayList<>();
        private final String echo;
        private int logprobChars;
        private String finish;
        private boolean begun;

        Choice(final String echo) {
            this.echo = echo;
            this.logprobChars = echo.length();
        }
    }

    /** @param echoes what stands before each output; "" unless the prompt is to be repeated */
    CompletionShape(final String id, final long createdSeconds, final AnswerForm form, final List<String> echoes) {
        this.id = id;
        this.createdSeconds = createdSeconds;
        this.form = form;
        this.choices = echoes.stream().map(Choice::new).toArray(Choice[]::new);
    }

    @Override
    public List<ObjectNode> chunks(final ChatEvent event) {
        return switch (event) {
            case ChatEvent.Tokens tokens -> {
                choices[tokens.choice()].logprobs.addAll(tokens.logprobs());
                yield withEcho(tokens.choice(), List.of());
            }
            case ChatEvent.Text text -> withEcho(text.choice(), List.of(chunk(text.choice(), text.text(), null)));
            case ChatEvent.ChoiceFinished done -> withEcho(done.choice(), List.of(
                chunk(done.choice(), "", AnswerJson.finish(done.reason()))));
            default -> List.of();
        };
    }

    private List<ObjectNode> withEcho(final int choice, final List<ObjectNode> chunks) {
        final Choice state = choices[choice];
        if (state.begun) {
            return chunks;
        }
        state.begun = true;
        if (state.echo.isEmpty()) {
            return chunks;
        }
        final List<ObjectNode> all = new ArrayList<>();
        final ObjectNode first = usageChunk();
        ((ArrayNode) first.get("choices")).add(Json.object().put("text", state.echo).put("index", choice)
            .<ObjectNode>putNull("logprobs").putNull("finish_reason"));
        all.add(first);
        all.addAll(chunks);
        return all;
    }

    private ObjectNode chunk(final int choice, final String text, final String finish) {
        final ObjectNode chunk = usageChunk();
        final ObjectNode node = ((ArrayNode) chunk.get("choices")).addObject().put("text", text).put("index", choice);
        node.set("logprobs", choices[choice].logprobs.isEmpty() ? null : takeLogprobs(choices[choice]));
        node.put("finish_reason", finish);
        return chunk;
    }

    @Override
    public ObjectNode usageChunk() {
        final ObjectNode chunk = AnswerJson.head(id, "text_completion", createdSeconds, form);
        chunk.putArray("choices");
        return chunk;
    }

    @Override
    public void collect(final ChatEvent event) {
        switch (event) {
            case ChatEvent.Tokens tokens -> choices[tokens.choice()].logprobs.addAll(tokens.logprobs());
            case ChatEvent.Text text -> choices[text.choice()].text.append(text.text());
            case ChatEvent.ChoiceFinished done -> choices[done.choice()].finish = AnswerJson.finish(done.reason());
            default -> { }
        }
    }

    @Override
    public ObjectNode answer() {
        final ObjectNode answer = usageChunk();
        final ArrayNode list = (ArrayNode) answer.get("choices");
        for (int index = 0; index < choices.length; index++) {
            final ObjectNode node = list.addObject();
            node.put("text", choices[index].echo + choices[index].text).put("index", index);
            node.set("logprobs", form.logprobs() ? takeLogprobs(choices[index]) : null);
            node.put("finish_reason", choices[index].finish);
        }
        return answer;
    }

    /** @return the classic shape: four parallel lists */
    private static ObjectNode takeLogprobs(final Choice choice) {
        final ObjectNode node = Json.object();
        final ArrayNode tokens = node.putArray("tokens");
        final ArrayNode values = node.putArray("token_logprobs");
        final ArrayNode tops = node.putArray("top_logprobs");
        final ArrayNode offsets = node.putArray("text_offset");
        for (final TokenText token : choice.logprobs) {
            tokens.add(text(token));
            values.add(AnswerJson.logprob(token.logprob()));
            final ObjectNode top = tops.addObject();
            token.top().forEach(other -> top.put(text(other), AnswerJson.logprob(other.logprob())));
            offsets.add(choice.logprobChars);
            choice.logprobChars += new String(token.bytes(), StandardCharsets.UTF_8).length();
        }
        choice.logprobs.clear();
        return node;
    }

    /** A token that is no whole text is spelled as bytes, so that two of them never look the same. */
    private static String text(final TokenText token) {
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(token.bytes())).toString();
        } catch (final CharacterCodingException e) {
            final StringBuilder spelled = new StringBuilder("bytes:");
            for (final byte b : token.bytes()) {
                spelled.append("\\x").append(Character.forDigit(b >> 4 & 0xf, 16)).append(Character.forDigit(b & 0xf, 16));
            }
            return spelled.toString();
        }
    }
}
