package io.spillway.local.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

class DemoTest {
    private static final JsonMapper JSON = new JsonMapper();
    private static final Path BUNDLED = Path.of(System.getProperty("spillway.root"), "deploy/local/models/brook/episodes/episodes.jsonl");

    @Test
    void aModelThatDoesWhatIsExpectedSolvesAllBundledEpisodes() throws Exception {
        final List<Episode> episodes = EpisodeFile.read(BUNDLED);
        final JsonNode tools = EpisodeFile.tools(BUNDLED);
        try (ScriptedApi api = new ScriptedApi(true, new Oracle(episodes))) {
            final List<EpisodeResult> results = demo(api, 4).run(episodes, tools, result -> { });
            assertThat(results).hasSize(200).allSatisfy(result -> assertThat(result.failure()).isEmpty());
            assertThat(results.stream().map(EpisodeResult::episode)).containsExactlyElementsOf(episodes);
            assertThat(api.requests).allSatisfy(request -> {
                assertThat(request.path("temperature").asDouble(-1)).isZero();
                assertThat(request.path("max_completion_tokens").asInt()).isGreaterThanOrEqualTo(160);
                assertThat(request.path("stream_options").path("include_usage").asBoolean()).isTrue();
                if (request.has("tools")) {
                    assertThat(request.path("tools").toString()).isEqualTo(tools.toString());
                }
            });
            assertThat(api.requests.stream().filter(request -> !request.has("tools")).count()).isPositive();
        }
    }

    @Test
    void theModelCardKnowsHowManyOfTheBundledEpisodesAreSolved() {
        final List<Episode> episodes = EpisodeFile.read(BUNDLED);
        final ModelCard card = ModelCard.beside(BUNDLED, "brook").orElseThrow();
        assertThat(card.solved(episodes)).isBetween(150L, 200L);
        assertThat(ModelCard.beside(BUNDLED, "no-such-model")).isEmpty();
    }

    @Test
    void historyKeepsTheTextThatPrecedesACallAndToolResultsVerbatim() throws Exception {
        final Episode episode = episode("""
            {"id":"e","category":"refund+","system":"S","tools":true,
             "turns":[{"user":"U","calls":[{"name":"f","arguments":{"a":1,"b":2.50}}],"contains":["Done"]}],
             "backend":[{"name":"f","arguments":{"b":2.5,"a":1.0},"response":"{\\"x\\":  1}"}]}""");
        try (ScriptedApi api = new ScriptedApi(false, request -> request.path("messages").size() == 2
            ? new ScriptedApi.Reply("Check: fine", List.of(new ScriptedApi.RawCall("f", "{\"b\": 2.5, \"a\": 1}")))
            : ScriptedApi.Reply.says("All DONE."))) {
            final EpisodeResult result = run(api, episode);
            assertThat(result.failure()).isEmpty();
            final JsonNode messages = api.requests.getLast().path("messages");
            assertThat(messages.path(2).path("content").asText()).isEqualTo("Check: fine");
            assertThat(messages.path(2).path("tool_calls").path(0).path("function").path("arguments").asText())
                .isEqualTo("{\"b\": 2.5, \"a\": 1}");
            assertThat(messages.path(3).path("role").asText()).isEqualTo("tool");
            assertThat(messages.path(3).path("content").asText()).isEqualTo("{\"x\":  1}");
            assertThat(messages.path(3).path("tool_call_id").asText()).isEqualTo("call_0");
        }
    }

    @Test
    void anUnknownCallGetsAnErrorAndFailsTheTurn() throws Exception {
        final Episode episode = episode("""
            {"id":"e","category":"c","system":"S","tools":true,"turns":[{"user":"U","calls":[],"contains":[]}],"backend":[]}""");
        try (ScriptedApi api = new ScriptedApi(false, request -> request.path("messages").size() == 2
            ? ScriptedApi.Reply.calls("f", "{}") : ScriptedApi.Reply.says("sorry"))) {
            assertThat(run(api, episode).failure()).hasValue("turn 1: calls [f{}] instead of []");
            assertThat(api.requests.getLast().path("messages").path(3).path("content").asText()).isEqualTo("{\"error\": \"invalid request\"}");
        }
    }

