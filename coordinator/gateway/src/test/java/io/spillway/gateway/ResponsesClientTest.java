package io.spillway.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.JsonValue;
import com.openai.core.http.StreamResponse;
import com.openai.errors.BadRequestException;
import com.openai.errors.NotFoundException;
import com.openai.helpers.ResponseAccumulator;
import com.openai.models.responses.FunctionTool;
import com.openai.models.responses.Response;
import com.openai.models.responses.ResponseCreateParams;
import com.openai.models.responses.ResponseFunctionToolCall;
import com.openai.models.responses.ResponseInputItem;
import com.openai.models.responses.ResponseStatus;
import com.openai.models.responses.ResponseStreamEvent;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The official client, as it is, against the Responses API. */
class ResponsesClientTest {
    private static TestCluster cluster;
    private static OpenAIClient client;

    @BeforeAll
    static void start() {
        cluster = new TestCluster();
        client = OpenAIOkHttpClient.builder().baseUrl(cluster.uri("/v1").toString()).apiKey(TestCluster.KEY).maxRetries(0).build();
    }

    @AfterAll
    static void stop() {
        client.close();
        cluster.close();
    }

    private static ResponseCreateParams.Builder ask() {
        return ResponseCreateParams.builder().model("bytes").input("hi");
    }

    private static FunctionTool look() {
        return FunctionTool.builder().name("look").strict(false).parameters(FunctionTool.Parameters.builder()
            .putAdditionalProperty("type", JsonValue.from("object")).build()).build();
    }

    private static String text(final Response response) {
        return response.output().stream().flatMap(item -> item.message().stream()).flatMap(message -> message.content().stream())
            .flatMap(part -> part.outputText().stream()).map(part -> part.text()).reduce("", String::concat);
    }

    @Test
    void whole() {
        cluster.line.play("hello");
        final Response answer = client.responses().create(ask().instructions("brief").build());
        answer.validate();
        assertThat(text(answer)).isEqualTo("hello");
        assertThat(answer.usage().orElseThrow().inputTokensDetails().cachedTokens()).isPositive();
        assertThat(client.responses().retrieve(answer.id()).validate().id()).isEqualTo(answer.id());
        assertThat(client.responses().inputItems().list(answer.id()).data()).hasSize(1);
        client.responses().delete(answer.id());
        assertThatThrownBy(() -> client.responses().retrieve(answer.id())).isInstanceOf(NotFoundException.class);
    }

    @Test
    void streamed() {
        cluster.line.play("<think>why</think>aé€😀z");
        final ResponseAccumulator whole = ResponseAccumulator.create();
        try (StreamResponse<ResponseStreamEvent> events = client.responses().createStreaming(ask().build())) {
            events.stream().map(ResponseStreamEvent::validate).forEach(whole::accumulate);
        }
        assertThat(text(whole.response())).isEqualTo("aé€😀z");
        assertThat(whole.response().status()).hasValue(ResponseStatus.COMPLETED);
    }

    @Test
    void toolLoop() {
        cluster.line.play("Check.[[look|{\"a\": 1}]]");
        final Response first = client.responses().create(ask().addTool(look()).build());
        final ResponseFunctionToolCall call = first.output().get(1).asFunctionCall();
        assertThat(call.arguments()).isEqualTo("{\"a\": 1}");
        cluster.line.play("done");
        final ResponseInputItem result = ResponseInputItem.ofFunctionCallOutput(
            ResponseInputItem.FunctionCallOutput.builder().callId(call.callId()).output("42").build());
        final Response second = client.responses().create(ResponseCreateParams.builder().model("bytes").addTool(look())
            .previousResponseId(first.id()).inputOfResponse(List.of(result)).build());
        assertThat(text(second)).isEqualTo("done");
    }

    @Test
    void background() {
        cluster.line.script = request -> ScriptedLine.Script.of("begin").hanging();
        final Response queued = client.responses().create(ask().background(true).build());
        assertThat(queued.status()).hasValue(ResponseStatus.QUEUED);
        assertThat(client.responses().cancel(queued.id()).status()).hasValue(ResponseStatus.CANCELLED);
    }

    @Test
    void errors() {
        assertThatThrownBy(() -> client.responses().create(ask().model("nope").build())).isInstanceOf(NotFoundException.class);
        assertThatThrownBy(() -> client.responses().create(ask().previousResponseId("resp_none").build()))
            .isInstanceOf(BadRequestException.class).hasMessageContaining("not found");
    }
}
