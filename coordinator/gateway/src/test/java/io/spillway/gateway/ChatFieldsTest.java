package io.spillway.gateway;

import static io.spillway.gateway.TestCluster.chat;
import static io.spillway.gateway.TestCluster.events;
import static io.spillway.gateway.TestCluster.json;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.spillway.domain.request.GenerationRequest;
import io.spillway.domain.request.Retention;
import io.spillway.gateway.ScriptedLine.Script;
import io.spillway.testkit.openai.OpenAiSchemas;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.lifecycle.AfterContainer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Fields of chat completions beyond the usual ones. */
class ChatFieldsTest {
    private static final String PATH = "/v1/chat/completions";
    private static final List<String> OPTIONAL = List.of("audio", "chat_template_kwargs", "client_metadata", "frequency_penalty", "function_call",
        "functions", "logit_bias", "logprobs", "max_completion_tokens", "max_tokens", "metadata", "min_p", "modalities", "moderation", "n",
        "parallel_tool_calls", "prediction", "presence_penalty", "priority", "prompt_cache_key", "prompt_cache_retention", "reasoning_effort",
        "repetition_penalty", "response_format", "safety_identifier", "service_tier", "stop", "store", "stream", "stream_options",
        "structured_outputs", "temperature", "tool_choice", "tools", "top_k", "top_logprobs", "top_p", "user", "verbosity", "web_search_options");
    private static TestCluster cluster;

    @BeforeAll
    static void start() {
        cluster = new TestCluster();
    }

    @AfterAll
    static void stop() {
        if (cluster != null) {
            cluster.close();
            cluster = null;
        }
    }

    @AfterContainer
    static void stopAfterProperties() {
        stop();
    }

    @BeforeEach
    void reset() {
        cluster.line.play("hello");
    }

    private static HttpResponse<String> post(final String more) {
        final HttpResponse<String> response = cluster.post(PATH, chat(more));
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return response;
    }

    private static GenerationRequest asked() {
        return cluster.line.requests.getLast();
    }

