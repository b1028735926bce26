package io.spillway.systemtest;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.bench.cluster.ClusterQuestions;
import io.spillway.bench.cluster.CommandLineCluster;
import io.spillway.domain.request.PrefillSources;
import io.spillway.sdk.ChatAnswer;
import io.spillway.sdk.ChatCall;
import io.spillway.sdk.SpillwayClient;
import org.junit.jupiter.api.Test;

/**
 * Node 1 computes a long context and is killed; node 2 fetches the blocks over Aeron and answers bit for bit the same,
 * computing only the tail.
 */
class OnboardTest {
    private static final int BLOCK_TOKENS = 64;

    @Test
    void aContextOutlivesTheNodeThatComputedIt() throws Exception {
        try (CommandLineCluster cluster = CommandLineCluster.start("--processes");
             SpillwayClient client = cluster.sdk("coordinator-1")) {
            final ChatCall call = ChatCall.to("brook").system(ClusterQuestions.SYSTEM + ClusterQuestions.facts(150))
                .user("How tall is the Ganki blanket?").greedy().maxTokens(60);
            final ChatAnswer first = client.chat(call);
            final PrefillSources cold = first.usage().sources();
            assertThat(cold.cachedTokens()).isZero();
            assertThat(cold.computedTokens()).isEqualTo(first.usage().promptTokens()).isGreaterThan(2000);

            final String node = ClusterQuestions.nodeOfLastRequest(cluster);
            ClusterQuestions.awaitStoreBlocks(cluster, first.usage().promptTokens() / BLOCK_TOKENS);
            cluster.kill(node);
            ClusterQuestions.awaitMembers(cluster, "engine", 1);

            final ChatAnswer second = client.chat(call);
            assertThat(second.content()).isEqualTo(first.content());
            assertThat(ClusterQuestions.nodeOfLastRequest(cluster)).isNotEqualTo(node);
            final PrefillSources warm = second.usage().sources();
            assertThat(warm.remoteTokens() + warm.diskTokens())
                .isEqualTo((first.usage().promptTokens() - 1) / BLOCK_TOKENS * BLOCK_TOKENS);
            assertThat(warm.computedTokens()).isLessThanOrEqualTo(BLOCK_TOKENS);

            final ChatAnswer third = client.chat(call);
            assertThat(third.content()).isEqualTo(first.content());
            assertThat(third.usage().sources().deviceTokens()).isEqualTo(warm.remoteTokens() + warm.diskTokens());
        }
    }
}