    @Test
    void aModelThatNeverAnswersIsStoppedAfterEightSteps() throws Exception {
        final Episode episode = episode("""
            {"id":"e","category":"c","system":"S","tools":true,"turns":[{"user":"U","calls":[],"contains":[]}],"backend":[]}""");
        try (ScriptedApi api = new ScriptedApi(false, request -> ScriptedApi.Reply.calls("f", "{}"))) {
            final EpisodeResult result = run(api, episode);
            assertThat(result.failure()).hasValue("turn 1: no final answer after 8 steps");
            assertThat(api.requests).hasSize(8);
            assertThat(result.used().steps()).isEqualTo(8);
        }
    }

    @Test
    void argumentsThatAreNoJsonFailTheTurnAndTheEpisodeStopsThere() throws Exception {
        final Episode episode = episode("""
            {"id":"e","category":"c","system":"S","tools":true,"turns":[{"user":"U","calls":[],"contains":[]},
             {"user":"V","calls":[],"contains":[]}],"backend":[]}""");
        try (ScriptedApi api = new ScriptedApi(false, request -> ScriptedApi.Reply.calls("f", "{oops"))) {
            assertThat(run(api, episode).failure()).hasValue("turn 1: malformed call {oops");
            assertThat(api.requests).hasSize(1);
        }
    }

    @Test
    void tokensTimesAndCostAreAddedUp() throws Exception {
        final Episode episode = episode("""
            {"id":"e","category":"c","system":"S","tools":false,"turns":[{"user":"U","calls":[],"contains":["a"]},
             {"user":"V","calls":[],"contains":["a"]}],"backend":[]}""");
        final AtomicLong nanos = new AtomicLong();
        try (ScriptedApi api = new ScriptedApi(true, request -> ScriptedApi.Reply.says("a"))) {
            final EpisodeResult result = new Demo(api.baseUrl(), "good", "brook", Demo.Conditions.greedy(1), () -> nanos.getAndAdd(5_000_000))
                .run(List.of(episode), JSON.createArrayNode(), each -> { }).getFirst();
            final Consumption used = result.used();
            assertThat(used.steps()).isEqualTo(2);
            assertThat(used.promptTokens()).isEqualTo(200 + 400);
            assertThat(used.cachedTokens()).isEqualTo(128);
            assertThat(used.outputTokens()).isEqualTo(20);
            assertThat(used.ttftMedianMillis()).isEqualTo(5.0);
            assertThat(used.tokensPerSecond()).isEqualTo(20 / 0.020);
            assertThat(used.costUsd()).hasValue(0.5);
            assertThat(api.requests).noneMatch(request -> request.has("tools"));
        }
    }

    @Test
    void sampledRequestsHaveTheTemperatureAndASeedOfTheirOwnThatTheRunsSeedDecides() throws Exception {
        final Episode episode = episode("""
            {"id":"e","category":"c","system":"S","tools":false,"turns":[{"user":"U","calls":[],"contains":["a"]},
             {"user":"V","calls":[],"contains":["a"]}],"backend":[]}""");
        try (ScriptedApi api = new ScriptedApi(true, request -> ScriptedApi.Reply.says("a"))) {
            for (final long seed : new long[] {1, 1, 2}) {
                new Demo(api.baseUrl(), "good", "brook", new Demo.Conditions(1, 0.7, seed), System::nanoTime)
                    .run(List.of(episode), JSON.createArrayNode(), each -> { });
            }
            final List<Long> seeds = api.requests.stream().map(request -> request.path("seed").asLong(-1)).toList();
            assertThat(api.requests).allSatisfy(request -> assertThat(request.path("temperature").asDouble()).isEqualTo(0.7));
            assertThat(seeds.subList(0, 2)).isEqualTo(seeds.subList(2, 4)).doesNotHaveDuplicates();
            assertThat(seeds.subList(4, 6)).doesNotContainAnyElementsOf(seeds.subList(0, 2));
        }
        assertThatThrownBy(() -> new Demo.Conditions(1, -1, 0)).hasMessageContaining("--temperature");
        assertThatThrownBy(() -> new Demo.Conditions(1, Double.NaN, 0)).hasMessageContaining("--temperature");
    }

    @Test
    void aServerThatSaysNoCostShowsADash() throws Exception {
        final Episode episode = episode("""
            {"id":"e","category":"c+","system":"S","tools":false,"turns":[{"user":"U","calls":[],"contains":["a"]}],"backend":[]}""");
        try (ScriptedApi api = new ScriptedApi(false, request -> ScriptedApi.Reply.says("A"))) {
            final EpisodeResult result = run(api, episode);
            assertThat(DemoReport.line(result)).startsWith("e ").contains("solved").contains("100 prompt".replace("100", "200")).endsWith("-");
            final JsonNode json = JSON.readTree(new DemoReport(List.of(result), Optional.empty(), 1).toJson());
            assertThat(json.path("cost_usd").isNull()).isTrue();
            assertThat(json.path("by_category").path("c").toString()).isEqualTo("[1,1]");
        }
    }

