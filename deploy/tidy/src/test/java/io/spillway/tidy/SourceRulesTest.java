package io.spillway.tidy;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Our own sources keep the rules; a folder of bad ones shows that each rule can fail. */
class SourceRulesTest {
    private static final SourceTree REPOSITORY = SourceTree.ofRepository();
    private static final List<String> CORES = List.of("proto/domain", "kvstore/core", "node/engine", "coordinator/core");

    @TempDir
    private Path folder;

    @Test
    void filesFitOnAFewScreens() {
        assertThat(REPOSITORY.mainFiles()).hasSizeGreaterThan(100);
        assertThat(REPOSITORY.longFiles()).isEmpty();
    }

    @Test
    void methodsFitOnOneScreenAndPublicTypesSayWhatTheyAre() {
        assertThat(REPOSITORY.longMethodsAndSilentTypes()).isEmpty();
    }

    @Test
    void nothingIsLeftForLater() {
        assertThat(REPOSITORY.leftOvers()).isEmpty();
    }

    @Test
    void noExceptionIsSwallowed() {
        assertThat(REPOSITORY.emptyCatches()).isEmpty();
    }

    @Test
    void coresDoNotLock() {
        assertThat(REPOSITORY.locksIn(CORES)).isEmpty();
    }

    @Test
    void everyPackageSaysWhatItOwns() {
        assertThat(REPOSITORY.packagesWithoutInfo()).isEmpty();
    }

    @Test
    void everyLinkInTheDocumentsLeadsSomewhere() {
        assertThat(Links.broken(REPOSITORY)).isEmpty();
    }

    @Test
    void badSourcesAreFound() throws Exception {
        final Path home = Files.createDirectories(folder.resolve("kvstore/core/src/main/java/bad"));
        Files.writeString(home.resolve("Silent.java"), "package bad;\npublic class Silent {\n    void m() {\n" + "        m();\n".repeat(80) + "    }\n}\n");
        Files.writeString(home.resolve("DotKernels.java"), "package bad;\n/** Fine. */\npublic class DotKernels {\n    void m() {\n"
            + "        m();\n".repeat(80) + "    }\n}\n");
        Files.writeString(home.resolve("Long.java"), "package bad;\n" + "// x\n".repeat(600) + "class Long {\n}\n");
        Files.writeString(home.resolve("Later.java"), "package bad;\n// TO" + "DO later\nclass Later {\n    void m() {\n"
            + "        try {\n            m();\n        } catch (final RuntimeException e) {\n        }\n    }\n    synchronized void n() {\n    }\n}\n");
        Files.writeString(folder.resolve("README.md"), "# One\n[a](kvstore/core) [b](missing.md) [c](#one) [d](#two) [e](https://example.org)\n"
            + "```\n[f](in/code)\n```\n");
        final SourceTree bad = new SourceTree(folder);
        assertThat(bad.longMethodsAndSilentTypes()).containsExactlyInAnyOrder(
            "kvstore/core/src/main/java/bad/Silent.java: public type Silent has no Javadoc",
            "kvstore/core/src/main/java/bad/Silent.java: method m has 82 lines");
        assertThat(bad.longFiles()).singleElement().asString().contains("Long.java has 603 lines");
        assertThat(bad.leftOvers()).singleElement().asString().contains("Later.java");
        assertThat(bad.emptyCatches()).singleElement().asString().contains("Later.java");
        assertThat(bad.locksIn(List.of("kvstore/core"))).singleElement().asString().contains("Later.java");
        assertThat(bad.packagesWithoutInfo()).containsExactly("kvstore/core/src/main/java/bad");
        assertThat(Links.broken(bad)).containsExactly("README.md -> missing.md", "README.md -> #two");
    }
}
