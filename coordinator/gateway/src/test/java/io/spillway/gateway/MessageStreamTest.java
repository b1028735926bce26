package io.spillway.gateway;

import static io.spillway.gateway.MessageSchemas.assembled;
import static io.spillway.gateway.MessageSchemas.of;
import static io.spillway.gateway.TestCluster.json;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.spillway.domain.error.ErrorCode;
import io.spillway.gateway.ScriptedLine.Script;
import io.spillway.gateway.chat.ChatService;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Messages as streams. Every event is held against its type, and the stream against its order, by {@link MessageSchemas}. */
class MessageStreamTest {
    private static final String PATH = "/v1/messages?beta=true";
    private static TestCluster cluster;

    @BeforeAll
    static void start() {
        cluster = new TestCluster();
    }

    @AfterAll
    static void stop() {
        cluster.close();
    }

    private static String asks(final String more) {
        return MessagesTest.body("[{'role':'user','content':'hi'}]", ",'stream':true" + more);
    }

    private static List<JsonNode> stream(final String more) {
        return MessageSchemas.events(cluster.post(PATH, asks(more)));
    }

    @Test
    void aTextComesInPieces() {
        cluster.line.play("aé€😀z");
        final List<JsonNode> events = stream("");
        assertThat(assembled(events, 0, "text")).isEqualTo("aé€😀z");
        final JsonNode usage = events.getFirst().path("message").path("usage");
        assertThat(usage.path("input_tokens").asInt() + usage.path("cache_read_input_tokens").asInt()).isEqualTo("user:hi\n".length());
        final JsonNode delta = of(events, "message_delta").getFirst();
        assertThat(delta.path("delta").path("stop_reason").asText()).isEqualTo("end_turn");
        assertThat(delta.path("usage").path("output_tokens").asInt()).isEqualTo(11);
        assertThat(delta.path("usage").path("input_tokens")).isEqualTo(usage.path("input_tokens"));
    }

    @Test
    void thoughtsTextAndCallsAreBlocksOneAfterAnother() {
        cluster.line.play("<think>hm</think>\nLet me.[[look|{\"a\":1}]] \n[[other|{\"b\":[\"x\"]}]]");
        final String more = ",'thinking':{'type':'adaptive'},'tools':[{'name':'look','input_schema':{}},{'name':'other','input_schema':{}}]";
        final List<JsonNode> events = MessageSchemas.events(cluster.post(PATH, asks(more).replace("64", "200")));
        assertThat(of(events, "content_block_start")).extracting(event -> event.path("content_block").path("type").asText())
            .containsExactly("thinking", "text", "tool_use", "tool_use");
        assertThat(assembled(events, 0, "thinking")).isEqualTo("hm");
        assertThat(assembled(events, 0, "signature")).isNotEmpty();
        assertThat(assembled(events, 1, "text").strip()).isEqualTo("Let me.");
        assertThat(json(assembled(events, 2, "partial_json"))).isEqualTo(json("{\"a\":1}"));
        assertThat(json(assembled(events, 3, "partial_json"))).isEqualTo(json("{\"b\":[\"x\"]}"));
        assertThat(of(events, "message_delta").getFirst().path("delta").path("stop_reason").asText()).isEqualTo("tool_use");
    }

    @Test
    void nothingButWhiteSpaceIsNoBlock() {
        cluster.line.play(" \n ");
        assertThat(of(stream(""), "content_block_start")).isEmpty();
        cluster.line.play(" \n x");
        assertThat(assembled(stream(""), 0, "text")).isEqualTo(" \n x");
    }

    @Test
    void theStopSequenceIsNamed() {
        cluster.line.play("one two");
        final JsonNode delta = of(stream(",'stop_sequences':[' t']"), "message_delta").getFirst().path("delta");
        assertThat(delta.path("stop_reason").asText()).isEqualTo("stop_sequence");
        assertThat(delta.path("stop_sequence").asText()).isEqualTo(" t");
    }

    @Test
    void aFailureAfterTheFirstTokenIsTheLastEvent() {
        cluster.line.script = request -> Script.of("hel").failing(ErrorCode.NODE_LOST);
        final List<JsonNode> events = stream("");
        assertThat(events.getLast().path("error").path("type").asText()).isEqualTo("overloaded_error");
        assertThat(of(events, "message_stop")).isEmpty();
    }

    @Test
    void aFailureBeforeTheFirstTokenIsAPlainAnswer() {
        cluster.line.script = request -> Script.of("").failing(ErrorCode.OVERLOADED);
        final HttpResponse<String> response = cluster.post(PATH, asks(""));
        assertThat(response.statusCode()).isEqualTo(529);
        assertThat(response.headers().firstValue("content-type")).hasValue("application/json");
        MessageSchemas.check("error", json(response.body()));
    }

    @Test
    void aLongPrefillIsBridgedByPings() throws IOException {
        try (TestCluster patient = new TestCluster(new ChatService.Limits(1_000, TimeUnit.MILLISECONDS.toNanos(20)),
                TimeUnit.SECONDS.toNanos(60), GatewayConfig.ConsoleAccess.KEY);
                RawHttp client = new RawHttp(patient.gateway.port())) {
            patient.line.script = request -> Script.of("").hanging();
            client.send(RawHttp.post(PATH, asks("")));
            String line = client.line();
            while (!line.equals("event: message_start")) {
                line = client.line();
            }
            int pings = 0;
            while (pings < 3) {
                pings += client.line().equals("event: ping") ? 1 : 0;
            }
        }
    }

    @Test
    void aClientThatLeavesFreesItsPlace() throws Exception {
        try (TestCluster left = new TestCluster()) {
            left.line.script = request -> Script.of("hel").hanging();
            try (RawHttp client = new RawHttp(left.gateway.port())) {
                client.send(RawHttp.post(PATH, asks("")));
                client.line();
            }
            assertThat(left.line.cancelled.await(10, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void keysComeInEitherHeader() {
        cluster.line.play("x");
        final HttpResponse<String> response = cluster.send(HttpRequest.newBuilder(cluster.uri(PATH)).header("x-api-key", TestCluster.KEY)
            .header("anthropic-version", "2023-06-01").POST(HttpRequest.BodyPublishers.ofString(asks(""))).build());
        MessageSchemas.events(response);
    }
}