    @Test
    void anApiThatFailsIsNotHeldAgainstTheModel() throws Exception {
        final Episode episode = episode("""
            {"id":"e","category":"c","system":"S","tools":false,"turns":[{"user":"U","calls":[],"contains":[]}],"backend":[]}""");
        try (ScriptedApi api = new ScriptedApi(false, request -> {
            throw new IllegalStateException("no such thing");
        })) {
            final EpisodeResult result = run(api, episode);
            assertThat(result.broken()).isTrue();
            assertThat(result.failure().orElseThrow()).contains("no such thing");
        }
    }

    @Test
    void aWrongKeyAModelThatIsNotServedAndADeadPortAreOneLineEach() throws Exception {
        try (ScriptedApi api = new ScriptedApi(false, request -> ScriptedApi.Reply.says("a"))) {
            assertThatThrownBy(() -> new Demo(api.baseUrl(), "bad", "brook", Demo.Conditions.greedy(1), System::nanoTime).run(List.of(), null, each -> { }))
                .isInstanceOf(SpillwayException.class).hasMessageContaining("refused the API key");
            assertThatThrownBy(() -> new Demo(api.baseUrl(), "good", "creek", Demo.Conditions.greedy(1), System::nanoTime).run(List.of(), null, each -> { }))
                .isInstanceOfSatisfying(SpillwayException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.MODEL_NOT_FOUND))
                .hasMessageContaining("does not serve 'creek'; it serves brook");
        }
    }

    @Test
    void theReportComparesWithTheCardByCategory() {
        final Episode one = episode("""
            {"id":"1","category":"faq+","system":"S","tools":false,"turns":[],"backend":[]}""");
        final Episode two = episode("""
            {"id":"2","category":"faq","system":"S","tools":false,"turns":[],"backend":[]}""");
        final List<EpisodeResult> results = List.of(
            new EpisodeResult(one, Optional.empty(), false, Consumption.NONE),
            new EpisodeResult(two, Optional.of("wrong"), false, Consumption.NONE));
        final String summary = new DemoReport(results, Optional.of(new ModelCard(java.util.Set.of("1", "2"))), 2).summary();
        assertThat(summary).contains("1 of 2 solved (50.0 %)").containsPattern("faq +1/2 +0/2")
            .contains("model card on these episodes: 0 of 2 (0.0 %); difference +50.0 points");
    }

    private static Demo demo(final ScriptedApi api, final int concurrency) {
        return new Demo(api.baseUrl(), "good", "brook", Demo.Conditions.greedy(concurrency), System::nanoTime);
    }

    private static EpisodeResult run(final ScriptedApi api, final Episode episode) {
        return demo(api, 1).run(List.of(episode), JSON.createArrayNode(), each -> { }).getFirst();
    }

    private static Episode episode(final String json) {
        try {
            return JSON.readValue(json, Episode.class);
        } catch (final java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    /** Plays every episode as its script expects, one call per message; checks that it is told the results. */
    private static final class Oracle implements Function<JsonNode, ScriptedApi.Reply> {
        private final Map<String, Episode> byOpening = new HashMap<>();

        private Oracle(final List<Episode> episodes) {
            episodes.forEach(episode -> byOpening.put(episode.system() + "|" + episode.turns().getFirst().user(), episode));
        }

        @Override
        public ScriptedApi.Reply apply(final JsonNode request) {
            final JsonNode messages = request.path("messages");
            final Episode episode = byOpening.get(messages.path(0).path("content").asText() + "|" + messages.path(1).path("content").asText());
            final List<ScriptedApi.Reply> replies = new ArrayList<>();
            for (final Episode.Turn turn : episode.turns()) {
                turn.calls().forEach(call -> replies.add(ScriptedApi.Reply.calls(call.name(), call.arguments().toString())));
                replies.add(ScriptedApi.Reply.says(turn.expectedJson().map(JsonNode::toString).orElse(String.join(" ", turn.contains()))));
            }
            int made = 0;
            for (final JsonNode message : messages) {
                made += message.path("role").asText().equals("assistant") ? 1 : 0;
            }
            return replies.get(made);
        }
    }
}
