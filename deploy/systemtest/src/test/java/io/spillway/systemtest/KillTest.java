package io.spillway.systemtest;

import static org.assertj.core.api.Assertions.assertThat;

import com.openai.client.OpenAIClient;
import com.openai.core.JsonValue;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import io.spillway.bench.cluster.ClusterQuestions;
import io.spillway.bench.cluster.CommandLineCluster;
import io.spillway.domain.request.SamplingParams;
import io.spillway.sdk.ChatAnswer;
import io.spillway.sdk.ChatCall;
import io.spillway.sdk.SpillwayClient;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Kill -9 in the middle of a stream: nothing lost, repeated or different. Sampled at temperature 1 from a fixed seed, so that
 * every token depends on all before it.
 */
class KillTest {
    private static final int END_OF_TURN = 2023;
    private static final int END_OF_TEXT = 2021;
    private static final int OUTPUT_TOKENS = 400;

    @Test
    void aNodeDiesMidStream() throws Exception {
        nodeDiesMidStream(1);
    }

    @Test
    void theLeaderDiesMidStream() throws Exception {
        leaderDiesMidStream(2);
    }

    @Test
    void theServingReplicaDiesMidStream() throws Exception {
        servingReplicaDiesMidStream(3);
    }

    /** The same, many times: {@code ./spillway test -Dtest.excluded=none -Dgroups=slow}. */
    @Tag("slow")
    @RepeatedTest(20)
    void aNodeDiesMidStreamAgainAndAgain(final org.junit.jupiter.api.RepetitionInfo run) throws Exception {
        nodeDiesMidStream(100 + run.getCurrentRepetition());
    }

    @Tag("slow")
    @RepeatedTest(20)
    void theLeaderDiesMidStreamAgainAndAgain(final org.junit.jupiter.api.RepetitionInfo run) throws Exception {
        leaderDiesMidStream(200 + run.getCurrentRepetition());
    }

    @Tag("slow")
    @RepeatedTest(20)
    void theServingReplicaDiesMidStreamAgainAndAgain(final org.junit.jupiter.api.RepetitionInfo run) throws Exception {
        servingReplicaDiesMidStream(300 + run.getCurrentRepetition());
    }

    private static void nodeDiesMidStream(final int seed) throws Exception {
        try (CommandLineCluster cluster = CommandLineCluster.start("--processes")) {
            final OpenAIClient client = cluster.openAi();
            final Streams.Answer calm = Streams.run(client, params(seed), 0, () -> { });
            assertThat(calm.finishReason()).isEqualTo("length");
            final Streams.Answer killed = Streams.run(client, params(seed), 20 + seed % 50,
                () -> cluster.kill(ClusterQuestions.nodeOfRunningRequest(cluster)));
            assertSame(killed, calm);
            ClusterQuestions.awaitMembers(cluster, "engine", 1);
            assertSame(Streams.run(client, params(seed), 0, () -> { }), calm);
        }
    }

    private static void leaderDiesMidStream(final int seed) throws Exception {
        try (CommandLineCluster cluster = CommandLineCluster.start("--processes")) {
            final String leader = cluster.leader();
            final String other = cluster.names("coordinator").stream().filter(name -> !name.equals(leader)).findFirst().orElseThrow();
            final OpenAIClient client = cluster.openAiOf(other);
            final Streams.Answer calm = Streams.run(client, params(seed), 0, () -> { });
            final Streams.Answer killed = Streams.run(client, params(seed), 20 + seed % 50, () -> cluster.kill(leader));
            assertSame(killed, calm);
            assertSame(Streams.run(client, params(seed), 0, () -> { }), calm);
        }
    }

    /** The SDK knows all replicas: its call goes on at another one, at the next token. */
    private static void servingReplicaDiesMidStream(final int seed) throws Exception {
        try (CommandLineCluster cluster = CommandLineCluster.start("--processes");
             SpillwayClient client = cluster.sdk(cluster.leader())) {
            final String leader = cluster.leader();
            final ChatAnswer calm = client.chat(call(seed));
            final AtomicInteger pieces = new AtomicInteger();
            final StringBuilder streamed = new StringBuilder();
            final ChatAnswer killed = client.chat(call(seed), text -> {
                streamed.append(text);
                if (pieces.incrementAndGet() == 20 + seed % 50) {
                    cluster.kill(leader);
                }
            });
            assertThat(killed.attempts()).isGreaterThan(1);
            assertThat(killed.content()).isEqualTo(calm.content());
            assertThat(streamed).hasToString(calm.content());
            assertThat(killed.usage().outputTokens()).isEqualTo(OUTPUT_TOKENS);
        }
    }

    private static void assertSame(final Streams.Answer actual, final Streams.Answer expected) {
        assertThat(actual.text()).isEqualTo(expected.text());
        assertThat(actual.finishReason()).isEqualTo(expected.finishReason());
        assertThat(actual.usage().orElseThrow().completionTokens())
            .isEqualTo(expected.usage().orElseThrow().completionTokens()).isEqualTo(OUTPUT_TOKENS);
        assertThat(actual.usage().orElseThrow().promptTokens()).isEqualTo(expected.usage().orElseThrow().promptTokens());
    }

    private static ChatCompletionCreateParams params(final int seed) {
        return ChatCompletionCreateParams.builder().model("brook").addSystemMessage(ClusterQuestions.SYSTEM)
            .addUserMessage("Tell me everything about request " + seed + ".").temperature(1.0).seed(seed)
            .maxCompletionTokens(OUTPUT_TOKENS)
            .logitBias(ChatCompletionCreateParams.LogitBias.builder()
                .putAdditionalProperty(Integer.toString(END_OF_TURN), JsonValue.from(-100))
                .putAdditionalProperty(Integer.toString(END_OF_TEXT), JsonValue.from(-100)).build())
            .build();
    }

    private static ChatCall call(final int seed) {
        return ChatCall.to("brook").system(ClusterQuestions.SYSTEM).user("Tell me everything about request " + seed + ".")
            .sampling(new SamplingParams(1f, 0, 1f, 0f, 0f, 0f, 1f, Map.of(END_OF_TURN, -100f, END_OF_TEXT, -100f), seed, -1))
            .maxTokens(OUTPUT_TOKENS);
    }
}
