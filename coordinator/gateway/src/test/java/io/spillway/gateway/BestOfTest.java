package io.spillway.gateway;

import static io.spillway.gateway.TestCluster.chat;
import static io.spillway.gateway.TestCluster.json;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.spillway.domain.request.GenerationRequest;
import io.spillway.gateway.ScriptedLine.Script;
import java.net.http.HttpResponse;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Several outputs of one prompt, all of them or the likeliest, and what shapes how they are sampled and scheduled. */
class BestOfTest {
    private static TestCluster cluster;

    @BeforeAll
    static void start() {
        cluster = new TestCluster();
    }

    @AfterAll
    static void stop() {
        cluster.close();
    }

    /** Candidate i of seed 40 says so, and is the likelier the nearer i is to 2. */
    @BeforeEach
    void reset() {
        cluster.line.script = request -> Script.of("choice " + (request.sampling().seed() - 40));
        cluster.line.logprob = request -> -0.1f * (1 + Math.abs(request.sampling().seed() - 42));
        cluster.line.requests.clear();
    }

    @AfterAll
    static void restore() {
        cluster.line.logprob = request -> -0.5f;
    }

    private static JsonNode ask(final String path, final String body) {
        final HttpResponse<String> response = cluster.post(path, body.replace('\'', '"'));
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return json(response.body());
    }

    @Test
    void theLikeliestAreDeliveredBestFirst() {
        final JsonNode answer = ask("/v1/completions", "{'model':'bytes','prompt':'ab','seed':40,'n':2,'best_of':5}");
        assertThat(answer.path("choices")).extracting(choice -> choice.path("text").asText())
            .containsExactly("choice 2", "choice 1");
        assertThat(answer.path("choices")).extracting(choice -> choice.path("index").asInt()).containsExactly(0, 1);
        assertThat(answer.path("choices").get(0).path("logprobs").isNull()).isTrue();
        assertThat(answer.path("usage").path("prompt_tokens").asInt()).as("the prompt counts once").isEqualTo(2);
        assertThat(answer.path("usage").path("completion_tokens").asInt()).as("all outputs count").isEqualTo(5 * 8);
        assertThat(cluster.line.requests).hasSize(5).allMatch(request -> request.sampling().topLogprobs() == 0);
        assertThat(cluster.line.requests).extracting(GenerationRequest::id).doesNotHaveDuplicates();
    }

    @Test
    void everyPromptHasItsOwnBest() {
        cluster.line.script = request -> Script.of(request.promptTokens().length + ":" + request.sampling().seed());
        final JsonNode answer =
            ask("/v1/completions", "{'model':'bytes','prompt':['a','bb'],'seed':40,'best_of':2,'logprobs':1}");
        assertThat(answer.path("choices")).extracting(choice -> choice.path("text").asText())
            .containsExactly("1:41", "2:42");
        assertThat(answer.path("choices").get(0).path("logprobs").path("tokens")).hasSize(4);
    }

    @Test
    void chatsHaveABestToo() {
        final JsonNode answer = ask("/v1/chat/completions", chat(",'seed':40,'best_of':4"));
        assertThat(answer.path("choices")).hasSize(1);
        assertThat(answer.path("choices").get(0).path("message").path("content").asText()).isEqualTo("choice 2");
        assertThat(answer.path("choices").get(0).path("logprobs").isNull()).isTrue();
    }

    @Test
    void choicesHaveSeedsOfTheirOwn() {
        final JsonNode answer = ask("/v1/chat/completions", chat(",'seed':40,'n':3"));
        assertThat(answer.path("choices")).extracting(choice -> choice.path("message").path("content").asText())
            .containsExactly("choice 0", "choice 1", "choice 2");
        assertThat(cluster.line.requests).allMatch(request -> !request.sampling().wantsLogprobs());
        final String stream = cluster.post("/v1/chat/completions", chat(",'seed':40,'n':3,'stream':true")).body();
        assertThat(stream).contains("\"index\":0").contains("\"index\":1").contains("\"index\":2");
    }

    @Test
    void parametersReachTheEngine() {
        ask("/v1/chat/completions", chat(",'typical_p':0.75,'repetition_penalty':1.5,'repetition_window':32,'min_p':0.25,"
            + "'top_k':7,'priority':9"));
        final GenerationRequest request = cluster.line.requests.getFirst();
        assertThat(request.sampling().typicalP()).isEqualTo(0.75f);
        assertThat(request.sampling().repetitionPenalty()).isEqualTo(1.5f);
        assertThat(request.sampling().repetitionWindowTokens()).isEqualTo(32);
        assertThat(request.sampling().minP()).isEqualTo(0.25f);
        assertThat(request.sampling().topK()).isEqualTo(7);
        assertThat(request.priority()).isEqualTo(9);
    }
}
