package io.spillway.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.request.GenerationRequest;
import io.spillway.testkit.openai.OpenAiSchemas;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ResponsesTest {
    private static TestCluster cluster;

    @BeforeAll
    static void start() {
        cluster = new TestCluster();
        cluster.view = TestCluster.view(1, 8_192);
    }

    @AfterAll
    static void stop() {
        cluster.close();
    }

    @BeforeEach
    void quiet() {
        cluster.line.requests.clear();
        cluster.line.play("hello");
    }

    private static String body(final String more) {
        return ("{'model':'bytes'" + more + "}").replace('\'', '"');
    }

    private static HttpResponse<String> post(final String more) {
        return cluster.post("/v1/responses", body(more));
    }

    private static JsonNode answer(final String more) {
        final HttpResponse<String> response = post(more);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        final JsonNode answer = TestCluster.json(response.body());
        OpenAiSchemas.check("Response", answer);
        return answer;
    }

    private static JsonNode error(final String more, final int status) {
        final HttpResponse<String> response = post(more);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
        final JsonNode error = TestCluster.json(response.body()).get("error");
        assertThat(error.fieldNames()).toIterable().containsExactly("message", "type", "param", "code");
        return error;
    }

    private static String prompt() {
        final GenerationRequest request = cluster.line.requests.getLast();
        final byte[] bytes = new byte[request.promptTokens().length];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) request.promptTokens()[i];
        }
        return new String(bytes, StandardCharsets.UTF_8);
    }

    @Test
    void aTextIsAnswered() {
        final JsonNode answer = answer(",'input':'hi','instructions':'be brief','metadata':{'a':'b'},'max_output_tokens':20,"
            + "'prompt_cache_key':'k','safety_identifier':'s','user':'u','service_tier':'auto','temperature':0.5,'top_p':0.9");
        assertThat(answer.path("status").asText()).isEqualTo("completed");
        assertThat(answer.path("output").path(0).path("content").path(0).path("text").asText()).isEqualTo("hello");
        assertThat(answer.path("instructions").asText()).isEqualTo("be brief");
        assertThat(answer.path("metadata").path("a").asText()).isEqualTo("b");
        assertThat(answer.path("max_output_tokens").asInt()).isEqualTo(20);
        assertThat(answer.path("store").asBoolean()).isTrue();
        assertThat(answer.path("usage").path("output_tokens").asInt()).isEqualTo(5);
        assertThat(answer.path("usage").path("input_tokens_details").path("cached_tokens").asInt()).isPositive();
        assertThat(answer.path("completed_at").asLong()).isGreaterThanOrEqualTo(answer.path("created_at").asLong());
        assertThat(prompt()).isEqualTo("system:be brief\nuser:hi\n");
        assertThat(cluster.line.requests.getLast().run().orElseThrow().value()).isEqualTo("k");
    }

    @Test
    void everyFormOfInputIsRead() {
        answer(",'input':[{'role':'developer','content':'rules'},{'role':'user','content':[{'type':'input_text','text':'a'}]},"
            + "{'type':'message','role':'assistant','content':[{'type':'output_text','text':'b','annotations':[]}],'id':'msg_1','status':'completed'},"
            + "{'type':'reasoning','id':'rs_1','summary':[],'content':[{'type':'reasoning_text','text':'hm'}]},"
            + "{'type':'function_call','call_id':'c1','name':'look','arguments':'{}'},"
            + "{'type':'custom_tool_call','call_id':'c2','name':'patch','input':'x'},"
            + "{'type':'function_call_output','call_id':'c1','output':'one'},"
            + "{'type':'custom_tool_call_output','call_id':'c2','output':[{'type':'input_text','text':'two'}]},"
            + "{'type':'web_search_call','id':'ws_1','status':'completed'},{'role':'user','content':'c'}]");
        assertThat(prompt()).isEqualTo("system:rules\nuser:a\nassistant:b\nassistant:null"
            + "[{id=c1, type=function, function={name=look, arguments={}}}, "
            + "{id=c2, type=function, function={name=patch, arguments={\"input\":\"x\"}}}]\ntool:one\ntool:two\nuser:c\n");
    }

    @Test
    void functionsAreCalled() {
        cluster.line.play("Wait.[[look|{\"a\": 1}]][[look|{}]]");
        final JsonNode answer = answer(",'input':'hi','tools':[{'type':'function','name':'look','parameters':{'type':'object'}}]");
        assertThat(answer.path("output")).extracting(item -> item.path("type").asText())
            .containsExactly("message", "function_call", "function_call");
        assertThat(answer.path("output").path(1).path("arguments").asText()).isEqualTo("{\"a\": 1}");
        assertThat(answer.path("output").path(1).path("call_id").asText()).startsWith("call_");
        assertThat(answer.path("output").path(1).path("id").asText()).startsWith("fc_");
        assertThat(answer.path("tools").path(0).path("strict").asBoolean(true)).isFalse();
    }

    @Test
    void customToolsTakeTexts() {
        cluster.line.play("{\"input\": \"*** Begin\\nä\"}]]");
        final JsonNode answer = answer(",'input':'hi','tools':[{'type':'custom','name':'patch','description':'edits',"
            + "'format':{'type':'grammar','syntax':'lark','definition':'start: ANY'}}],'tool_choice':{'type':'custom','name':'patch'}");
        final JsonNode call = answer.path("output").path(0);
        OpenAiSchemas.check("CustomToolCall", call);
        assertThat(call.path("input").asText()).isEqualTo("*** Begin\nä");
        assertThat(prompt()).contains("start: ANY");
    }

    @Test
    void toolsOfOthersAreTakenAndNotOffered() {
        final HttpResponse<String> response = post(",'input':'hi','tools':[{'type':'web_search'},{'type':'image_generation'},"
            + "{'type':'namespace','name':'files','description':'d','tools':[{'type':'function','name':'read','parameters':{},'strict':false}]}]");
        assertThat(response.headers().firstValue("x-spillway-tools-not-offered")).hasValue("image_generation, web_search");
        OpenAiSchemas.check("Response", TestCluster.json(response.body()));
        assertThat(prompt()).contains("files__read").doesNotContain("web_search");
    }

    @Test
    void callsInANamespaceNameIt() {
        cluster.line.play("[[files__read|{}]]");
        final String tools = ",'tools':[{'type':'namespace','name':'files','description':'d','tools':[{'type':'function','name':'read'}]}]";
        final JsonNode call = answer(",'input':'hi'" + tools).path("output").path(0);
        assertThat(call.path("namespace").asText() + " " + call.path("name").asText()).isEqualTo("files read");
        answer(",'input':[" + call.toString().replace("\"", "'") + ",{'type':'function_call_output','call_id':'"
            + call.path("call_id").asText() + "','output':'x'}]" + tools);
        assertThat(prompt()).contains("name=files__read");
    }

    @Test
    void choicesAmongToolsAreHeeded() {
        final String tools = ",'input':'hi','tools':[{'type':'function','name':'a'},{'type':'function','name':'b'},{'type':'custom','name':'c'}]";
        answer(tools + ",'tool_choice':'none'");
        assertThat(prompt()).doesNotContain("tool ");
        cluster.line.play("b|{}]]");
        assertThat(answer(tools + ",'tool_choice':'required'").path("output").path(0).path("name").asText()).isEqualTo("b");
        cluster.line.play("{}]]");
        assertThat(answer(tools + ",'tool_choice':{'type':'function','name':'b'}").path("output").path(0).path("type").asText())
            .isEqualTo("function_call");
        cluster.line.play("hello");
        answer(tools + ",'tool_choice':{'type':'allowed_tools','mode':'auto','tools':[{'type':'function','name':'a'},{'type':'custom','name':'c'}]}");
        assertThat(prompt()).contains("name=a").contains("name=c").doesNotContain("name=b");
        assertThat(error(tools + ",'tool_choice':{'type':'function','name':'z'}", 400).path("param").asText()).isEqualTo("tool_choice");
        assertThat(error(tools + ",'tool_choice':{'type':'file_search'}", 400).path("code").asText()).isEqualTo("unsupported_value");
        assertThat(error(",'input':'hi','tool_choice':'required'", 400).path("param").asText()).isEqualTo("tool_choice");
    }

    @Test
    void formatsBecomeGrammars() {
        answer(",'input':'hi','text':{'format':{'type':'json_schema','name':'n','strict':true,'schema':{'type':'object',"
            + "'properties':{'a':{'type':'string'}},'required':['a'],'additionalProperties':false}},'verbosity':'low'}");
        assertThat(cluster.line.requests.getLast().grammar()).isPresent();
        answer(",'input':'hi','text':{'format':{'type':'json_object'}}");
        assertThat(cluster.line.requests.getLast().grammar()).isPresent();
        final JsonNode error = error(",'input':'hi','text':{'format':{'type':'json_schema','name':'n','strict':true,'schema':{'type':'nothing'}}}", 400);
        assertThat(error.path("code").asText() + " " + error.path("param").asText()).isEqualTo("invalid_json_schema text.format.schema");
    }

    @Test
    void anOutputThatIsCutIsIncomplete() {
        final JsonNode answer = answer(",'input':'hi','max_output_tokens':3");
        assertThat(answer.path("status").asText()).isEqualTo("incomplete");
        assertThat(answer.path("incomplete_details").path("reason").asText()).isEqualTo("max_output_tokens");
        assertThat(answer.path("output").path(0).path("status").asText()).isEqualTo("incomplete");
    }

    @Test
    void thoughtsAreItemsAndComeBack() {
        cluster.line.play("<think>why</think>\n\nso");
        final JsonNode answer = answer(",'input':'hi','store':false,'include':['reasoning.encrypted_content']");
        assertThat(answer.path("output")).extracting(item -> item.path("type").asText()).containsExactly("reasoning", "message");
        assertThat(answer.path("output").path(0).path("content").path(0).path("text").asText()).isEqualTo("why");
        assertThat(answer.path("usage").path("output_tokens_details").path("reasoning_tokens").asInt()).isPositive();
        final String carried = answer.path("output").path(0).path("encrypted_content").asText();
        answer(",'input':[{'role':'user','content':'hi'},{'type':'reasoning','summary':[],'encrypted_content':'" + carried + "'},"
            + "{'role':'assistant','content':'so'},{'role':'user','content':'more'}]");
        assertThat(cluster.line.requests).isNotEmpty();
        final JsonNode summed = answer(",'input':'hi','reasoning':{'effort':'low','summary':'auto'}");
        assertThat(summed.path("output").path(0).path("summary").path(0).path("text").asText()).isEqualTo("why");
        assertThat(summed.path("reasoning").path("effort").asText()).isEqualTo("low");
    }

    @Test
    void probabilitiesAreToldWhereTheyAreAskedFor() {
        final JsonNode logprobs = answer(",'input':'hi','include':['message.output_text.logprobs'],'top_logprobs':2")
            .path("output").path(0).path("content").path(0).path("logprobs");
        assertThat(logprobs).hasSize(5);
        assertThat(logprobs.path(0).path("top_logprobs")).hasSize(2);
        assertThat(answer(",'input':'hi'").path("output").path(0).path("content").path(0).path("logprobs")).isEmpty();
    }

    @Test
    void blanksBetweenCallsAreNoMessages() {
        cluster.line.play("\n[[look|{}]]\n[[look|{}]]\n");
        assertThat(answer(",'input':'hi','tools':[{'type':'function','name':'look'}]").path("output"))
            .extracting(item -> item.path("type").asText()).containsExactly("function_call", "function_call");
        cluster.line.play("");
        assertThat(answer(",'input':'hi'").path("output").path(0).path("content").path(0).path("text").asText()).isEmpty();
    }

    @Test
    void longConversationsAreCutWhereThatIsAskedFor() {
        final StringBuilder input = new StringBuilder(",'instructions':'rules','input':[");
        for (int i = 0; i < 40; i++) {
            input.append("{'role':'user','content':'").append("x".repeat(300)).append(i).append("'},{'role':'assistant','content':'ok'},");
        }
        input.append("{'role':'user','content':'last'}]");
        final JsonNode error = error(input.toString(), 400);
        assertThat(error.path("code").asText() + " " + error.path("param").asText()).isEqualTo("context_length_exceeded input");
        // Codex, which streams, compacts its context on this very answer.
        assertThat(error(input + ",'stream':true", 400).path("code").asText()).isEqualTo("context_length_exceeded");
        answer(input + ",'truncation':'auto'");
        assertThat(prompt()).startsWith("system:rules\n").endsWith("user:last\n").doesNotContain("x0\n").contains("x39\n");
        assertThat(prompt().length()).isBetween(7_000, 8_192 - 512);
    }

    @Test
    void tokensAreCounted() {
        final HttpResponse<String> response = cluster.post("/v1/responses/input_tokens", body(",'input':'hi'"));
        final JsonNode counted = TestCluster.json(response.body());
        OpenAiSchemas.check("TokenCountsResource", counted);
        assertThat(counted.path("input_tokens").asInt()).isEqualTo("user:hi\n".length());
        assertThat(cluster.line.requests).isEmpty();
    }

    @Test
    void badRequestsAreRefusedWithTheirField() {
        final String[][] cases = {
            {"", "400 missing_required_parameter input"},
            {",'input':[]", "400 invalid_value input"},
            {",'input':7", "400 invalid_type input"},
            {",'input':[{'role':'wizard','content':'x'}]", "400 invalid_value input[0].role"},
            {",'input':[{'role':'user'}]", "400 missing_required_parameter input[0].content"},
            {",'input':[{'role':'user','content':[{'type':'input_image','image_url':'x'}]}]", "400 unsupported_value input[0].content[0].type"},
            {",'input':[{'type':'compaction','encrypted_content':'x'}]", "400 invalid_value input[0].type"},
            {",'input':[{'type':'function_call_output','call_id':'x','output':'y'}]", "400 invalid_value input"},
            {",'input':[{'type':'item_reference','id':'msg_x'}]", "404 not_found input[0].id"},
            {",'input':'x','previous_response_id':'resp_nope'", "400 previous_response_not_found previous_response_id"},
            {",'input':'x','tools':[{'type':'funktion'}]", "400 invalid_value tools[0].type"},
            {",'input':'x','tools':[{'type':'function','name':'a'},{'type':'function','name':'a'}]", "400 invalid_value tools[1].name"},
            {",'input':'x','tools':[{'type':'custom','name':'a','format':{'type':'grammar','syntax':'regex','definition':'('}}],"
                + "'tool_choice':'required'", "400 invalid_value tools[0].format.definition"},
            {",'input':'x','temperature':3", "400 decimal_above_max_value temperature"},
            {",'input':'x','max_output_tokens':0", "400 integer_below_min_value max_output_tokens"},
            {",'input':'x','include':['nothing']", "400 invalid_value include"},
            {",'input':'x','truncation':'some'", "400 invalid_value truncation"},
            {",'input':'x','background':true,'store':false", "400 invalid_value background"},
            {",'input':'x','conversation':'conv_1'", "400 unsupported_value conversation"},
            {",'input':'x','prompt':{'id':'p'}", "400 unsupported_value prompt"},
            {",'input':'x','stream_options':{}", "400 invalid_value stream_options"},
            {",'input':'x','reasoning':{'effort':'huge'}", "400 invalid_value reasoning.effort"},
            {",'input':'x','text':{'format':{'type':'xml'}}", "400 invalid_value text.format.type"},
            {",'input':'refuse me'", "400 invalid_prompt"},
        };
        for (final String[] each : cases) {
            final JsonNode error = error(each[0], Integer.parseInt(each[1].substring(0, 3)));
            assertThat("%s %s %s".formatted(each[1].substring(0, 3), error.path("code").asText(), error.path("param").asText()))
                .as(each[0] + " -> " + error).startsWith(each[1]);
        }
        assertThat(cluster.post("/v1/responses", "{\"model\":\"nope\",\"input\":\"x\"}").statusCode()).isEqualTo(404);
        assertThat(cluster.post("/v1/responses", "{").statusCode()).isEqualTo(400);
    }

    @Test
    void failuresBeforeTheFirstTokenAreStatuses() {
        cluster.line.script = request -> new ScriptedLine.Script(new int[0], 1, ErrorCode.OVERLOADED, false);
        assertThat(post(",'input':'hi','stream':true").statusCode()).isEqualTo(503);
        assertThat(post(",'input':'hi'").statusCode()).isEqualTo(503);
    }
}
