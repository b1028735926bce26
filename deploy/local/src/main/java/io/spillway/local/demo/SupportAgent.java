package io.spillway.local.demo;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.openai.client.OpenAIClient;
import com.openai.core.JsonValue;
import com.openai.errors.OpenAIException;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.chat.completions.ChatCompletionMessageFunctionToolCall;
import com.openai.models.chat.completions.ChatCompletionMessageParam;
import com.openai.models.chat.completions.ChatCompletionMessageToolCall;
import com.openai.models.chat.completions.ChatCompletionStreamOptions;
import com.openai.models.chat.completions.ChatCompletionSystemMessageParam;
import com.openai.models.chat.completions.ChatCompletionToolMessageParam;
import com.openai.models.chat.completions.ChatCompletionUserMessageParam;
import io.spillway.domain.time.NanoClock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The customer-support agent: asks, runs the tools that the model calls, and asks again until the model answers. */
final class SupportAgent {
    static final int STEPS_PER_TURN_MAX = 8;
    private static final long OUTPUT_TOKENS_MAX = 160;
    private static final JsonMapper JSON = new JsonMapper();

    private final OpenAIClient client;
    private final Setup setup;
    private final NanoClock clock;

    /**
     * What all episodes share.
     *
     * @param tools signatures, sent exactly as they stand
     */
    record Setup(String model, JsonNode tools, Demo.Conditions conditions) {
    }

    SupportAgent(final OpenAIClient client, final Setup setup, final NanoClock clock) {
        this.client = client;
        this.setup = setup;
        this.clock = clock;
    }

    /** Runs all turns, or up to the first that fails. Never throws for a failure of the API: the result says so. */
    EpisodeResult run(final Episode episode) {
        final Conversation talk = new Conversation(episode);
        try {
            for (int turn = 0; turn < episode.turns().size(); turn++) {
                final Optional<String> failure = talk.turn(episode.turns().get(turn));
                if (failure.isPresent()) {
                    return new EpisodeResult(episode, Optional.of("turn " + (turn + 1) + ": " + failure.get()), false, talk.used);
                }
            }
            return new EpisodeResult(episode, Optional.empty(), false, talk.used);
        } catch (final OpenAIException e) {
            return new EpisodeResult(episode, Optional.of(OpenAiClients.explain("the API", e)), true, talk.used);
        }
    }

    /** The growing history of one episode. */
    private final class Conversation {
        private final Episode episode;
        private final List<ChatCompletionMessageParam> messages = new ArrayList<>();
        private Consumption used = Consumption.NONE;

        private Conversation(final Episode episode) {
            this.episode = episode;
            messages.add(ChatCompletionMessageParam.ofSystem(
                ChatCompletionSystemMessageParam.builder().content(episode.system()).build()));
        }

        /** @return why the turn failed, if it did */
        private Optional<String> turn(final Episode.Turn turn) {
            messages.add(ChatCompletionMessageParam.ofUser(ChatCompletionUserMessageParam.builder().content(turn.user()).build()));
            final List<Episode.Call> made = new ArrayList<>();
            for (int step = 0; step < STEPS_PER_TURN_MAX; step++) {
                final AgentStep asked = AgentStep.ask(client, params(), clock);
                used = used.plus(asked.used());
                messages.add(ChatCompletionMessageParam.ofAssistant(asked.message().toParam()));
                final List<ChatCompletionMessageToolCall> calls = asked.message().toolCalls().orElse(List.of());
                if (calls.isEmpty()) {
                    return Scoring.failure(turn, made, asked.message().content().orElse("").strip());
                }
                for (final ChatCompletionMessageToolCall call : calls) {
                    final Optional<Episode.Call> parsed = parse(call.asFunction());
                    if (parsed.isEmpty()) {
                        return Optional.of("malformed call " + call.asFunction().function().arguments());
                    }
                    made.add(parsed.get());
                    messages.add(toolMessage(call.asFunction().id(), episode.answer(parsed.get())));
                }
            }
            return Optional.of("no final answer after " + STEPS_PER_TURN_MAX + " steps");
        }

        private ChatCompletionCreateParams params() {
            final ChatCompletionCreateParams.Builder params = ChatCompletionCreateParams.builder()
                .model(setup.model()).messages(List.copyOf(messages)).temperature(setup.conditions().temperature()).maxCompletionTokens(OUTPUT_TOKENS_MAX)
                .streamOptions(ChatCompletionStreamOptions.builder().includeUsage(true).build())
                .putAdditionalHeader("X-Run-Id", "demo-" + episode.id());
            if (setup.conditions().temperature() > 0) {
                params.seed(setup.conditions().seedOf(episode, used.steps()));
            }
            if (episode.tools()) {
                // As JSON and not as typed tools: the order of keys in a signature is part of the prompt the model was trained on.
                params.putAdditionalBodyProperty("tools", JsonValue.fromJsonNode(setup.tools()));
            }
            return params.build();
        }
    }

    private static Optional<Episode.Call> parse(final ChatCompletionMessageFunctionToolCall call) {
        try {
            return Optional.of(new Episode.Call(call.function().name(), JSON.readTree(call.function().arguments())));
        } catch (final JsonProcessingException e) {
            // The model wrote arguments that are no JSON: a wrong call, which fails the turn.
            return Optional.empty();
        }
    }

    private static ChatCompletionMessageParam toolMessage(final String callId, final String content) {
        return ChatCompletionMessageParam.ofTool(
            ChatCompletionToolMessageParam.builder().toolCallId(callId).content(content).build());
    }
}
