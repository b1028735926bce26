package io.spillway.systemtest.clients;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** The lock file of the Node clients names hashes and no place they come from. */
class ClientsPageTest {
    private static final Path ROOT = Path.of(System.getProperty("spillway.root"));
    private static final Path NODE = ROOT.resolve("deploy/systemtest/src/test/node");

    @Test
    void theLockFileHoldsWhatIsPinnedByItsHash() throws Exception {
        final JsonNode lock = new ObjectMapper().readTree(NODE.resolve("package-lock.json").toFile());
        assertThat(lock.findValues("resolved")).isEmpty();
        lock.get("packages").properties().stream().filter(each -> !each.getKey().isEmpty())
            .forEach(each -> assertThat(each.getValue().has("integrity")).as(each.getKey()).isTrue());
    }
}