    private static String prompt() {
        final int[] tokens = asked().promptTokens();
        final byte[] bytes = new byte[tokens.length];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) tokens[i];
        }
        return new String(bytes, StandardCharsets.UTF_8);
    }

    @Property(tries = 40)
    void nullIsTheSameAsAbsent(@ForAll final Set<Integer> chosen) {
        if (cluster == null) {
            start();
        }
        reset();
        post(",'seed':5");
        final GenerationRequest without = asked();
        final String nulls = chosen.stream().map(i -> ",'" + OPTIONAL.get(Math.floorMod(i, OPTIONAL.size())) + "':null").distinct()
            .collect(Collectors.joining());
        post(",'seed':5" + nulls);
        assertThat(asked()).usingRecursiveComparison().ignoringFields("id", "agent.step", "agent.parentStep", "run").isEqualTo(without);
    }

    @Test
    void aPredictionGoesToTheSpeculatorAndUsageSaysWhatBecameOfIt() {
        cluster.line.play("int count = 1;");
        final JsonNode usage = json(post(",'prediction':{'type':'content','content':[{'type':'text','text':'int total'},"
            + "{'type':'text','text':' = 1;'}]}").body()).path("usage").path("completion_tokens_details");
        assertThat(asked().predictedTokens()).isEqualTo(ByteModel.bytes("int total = 1;"));
        assertThat(usage.path("accepted_prediction_tokens").asInt()).isBetween("int  = 1;".length(), "int t = 1;".length());
        assertThat(usage.path("accepted_prediction_tokens").asInt() + usage.path("rejected_prediction_tokens").asInt())
            .isEqualTo("int total = 1;".length());
        post("");
        assertThat(asked().predictedTokens()).isEmpty();
    }

    @Test
    void acceptedFieldsChangeNothing() {
        final JsonNode answer = json(post(",'metadata':{'a':'b'},'service_tier':'flex','store':true,'safety_identifier':'s','user':'u',"
            + "'prompt_cache_key':'k','prompt_cache_retention':'24h','verbosity':'low','reasoning_effort':'low','modalities':['text']").body());
        OpenAiSchemas.check("CreateChatCompletionResponse", answer);
        assertThat(answer.path("metadata").path("a").asText()).isEqualTo("b");
        assertThat(answer.path("service_tier").asText()).isEqualTo("default");
        assertThat(prompt()).isEqualTo("user:hi\n");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', value = {
        "'reasoning_effort':'huge'|reasoning_effort|invalid_value", "'verbosity':'chatty'|verbosity|invalid_value",
        "'verbosity':1|verbosity|invalid_type", "'prediction':'x'|prediction|invalid_type", "'prediction':{}|prediction.type|missing_required_parameter",
        "'prediction':{'type':'image'}|prediction.type|invalid_value", "'prediction':{'type':'content'}|prediction.content|missing_required_parameter",
        "'prediction':{'type':'content','content':1}|prediction.content|invalid_type",
        "'prediction':{'type':'content','content':[{'type':'image'}]}|prediction.content[0].type|invalid_value",
        "'web_search_options':{}|web_search_options|unsupported_value", "'audio':{}|audio|unsupported_value"})
    void oddValuesAreNamed(final String field, final String param, final String code) {
        final HttpResponse<String> response = cluster.post(PATH, chat("," + field));
        assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
        assertThat(json(response.body()).path("error").path("param").asText()).isEqualTo(param);
        assertThat(json(response.body()).path("error").path("code").asText()).isEqualTo(code);
    }

    @Test
    void fourStopsAndFalseStarts() {
        cluster.line.play("a STO b END c STOP d");
        final JsonNode message = json(post(",'stop':['STOP','ENDE','never','x']").body()).path("choices").get(0);
        assertThat(message.path("message").path("content").asText()).isEqualTo("a STO b END c ");
        final StringBuilder streamed = new StringBuilder();
        for (final String event : events(post(",'stream':true,'stop':['STOP','ENDE','never','x']").body())) {
            streamed.append(event.equals("[DONE]") ? "" : json(event).path("choices").path(0).path("delta").path("content").asText(""));
        }
        assertThat(streamed).hasToString("a STO b END c ");
    }

    @Test
    void attributionIsDroppedAndSaidToBe() {
        final String line = "x-anthropic-billing-header: cc_version=2.1.329.f4b;";
        final String body = "{\"model\":\"bytes\",\"messages\":[{\"role\":\"system\",\"content\":[{\"type\":\"text\",\"text\":\"" + line
            + "\"},{\"type\":\"text\",\"text\":\"be brief\"}]},{\"role\":\"developer\",\"content\":\"" + line + "\\nreally\"},"
            + "{\"role\":\"user\",\"content\":\"" + line + "\"}]}";
        final HttpResponse<String> response = cluster.post(PATH, body);
        assertThat(prompt()).isEqualTo("system:[{type=text, text=be brief}]\nsystem:really\nuser:" + line + "\n");
        assertThat(response.headers().firstValue("x-spillway-prefix")).hasValue("attribution-dropped");
        assertThat(json(response.body()).path("usage").path("spillway").path("prefix").asText()).isEqualTo("attribution-dropped");
        OpenAiSchemas.check("CreateChatCompletionResponse", json(response.body()));
        assertThat(post("").headers().firstValue("x-spillway-prefix")).isEmpty();
    }

    @Test
    void logprobsCoverThoughtsAndCallsToo() {
        cluster.line.play("<think>h</think>[[f|{}]]");
        final JsonNode choice = json(post(",'logprobs':true,'tools':[{'type':'function','function':{'name':'f'}}]").body()).path("choices").get(0);
        assertThat(choice.path("logprobs").path("content")).hasSize("<think>h</think>[[f|{}]]".length());
        assertThat(choice.path("message").path("tool_calls")).hasSize(1);
        assertThat(choice.path("message").path("reasoning_content").asText()).isEqualTo("h");
    }

    @Test
    void whatAParserDoesNotRecogniseIsContent() {
        cluster.line.play("[[look|{\"a\": tru");
        final JsonNode choice = json(post(",'tools':[{'type':'function','function':{'name':'look'}}]").body()).path("choices").get(0);
        assertThat(choice.path("finish_reason").asText()).isIn("stop", "tool_calls");
        cluster.line.play("<tool_call>{{{ no call");
        assertThat(json(post(",'tools':[{'type':'function','function':{'name':'look'}}]").body()).path("choices").get(0).path("message")
            .path("content").asText()).isEqualTo("<tool_call>{{{ no call");
    }

    @Test
    void theSameKeyWithTheSameBodyIsTheSameRequest() {
        final String first = idOf("key-1", "");
        assertThat(idOf("key-1", "")).isEqualTo(first);
        assertThat(idOf("key-2", "")).isNotEqualTo(first);
        assertThat(idOf("key-1", ",'user':'u'")).isNotEqualTo(first);
        assertThat(idOf("", "")).isNotEqualTo(idOf("", ""));
    }

    private static String idOf(final String key, final String more) {
        final var request = cluster.request(PATH).POST(java.net.http.HttpRequest.BodyPublishers.ofString(chat(more)));
        return json(cluster.send((key.isEmpty() ? request : request.header("Idempotency-Key", key)).build()).body()).path("id").asText();
    }

    private static java.net.http.HttpResponse<String> step(final String run, final String... headers) {
        final var request = cluster.request(PATH).header("X-Run-Id", run).headers(headers);
        return cluster.send(request.POST(java.net.http.HttpRequest.BodyPublishers.ofString(chat(""))).build());
    }

    @Test
    void aRunTakesNoMoreThanItsProgramAllows() {
        cluster.line.play("hello");
        assertThat(step("two-steps", "X-Run-Steps", "2", "X-Run-Tool-Gap", "1.5").statusCode()).isEqualTo(200);
        assertThat(cluster.line.requests.getLast().retentions()).as("twice the time, all of it").containsExactly(Retention.ofAll(3000));
        assertThat(step("two-steps", "X-Run-Steps", "2").statusCode()).isEqualTo(200);
        assertThat(cluster.line.requests.getLast().retentions()).isEmpty();
        final var third = step("two-steps", "X-Run-Steps", "2");
        assertThat(third.statusCode()).isEqualTo(429);
        assertThat(third.headers().firstValue("x-should-retry")).hasValue("false");
        assertThat(json(third.body()).path("error").path("param").asText()).isEqualTo("x-run-steps");
        assertThat(json(third.body()).path("error").path("code").asText()).isEqualTo("insufficient_quota");
        assertThat(step("two-steps", "X-Agent-Id", "a").statusCode()).as("who says nothing is not held to it").isEqualTo(200);
        final var seen = json(cluster.send(cluster.request("/v1/runs/two-steps").GET().build()).body());
        assertThat(seen.path("steps").path(0).path("promised_tool_gap_ms").asLong()).isEqualTo(1500);
        assertThat(seen.path("steps").path(1).path("promised_tool_gap_ms").isNull()).isTrue();
        assertThat(seen.path("steps").path(2).path("state").asText()).isEqualTo("quota_exceeded");
    }

    @Test
    void aRunEndsWhenItsBudgetIsSpent() {
        cluster.line.play("hello");
        final var first = step("poor", "X-Run-Budget", "0.000000001");
        assertThat(first.statusCode()).isEqualTo(200);
        final var cost = new java.math.BigDecimal(first.headers().firstValue("x-chain-cost").orElseThrow());
        assertThat(cost).isPositive();
        final var refused = step("poor", "X-Run-Budget", cost.toPlainString());
        assertThat(refused.statusCode()).isEqualTo(429);
        assertThat(json(refused.body()).path("error").path("param").asText()).isEqualTo("x-run-budget");
        assertThat(json(refused.body()).path("error").path("message").asText()).contains("poor", cost.stripTrailingZeros().toPlainString());
        assertThat(step("poor", "X-Run-Budget", cost.add(java.math.BigDecimal.ONE).toPlainString()).statusCode()).isEqualTo(200);
    }

    @Test
    void aConversationCanBeWantedForADay() {
        cluster.line.play("hello");
        assertThat(cluster.post(PATH, chat(",'prompt_cache_retention':'24h'")).statusCode()).isEqualTo(200);
        assertThat(cluster.line.requests.getLast().retentions()).containsExactly(Retention.ofAll(86_400_000));
        assertThat(cluster.post(PATH, chat(",'prompt_cache_retention':'in_memory'")).statusCode()).isEqualTo(200);
        assertThat(cluster.line.requests.getLast().retentions()).isEmpty();
        final var wrong = cluster.post(PATH, chat(",'prompt_cache_retention':'always'"));
        assertThat(wrong.statusCode()).isEqualTo(400);
        assertThat(json(wrong.body()).path("error").path("param").asText()).isEqualTo("prompt_cache_retention");
    }

    @Test
    void aDeadlineEndsARequestAndOneThatHasPassedRefusesIt() {
        final var late = cluster.send(cluster.request(PATH).header("X-Run-Deadline", "2020-01-01T00:00:00Z")
            .POST(java.net.http.HttpRequest.BodyPublishers.ofString(chat(""))).build());
        assertThat(late.statusCode()).isEqualTo(400);
        assertThat(json(late.body()).path("error").path("param").asText()).isEqualTo("x-run-deadline");
        cluster.line.script = request -> Script.of("hello").hanging();
        final var cut = cluster.send(cluster.request(PATH).header("X-Run-Deadline", Long.toString(System.currentTimeMillis() + 200))
            .POST(java.net.http.HttpRequest.BodyPublishers.ofString(chat(""))).build());
        assertThat(cut.statusCode()).isEqualTo(504);
        assertThat(cut.headers().firstValue("x-should-retry")).hasValue("false");
        cluster.line.play("hello");
        final var early = cluster.send(cluster.request(PATH).header("X-Run-Deadline", "2999-01-01T00:00:00Z")
            .POST(java.net.http.HttpRequest.BodyPublishers.ofString(chat(""))).build());
        assertThat(early.statusCode()).isEqualTo(200);
    }
}
