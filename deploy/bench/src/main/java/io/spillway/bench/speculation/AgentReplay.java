package io.spillway.bench.speculation;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.spillway.domain.id.ModelId;
import io.spillway.domain.id.RequestId;
import io.spillway.domain.id.RunId;
import io.spillway.domain.id.TenantId;
import io.spillway.domain.kv.BlockHash;
import io.spillway.domain.request.GenerationRequest;
import io.spillway.domain.request.SamplingParams;
import io.spillway.local.demo.Episode;
import io.spillway.text.ModelText;
import io.spillway.text.stream.TextStream;
import io.spillway.text.tools.ToolCallParser;
import io.spillway.text.tools.ToolDelta;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** The customer-support agent of the bundled episodes, without network: template, tokens, engine, parser, canned tools. */
final class AgentReplay {
    private static final int STEPS_PER_TURN_MAX = 8;
    private static final int OUTPUT_TOKENS_MAX = 160;
    private static final BlockHash ROOT = new BlockHash(11, 13);
    private static final JsonMapper JSON = new JsonMapper();

    private final ModelText text;
    private final List<Map<String, Object>> tools;
    private final SpeculationBench.Options options;

    AgentReplay(final ModelText text, final JsonNode tools, final SpeculationBench.Options options) {
        this.text = text;
        this.tools = JSON.convertValue(tools, new TypeReference<>() { });
        this.options = options;
    }

    /** @return outputs of each episode's requests, in order */
    List<List<int[]>> play(final EngineRun engine, final List<Episode> episodes) throws InterruptedException {
        try (ExecutorService threads = Executors.newFixedThreadPool(options.concurrency(), Thread.ofVirtual().factory())) {
            final List<Future<List<int[]>>> playing = new ArrayList<>();
            for (int i = 0; i < episodes.size(); i++) {
                final int number = i;
                playing.add(threads.submit(() -> play(engine, episodes.get(number), number)));
            }
            final List<List<int[]>> outputs = new ArrayList<>();
            for (final Future<List<int[]>> one : playing) {
                outputs.add(one.get());
            }
            return outputs;
        } catch (final ExecutionException e) {
            throw new IllegalStateException("a conversation failed", e.getCause());
        }
    }

    private List<int[]> play(final EngineRun engine, final Episode episode, final int number) throws InterruptedException {
        final List<int[]> outputs = new ArrayList<>();
        final List<Map<String, Object>> messages = new ArrayList<>();
        messages.add(message("system", episode.system()));
        for (final Episode.Turn turn : episode.turns()) {
            messages.add(message("user", turn.user()));
            for (int step = 0; step < STEPS_PER_TURN_MAX; step++) {
                final int[] output = engine.ask(request(messages, episode, number, outputs.size()));
                outputs.add(output);
                final List<Episode.Call> calls = take(output, messages);
                if (calls.isEmpty()) {
                    break;
                }
                calls.forEach(call -> messages.add(message("tool", episode.answer(call))));
            }
        }
        return outputs;
    }

    private GenerationRequest request(
        final List<Map<String, Object>> messages, final Episode episode, final int number, final int step) {
        final int[] prompt = text.encodePrompt(text.renderChat(messages, episode.tools() ? tools : List.of(), Map.of()));
        final SamplingParams greedy = SamplingParams.GREEDY;
        final SamplingParams sampling = options.temperature() == 0 ? greedy : new SamplingParams(options.temperature(), 0, 1f, 0f, 0f, 0f,
            1f, Map.of(), 1000L * number + step, -1);
        return new GenerationRequest(new RequestId(episode.id() + "-" + step), new TenantId("bench"),
            Optional.of(new RunId(episode.id())), new ModelId("bench"), ROOT, prompt, new int[0], OUTPUT_TOKENS_MAX, text.stopTokenIds(),
            sampling);
    }

    /** Adds the answer to the history. @return the calls in it that can be run */
    private List<Episode.Call> take(final int[] output, final List<Map<String, Object>> messages) {
        final Answer answer = new Answer();
        final ToolCallParser parser = text.toolFormat().newParser();
        final TextStream stream = text.newTextStream(List.of(), true, false);
        final StringBuilder whole = new StringBuilder();
        for (final int token : output) {
            whole.append(stream.accept(token));
        }
        whole.append(stream.end());
        parser.accept(whole.toString(), answer::accept);
        parser.end(answer::accept);
        messages.add(answer.message());
        return answer.calls();
    }

    private static Map<String, Object> message(final String role, final String content) {
        final Map<String, Object> message = new LinkedHashMap<>();
        message.put("role", role);
        message.put("content", content);
        return message;
    }

    /** Content and calls of one output. */
    private static final class Answer {
        private final StringBuilder content = new StringBuilder();
        private final List<String> names = new ArrayList<>();
        private final List<StringBuilder> arguments = new ArrayList<>();

        private void accept(final ToolDelta delta) {
            switch (delta) {
                case ToolDelta.Content piece -> content.append(piece.text());
                case ToolDelta.CallStart call -> {
                    names.add(call.name());
                    arguments.add(new StringBuilder());
                }
                case ToolDelta.CallArguments piece -> arguments.get(piece.index()).append(piece.fragment());
            }
        }

        private Map<String, Object> message() {
            final Map<String, Object> message = AgentReplay.message("assistant", content.toString());
            final List<Map<String, Object>> calls = new ArrayList<>();
            for (int i = 0; i < names.size(); i++) {
                calls.add(Map.of("id", "call-" + i, "type", "function",
                    "function", Map.of("name", names.get(i), "arguments", arguments.get(i).toString())));
            }
            if (!calls.isEmpty()) {
                message.put("tool_calls", calls);
            }
            return message;
        }

        /** A call whose arguments are no JSON ends the turn, as it does for a real agent. */
        private List<Episode.Call> calls() {
            final List<Episode.Call> calls = new ArrayList<>();
            try {
                for (int i = 0; i < names.size(); i++) {
                    calls.add(new Episode.Call(names.get(i), JSON.readTree(arguments.get(i).toString())));
                }
                return calls;
            } catch (final JsonProcessingException e) {
                return List.of();
            }
        }
    }
}
