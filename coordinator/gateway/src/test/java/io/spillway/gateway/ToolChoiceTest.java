package io.spillway.gateway;

import static io.spillway.gateway.TestCluster.chat;
import static io.spillway.gateway.TestCluster.events;
import static io.spillway.gateway.TestCluster.json;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.spillway.testkit.openai.OpenAiSchemas;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which tools may be called, tools that take plain text, and results of calls in any order. */
class ToolChoiceTest {
    private static final String PATH = "/v1/chat/completions";
    private static final String TOOLS = ",'tools':[{'type':'function','function':{'name':'look'}},{'type':'function','function':"
        + "{'name':'other'}},{'type':'custom','custom':{'name':'shell','description':'runs','format':{'type':'text'}}}]";
    private static TestCluster cluster;

    @BeforeAll
    static void start() {
        cluster = new TestCluster();
    }

    @AfterAll
    static void stop() {
        cluster.close();
    }

    private static JsonNode message(final String more) {
        final HttpResponse<String> response = cluster.post(PATH, chat(more));
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        OpenAiSchemas.check("CreateChatCompletionResponse", json(response.body()));
        return json(response.body()).path("choices").get(0).path("message");
    }

    private static String prompt() {
        final int[] tokens = cluster.line.requests.getLast().promptTokens();
        final byte[] bytes = new byte[tokens.length];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) tokens[i];
        }
        return new String(bytes, StandardCharsets.UTF_8);
    }

    @Test
    void ofAllowedToolsAModelWithoutAGrammarIsToldOfThoseOnly() {
        cluster.line.play("[[look|{}]]");
        final String allowed = ",'tool_choice':{'type':'allowed_tools','allowed_tools':{'mode':'%s','tools':[{'type':'function','function':"
            + "{'name':'look'}},{'type':'custom','custom':{'name':'shell'}}]}}";
        assertThat(message(TOOLS + allowed.formatted("auto")).path("tool_calls")).hasSize(1);
        assertThat(prompt()).contains("look", "shell").doesNotContain("other").endsWith("user:hi\n");
        cluster.line.play("look|{}]]");
        assertThat(message(TOOLS + allowed.formatted("required")).path("tool_calls")).hasSize(1);
        assertThat(prompt()).endsWith("[[");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "{'type':'allowed_tools'}|tool_choice.allowed_tools|missing_required_parameter",
        "{'type':'allowed_tools','allowed_tools':{}}|tool_choice.allowed_tools.mode|missing_required_parameter",
        "{'type':'allowed_tools','allowed_tools':{'mode':'none'}}|tool_choice.allowed_tools.mode|invalid_value",
        "{'type':'allowed_tools','allowed_tools':{'mode':'auto'}}|tool_choice.allowed_tools.tools|missing_required_parameter",
        "{'type':'allowed_tools','allowed_tools':{'mode':'auto','tools':[]}}|tool_choice.allowed_tools.tools|invalid_value",
        "{'type':'allowed_tools','allowed_tools':{'mode':'auto','tools':[{'type':'mcp'}]}}|tool_choice.allowed_tools.tools[0].type|invalid_value",
        "{'type':'allowed_tools','allowed_tools':{'mode':'auto','tools':[{'type':'function','function':{'name':'nope'}}]}}|tool_choice|invalid_value",
        "{'type':'mcp'}|tool_choice.type|invalid_value",
        "{'type':'custom','custom':{'name':'nope'}}|tool_choice|invalid_value"}, quoteCharacter = '~')
    void choicesThatMakeNoSenseAreNamed(final String choice, final String param, final String code) {
        final HttpResponse<String> response = cluster.post(PATH, chat(TOOLS + ",'tool_choice':" + choice));
        assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
        assertThat(json(response.body()).path("error").path("param").asText()).isEqualTo(param);
        assertThat(json(response.body()).path("error").path("code").asText()).isEqualTo(code);
    }

    @Test
    void aCustomToolsCallIsItsText() {
        cluster.line.play("[[shell|{\"input\": \"ls -l \\\"x\\\"\\n\"}]][[look|{\"a\":1}]]");
        final JsonNode calls = message(TOOLS).path("tool_calls");
        assertThat(calls.get(0).path("type").asText()).isEqualTo("custom");
        assertThat(calls.get(0).path("custom").path("name").asText()).isEqualTo("shell");
        assertThat(calls.get(0).path("custom").path("input").asText()).isEqualTo("ls -l \"x\"\n");
        assertThat(calls.get(0).has("function")).isFalse();
        assertThat(calls.get(1).path("function").path("arguments").asText()).isEqualTo("{\"a\":1}");
        assertThat(prompt()).contains("name=shell, description=runs, parameters={type=object, properties={input={type=string}}");
    }

    @Test
    void aCustomToolsCallStreamsItsTextOnce() {
        cluster.line.play("[[shell|{\"input\": \"ls\"}]][[look|{}]]");
        final StringBuilder input = new StringBuilder();
        final StringBuilder arguments = new StringBuilder();
        for (final String event : events(cluster.post(PATH, chat(TOOLS + ",'stream':true")).body())) {
            final JsonNode call = event.equals("[DONE]") ? json("{}")
                : json(event).path("choices").path(0).path("delta").path("tool_calls").path(0);
            input.append(call.path("custom").path("input").asText());
            arguments.append(call.path("function").path("arguments").asText());
        }
        assertThat(input).hasToString("ls");
        assertThat(arguments).hasToString("{}");
    }

    @Test
    void whatIsNoCallOfACustomToolIsPassedOnAsItIs() {
        cluster.line.play("[[shell|ls -l]]");
        assertThat(message(TOOLS).path("tool_calls").get(0).path("custom").path("input").asText()).isEqualTo("ls -l");
    }

    @Test
    void aCustomCallInTheHistoryIsAFunctionsToTheModel() {
        cluster.line.play("ok");
        cluster.post(PATH, """
            {"model":"bytes","messages":[{"role":"user","content":"a"},
            {"role":"assistant","tool_calls":[{"id":"c1","type":"custom","custom":{"name":"shell","input":"ls"}}]},
            {"role":"tool","tool_call_id":"c1","content":"files"}]}""");
        assertThat(prompt()).contains("[{id=c1, type=function, function={name=shell, arguments={\"input\":\"ls\"}}}]");
    }

    @Test
    void resultsArePutIntoTheOrderOfTheirCalls() {
        cluster.line.play("ok");
        final HttpResponse<String> response = cluster.post(PATH, """
            {"model":"bytes","messages":[{"role":"user","content":"a"},
            {"role":"assistant","tool_calls":[{"id":"c1","function":{"name":"f","arguments":"{}"}},
            {"id":"c2","function":{"name":"f","arguments":"{}"}},{"id":"c3","function":{"name":"f","arguments":"{}"}}]},
            {"role":"tool","tool_call_id":"c3","content":"third"},{"role":"tool","tool_call_id":"c1","content":"first"},
            {"role":"tool","tool_call_id":"c2","content":[{"type":"text","text":"second"}]},{"role":"user","content":"go on"},
            {"role":"tool","tool_call_id":"c1","content":"late"}]}""");
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        assertThat(prompt()).containsSubsequence("tool:first", "tool:[{type=text, text=second}]", "tool:third", "user:go on", "tool:late");
    }

    @Test
    void aResultOfNoCallIsNamed() {
        for (final String messages : new String[] {
            "{'role':'user','content':'a'},{'role':'tool','tool_call_id':'c9','content':'x'}",
            "{'role':'assistant','tool_calls':[{'id':'c1','function':{'name':'f','arguments':'{}'}}]},"
                + "{'role':'tool','tool_call_id':'c9','content':'x'}"}) {
            final HttpResponse<String> response = cluster.post(PATH,
                ("{'model':'bytes','messages':[" + messages + "]}").replace('\'', '"'));
            assertThat(response.statusCode()).isEqualTo(400);
            assertThat(json(response.body()).path("error").path("param").asText()).isEqualTo("messages[1].tool_call_id");
            assertThat(json(response.body()).path("error").path("message").asText()).contains("'c9'");
        }
    }
}
