package io.spillway.systemtest.clients;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.bench.cluster.ClusterQuestions;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Published Node clients, unmodified, each through its scripted conversation: chat, streams, tools, structured output, errors. All
 * answers and stream events of every client are held against the published schemas.
 */
@ExtendWith(ClientCluster.class)
class NodeClientsTest {
    private static NodeClients clients;

    @BeforeAll
    static void install() throws Exception {
        Assumptions.assumeTrue(NodeClients.possible(),
            "node and npm are not on PATH: the published Node clients are NOT tested here (Debian: apt-get install nodejs npm)");
        clients = NodeClients.install();
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "openai-chat.mjs",
        "openai-files.mjs",
        "openai-responses.mjs",
        "anthropic-messages.mjs",
        "ai-sdk.mjs compatible",
        "ai-sdk.mjs responses",
        "langchain.mjs chat",
        "langchain.mjs responses",
        "openai-agents.mjs chat",
        "openai-agents.mjs responses",
    })
    void conversationsGoAsWithAnyServer(final String script, final ClientCluster.Running cluster) throws Exception {
        final String client = script.replace(".mjs", "").replace(' ', '-');
        final List<String> steps = clients.converse(List.of(script.split(" ")), Map.of("SPILLWAY_ROOT", cluster.root(client),
            "SPILLWAY_KEY", cluster.apiKey(), "SPILLWAY_MODEL", "brook", "SPILLWAY_SYSTEM", ClusterQuestions.SYSTEM));
        assertThat(steps).as("steps of " + script).hasSizeGreaterThanOrEqualTo(3).doesNotHaveDuplicates();
        assertThat(Pattern.compile("tool|batch").matcher(String.join(" ", steps)).find()).as("tools are among them").isTrue();
        cluster.checkWire(client);
    }
}
