package io.spillway.tidy;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.config.ConfigReference;
import io.spillway.coordinator.server.CoordinatorConfig;
import io.spillway.kvstore.server.StoreConfig;
import io.spillway.node.server.NodeConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The documents that can be held against the code are. */
class DocsTest {
    private static final Path DOCS = Path.of(System.getProperty("spillway.root"), "deploy/docs");
    private static final String GENERATED = "<!-- Below this line the page is generated. -->\n\n";
    private static final Pattern ROW = Pattern.compile("(?m)^\\| `([^`]+:[^`]+)` \\| \\S.* \\|$");

    @TempDir
    private Path folder;

    /** When this fails, the page is out of date: {@code ./spillway test -pl deploy/tidy -am -Dspillway.docs=write} writes it anew. */
    @Test
    void theConfigurationPageIsTheRecords() throws Exception {
        final Path page = DOCS.resolve("configuration.md");
        final String text = Files.readString(page);
        final String head = text.substring(0, text.indexOf(GENERATED) + GENERATED.length());
        final String current = head + ConfigReference.markdown(CoordinatorConfig.class, NodeConfig.class, StoreConfig.class).stripTrailing() + "\n";
        if ("write".equals(System.getProperty("spillway.docs"))) {
            Files.writeString(page, current);
        }
        assertThat(Files.readString(page)).isEqualTo(current);
    }

    @Test
    void everyDirectDependencyHasItsLineOfReasonAndNoOtherHas() throws Exception {
        assertThat(named(DOCS.resolve("dependencies.md"))).isEqualTo(Poms.directDependencies(SourceTree.ofRepository()));
    }

    @Test
    void theDependenciesOfAPomAreReadWithoutTheManagedOnes() throws Exception {
        Files.writeString(folder.resolve("pom.xml"), """
            <project><dependencyManagement><dependencies>
              <dependency><groupId>m</groupId><artifactId>managed</artifactId></dependency></dependencies></dependencyManagement>
              <dependencies><dependency><groupId>a</groupId><artifactId>b</artifactId></dependency>
              <dependency><groupId>io.spillway</groupId><artifactId>own</artifactId></dependency></dependencies>
              <build><plugins><plugin><artifactId>maven-x-plugin</artifactId></plugin></plugins></build></project>""");
        assertThat(Poms.directDependencies(new SourceTree(folder))).containsExactly("a:b", "org.apache.maven.plugins:maven-x-plugin");
    }

    private static SortedSet<String> named(final Path page) throws Exception {
        final SortedSet<String> named = new TreeSet<>();
        final Matcher rows = ROW.matcher(Files.readString(page));
        while (rows.find()) {
            named.add(rows.group(1));
        }
        return named;
    }
}
