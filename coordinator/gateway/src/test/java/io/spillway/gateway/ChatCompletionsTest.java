package io.spillway.gateway;

import static io.spillway.gateway.TestCluster.chat;
import static io.spillway.gateway.TestCluster.json;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.spillway.domain.request.GenerationRequest;
import io.spillway.domain.request.SamplingParams;
import io.spillway.gateway.ScriptedLine.Script;
import io.spillway.testkit.openai.OpenAiSchemas;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ChatCompletionsTest {
    private static final String TOOLS = ",'tools':[{'type':'function','function':{'strict':true,'parameters':"
        + "{'type':'object'},'description':'looks','name':'look'}},{'type':'function','function':{'name':'other'}}]";
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
        cluster.line.play("hello");
        cluster.line.requests.clear();
    }

    private static JsonNode ask(final String more) {
        final HttpResponse<String> response = cluster.post("/v1/chat/completions", chat(more));
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        final JsonNode answer = json(response.body());
        OpenAiSchemas.check("CreateChatCompletionResponse", answer);
        return answer;
    }

    private static GenerationRequest asked() {
        return cluster.line.requests.getLast();
    }

    @Test
    void answersInTheDocumentedShape() {
        final HttpResponse<String> response = cluster.post("/v1/chat/completions", chat(",'metadata':{'k':'v'}"));
        final JsonNode answer = json(response.body());
        OpenAiSchemas.check("CreateChatCompletionResponse", answer);
        assertThat(answer.path("id").asText()).startsWith("chatcmpl-");
        assertThat(answer.path("object").asText()).isEqualTo("chat.completion");
        assertThat(answer.path("model").asText()).isEqualTo("bytes");
        assertThat(answer.path("metadata").path("k").asText()).isEqualTo("v");
        final JsonNode choice = answer.path("choices").get(0);
        assertThat(choice.path("message").path("content").asText()).isEqualTo("hello");
        assertThat(choice.path("message").get("refusal").isNull()).isTrue();
        assertThat(choice.get("logprobs").isNull()).isTrue();
        assertThat(choice.path("finish_reason").asText()).isEqualTo("stop");
        assertThat(response.headers().firstValue("x-request-id")).get().asString().startsWith("req_");
        assertThat(response.headers().firstValue("openai-processing-ms")).isPresent();
        assertThat(response.headers().firstValue("x-spillway-placement")).get().asString().startsWith("node-1");
        assertThat(response.headers().firstValue("access-control-allow-origin")).hasValue("*");
        assertThat(response.headers().firstValue("access-control-expose-headers").orElseThrow().split(", "))
            .as("pages of other origins may read").contains(response.headers().map().keySet().stream()
                .filter(name -> name.startsWith("x-")).toArray(String[]::new));
        assertThat(response.headers().firstValue("content-type")).hasValue("application/json");
    }

    @Test
    void usageSaysWhereTokensCameFromAndWhatTheyCost() {
        final JsonNode usage = ask("").path("usage");
        final int prompt = "user:hi\n".length();
        assertThat(usage.path("prompt_tokens").asInt()).isEqualTo(prompt);
        assertThat(usage.path("completion_tokens").asInt()).isEqualTo(5);
        assertThat(usage.path("total_tokens").asInt()).isEqualTo(prompt + 5);
        assertThat(usage.path("prompt_tokens_details").path("cached_tokens").asInt()).isEqualTo(prompt / 2);
        assertThat(usage.path("spillway").path("device_tokens").asInt()).isEqualTo(prompt / 2);
        assertThat(usage.path("spillway").path("computed_tokens").asInt()).isEqualTo(prompt / 2);
        assertThat(usage.path("spillway").path("cost_usd").asDouble()).isEqualTo((10.0 * prompt / 2 + 100) / 1e9);
        assertThat(usage.path("spillway").path("placement").asText()).startsWith("node-1");
    }

    @Test
    void passesEverySamplingFieldOn() {
        ask(",'temperature':0.5,'top_p':0.9,'top_k':7,'min_p':0.1,'presence_penalty':1,'frequency_penalty':-1,"
            + "'repetition_penalty':1.5,'logit_bias':{'65':2},'seed':42,'max_tokens':9,'max_completion_tokens':3");
        final SamplingParams sampling = asked().sampling();
        assertThat(sampling.temperature()).isEqualTo(0.5f);
        assertThat(sampling.topP()).isEqualTo(0.9f);
        assertThat(sampling.topK()).isEqualTo(7);
        assertThat(sampling.minP()).isEqualTo(0.1f);
        assertThat(sampling.presencePenalty()).isEqualTo(1f);
        assertThat(sampling.frequencyPenalty()).isEqualTo(-1f);
        assertThat(sampling.repetitionPenalty()).isEqualTo(1.5f);
        assertThat(sampling.logitBias()).containsEntry(65, 2f);
        assertThat(sampling.seed()).isEqualTo(42);
        assertThat(asked().outputTokensMax()).isEqualTo(3);
        assertThat(asked().stopTokens()).containsExactly(ByteModel.END);
    }

    @Test
    void nullsMeanDefaultsAndUnknownFieldsAreTolerated() {
        ask(",'temperature':null,'top_p':null,'n':null,'stop':null,'stream':null,'stream_options':null,'seed':null,"
            + "'tools':null,'tool_choice':null,'response_format':null,'logprobs':null,'max_tokens':null,'metadata':null,"
            + "'logit_bias':null,'user':null,'what_is_this':{'a':1},'service_tier':'auto','store':false");
        assertThat(asked().sampling().temperature()).isEqualTo(1f);
        assertThat(asked().outputTokensMax()).isEqualTo(TestCluster.CONTEXT_TOKENS - "user:hi\n".length());
    }

    @Test
    void aLimitAboveTheContextIsClamped() {
        ask(",'max_tokens':32000");
        assertThat(asked().outputTokensMax()).isEqualTo(TestCluster.CONTEXT_TOKENS - "user:hi\n".length());
    }

    @Test
    void finishReasonIsLengthWhenTheLimitCutsTheOutput() {
        final JsonNode choice = ask(",'max_tokens':3").path("choices").get(0);
        assertThat(choice.path("message").path("content").asText()).isEqualTo("hel");
        assertThat(choice.path("finish_reason").asText()).isEqualTo("length");
    }

    @Test
    void aStopStringEndsTheOutputAndTheGeneration() {
        cluster.line.script = request -> Script.of("one STOP two").hanging();
        final int before = cluster.line.cancels.get();
        final JsonNode answer = ask(",'stop':['never','STOP']");
        assertThat(answer.path("choices").get(0).path("message").path("content").asText()).isEqualTo("one ");
        assertThat(answer.path("choices").get(0).path("finish_reason").asText()).isEqualTo("stop");
        assertThat(answer.path("usage").path("completion_tokens").asInt()).isEqualTo("one STOP".length());
        assertThat(answer.path("usage").path("prompt_tokens_details").path("cached_tokens").asInt()).isEqualTo(4);
        assertThat(cluster.line.cancels.get()).isEqualTo(before + 1);
    }

    @Test
    void severalChoicesShareThePromptAndDifferInSeed() {
        cluster.line.script = request -> Script.of(request.sampling().seed() == 5 ? "first" : "second one");
        final JsonNode answer = ask(",'n':2,'seed':5");
        assertThat(answer.path("choices")).hasSize(2);
        assertThat(answer.path("choices").get(0).path("message").path("content").asText()).isEqualTo("first");
        assertThat(answer.path("choices").get(1).path("message").path("content").asText()).isEqualTo("second one");
        assertThat(answer.path("usage").path("prompt_tokens").asInt()).isEqualTo("user:hi\n".length());
        assertThat(answer.path("usage").path("completion_tokens").asInt()).isEqualTo(15);
        assertThat(cluster.line.requests).extracting(request -> request.sampling().seed()).containsExactly(5L, 6L);
        assertThat(cluster.line.requests).extracting(request -> request.id().value()).doesNotHaveDuplicates();
    }

    @Test
    void aSeedIsChosenWhenNoneIsGiven() {
        ask("");
        ask("");
        assertThat(cluster.line.requests.get(0).sampling().seed()).isNotEqualTo(cluster.line.requests.get(1).sampling().seed());
    }

    @Test
    void toolCallsComeBackStructured() {
        cluster.line.play("Check.[[look|{\"a\": 1}]][[other|{}]]");
        final JsonNode choice = ask(TOOLS).path("choices").get(0);
        assertThat(choice.path("finish_reason").asText()).isEqualTo("tool_calls");
        assertThat(choice.path("message").path("content").asText()).isEqualTo("Check.");
        final JsonNode calls = choice.path("message").path("tool_calls");
        assertThat(calls).hasSize(2);
        assertThat(calls.get(0).path("function").path("name").asText()).isEqualTo("look");
        assertThat(calls.get(0).path("function").path("arguments").asText()).isEqualTo("{\"a\": 1}");
        assertThat(calls.get(0).path("id").asText()).startsWith("call_").isNotEqualTo(calls.get(1).path("id").asText());
    }

    @Test
    void contentIsNullWhenThereIsOnlyACall() {
        cluster.line.play("[[look|{}]]");
        final JsonNode message = ask(TOOLS).path("choices").get(0).path("message");
        assertThat(message.has("content")).isTrue();
        assertThat(message.get("content").isNull()).isTrue();
    }

    @Test
    void withoutParallelCallsTheOutputEndsAfterTheFirst() {
        cluster.line.script = request -> Script.of("[[look|{}]][[other|{}]] and on").hanging();
        final JsonNode choice = ask(TOOLS + ",'parallel_tool_calls':false").path("choices").get(0);
        assertThat(choice.path("message").path("tool_calls")).hasSize(1);
        assertThat(choice.path("finish_reason").asText()).isEqualTo("tool_calls");
    }

    @Test
    void toolsAreRenderedInOneOrderWhateverTheClientsKeyOrder() {
        ask(TOOLS);
        final String prompt = text(asked().promptTokens());
        assertThat(prompt).contains("{name=look, description=looks, parameters={type=object}}").contains("other")
            .doesNotContain("strict");
    }

    @Test
    void toolChoiceNoneHidesTheTools() {
        cluster.line.play("[[look|{}]]");
        final JsonNode choice = ask(TOOLS + ",'tool_choice':'none'").path("choices").get(0);
        assertThat(choice.path("message").path("content").asText()).isEqualTo("[[look|{}]]");
        assertThat(text(asked().promptTokens())).doesNotContain("look");
    }

    @Test
    void aNamedToolIsOfferedAloneAndItsCallIsOpenedForTheModel() {
        cluster.line.play("{}]] and more[[look|{}]]");
        final JsonNode choice = ask(TOOLS + ",'tool_choice':{'type':'function','function':{'name':'look'}}").path("choices").get(0);
        assertThat(text(asked().promptTokens())).contains("name=look").doesNotContain("other").endsWith("[[look|");
        assertThat(choice.path("message").path("tool_calls")).hasSize(1);
        assertThat(choice.path("message").path("tool_calls").get(0).path("function").path("name").asText()).isEqualTo("look");
        assertThat(choice.path("finish_reason").asText()).isEqualTo("tool_calls");
    }

    @Test
    void aRequiredCallIsOpenedAndTheModelChoosesTheFunction() {
        cluster.line.play("other|{}]]");
        final JsonNode choice = ask(TOOLS + ",'tool_choice':'required'").path("choices").get(0);
        assertThat(text(asked().promptTokens())).contains("name=look").endsWith("[[");
        assertThat(choice.path("message").path("tool_calls").get(0).path("function").path("name").asText()).isEqualTo("other");
        assertThat(choice.path("message").get("content").isNull()).isTrue();
    }

    @Test
    void aDemandThatCannotBeHeededIsAnsweredWithAWarning() {
        final HttpResponse<String> response = cluster.post("/v1/chat/completions", chat(
            TOOLS.replace("'other'", "'unknown'") + ",'tool_choice':{'type':'function','function':{'name':'unknown'}}"));
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.headers().firstValue("x-spillway-tool-choice")).hasValue("advisory");
    }

    @Test
    void toolResultsAndPartsInTheHistoryReachTheTemplate() {
        cluster.post("/v1/chat/completions", """
            {"model":"bytes","messages":[{"role":"developer","content":"be brief"},
            {"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]},
            {"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}}]},
            {"role":"tool","tool_call_id":"c1","content":"42"}]}""");
        assertThat(text(asked().promptTokens())).isEqualTo("system:be brief\nuser:[{type=text, text=a}, {type=text, text=b}]\n"
            + "assistant:null[{id=c1, type=function, function={name=f, arguments={}}}]\ntool:42\n");
    }

    @Test
    void logprobsSpellEveryToken() {
        cluster.line.play("é!");
        final JsonNode logprobs = ask(",'logprobs':true,'top_logprobs':2").path("choices").get(0).path("logprobs");
        assertThat(logprobs.path("content")).hasSize(3);
        assertThat(logprobs.path("content").get(0).path("bytes").get(0).asInt()).isEqualTo(0xc3);
        assertThat(logprobs.path("content").get(2).path("token").asText()).isEqualTo("!");
        assertThat(logprobs.path("content").get(2).path("top_logprobs")).hasSize(2);
        assertThat(logprobs.path("content").get(2).path("top_logprobs").get(1).path("logprob").asDouble()).isEqualTo(-9999.0);
        assertThat(asked().sampling().topLogprobs()).isEqualTo(2);
    }

    @Test
    void theRunIsTakenFromHeadersThenFromTheBody() {
        ask(",'metadata':{'run_id':'run 7'},'prompt_cache_key':'other'");
        assertThat(asked().run()).get().hasToString("run-7");
        ask(",'prompt_cache_key':'key-1'");
        assertThat(asked().run()).get().hasToString("key-1");
        cluster.send(cluster.request("/v1/chat/completions").header("X-Run-Id", "__r1")
            .POST(java.net.http.HttpRequest.BodyPublishers.ofString(chat(",'prompt_cache_key':'key-1'"))).build());
        assertThat(asked().run()).get().hasToString("r1");
        ask("");
        assertThat(asked().run()).isEmpty();
    }

    private static String text(final int[] tokens) {
        final byte[] bytes = new byte[tokens.length];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) tokens[i];
        }
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
