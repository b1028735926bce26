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
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Kill -9 in the middle of a stream: nothing lost, repeated or different. Sampled at temperature 1 from a fixed seed, so that
 * every token depends on all before it. The killed process is started again and everything goes on.
 */
class KillTest {
    private static final int END_OF_TURN = 2023;
    private static final int END_OF_TEXT = 2021;
    /** Output tokens of an answer; {@code -Dspillway.kill.tokens=1500} for longer streams. */
    private static final int OUTPUT_TOKENS = Integer.getInteger("spillway.kill.tokens", 600);

    /** Kills per test; {@code -Dspillway.kills=20} for the long run. */
    private static final int KILLS = Integer.getInteger("spillway.kills", 1);

    /** For all tests: each starts again what it has killed. */
    private static CommandLineCluster cluster;

    @BeforeAll
    static void start() throws Exception {
        cluster = CommandLineCluster.start("--processes");
    }

    @AfterAll
    static void stop() throws Exception {
        cluster.close();
    }

    @Test
    void aNodeDiesMidStream() throws Exception {
        final OpenAIClient client = cluster.openAi();
        for (int run = 1; run <= KILLS; run++) {
            final ChatCompletionCreateParams params = params(run);
            final Streams.Answer calm = Streams.run(client, params, 0, () -> { });
            assertThat(calm.finishReason()).isEqualTo("length");
            final AtomicReference<String> node = new AtomicReference<>();
            final Streams.Answer killed = Streams.run(client, params, 40 + 20 * run, () -> {
                node.set(ClusterQuestions.nodeOfRunningRequest(cluster));
                cluster.kill(node.get());
            });
            assertSame(killed, calm);
            assertSame(Streams.run(client, params, 0, () -> { }), calm);
            cluster.restart(node.get());
            cluster.awaitServing("coordinator-1", 2);
            System.out.println("kill " + run + " of a node: nothing lost, repeated or different");
        }
    }

    @Test
    void theLeaderDiesMidStream() throws Exception {
        for (int run = 1; run <= KILLS; run++) {
            final String leader = cluster.leader();
            final String other = cluster.names("coordinator").stream().filter(name -> !name.equals(leader)).findFirst().orElseThrow();
            final OpenAIClient client = cluster.openAiOf(other);
            final ChatCompletionCreateParams params = params(100 + run);
            final Streams.Answer calm = Streams.run(client, params, 0, () -> { });
            assertSame(Streams.run(client, params, 40 + 20 * run, () -> cluster.kill(leader)), calm);
            assertSame(Streams.run(client, params, 0, () -> { }), calm);
            cluster.restart(leader);
            cluster.awaitServing(leader, 2);
            System.out.println("kill " + run + " of the leader: nothing lost, repeated or different");
        }
    }

    /** The SDK knows all replicas: its call goes on at another one, at the next token. */
    @Test
    void theServingReplicaDiesMidStream() throws Exception {
        for (int run = 1; run <= KILLS; run++) {
            final String leader = cluster.leader();
            try (SpillwayClient client = cluster.sdk(leader)) {
                servingReplicaDies(client, leader, 200 + run);
            }
            cluster.restart(leader);
            cluster.awaitServing(leader, 2);
            System.out.println("kill " + run + " of the serving replica: nothing lost, repeated or different");
        }
    }

    private static void servingReplicaDies(final SpillwayClient client, final String leader, final int seed) {
        final ChatAnswer calm = client.chat(call(seed));
        final AtomicBoolean isKilled = new AtomicBoolean();
        final StringBuilder streamed = new StringBuilder();
        final ChatAnswer killed = client.chat(call(seed), text -> {
            streamed.append(text);
            if (streamed.length() >= 40 + 5 * (seed % 50) && isKilled.compareAndSet(false, true)) {
                cluster.kill(leader);
            }
        });
        assertThat(killed.attempts()).isGreaterThan(1);
        assertThat(killed.content()).isEqualTo(calm.content());
        assertThat(streamed).hasToString(calm.content());
        assertThat(killed.usage().outputTokens()).isEqualTo(OUTPUT_TOKENS);
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
