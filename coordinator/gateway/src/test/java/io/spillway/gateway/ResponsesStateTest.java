package io.spillway.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.domain.request.GenerationRequest;
import io.spillway.gateway.responses.ResponseStore;
import io.spillway.gateway.responses.ResponsesConfig;
import io.spillway.testkit.openai.OpenAiSchemas;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ResponsesStateTest {
    private static final String TOOLS = ",'tools':[{'type':'function','name':'look'},{'type':'custom','name':'patch'}]";

    @TempDir
    private Path folder;
    private TestCluster cluster;

    @BeforeEach
    void start() {
        cluster = new TestCluster();
    }

    @AfterEach
    void stop() {
        cluster.close();
    }

    private static JsonNode answer(final TestCluster on, final String more) {
        final HttpResponse<String> response = on.post("/v1/responses", ("{'model':'bytes'" + more + "}").replace('\'', '"'));
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        final JsonNode answer = TestCluster.json(response.body());
        OpenAiSchemas.check("Response", answer);
        return answer;
    }

    private JsonNode answer(final String more) {
        return answer(cluster, more);
    }

    private String prompt() {
        final GenerationRequest request = cluster.line.requests.getLast();
        final byte[] bytes = new byte[request.promptTokens().length];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) request.promptTokens()[i];
        }
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private HttpResponse<String> ask(final String method, final String path, final String key) {
        return cluster.send(HttpRequest.newBuilder(cluster.uri(path)).header("authorization", "Bearer " + key)
            .method(method, HttpRequest.BodyPublishers.noBody()).build());
    }

    @Test
    void aConversationIsTheSameWithAndWithoutBeingStored() {
        cluster.line.play("<think>t</think>I look.[[look|{\"a\": 1}]][[patch|{\"input\": \"x\"}]]");
        final JsonNode first = answer(",'instructions':'once','input':'hi'" + TOOLS);
        final StringBuilder results = new StringBuilder();
        final StringBuilder history = new StringBuilder("{'role':'user','content':'hi'}");
        first.path("output").forEach(item -> history.append(',').append(item.toString().replace("\\\"", "\\'").replace('"', '\'')));
        first.path("output").forEach(item -> {
            if (item.has("call_id")) {
                results.insert(0, ",{'type':'" + item.path("type").asText() + "_output','call_id':'" + item.path("call_id").asText()
                    + "','output':'" + item.path("name").asText() + "ed'}");
            }
        });
        cluster.line.play("done");
        final JsonNode second = answer(",'input':[" + results.substring(1) + "],'previous_response_id':'"
            + first.path("id").asText() + "'" + TOOLS);
        final String stored = prompt();
        assertThat(second.path("previous_response_id")).isEqualTo(first.path("id"));
        assertThat(stored).doesNotContain("once").contains("user:hi\n", "assistant:I look.[{id=call_", "tool:looked\ntool:patched\n");
        answer(",'store':false,'input':[" + history + results + "]" + TOOLS);
        assertThat(prompt()).isEqualTo(stored);

        answer(",'input':'and?','previous_response_id':'" + second.path("id").asText() + "'");
        assertThat(prompt()).contains("tool:patched\nassistant:done\nuser:and?\n");
        assertThat(cluster.line.requests.getLast().run().orElseThrow().value()).isEqualTo(first.path("id").asText());
    }

    @Test
    void itemsOfStoredResponsesAreFoundByTheirIds() {
        final JsonNode first = answer(",'input':'hi'");
        cluster.line.play("ok");
        answer(",'input':[{'role':'user','content':'a'},{'type':'item_reference','id':'"
            + first.path("output").path(0).path("id").asText() + "'},{'role':'user','content':'b'}]");
        assertThat(prompt()).isEqualTo("user:a\nassistant:hello\nuser:b\n");
    }

    @Test
    void responsesAreRetrievedListedAndDeleted() {
        final JsonNode answer = answer(",'input':[{'role':'user','content':'a'},{'role':'assistant','content':'b'},"
            + "{'type':'function_call','call_id':'c','name':'look','arguments':'{}'},"
            + "{'type':'function_call_output','call_id':'c','output':'r'},{'role':'user','content':'d'}]");
        final String path = "/v1/responses/" + answer.path("id").asText();
        assertThat(TestCluster.json(cluster.get(path).body())).isEqualTo(answer);
        final JsonNode all = TestCluster.json(cluster.get(path + "/input_items?order=asc").body());
        OpenAiSchemas.check("ResponseItemList", all);
        assertThat(all.path("data")).hasSize(5);
        assertThat(all.path("has_more").asBoolean()).isFalse();
        final JsonNode page = TestCluster.json(cluster.get(path + "/input_items?limit=2").body());
        assertThat(page.path("first_id")).isEqualTo(all.path("last_id"));
        assertThat(page.path("has_more").asBoolean()).isTrue();
        final JsonNode next = TestCluster.json(
            cluster.get(path + "/input_items?limit=2&after=" + page.path("last_id").asText()).body());
        assertThat(next.path("data").path(0)).isEqualTo(all.path("data").path(2));
        assertThat(cluster.get(path + "/input_items?limit=0").statusCode()).isEqualTo(400);
        assertThat(cluster.get(path + "/input_items?after=x").statusCode()).isEqualTo(400);
        assertThat(cluster.get(path + "/else").statusCode()).isEqualTo(404);

        final JsonNode deleted = TestCluster.json(ask("DELETE", path, TestCluster.KEY).body());
        assertThat(deleted.path("deleted").asBoolean()).isTrue();
        assertThat(ask("DELETE", path, TestCluster.KEY).statusCode()).isEqualTo(404);
        final JsonNode gone = TestCluster.json(cluster.get(path).body()).path("error");
        assertThat(gone.path("message").asText()).isEqualTo("Response with id '" + answer.path("id").asText() + "' not found.");
    }

    @Test
    void aTenantSeesNothingOfAnothers() {
        final JsonNode answer = answer(",'input':'secret'");
        final String id = answer.path("id").asText();
        final String item = answer.path("output").path(0).path("id").asText();
        for (final String path : new String[] {"", "/input_items", "?stream=true"}) {
            assertThat(ask("GET", "/v1/responses/" + id + path, TestCluster.OTHER_KEY).statusCode()).isEqualTo(404);
        }
        assertThat(ask("POST", "/v1/responses/" + id + "/cancel", TestCluster.OTHER_KEY).statusCode()).isEqualTo(404);
        assertThat(ask("DELETE", "/v1/responses/" + id, TestCluster.OTHER_KEY).statusCode()).isEqualTo(404);
        for (final String more : new String[] {",\"input\":\"x\",\"previous_response_id\":\"" + id + "\"",
            ",\"input\":[{\"type\":\"item_reference\",\"id\":\"" + item + "\"}]"}) {
            final HttpResponse<String> refused = cluster.send(HttpRequest.newBuilder(cluster.uri("/v1/responses"))
                .header("authorization", "Bearer " + TestCluster.OTHER_KEY)
                .POST(HttpRequest.BodyPublishers.ofString("{\"model\":\"bytes\"" + more + "}")).build());
            assertThat(refused.statusCode()).isBetween(400, 404);
            assertThat(refused.body()).contains("not found");
        }
        assertThat(cluster.get("/v1/responses/" + id).statusCode()).isEqualTo(200);
    }

    @Test
    void replicasThatShareADirectoryShareResponses() {
        final ResponsesConfig shared = new ResponsesConfig(
            new ResponseStore.Limits(60_000, 1 << 20, 1 << 20), Optional.of(folder.resolve("responses")), 4, 1 << 20);
        try (TestCluster one = new TestCluster(shared); TestCluster two = new TestCluster(shared)) {
            one.line.play("hello");
            final JsonNode first = answer(one, ",'input':'hi'");
            final String path = "/v1/responses/" + first.path("id").asText();
            assertThat(TestCluster.json(two.get(path).body())).isEqualTo(first);
            two.line.play("again");
            final JsonNode second = answer(two, ",'input':'more','previous_response_id':'" + first.path("id").asText() + "'");
            assertThat(second.path("status").asText()).isEqualTo("completed");

            one.line.script = request -> ScriptedLine.Script.of("long").hanging();
            final JsonNode running = answer(one, ",'input':'hi','background':true");
            final String runs = "/v1/responses/" + running.path("id").asText();
            assertThat(TestCluster.json(two.get(runs).body()).path("status").asText()).isIn("queued", "in_progress");
            assertThat(two.get(runs + "?stream=true").statusCode()).isEqualTo(400);
            final JsonNode cancelled = TestCluster.json(two.post(runs + "/cancel", "").body());
            assertThat(cancelled.path("status").asText()).isEqualTo("cancelled");
        }
        try (TestCluster later = new TestCluster(shared)) {
            assertThat(((ObjectNode) TestCluster.json(later.get("/v1/responses/" + "resp_" + "0".repeat(32)).body())).has("error")).isTrue();
        }
    }
}
