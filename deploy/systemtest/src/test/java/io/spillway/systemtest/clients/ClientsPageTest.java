package io.spillway.systemtest.clients;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The page about clients names the versions that are really used, and the lock file no place they come from. */
class ClientsPageTest {
    private static final Path ROOT = Path.of(System.getProperty("spillway.root"));
    private static final Path NODE = ROOT.resolve("deploy/systemtest/src/test/node");

    @Test
    void thePageNamesTheVersions() throws Exception {
        final List<String> page = Files.readAllLines(ROOT.resolve("deploy/docs/clients.md"));
        final JsonNode pinned = new ObjectMapper().readTree(NODE.resolve("package.json").toFile()).get("dependencies");
        pinned.properties().stream().filter(each -> !each.getKey().equals("zod")).forEach(each -> assertThat(page)
            .as(each.getKey() + " " + each.getValue().asText())
            .anyMatch(line -> line.contains("`" + each.getKey() + "`") && line.contains(each.getValue().asText())));
    }

    @Test
    void theLockFileHoldsWhatIsPinnedByItsHash() throws Exception {
        final JsonNode lock = new ObjectMapper().readTree(NODE.resolve("package-lock.json").toFile());
        assertThat(lock.findValues("resolved")).isEmpty();
        lock.get("packages").properties().stream().filter(each -> !each.getKey().isEmpty())
            .forEach(each -> assertThat(each.getValue().has("integrity")).as(each.getKey()).isTrue());
    }
}
