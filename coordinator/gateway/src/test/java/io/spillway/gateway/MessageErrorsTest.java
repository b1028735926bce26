package io.spillway.gateway;

import static io.spillway.gateway.TestCluster.json;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.spillway.domain.error.ErrorCode;
import io.spillway.gateway.ScriptedLine.Script;
import io.spillway.gateway.limits.RateLimits;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Refusals of the Messages API: the status, the type and the words. */
class MessageErrorsTest {
    private static final String PATH = "/v1/messages";
    private static final String HI = "[{'role':'user','content':'hi'}]";
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
    }

    private static String check(final HttpResponse<String> response, final int status, final String type) {
        assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
        final JsonNode error = MessageSchemas.check("error", json(response.body()));
        assertThat(error.path("error").path("type").asText()).isEqualTo(type);
        assertThat(response.headers().firstValue("request-id")).hasValue(error.path("request_id").asText());
        final boolean retry = status == 429 || status == 529 || status == 504;
        assertThat(response.headers().firstValue("x-should-retry")).hasValue(Boolean.toString(retry));
        assertThat(response.headers().firstValue("retry-after").isPresent()).isEqualTo(retry);
        return error.path("error").path("message").asText();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "{", "nonsense", "[]", "\"text\"", "{\"a\":1}{\"b\":2}"})
    void aBodyThatIsNoJsonObject(final String body) {
        check(cluster.post(PATH, body), 400, "invalid_request_error");
    }

    static Stream<Arguments> wrongFields() {
        return Stream.of(
            Arguments.of("'max_tokens':0", "max_tokens"), Arguments.of("'max_tokens':null", "max_tokens"),
            Arguments.of("'max_tokens':'9'", "max_tokens"), Arguments.of("'temperature':1.5", "temperature"),
            Arguments.of("'top_p':2", "top_p"), Arguments.of("'top_k':-1", "top_k"), Arguments.of("'stream':'yes'", "stream"),
            Arguments.of("'stop_sequences':'x'", "stop_sequences"), Arguments.of("'stop_sequences':['a','']", "stop_sequences[1]"),
            Arguments.of("'stop_sequences':[7]", "stop_sequences[0]"), Arguments.of("'metadata':{'user_id':7}", "metadata.user_id"),
            Arguments.of("'service_tier':'gold'", "service_tier"), Arguments.of("'container':'c'", "container"),
            Arguments.of("'mcp_servers':[{'type':'url'}]", "mcp_servers"), Arguments.of("'context_management':7", "context_management"),
            Arguments.of("'thinking':{}", "thinking.type"), Arguments.of("'thinking':{'type':'loud'}", "thinking.type"),
            Arguments.of("'thinking':{'type':'enabled'}", "thinking.budget_tokens"),
            Arguments.of("'thinking':{'type':'enabled','budget_tokens':5}", "thinking.budget_tokens"),
            Arguments.of("'thinking':{'type':'enabled','budget_tokens':2048}", "max_tokens"),
            Arguments.of("'output_config':{'effort':'huge'}", "output_config.effort"),
            Arguments.of("'output_config':{'format':{'type':'xml'}}", "output_config.format.type"),
            Arguments.of("'output_config':{'format':{'type':'json_schema'}}", "output_config.format.schema"),
            Arguments.of("'output_config':{'format':{'type':'json_schema','schema':{'type':'mood'}}}", "output_config.format.schema"),
            Arguments.of("'system':7", "system"), Arguments.of("'system':[{'type':'image'}]", "system[0].type"),
            Arguments.of("'system':[{'type':'text','text':'x','cache_control':{'type':'eternal'}}]", "system[0].cache_control.type"),
            Arguments.of("'cache_control':{'type':'ephemeral','ttl':'2h'}", "cache_control.ttl"),
            Arguments.of("'tools':{}", "tools"), Arguments.of("'tools':[{}]", "tools[0].name"),
            Arguments.of("'tools':[{'name':'a b','input_schema':{}}]", "tools[0].name"),
            Arguments.of("'tools':[{'name':'a'}]", "tools[0].input_schema"),
            Arguments.of("'tools':[{'name':'a','input_schema':[]}]", "tools[0].input_schema"),
            Arguments.of("'tool_choice':{'type':'any'}", "tool_choice"), Arguments.of("'tool_choice':{'type':'must'}", "tool_choice.type"),
            Arguments.of("'tool_choice':'auto'", "tool_choice"), Arguments.of("'tool_choice':{'type':'tool'}", "tool_choice.name"),
            Arguments.of("'tools':[{'name':'a','input_schema':{}}],'tool_choice':{'type':'tool','name':'b'}", "tool_choice"));
    }

    @ParameterizedTest
    @MethodSource("wrongFields")
    void aFieldThatIsWrong(final String field, final String named) {
        final String base = field.startsWith("'max_tokens'") ? "" : "'max_tokens':64,";
        final HttpResponse<String> response = cluster.post(PATH, ("{'model':'bytes'," + base + "'messages':" + HI + "," + field + "}")
            .replace('\'', '"'));
        assertThat(check(response, 400, "invalid_request_error")).contains(named);
    }

    static Stream<Arguments> wrongMessages() {
        return Stream.of(
            Arguments.of("null", "messages"), Arguments.of("[]", "messages"), Arguments.of("'hi'", "messages"),
            Arguments.of("[7]", "messages[0]"), Arguments.of("[{'role':'robot','content':'x'}]", "messages[0].role"),
            Arguments.of("[{'role':'user'}]", "messages[0].content"), Arguments.of("[{'role':'user','content':[]}]", "messages[0].content"),
            Arguments.of("[{'role':'user','content':7}]", "messages[0].content"),
            Arguments.of("[{'role':'system','content':'only'}]", "messages"),
            Arguments.of("[{'role':'user','content':[{'type':'smell'}]}]", "messages[0].content[0].type"),
            Arguments.of("[{'role':'user','content':[{'type':'image','source':{}}]}]", "messages[0].content[0].type"),
            Arguments.of("[{'role':'user','content':[{'type':'document','source':{'type':'base64','data':''}}]}]",
                "messages[0].content[0].source.type"),
            Arguments.of("[{'role':'user','content':[{'type':'tool_use','id':'a','name':'b','input':{}}]}]", "messages[0].content[0].type"),
            Arguments.of("[{'role':'user','content':[{'type':'tool_result','content':'x'}]}]", "messages[0].content[0].tool_use_id"),
            Arguments.of("[{'role':'user','content':'x'},{'role':'assistant','content':[{'type':'tool_use','id':'a','name':'b','input':{}}]},"
                + "{'role':'user','content':[{'type':'tool_result','tool_use_id':'a'},{'type':'tool_result','tool_use_id':'c'}]}]",
                "messages[2].content[1].tool_use_id"),
            Arguments.of("[{'role':'user','content':'x'},{'role':'assistant','content':[{'type':'tool_result','tool_use_id':'a'}]}]",
                "messages[1].content[0].type"),
            Arguments.of("[{'role':'user','content':'x'},{'role':'assistant','content':[{'type':'tool_use','id':'a','name':'b','input':[]}]}]",
                "messages[1].content[0].input"),
            Arguments.of("[{'role':'user','content':'x'},{'role':'assistant','content':[{'type':'tool_use','id':'toolu_9','name':'b','input':{}}]}]",
                "toolu_9"),
            Arguments.of("[{'role':'user','content':'x'},{'role':'assistant','content':[{'type':'server_tool_use','id':'a'}]}]",
                "messages[1].content[0].type"),
            Arguments.of("[{'role':'user','content':'refuse me'}]", "template"));
    }

    @ParameterizedTest
    @MethodSource("wrongMessages")
    void aConversationThatIsWrong(final String messages, final String named) {
        assertThat(check(cluster.post(PATH, MessagesTest.body(messages, "")), 400, "invalid_request_error")).contains(named);
    }

    @Test
    void fourMarksAreEnough() {
        final String block = "{'type':'text','text':'x','cache_control':{'type':'ephemeral'}}";
        final String five = "[{'role':'user','content':[" + (block + ",").repeat(4) + block + "]}]";
        assertThat(check(cluster.post(PATH, MessagesTest.body(five, "")), 400, "invalid_request_error")).contains("maximum of 4");
        final String four = "[{'role':'user','content':[" + (block + ",").repeat(3) + block + "]}]";
        assertThat(cluster.post(PATH, MessagesTest.body(four, "")).statusCode()).isEqualTo(200);
    }

    /** Agents compact their context when they read exactly this. */
    @Test
    void aPromptThatIsTooLong() {
        final String messages = HI.replace("hi", "x".repeat(600));
        assertThat(check(cluster.post(PATH, MessagesTest.body(messages, "")), 400, "invalid_request_error"))
            .isEqualTo("prompt is too long: 606 tokens > 512 maximum");
    }

    @Test
    void keysPathsMethodsModelsAndSizes() {
        final HttpRequest.BodyPublisher body = HttpRequest.BodyPublishers.ofString(MessagesTest.body(HI, ""));
        check(cluster.send(HttpRequest.newBuilder(cluster.uri(PATH)).POST(body).build()), 401, "authentication_error");
        check(cluster.send(HttpRequest.newBuilder(cluster.uri(PATH)).header("x-api-key", "no").POST(body).build()), 401, "authentication_error");
        check(cluster.post(PATH + "/nothing", "{}"), 404, "not_found_error");
        check(cluster.get(PATH), 405, "invalid_request_error");
        assertThat(check(cluster.post(PATH, MessagesTest.body(HI, "").replace("bytes", "nope")), 404, "not_found_error"))
            .isEqualTo("model: nope");
        check(cluster.post(PATH, MessagesTest.body(HI, "").replace("bytes", "no such model!")), 404, "not_found_error");
        check(cluster.post(PATH + "/count_tokens", "{\"model\":\"nope\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}"), 404, "not_found_error");
        check(cluster.post(PATH, "\"" + "x".repeat(TestCluster.BODY_BYTES_MAX) + "\""), 413, "request_too_large");
    }

    @ParameterizedTest
    @CsvSource({"OVERLOADED,529,overloaded_error", "NO_NODE,529,overloaded_error", "NODE_LOST,529,overloaded_error",
        "DRAINING,529,overloaded_error", "DEADLINE_EXCEEDED,504,timeout_error", "RATE_LIMIT_EXCEEDED,429,rate_limit_error",
        "FORBIDDEN,403,permission_error", "INTERNAL,500,api_error"})
    void failuresOfTheLine(final ErrorCode code, final int status, final String type) {
        cluster.line.script = request -> Script.of("hel").failing(code);
        final String message = check(cluster.post(PATH, MessagesTest.body(HI, "")), status, type);
        assertThat(message.contains("scripted failure")).isEqualTo(code != ErrorCode.INTERNAL);
    }

    @Test
    void limitsOfRateAreTold() {
        try (TestCluster limited = new TestCluster(new RateLimits.Limits(1, 1000, 0))) {
            limited.line.play("hello");
            final HttpResponse<String> first = limited.post(PATH, MessagesTest.body(HI, ""));
            MessageSchemas.message(first);
            assertThat(first.headers().firstValue("anthropic-ratelimit-requests-limit")).hasValue("1");
            assertThat(first.headers().firstValue("anthropic-ratelimit-requests-remaining")).hasValue("0");
            assertThat(first.headers().firstValue("anthropic-ratelimit-tokens-limit")).hasValue("1000");
            assertThat(first.headers().firstValue("anthropic-ratelimit-requests-reset")).get().asString()
                .matches("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ");
            check(limited.post(PATH, MessagesTest.body(HI, "")), 429, "rate_limit_error");
        }
    }

    @Test
    void modelsAreListedInTheWayTheyAreAskedFor() {
        final HttpResponse<String> page = cluster.send(cluster.request("/v1/models?limit=5").header("anthropic-version", "2023-06-01").build());
        final JsonNode models = MessageSchemas.check("ModelListPage", json(page.body()));
        assertThat(models.path("data")).hasSize(1);
        assertThat(models.path("first_id").asText()).isEqualTo("bytes");
        assertThat(models.path("has_more").asBoolean()).isFalse();
        final HttpResponse<String> next = cluster.send(
            cluster.request("/v1/models?after_id=bytes").header("anthropic-version", "2023-06-01").build());
        assertThat(MessageSchemas.check("ModelListPage", json(next.body())).path("data")).isEmpty();
        final HttpResponse<String> one = cluster.send(cluster.request("/v1/models/bytes").header("anthropic-version", "2023-06-01").build());
        assertThat(MessageSchemas.check("ModelInfo", json(one.body())).path("max_input_tokens").asInt()).isEqualTo(TestCluster.CONTEXT_TOKENS);
        check(cluster.send(cluster.request("/v1/models/nope").header("anthropic-version", "2023-06-01").build()), 404, "not_found_error");
        check(cluster.send(cluster.request("/v1/models?limit=0").header("anthropic-version", "2023-06-01").build()), 400, "invalid_request_error");
        check(cluster.send(cluster.request("/v1/models?after_id=x").header("anthropic-version", "2023-06-01").build()), 400, "invalid_request_error");
        assertThat(json(cluster.get("/v1/models").body()).path("object").asText()).isEqualTo("list");
    }
}
