package io.spillway.gateway;

import static io.spillway.gateway.TestCluster.chat;
import static io.spillway.gateway.TestCluster.events;
import static io.spillway.gateway.TestCluster.json;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.spillway.domain.error.ErrorCode;
import io.spillway.gateway.ScriptedLine.Script;
import io.spillway.testkit.openai.OpenAiSchemas;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class ChatStreamTest {
    private static TestCluster cluster;

    @BeforeAll
    static void start() {
        cluster = new TestCluster();
    }

    @AfterAll
    static void stop() {
        cluster.close();
    }

    private static List<JsonNode> stream(final String more) {
        final HttpResponse<String> response = cluster.post("/v1/chat/completions", chat(",'stream':true" + more));
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        assertThat(response.headers().firstValue("content-type")).get().asString().startsWith("text/event-stream");
        assertThat(response.headers().firstValue("cache-control")).hasValue("no-cache");
        final List<String> events = events(response.body());
        assertThat(events.getLast()).isEqualTo("[DONE]");
        final List<JsonNode> chunks = new ArrayList<>();
        for (final String event : events.subList(0, events.size() - 1)) {
            chunks.add(json(event));
            OpenAiSchemas.check("CreateChatCompletionStreamResponse", chunks.getLast());
        }
        return chunks;
    }

    private static String content(final List<JsonNode> chunks, final int choice) {
        final StringBuilder text = new StringBuilder();
        for (final JsonNode chunk : chunks) {
            for (final JsonNode part : chunk.path("choices")) {
                if (part.path("index").asInt() == choice) {
                    text.append(part.path("delta").path("content").asText(""));
                }
            }
        }
        return text.toString();
    }

    @Test
    void chunksComeInTheDocumentedOrder() {
        cluster.line.play("hello");
        final List<JsonNode> chunks = stream("");
        final JsonNode first = chunks.getFirst().path("choices").get(0);
        assertThat(first.path("delta").path("role").asText()).isEqualTo("assistant");
        assertThat(first.path("delta").path("content").asText()).isEmpty();
        assertThat(content(chunks, 0)).isEqualTo("hello");
        final JsonNode last = chunks.getLast().path("choices").get(0);
        assertThat(last.path("delta")).isEmpty();
        assertThat(last.path("finish_reason").asText()).isEqualTo("stop");
        assertThat(chunks).filteredOn(chunk -> !chunk.path("choices").get(0).path("finish_reason").isNull()).hasSize(1);
        for (final String key : List.of("id", "created", "model", "object")) {
            assertThat(chunks).extracting(chunk -> chunk.get(key)).containsOnly(chunks.getFirst().get(key));
        }
        assertThat(chunks).noneMatch(chunk -> chunk.has("usage"));
    }

    @Test
    void thoughtsComeBeforeTheAnswer() {
        cluster.line.play("<think>ab</think>yes");
        final List<JsonNode> chunks = stream(",'stream_options':{'include_usage':true}");
        final StringBuilder thought = new StringBuilder();
        chunks.forEach(chunk -> thought.append(chunk.path("choices").path(0).path("delta").path("reasoning_content").asText("")));
        assertThat(thought).hasToString("ab");
        assertThat(content(chunks, 0)).isEqualTo("yes");
        assertThat(chunks.getLast().path("usage").path("completion_tokens_details").path("reasoning_tokens").asInt()).isPositive();
    }

    @Test
    void usageComesInAChunkOfItsOwn() {
        cluster.line.play("hello");
        final List<JsonNode> chunks = stream(",'stream_options':{'include_usage':true}");
        final JsonNode last = chunks.getLast();
        assertThat(last.path("choices")).isEmpty();
        assertThat(last.path("usage").path("completion_tokens").asInt()).isEqualTo(5);
        assertThat(last.path("usage").path("prompt_tokens_details").path("cached_tokens").asInt()).isEqualTo(4);
        assertThat(chunks.subList(0, chunks.size() - 1)).allMatch(chunk -> chunk.has("usage") && chunk.get("usage").isNull());
    }

    @Test
    void charactersAreNeverBroken() {
        cluster.line.play("aé€😀z");
        final List<JsonNode> chunks = stream("");
        assertThat(content(chunks, 0)).isEqualTo("aé€😀z");
        assertThat(chunks).extracting(chunk -> chunk.path("choices").get(0).path("delta").path("content").asText(""))
            .noneMatch(text -> text.contains("\ufffd"));
    }

    @Test
    void aFalseStartOfAStopStringIsReleased() {
        cluster.line.play("a STO b STOP c");
        assertThat(content(stream(",'stop':'STOP'"), 0)).isEqualTo("a STO b ");
    }

    @Test
    void toolCallsAssembleFromDeltas() {
        cluster.line.play("Hm.[[look|{\"a\":1}]][[other|{}]]");
        final List<JsonNode> chunks = stream(",'tools':[{'type':'function','function':{'name':'look'}}]");
        final StringBuilder[] arguments = {new StringBuilder(), new StringBuilder()};
        final List<String> names = new ArrayList<>();
        for (final JsonNode chunk : chunks) {
            for (final JsonNode call : chunk.path("choices").get(0).path("delta").path("tool_calls")) {
                arguments[call.path("index").asInt()].append(call.path("function").path("arguments").asText());
                if (call.has("id")) {
                    names.add(call.path("function").path("name").asText());
                    assertThat(call.path("type").asText()).isEqualTo("function");
                } else {
                    assertThat(call.path("function").has("name")).isFalse();
                }
            }
        }
        assertThat(names).containsExactly("look", "other");
        assertThat(arguments[0]).hasToString("{\"a\":1}");
        assertThat(arguments[1]).hasToString("{}");
        assertThat(content(chunks, 0)).isEqualTo("Hm.");
        assertThat(chunks.getLast().path("choices").get(0).path("finish_reason").asText()).isEqualTo("tool_calls");
    }

    @Test
    void choicesAreInterleavedAndComplete() {
        cluster.line.script = request -> Script.of("choice " + request.sampling().seed());
        final List<JsonNode> chunks = stream(",'n':3,'seed':0");
        assertThat(List.of(content(chunks, 0), content(chunks, 1), content(chunks, 2)))
            .containsExactly("choice 0", "choice 1", "choice 2");
        assertThat(chunks).filteredOn(chunk -> !chunk.path("choices").get(0).path("finish_reason").isNull()).hasSize(3);
        assertThat(chunks).filteredOn(chunk -> chunk.path("choices").get(0).path("delta").has("role")).hasSize(3);
    }

    @Test
    void everyTokensLogprobsAreSentOnce() {
        cluster.line.script = request -> Script.of("aé€z").by(2);
        final List<JsonNode> chunks = stream(",'logprobs':true");
        int tokens = 0;
        for (final JsonNode chunk : chunks) {
            tokens += chunk.path("choices").get(0).path("logprobs").path("content").size();
        }
        assertThat(tokens).isEqualTo(7);
    }

    @Test
    void aFailureAfterTheFirstTokenIsAnEventAndNothingFollows() {
        cluster.line.script = request -> Script.of("hel").failing(ErrorCode.NODE_LOST);
        final HttpResponse<String> response = cluster.post("/v1/chat/completions", chat(",'stream':true"));
        assertThat(response.statusCode()).isEqualTo(200);
        final List<String> events = events(response.body());
        assertThat(events).doesNotContain("[DONE]");
        final JsonNode error = json(events.getLast()).path("error");
        assertThat(error.path("message").asText()).isEqualTo("scripted failure");
        assertThat(error.path("type").asText()).isEqualTo("server_error");
    }

    @Test
    void aFailureBeforeTheFirstTokenIsAPlainAnswer() {
        cluster.line.script = request -> Script.of("").failing(ErrorCode.OVERLOADED);
        final HttpResponse<String> response = cluster.post("/v1/chat/completions", chat(",'stream':true"));
        assertThat(response.statusCode()).isEqualTo(503);
        assertThat(response.headers().firstValue("content-type")).hasValue("application/json");
        assertThat(response.headers().firstValue("retry-after")).hasValue("1");
        assertThat(response.headers().firstValue("x-should-retry")).hasValue("true");
    }
}
