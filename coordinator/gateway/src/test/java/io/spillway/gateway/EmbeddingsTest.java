package io.spillway.gateway;

import static io.spillway.gateway.TestCluster.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.request.GenerationRequest;
import io.spillway.domain.request.Pooling;
import io.spillway.gateway.ScriptedLine.Script;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Base64;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EmbeddingsTest {
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
        cluster.line.script = request -> Script.of("");
        cluster.line.vector = request -> new float[] {0.6f, 0f, 0.8f};
        cluster.line.requests.clear();
    }

    private static HttpResponse<String> post(final String fields) {
        return cluster.post("/v1/embeddings", ("{'model':'bytes'," + fields + "}").replace('\'', '"'));
    }

    private static JsonNode ask(final String fields) {
        final HttpResponse<String> response = post(fields);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return json(response.body());
    }

    @Test
    void aTextBecomesAVector() {
        final JsonNode answer = ask("'input':'hello'");
        assertThat(answer.path("object").asText()).isEqualTo("list");
        assertThat(answer.path("model").asText()).isEqualTo("bytes");
        assertThat(answer.path("data").get(0).path("object").asText()).isEqualTo("embedding");
        assertThat(answer.path("data").get(0).path("embedding")).extracting(JsonNode::floatValue)
            .containsExactly(0.6f, 0f, 0.8f);
        assertThat(answer.path("usage").path("prompt_tokens").asInt()).isEqualTo(5);
        assertThat(answer.path("usage").path("total_tokens").asInt()).isEqualTo(5);
        final GenerationRequest request = cluster.line.requests.getFirst();
        assertThat(request.pooling()).contains(Pooling.LAST);
        assertThat(request.promptTokens()).containsExactly(ByteModel.bytes("hello"));
    }

    @Test
    void manyInputsKeepTheirOrder() {
        cluster.line.vector = request -> new float[] {request.promptTokens().length, 1f};
        final StringBuilder inputs = new StringBuilder("'x'");
        for (int i = 2; i <= 100; i++) {
            inputs.append(",'").append("x".repeat(i)).append('\'');
        }
        final JsonNode data = ask("'input':[" + inputs + "],'pooling':'mean','priority':-3").path("data");
        assertThat(data).hasSize(100);
        for (int i = 0; i < 100; i++) {
            assertThat(data.get(i).path("index").asInt()).isEqualTo(i);
            assertThat(data.get(i).path("embedding").get(0).asInt()).isEqualTo(i + 1);
        }
        assertThat(cluster.line.requests).allMatch(request -> request.pooling().equals(java.util.Optional.of(Pooling.MEAN)))
            .allMatch(request -> request.priority() == -3);
    }

    @Test
    void tokensAreTakenAsTheyAre() {
        ask("'input':[104,105]");
        assertThat(cluster.line.requests.getFirst().promptTokens()).containsExactly(104, 105);
        assertThat(ask("'input':[[104],[105,106]]").path("data")).hasSize(2);
    }

    @Test
    void base64HoldsLittleEndianFloats() {
        final String text = ask("'input':'a','encoding_format':'base64'").path("data").get(0).path("embedding").asText();
        final ByteBuffer bytes = ByteBuffer.wrap(Base64.getDecoder().decode(text)).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(new float[] {bytes.getFloat(), bytes.getFloat(), bytes.getFloat()}).containsExactly(0.6f, 0f, 0.8f);
        assertThat(bytes.hasRemaining()).isFalse();
    }

    @Test
    void fewerDimensionsAreAVectorOfLengthOneAgain() {
        cluster.line.vector = request -> new float[] {0.6f, 0.64f, 0.48f};
        final JsonNode vector = ask("'input':'a','dimensions':2").path("data").get(0).path("embedding");
        assertThat(vector).hasSize(2);
        assertThat(Math.hypot(vector.get(0).asDouble(), vector.get(1).asDouble())).isCloseTo(1, within(1e-6));
        final HttpResponse<String> more = post("'input':'a','dimensions':4");
        assertThat(more.statusCode()).isEqualTo(400);
        assertThat(json(more.body()).path("error").path("param").asText()).isEqualTo("dimensions");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '@', value = {
        "'model2':1                                  | input           | 400",
        "'input':[]                                  | input           | 400",
        "'input':''                                  | input           | 400",
        "'input':['a','']                            | input[1]        | 400",
        "'input':[[1],['a']]                         | input[1][0]     | 400",
        "'input':[[999]]                             | input           | 400",
        "'input':7                                   | input           | 400",
        "'input':'a','encoding_format':'int8'        | encoding_format | 400",
        "'input':'a','dimensions':0                  | dimensions      | 400",
        "'input':'a','pooling':'cls'                 | pooling         | 400",
        "'input':'a','priority':101                  | priority        | 400"})
    void whatCannotBeEmbeddedIsRefused(final String fields, final String param, final int status) {
        final HttpResponse<String> response = post(fields);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
        assertThat(json(response.body()).path("error").path("param").asText()).isEqualTo(param);
        assertThat(cluster.line.requests).isEmpty();
    }

    @Test
    void oneFailureFailsTheRequestAndCancelsTheOthers() {
        cluster.line.script = request -> request.promptTokens().length == 2
            ? Script.of("").failing(ErrorCode.NODE_LOST) : Script.of("").hanging();
        final HttpResponse<String> response = post("'input':['aaa','bb','cccc']");
        assertThat(response.statusCode()).isEqualTo(503);
        assertThat(response.body()).contains("scripted failure");
    }

    @Test
    void anUnknownModelIsUnknown() {
        assertThat(cluster.post("/v1/embeddings", "{\"model\":\"other\",\"input\":\"a\"}").statusCode()).isEqualTo(404);
    }
}
