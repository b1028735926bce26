package io.spillway.gateway;

import static io.spillway.gateway.TestCluster.chat;
import static io.spillway.gateway.TestCluster.json;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.spillway.domain.error.ErrorCode;
import io.spillway.gateway.ScriptedLine.Script;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ErrorTableTest {
    private static final String CHAT = "/v1/chat/completions";
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
        cluster.view = TestCluster.view(true);
        cluster.line.play("hello");
    }

    private static void check(final HttpResponse<String> response, final int status, final String param, final String code) {
        assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
        final JsonNode error = json(response.body()).path("error");
        assertThat(error.size()).isEqualTo(4);
        assertThat(error.path("message").asText()).isNotBlank();
        assertThat(error.has("param")).isTrue();
        assertThat(error.get("param").textValue()).isEqualTo(param);
        assertThat(error.get("code").textValue()).as(response.body()).isEqualTo(code);
        final String type = status >= 500 ? "server_error" : status == 429 ? "rate_limit_error" : "invalid_request_error";
        assertThat(error.path("type").asText()).isEqualTo(type);
        final boolean retry = status == 429 || status == 503 || status == 504;
        assertThat(response.headers().firstValue("x-should-retry")).hasValue(Boolean.toString(retry));
        assertThat(response.headers().firstValue("retry-after").isPresent()).isEqualTo(retry);
        assertThat(response.headers().firstValue("x-request-id")).isPresent();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "{", "nonsense", "[]", "\"text\"", "1", "null", "{\"a\":1}{\"b\":2}", "{\"a\":1,}"})
    void aBodyThatIsNoJsonObject(final String body) {
        check(cluster.post(CHAT, body), 400, null, null);
    }

    @Test
    void aBodyThatIsNoUtf8() {
        final byte[] body = chat("").replace("hi", "h#").getBytes(java.nio.charset.StandardCharsets.ISO_8859_1);
        body[new String(body, java.nio.charset.StandardCharsets.ISO_8859_1).indexOf('#')] = (byte) 0xff;
        check(cluster.send(cluster.request(CHAT).POST(HttpRequest.BodyPublishers.ofByteArray(body)).build()), 400, null,
            null);
    }

    @Test
    void aBodyNestedWithoutEnd() {
        check(cluster.post(CHAT, "{\"a\":" + "[".repeat(100_000)), 400, null, null);
    }

    static Stream<Arguments> badFields() {
        return Stream.of(
            Arguments.of(",'temperature':'warm'", "temperature", "invalid_type"),
            Arguments.of(",'temperature':-0.1", "temperature", "decimal_below_min_value"),
            Arguments.of(",'temperature':2.5", "temperature", "decimal_above_max_value"),
            Arguments.of(",'top_p':1.5", "top_p", "decimal_above_max_value"),
            Arguments.of(",'top_k':-2", "top_k", "integer_below_min_value"),
            Arguments.of(",'presence_penalty':3", "presence_penalty", "decimal_above_max_value"),
            Arguments.of(",'frequency_penalty':-3", "frequency_penalty", "decimal_below_min_value"),
            Arguments.of(",'max_tokens':0", "max_tokens", "integer_below_min_value"),
            Arguments.of(",'max_tokens':-1", "max_tokens", "integer_below_min_value"),
            Arguments.of(",'max_tokens':1.5", "max_tokens", "invalid_type"),
            Arguments.of(",'max_completion_tokens':'9'", "max_completion_tokens", "invalid_type"),
            Arguments.of(",'n':0", "n", "integer_below_min_value"),
            Arguments.of(",'n':1000", "n", "integer_above_max_value"),
            Arguments.of(",'seed':'x'", "seed", "invalid_type"),
            Arguments.of(",'seed':1e30", "seed", "integer_above_max_value"),
            Arguments.of(",'stream':'yes'", "stream", "invalid_type"),
            Arguments.of(",'stream_options':{'include_usage':true}", "stream_options", "invalid_value"),
            Arguments.of(",'stream':true,'stream_options':{'include_usage':1}", "stream_options.include_usage", "invalid_type"),
            Arguments.of(",'stop':5", "stop", "invalid_type"),
            Arguments.of(",'stop':['a',5]", "stop[1]", "invalid_type"),
            Arguments.of(",'stop':''", "stop[0]", "invalid_value"),
            Arguments.of(",'logprobs':3", "logprobs", "invalid_type"),
            Arguments.of(",'top_logprobs':3", "top_logprobs", "invalid_value"),
            Arguments.of(",'logprobs':true,'top_logprobs':21", "top_logprobs", "integer_above_max_value"),
            Arguments.of(",'logit_bias':{'a':1}", "logit_bias", "invalid_value"),
            Arguments.of(",'logit_bias':{'5':101}", "logit_bias.5", "decimal_above_max_value"),
            Arguments.of(",'logit_bias':{'300':1}", "logit_bias", "invalid_value"),
            Arguments.of(",'logit_bias':[]", "logit_bias", "invalid_type"),
            Arguments.of(",'metadata':'x'", "metadata", "invalid_type"),
            Arguments.of(",'metadata':{'a':1}", "metadata.a", "invalid_type"),
            Arguments.of(",'user':1", "user", "invalid_type"),
            Arguments.of(",'response_format':'json'", "response_format", "invalid_type"),
            Arguments.of(",'response_format':{}", "response_format.type", "missing_required_parameter"),
            Arguments.of(",'response_format':{'type':'xml'}", "response_format.type", "invalid_value"),
            Arguments.of(",'response_format':{'type':'json_object'},'guided_regex':'a'", "response_format", "invalid_value"),
            Arguments.of(",'guided_regex':'('", "response_format", "invalid_value"),
            Arguments.of(",'guided_grammar':'root ::= nothing'", "response_format", "invalid_value"),
            Arguments.of(",'response_format':{'type':'json_schema','json_schema':{'name':'n','strict':true,'schema':{'type':'mood'}}}",
                "response_format", "invalid_json_schema"),
            Arguments.of(",'response_format':{'type':'json_schema'}", "response_format.json_schema", "missing_required_parameter"),
            Arguments.of(",'response_format':{'type':'json_schema','json_schema':{'name':'n','schema':7}}",
                "response_format", "invalid_json_schema"),
            Arguments.of(",'tools':{}", "tools", "invalid_type"),
            Arguments.of(",'tools':['a']", "tools[0]", "invalid_type"),
            Arguments.of(",'tools':[{}]", "tools[0].type", "missing_required_parameter"),
            Arguments.of(",'tools':[{'type':'custom'}]", "tools[0].custom", "missing_required_parameter"),
            Arguments.of(",'tools':[{'type':'function'}]", "tools[0].function", "missing_required_parameter"),
            Arguments.of(",'tools':[{'type':'function','function':{}}]", "tools[0].function.name", "missing_required_parameter"),
            Arguments.of(",'tools':[{'type':'function','function':{'name':'a b'}}]", "tools[0].function.name", "invalid_value"),
            Arguments.of(",'tools':[{'type':'function','function':{'name':'a','parameters':1}}]",
                "tools[0].function.parameters", "invalid_type"),
            Arguments.of(",'tool_choice':'always'", "tool_choice", "invalid_value"),
            Arguments.of(",'tool_choice':'required'", "tool_choice", "invalid_value"),
            Arguments.of(",'tools':[{'type':'function','function':{'name':'a'}}],'tool_choice':{'type':'function',"
                + "'function':{'name':'b'}}", "tool_choice", "invalid_value"),
            Arguments.of(",'functions':[]", "functions", "unsupported_value"),
            Arguments.of(",'modalities':['audio']", "modalities", "unsupported_value"));
    }

    @ParameterizedTest
    @MethodSource("badFields")
    void aFieldThatIsWrong(final String more, final String param, final String code) {
        check(cluster.post(CHAT, chat(more)), 400, param, code);
    }

    static Stream<Arguments> badMessages() {
        return Stream.of(
            Arguments.of("null", "messages", "missing_required_parameter"),
            Arguments.of("'hi'", "messages", "invalid_type"),
            Arguments.of("[]", "messages", "invalid_value"),
            Arguments.of("['hi']", "messages[0]", "invalid_type"),
            Arguments.of("[{'content':'x'}]", "messages[0].role", "missing_required_parameter"),
            Arguments.of("[{'role':'robot','content':'x'}]", "messages[0].role", "invalid_value"),
            Arguments.of("[{'role':7,'content':'x'}]", "messages[0].role", "invalid_type"),
            Arguments.of("[{'role':'user'}]", "messages[0].content", "missing_required_parameter"),
            Arguments.of("[{'role':'user','content':null}]", "messages[0].content", "missing_required_parameter"),
            Arguments.of("[{'role':'user','content':7}]", "messages[0].content", "invalid_type"),
            Arguments.of("[{'role':'user','content':'a'},{'role':'user','content':[{'type':'smell'}]}]",
                "messages[1].content[0].type", "invalid_value"),
            Arguments.of("[{'role':'user','content':[{'type':'image_url','image_url':{'url':'x'}}]}]",
                "messages[0].content[0].type", "unsupported_value"),
            Arguments.of("[{'role':'user','content':[{'type':'text'}]}]", "messages[0].content[0].text",
                "missing_required_parameter"),
            Arguments.of("[{'role':'tool','content':'x'}]", "messages[0].tool_call_id", "missing_required_parameter"),
            Arguments.of("[{'role':'assistant','tool_calls':[{'id':'a','function':{'name':'f','arguments':{}}}]}]",
                "messages[0].tool_calls[0].function.arguments", "invalid_type"),
            Arguments.of("[{'role':'assistant','tool_calls':[{'id':'a','type':'function'}]}]",
                "messages[0].tool_calls[0].function", "missing_required_parameter"),
            Arguments.of("[{'role':'user','content':'refuse me'}]", null, "invalid_prompt"));
    }

    @ParameterizedTest
    @MethodSource("badMessages")
    void aConversationThatIsWrong(final String messages, final String param, final String code) {
        check(cluster.post(CHAT, "{\"model\":\"bytes\",\"messages\":" + messages.replace('\'', '"') + "}"), 400, param, code);
    }

    @Test
    void missingAndUnknownModels() {
        check(cluster.post(CHAT, "{\"messages\":[]}"), 400, "model", "missing_required_parameter");
        check(cluster.post(CHAT, chat("").replace("\"bytes\"", "\"nope\"")), 404, "model", "model_not_found");
        check(cluster.post(CHAT, chat("").replace("\"bytes\"", "\"no such model!\"")), 404, "model", "model_not_found");
        check(cluster.post(CHAT, chat("").replace("\"bytes\"", "7")), 400, "model", "invalid_type");
        check(cluster.get("/v1/models/nope"), 404, "model", "model_not_found");
    }

    @Test
    void aModelThatNoNodeHasServedYetMayBeTriedAgain() {
        try (TestCluster fresh = new TestCluster()) {
            fresh.view = TestCluster.view(false);
            check(fresh.post(CHAT, chat("")), 503, null, null);
            fresh.view = TestCluster.view(true);
            assertThat(fresh.post(CHAT, chat("")).statusCode()).isEqualTo(200);
            fresh.view = TestCluster.view(false);
            assertThat(fresh.post(CHAT, chat("")).statusCode()).as("it may wait for a node").isEqualTo(200);
        }
    }

    @Test
    void aPromptLongerThanTheContext() {
        final HttpResponse<String> response = cluster.post(CHAT, chat("").replace("hi", "x".repeat(600)));
        check(response, 400, "messages", "context_length_exceeded");
        assertThat(response.body()).contains("maximum context length is 512 tokens").contains("resulted in 606 tokens");
        check(cluster.post("/v1/completions", "{\"model\":\"bytes\",\"prompt\":\"" + "x".repeat(512) + "\"}"), 400, "prompt",
            "context_length_exceeded");
    }

    @Test
    void keys() {
        final HttpRequest.BodyPublisher body = HttpRequest.BodyPublishers.ofString(chat(""));
        check(cluster.send(HttpRequest.newBuilder(cluster.uri(CHAT)).POST(body).build()), 401, null, "invalid_api_key");
        check(cluster.send(HttpRequest.newBuilder(cluster.uri(CHAT)).header("authorization", "Bearer wrong").POST(body).build()),
            401, null, "invalid_api_key");
        check(cluster.send(HttpRequest.newBuilder(cluster.uri(CHAT)).header("authorization", "Basic sk-test").POST(body).build()),
            401, null, "invalid_api_key");
        check(cluster.send(HttpRequest.newBuilder(cluster.uri("/v1/models")).build()), 401, null, "invalid_api_key");
        assertThat(cluster.send(HttpRequest.newBuilder(cluster.uri(CHAT)).header("authorization", "bEARER  sk-test").POST(body)
            .build()).statusCode()).isEqualTo(200);
        assertThat(cluster.send(HttpRequest.newBuilder(cluster.uri(CHAT)).header("x-api-key", "sk-test").POST(body)
            .build()).statusCode()).isEqualTo(200);
    }

    @Test
    void pathsAndMethods() {
        check(cluster.post("/v1/nothing", "{}"), 404, null, "unknown_url");
        check(cluster.get("/v1/models/"), 404, null, "unknown_url");
        check(cluster.get(CHAT), 405, null, "method_not_allowed");
        assertThat(cluster.get(CHAT).headers().firstValue("allow")).hasValue("POST, OPTIONS");
        check(cluster.post("/health", ""), 405, null, "method_not_allowed");
    }

    @ParameterizedTest
    @EnumSource(value = ErrorCode.class, names = {"OVERLOADED", "NO_NODE", "NODE_LOST", "DRAINING", "DEADLINE_EXCEEDED",
        "RATE_LIMIT_EXCEEDED", "INTERNAL"})
    void failuresOfTheLine(final ErrorCode code) {
        cluster.line.script = request -> Script.of("hel").failing(code);
        final HttpResponse<String> response = cluster.post(CHAT, chat(""));
        final String word = code == ErrorCode.DEADLINE_EXCEEDED ? "deadline_exceeded"
            : code == ErrorCode.RATE_LIMIT_EXCEEDED ? "rate_limit_exceeded" : null;
        check(response, code.kind().httpStatus(), null, word);
        assertThat(response.body().contains("scripted failure")).isEqualTo(code != ErrorCode.INTERNAL);
    }
}
