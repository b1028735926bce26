package io.spillway.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.spillway.domain.error.ErrorCode;
import io.spillway.testkit.openai.OpenAiSchemas;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class ResponsesStreamTest {
    private static TestCluster cluster;

    @BeforeAll
    static void start() {
        cluster = new TestCluster();
        cluster.view = TestCluster.view(1, 65_536);
    }

    @AfterAll
    static void stop() {
        cluster.close();
    }

    private static List<JsonNode> stream(final String more) {
        final HttpResponse<String> response =
            cluster.post("/v1/responses", ("{'model':'bytes','stream':true" + more + "}").replace('\'', '"'));
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        assertThat(response.headers().firstValue("content-type").orElseThrow()).startsWith("text/event-stream");
        assertThat(response.body()).doesNotContain("[DONE]");
        return ResponseEvents.of(response.body(), 0);
    }

    @Test
    void aTextComesInOrder() {
        cluster.line.script = request -> ScriptedLine.Script.of("aé€😀z");
        final List<JsonNode> events = stream(",'input':'hi'");
        final List<String> types = ResponseEvents.types(events);
        assertThat(types.subList(0, 4)).containsExactly("created", "in_progress", "output_item.added", "content_part.added");
        assertThat(types.subList(4, types.size() - 4)).containsOnly("output_text.delta");
        assertThat(types.subList(types.size() - 4, types.size()))
            .containsExactly("output_text.done", "content_part.done", "output_item.done", "completed");
        assertThat(ResponseEvents.joined(events, "response.output_text.delta")).isEqualTo("aé€😀z");
        final JsonNode last = events.getLast().path("response");
        assertThat(last.path("output").path(0)).isEqualTo(events.get(events.size() - 2).path("item"));
        assertThat(last.path("usage").path("output_tokens").asInt()).isEqualTo(11);
        assertThat(events.getFirst().path("response").path("status").asText()).isEqualTo("in_progress");
        assertThat(events.getFirst().path("response").path("id")).isEqualTo(last.path("id"));
    }

    @Test
    void callsComeInOrder() {
        cluster.line.play("Now [[look|{\"a\": 1}]][[patch|{\"input\": \"x\\ny\"}]]");
        final List<JsonNode> events = stream(",'input':'hi','tools':[{'type':'function','name':'look'},{'type':'custom','name':'patch'}]");
        assertThat(ResponseEvents.types(events).stream().distinct().toList()).containsExactly("created", "in_progress",
            "output_item.added", "content_part.added", "output_text.delta", "output_text.done", "content_part.done", "output_item.done",
            "function_call_arguments.delta", "function_call_arguments.done",
            "custom_tool_call_input.delta", "custom_tool_call_input.done", "completed");
        assertThat(ResponseEvents.joined(events, "response.function_call_arguments.delta")).isEqualTo("{\"a\": 1}");
        assertThat(ResponseEvents.joined(events, "response.custom_tool_call_input.delta")).isEqualTo("x\ny");
        assertThat(events.getLast().path("response").path("output")).hasSize(3);
        events.stream().filter(event -> event.has("output_index") && event.has("item_id")).forEach(event ->
            assertThat(event.path("item_id").asText()).endsWith("_" + event.path("output_index").asInt()));
    }

    @Test
    void thoughtsComeAsTextOrAsSummary() {
        cluster.line.play("<think>why</think>so");
        final List<JsonNode> told = stream(",'input':'hi'");
        assertThat(ResponseEvents.types(told).stream().distinct().toList().subList(2, 8)).containsExactly("output_item.added",
            "content_part.added", "reasoning_text.delta", "reasoning_text.done", "content_part.done", "output_item.done");
        assertThat(ResponseEvents.joined(told, "response.reasoning_text.delta")).isEqualTo("why");
        final List<JsonNode> summed = stream(",'input':'hi','reasoning':{'summary':'auto'},'include':['reasoning.encrypted_content']");
        assertThat(ResponseEvents.types(summed)).contains("reasoning_summary_part.added", "reasoning_summary_text.delta",
            "reasoning_summary_text.done", "reasoning_summary_part.done").doesNotContain("reasoning_text.delta");
        assertThat(summed.getLast().path("response").path("output").path(0).path("encrypted_content").asText()).isNotEmpty();
    }

    @Test
    void anOutputThatIsCutEndsIncomplete() {
        cluster.line.play("[[look|{\"a\": 1}]]");
        final List<JsonNode> events = stream(",'input':'hi','max_output_tokens':4");
        assertThat(ResponseEvents.types(events)).endsWith("incomplete");
        assertThat(events.getLast().path("response").path("incomplete_details").path("reason").asText()).isEqualTo("max_output_tokens");
    }

    @Test
    void aFailureInTheMiddleEndsTheStream() {
        cluster.line.script = request -> ScriptedLine.Script.of("half").failing(ErrorCode.NODE_LOST);
        final List<JsonNode> events = stream(",'input':'hi'");
        assertThat(ResponseEvents.types(events)).endsWith("failed");
        final JsonNode response = events.getLast().path("response");
        assertThat(response.path("status").asText()).isEqualTo("failed");
        assertThat(response.path("error").path("code").asText()).isEqualTo("server_error");
        assertThat(response.path("output").path(0).path("content").path(0).path("text").asText()).isEqualTo("half");
    }

    @Test
    void aForegroundResponseEndsWhenItsClientLeaves() throws Exception {
        try (TestCluster own = new TestCluster()) {
            own.line.script = request -> ScriptedLine.Script.of("begin").hanging();
            final HttpRequest ask = own.request("/v1/responses").POST(HttpRequest.BodyPublishers.ofString(
                "{\"model\":\"bytes\",\"input\":\"hi\",\"stream\":true}")).build();
            final HttpResponse<InputStream> response = own.http.send(ask, HttpResponse.BodyHandlers.ofInputStream());
            assertThat(response.body().read()).isEqualTo('e');
            response.body().close();
            assertThat(own.line.cancelled.await(20, TimeUnit.SECONDS)).isTrue();
        } catch (final IOException e) {
            throw new AssertionError(e);
        }
    }

    /** What codex sends: a long system text, whole history, tools of several kinds, nothing stored. */
    @Test
    void aCodingAgentIsServed() {
        cluster.line.play("<think>plan</think>Editing.[[apply_patch|{\"input\": \"*** Begin Patch\"}]]");
        final String tools = "[{'type':'function','name':'shell','description':'Runs a shell command','strict':false,'parameters':{'type':'object',"
            + "'properties':{'command':{'type':'array','items':{'type':'string'}},'workdir':{'type':'string'},'timeout_ms':{'type':'number'}},"
            + "'required':['command'],'additionalProperties':false}},"
            + "{'type':'function','name':'update_plan','description':'Updates the plan','strict':false,'parameters':{'type':'object','properties':"
            + "{'plan':{'type':'array','items':{'type':'object','properties':{'step':{'type':'string'},'status':{'type':'string'}}}}}}},"
            + "{'type':'custom','name':'apply_patch','description':'Edits files','format':{'type':'grammar','syntax':'lark',"
            + "'definition':'start: begin_patch hunk+ end_patch'}},"
            + "{'type':'web_search','external_web_access':false},{'type':'local_shell'},{'type':'image_generation','output_format':'png'}]";
        final String history = "[{'type':'message','role':'developer','content':[{'type':'input_text','text':'<permissions>'}]},"
            + "{'type':'message','role':'user','content':[{'type':'input_text','text':'<environment_context>'}]},"
            + "{'type':'message','role':'user','content':[{'type':'input_text','text':'say hello'}]},"
            + "{'type':'reasoning','summary':[],'content':null,'encrypted_content':'gAAAA-not-ours'},"
            + "{'type':'function_call','name':'shell','arguments':'{\\\"command\\\":[\\\"ls\\\"]}','call_id':'call_1'},"
            + "{'type':'function_call_output','call_id':'call_1','output':'{\\\"output\\\":\\\"a.txt\\\",\\\"metadata\\\":{\\\"exit_code\\\":0}}'}]";
        final List<JsonNode> events = stream(",'instructions':'" + "You are a coding agent. ".repeat(1_000) + "','input':" + history
            + ",'tools':" + tools + ",'tool_choice':'auto','parallel_tool_calls':true,'reasoning':{'effort':'medium','summary':'auto'},"
            + "'store':false,'include':['reasoning.encrypted_content'],'prompt_cache_key':'01999999-aaaa-7000-8000-0123456789ab',"
            + "'text':{'verbosity':'low'},'client_metadata':{'x-codex-installation-id':'7f'}");
        assertThat(ResponseEvents.types(events)).endsWith("output_item.done", "completed");
        final JsonNode response = events.getLast().path("response");
        assertThat(response.path("output")).extracting(item -> item.path("type").asText())
            .containsExactly("reasoning", "message", "custom_tool_call");
        assertThat(cluster.get("/v1/responses/" + response.path("id").asText()).statusCode()).isEqualTo(404);
        OpenAiSchemas.check("Response", response);
    }
}
