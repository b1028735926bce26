package io.spillway.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.spillway.domain.request.GenerationDefaults;
import io.spillway.domain.request.GenerationRequest;
import io.spillway.domain.request.SamplingParams;
import io.spillway.domain.request.SamplingSettings;
import io.spillway.testkit.openai.OpenAiSchemas;
import java.net.http.HttpResponse;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What holds where a request says nothing: the model's defaults, in every API. */
class SamplingDefaultsTest {
    private static final GenerationDefaults DEFAULTS = new GenerationDefaults(new SamplingSettings(OptionalDouble.of(0.25), OptionalInt.of(11),
        OptionalDouble.of(0.5), OptionalDouble.of(0.125), OptionalDouble.of(0.75), OptionalDouble.of(1.25), OptionalInt.of(64)),
        OptionalInt.of(33));
    private static final String CHAT = "'messages':[{'role':'user','content':'hi'}]";

    private TestCluster cluster;

    @BeforeEach
    void start() {
        cluster = new TestCluster();
        cluster.models.put("bytes", new ByteModel(DEFAULTS));
        cluster.line.play("hello");
    }

    @AfterEach
    void stop() {
        cluster.close();
    }

    private HttpResponse<String> post(final String path, final String fields) {
        final HttpResponse<String> response = cluster.post(path, ("{'model':'bytes'," + fields + "}").replace('\'', '"'));
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return response;
    }

    private GenerationRequest asked(final String path, final String fields) {
        post(path, fields);
        return cluster.line.requests.getLast();
    }

    private static SamplingParams expected(final float temperature) {
        return new SamplingParams(temperature, 11, 0.5f, 0.125f, 0.75f, 0f, 0f, 1.25f, 64, Map.of(), 0, -1);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "/v1/chat/completions | 'messages':[{'role':'user','content':'hi'}]                | 33",
        "/v1/chat/completions | 'messages':[{'role':'user','content':'hi'}],'top_p':null,'max_tokens':null | 33",
        "/v1/chat/completions | 'messages':[{'role':'user','content':'hi'}],'max_tokens':40 | 40",
        "/v1/responses        | 'input':'hi'                                               | 33",
        "/v1/responses        | 'input':'hi','max_output_tokens':7                         | 7",
        "/v1/messages         | 'messages':[{'role':'user','content':'hi'}],'max_tokens':50 | 50",
        "/v1/completions      | 'prompt':'hi'                                              | 16",
    })
    void whatARequestDoesNotSayIsAsTheModelSays(final String path, final String fields, final int outputTokens) {
        final GenerationRequest asked = asked(path, fields);
        assertThat(asked.sampling().withSeed(0)).isEqualTo(expected(0.25f));
        assertThat(asked.outputTokensMax()).isEqualTo(outputTokens);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "/v1/chat/completions | 'messages':[{'role':'user','content':'hi'}],'temperature':1,'top_k':-1",
        "/v1/responses        | 'input':'hi','temperature':1,'top_k':0",
        "/v1/messages         | 'max_tokens':50,'messages':[{'role':'user','content':'hi'}],'temperature':1,'top_k':0",
        "/v1/completions      | 'prompt':'hi','temperature':1,'top_k':0",
    })
    void whatARequestSaysCountsEvenWhereItIsTheUsualValue(final String path, final String fields) {
        final SamplingParams sampling = asked(path, fields).sampling();
        assertThat(sampling.temperature()).isEqualTo(1f);
        assertThat(sampling.topK()).isZero();
        assertThat(sampling.topP()).isEqualTo(0.5f);
    }

    @Test
    void aResponseRepeatsWhatHeld() {
        final JsonNode silent = TestCluster.json(post("/v1/responses", "'input':'hi'").body());
        assertThat(silent.path("temperature").asDouble()).isEqualTo(0.25);
        assertThat(silent.path("top_p").asDouble()).isEqualTo(0.5);
        assertThat(silent.path("max_output_tokens").isNull()).isTrue();
        final JsonNode saying = TestCluster.json(post("/v1/responses", "'input':'hi','temperature':0.7,'top_p':1").body());
        assertThat(saying.path("temperature").asDouble()).isEqualTo(0.7);
        assertThat(saying.path("top_p").asDouble()).isEqualTo(1);
        OpenAiSchemas.check("Response", silent);
    }

    @Test
    void penaltiesAndBiasAreTheRequestsAlone() {
        final SamplingParams sampling = asked("/v1/chat/completions", CHAT + ",'presence_penalty':1,'logit_bias':{'65':2}").sampling();
        assertThat(sampling.presencePenalty()).isEqualTo(1f);
        assertThat(sampling.logitBias()).containsEntry(65, 2f);
        assertThat(sampling.temperature()).isEqualTo(0.25f);
    }

    @Test
    void aLimitOfTheModelsIsClampedToTheContext() {
        cluster.models.put("bytes", new ByteModel(new GenerationDefaults(SamplingSettings.UNSAID, OptionalInt.of(Integer.MAX_VALUE))));
        assertThat(asked("/v1/chat/completions", CHAT).outputTokensMax()).isEqualTo(TestCluster.CONTEXT_TOKENS - "user:hi\n".length());
    }
}
