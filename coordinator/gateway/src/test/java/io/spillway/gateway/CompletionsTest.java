package io.spillway.gateway;

import static io.spillway.gateway.TestCluster.events;
import static io.spillway.gateway.TestCluster.json;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.spillway.gateway.ScriptedLine.Script;
import io.spillway.testkit.openai.OpenAiSchemas;
import java.net.http.HttpResponse;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CompletionsTest {
    private static TestCluster cluster;

    @BeforeAll
    static void start() {
        cluster = new TestCluster();
    }

    @AfterAll
    static void stop() {
        cluster.close();
    }

    @BeforeEach
    void reset() {
        cluster.line.script = request -> Script.of("<" + request.promptTokens().length + ">");
        cluster.line.requests.clear();
    }

    private static HttpResponse<String> post(final String fields) {
        return cluster.post("/v1/completions", ("{'model':'bytes'," + fields + "}").replace('\'', '"'));
    }

    private static JsonNode ask(final String fields) {
        final HttpResponse<String> response = post(fields);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        final JsonNode answer = json(response.body());
        OpenAiSchemas.check("CreateCompletionResponse", answer);
        return answer;
    }

    @Test
    void aStringIsContinued() {
        final JsonNode answer = ask("'prompt':'abc'");
        assertThat(answer.path("object").asText()).isEqualTo("text_completion");
        assertThat(answer.path("choices").get(0).path("text").asText()).isEqualTo("<3>");
        assertThat(answer.path("choices").get(0).path("finish_reason").asText()).isEqualTo("stop");
        assertThat(cluster.line.requests.getFirst().outputTokensMax()).isEqualTo(16);
        assertThat(answer.path("usage").path("prompt_tokens_details").path("cached_tokens").asInt()).isEqualTo(1);
    }

    @Test
    void severalPromptsGiveChoicesInOrder() {
        final JsonNode answer = ask("'prompt':['a','bb'],'n':2,'echo':true");
        assertThat(answer.path("choices")).extracting(choice -> choice.path("text").asText())
            .containsExactly("a<1>", "a<1>", "bb<2>", "bb<2>");
        assertThat(answer.path("usage").path("prompt_tokens").asInt()).isEqualTo(3);
        assertThat(answer.path("usage").path("completion_tokens").asInt()).isEqualTo(12);
    }

    @Test
    void tokensAreTakenAsTheyAre() {
        assertThat(ask("'prompt':[104,105],'echo':true").path("choices").get(0).path("text").asText()).isEqualTo("hi<2>");
        assertThat(ask("'prompt':[[104],[105,106]]").path("choices")).hasSize(2);
        assertThat(cluster.line.requests.getLast().promptTokens()).containsExactly(105, 106);
    }

    @Test
    void logprobsAreFourParallelLists() {
        cluster.line.play("é!");
        final JsonNode logprobs = ask("'prompt':'a','logprobs':2").path("choices").get(0).path("logprobs");
        assertThat(logprobs.path("tokens")).extracting(JsonNode::asText).containsExactly("bytes:\\xc3", "bytes:\\xa9", "!");
        assertThat(logprobs.path("token_logprobs")).hasSize(3);
        assertThat(logprobs.path("text_offset").get(0).asInt()).isZero();
        assertThat(logprobs.path("top_logprobs").get(2).path("!").asDouble()).isEqualTo(-0.5);
    }

    @Test
    void streamsText() {
        final HttpResponse<String> response = post("'prompt':'abc','stream':true,'echo':true,'stream_options':{'include_usage':true}");
        final List<String> events = events(response.body());
        assertThat(events.getLast()).isEqualTo("[DONE]");
        final StringBuilder text = new StringBuilder();
        for (final String event : events.subList(0, events.size() - 1)) {
            json(event).path("choices").forEach(choice -> text.append(choice.path("text").asText()));
        }
        assertThat(text).hasToString("abc<3>");
        assertThat(json(events.get(events.size() - 2)).path("usage").path("completion_tokens").asInt()).isEqualTo(3);
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', value = {
        "'max_tokens':5; prompt; missing_required_parameter",
        "'prompt':''; prompt; invalid_value",
        "'prompt':[]; prompt; invalid_value",
        "'prompt':[[]]; prompt; invalid_value",
        "'prompt':[1,'a']; prompt[1]; invalid_type",
        "'prompt':['a',7]; prompt[1]; invalid_type",
        "'prompt':[1.5]; prompt[0]; invalid_type",
        "'prompt':[9999]; prompt; invalid_value",
        "'prompt':[-1]; prompt; invalid_value",
        "'prompt':{}; prompt; invalid_type",
        "'prompt':'a','logprobs':21; logprobs; integer_above_max_value",
        "'prompt':'a','logprobs':1,'echo':true; echo; unsupported_value",
        "'prompt':'a','best_of':2,'stream':true; best_of; unsupported_value",
        "'prompt':'a','n':3,'best_of':2; best_of; invalid_value",
        "'prompt':'a','typical_p':1.5; typical_p; integer_above_max_value",
        "'prompt':'a','repetition_window':-1; repetition_window; integer_below_min_value",
        "'prompt':'a','priority':-101; priority; integer_below_min_value",
        "'prompt':'a','suffix':'z'; suffix; unsupported_value",
        "'prompt':'a','max_tokens':0; max_tokens; integer_below_min_value"}, quoteCharacter = '@')
    void badFieldsAreNamed(final String fields, final String param, final String code) {
        final HttpResponse<String> response = post(fields);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
        assertThat(json(response.body()).path("error").path("param").asText()).isEqualTo(param);
        assertThat(json(response.body()).path("error").path("code").asText()).isEqualTo(code);
    }

    @Test
    void modelsAreListedWithTheirContext() {
        final JsonNode list = json(cluster.get("/v1/models").body());
        OpenAiSchemas.check("ListModelsResponse", list);
        assertThat(list.path("data").get(0).path("id").asText()).isEqualTo("bytes");
        assertThat(list.path("data").get(0).path("max_model_len").asInt()).isEqualTo(TestCluster.CONTEXT_TOKENS);
        final JsonNode one = json(cluster.get("/v1/models/bytes").body());
        OpenAiSchemas.check("Model", one);
        assertThat(one).isEqualTo(list.path("data").get(0));
    }
}
