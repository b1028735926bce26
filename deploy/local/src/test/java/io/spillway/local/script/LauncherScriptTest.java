package io.spillway.local.script;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The shell half of the launcher: which JDK it takes, and what it says when there is none. JDKs are folders that look like one. */
class LauncherScriptTest {
    private static final Path SCRIPT = Path.of(System.getProperty("spillway.root"), "spillway");
    private static final String SHOW = "find_jdk && echo \"$JDK|$JDK_MAJOR|$JDK_FROM\"";

    @TempDir
    private Path folder;

    private record Outcome(int status, String out, String err) {
    }

    @Test
    void javaHomeComesFirst() throws Exception {
        final Path home = jdk("elsewhere/jdk", "25.0.1");
        jdk("jvm/jdk-25", "25");
        assertThat(find(Map.of("JAVA_HOME", home.toString())).out()).isEqualTo(home + "|25|JAVA_HOME");
    }

    @Test
    void aNewerJavaHomeIsGoodEnough() throws Exception {
        final Path home = jdk("elsewhere/jdk", "27-ea");
        assertThat(find(Map.of("JAVA_HOME", home.toString())).out()).isEqualTo(home + "|27|JAVA_HOME");
    }

    @Test
    void anOldJavaHomeIsPassedOverAndNamed() throws Exception {
        final Path old = jdk("elsewhere/jdk-17", "17.0.15");
        final Path good = jdk("jvm/jdk-25", "25.0.3");
        assertThat(find(Map.of("JAVA_HOME", old.toString())).out())
            .isEqualTo(good + "|25|found in " + folder.resolve("jvm") + "; JAVA_HOME is JDK 17");
    }

    @Test
    void theOldJavaOnThePathIsPassedOver() throws Exception {
        final Path old = jdk("elsewhere/jdk-17", "17.0.15");
        final Path good = jdk("jvm/jdk-25", "25.0.3");
        assertThat(find(Map.of("PATH", old.resolve("bin") + ":/usr/bin:/bin")).out())
            .isEqualTo(good + "|25|found in " + folder.resolve("jvm") + "; java on PATH is JDK 17");
    }

    @Test
    void theJavaOnThePathIsFoundThroughLinks() throws Exception {
        final Path good = jdk("elsewhere/jdk-25", "25");
        final Path bin = Files.createDirectories(folder.resolve("bin"));
        Files.createSymbolicLink(folder.resolve("alternative"), good.resolve("bin/java"));
        Files.createSymbolicLink(bin.resolve("java"), Path.of("../alternative"));
        assertThat(find(Map.of("PATH", bin + ":/usr/bin:/bin")).out()).isEqualTo(good + "|25|java on PATH");
    }

    @Test
    void theLeastSufficientVersionOfThoseInstalledIsTaken() throws Exception {
        jdk("jvm/a-26", "26");
        final Path good = jdk("jvm/b-25", "25.0.2");
        jdk("jvm/c-21", "21.0.1");
        jdk("jvm/d-8", "1.8.0_402");
        assertThat(find(Map.of()).out()).startsWith(good + "|25|");
    }

    @Test
    void aMacJdkIsFoundInItsBundle() throws Exception {
        final Path good = jdk("jvm/temurin-25.jdk/Contents/Home", "25");
        assertThat(find(Map.of()).out()).startsWith(good + "|25|");
    }

    @Test
    void aRuntimeWithoutCompilerIsNoJdk() throws Exception {
        final Path runtime = jdk("jvm/jre-25", "25");
        Files.delete(runtime.resolve("bin/javac"));
        final Outcome outcome = find(Map.of("JAVA_HOME", runtime.toString()));
        assertThat(outcome.status()).isEqualTo(1);
        assertThat(outcome.err()).contains("JAVA_HOME=" + runtime + " holds no JDK");
    }

    @Test
    void withoutAnyOneLineSaysWhatToInstall() throws Exception {
        final Path old = jdk("jvm/jdk-17", "17");
        final Outcome outcome = find(Map.of("JAVA_HOME", old.toString()));
        assertThat(outcome.status()).isEqualTo(1);
        assertThat(outcome.err().lines()).singleElement().asString()
            .startsWith("spillway: no JDK 25 or newer found (JAVA_HOME is JDK 17").contains("Install one").contains("JAVA_HOME");
    }

    @Test
    void withoutMavenOneLineSaysWhatToInstall() throws Exception {
        final Outcome outcome = bash("PATH=/nonexistent need_maven", Map.of());
        assertThat(outcome.status()).isEqualTo(1);
        assertThat(outcome.err().lines()).singleElement().asString().contains("mvn").contains("apt-get install maven");
    }

    @Test
    void theFlagsOfThePomReachTheJvm() throws Exception {
        assertThat(bash("jvm_flags", Map.of()).out())
            .contains("--enable-native-access=ALL-UNNAMED").contains("--add-modules=jdk.incubator.vector").doesNotContain("<");
    }

    @Test
    void onlyAForegroundUpIsAServer() throws Exception {
        assertThat(bash("serves up --nodes 1 && echo yes", Map.of()).out()).isEqualTo("yes");
        assertThat(bash("serves up --detach --json || echo no", Map.of()).out()).isEqualTo("no");
        assertThat(bash("serves chat up || echo no", Map.of()).out()).isEqualTo("no");
    }

    @Test
    void mavensLogBecomesProgress() throws Exception {
        final Outcome outcome = bash("printf '%s\\n' '[INFO] Building spillway-domain 0.1.0-SNAPSHOT      [2/14]' 'noise' | show_progress",
            Map.of());
        assertThat(outcome.err().strip()).isEqualTo("spillway: building [2/14] spillway-domain (0 s)");
    }

    @Test
    void changedSourcesMakeTheBuildStale() throws Exception {
        final Path checkout = folder.resolve("checkout");
        final Path source = Files.createDirectories(checkout.resolve("proto/domain/src/main"));
        Files.writeString(checkout.resolve("pom.xml"), "");
        Files.createDirectories(checkout.resolve("deploy/local/target/lib"));
        Files.writeString(checkout.resolve("deploy/local/target/spillway-local-1.jar"), "");
        Files.createDirectories(checkout.resolve(".spillway"));
        final String ask = "ROOT=" + checkout + " LOCAL=" + checkout + "/deploy/local STAMP=" + checkout
            + "/.spillway/build.stamp; stale && echo stale || echo fresh";
        assertThat(bash(ask, Map.of()).out()).isEqualTo("stale");
        final String stamp = "touch -d '+1 minute' " + checkout + "/.spillway/build.stamp; ";
        assertThat(bash(stamp + ask, Map.of()).out()).isEqualTo("fresh");
        Files.writeString(source.resolve("New.java"), "");
        assertThat(bash("touch -d '+2 minutes' " + source + "/New.java; " + ask, Map.of()).out()).isEqualTo("stale");
    }

    @Test
    void theTestsEndWithOneLineThatSumsUp() throws Exception {
        Files.writeString(folder.resolve("test.log"), """
            [INFO] Tests run: 3, Failures: 0, Errors: 0, Skipped: 0, Time elapsed: 1 s -- in a.ATest
            [INFO] Tests run: 3, Failures: 0, Errors: 0, Skipped: 0
            [ERROR] b.BTest.fails -- Time elapsed: 0 s <<< FAILURE!
            [ERROR] Tests run: 5, Failures: 1, Errors: 1, Skipped: 2
            [ERROR] Failed to execute goal surefire on project b
            """);
        final String setting = "WORK=" + folder + "; ";
        assertThat(bash(setting + "summarise 12 0", Map.of()).err().strip())
            .isEqualTo("spillway: PASSED: 8 tests, 2 failed, 2 skipped, in 12 s");
        assertThat(bash(setting + "summarise 12 1", Map.of()).err().lines()).containsExactly(
            "[ERROR] Failed to execute goal surefire on project b",
            "[ERROR] b.BTest.fails -- Time elapsed: 0 s <<< FAILURE!",
            "spillway: FAILED: 8 tests, 2 failed, 2 skipped, in 12 s; the whole log is in " + folder.resolve("test.log"));
    }

    @Test
    void unknownUseShowsTheUsage() throws Exception {
        final Outcome outcome = run(List.of(SCRIPT.toString()), Map.of());
        assertThat(outcome.status()).isEqualTo(2);
        assertThat(outcome.err()).contains("usage: spillway COMMAND");
        assertThat(outcome.out()).isEmpty();
    }

    private Path jdk(final String where, final String version) throws IOException {
        final Path home = folder.resolve(where);
        Files.createDirectories(home.resolve("bin"));
        Files.writeString(home.resolve("release"), "IMPLEMENTOR=\"Test\"\nJAVA_VERSION=\"" + version + "\"\n");
        for (final String tool : List.of("java", "javac")) {
            final Path file = Files.writeString(home.resolve("bin").resolve(tool), "#!/bin/sh\nexit 9\n");
            assertThat(file.toFile().setExecutable(true)).isTrue();
        }
        return home;
    }

    private Outcome find(final Map<String, String> environment) throws Exception {
        return bash(SHOW, environment);
    }

    /** Runs {@code code} with the script's functions; only the JDKs under {@code jvm} of the test's folder can be found. */
    private Outcome bash(final String code, final Map<String, String> environment) throws Exception {
        return run(List.of("bash", "-c", ". " + SCRIPT + "; set +e; " + code), environment);
    }

    private Outcome run(final List<String> command, final Map<String, String> environment) throws Exception {
        final Path out = folder.resolve("out.txt");
        final Path err = folder.resolve("err.txt");
        final Path tools = tools();
        final ProcessBuilder builder = new ProcessBuilder(command).redirectOutput(out.toFile()).redirectError(err.toFile());
        builder.environment().remove("JAVA_HOME");
        builder.environment().put("PATH", tools.toString());
        builder.environment().put("SPILLWAY_JDK_PLACES", folder.resolve("jvm").toString());
        environment.forEach((key, value) -> builder.environment().put(key, key.equals("PATH")
            ? value.replace(":/usr/bin:/bin", ":" + tools) : value));
        final Process process = builder.start();
        assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
        return new Outcome(process.exitValue(), Files.readString(out).strip(), Files.readString(err));
    }

    /** A folder with the tools that the script uses and nothing else: no java, no mvn. */
    private Path tools() throws IOException {
        final Path tools = Files.createDirectories(folder.resolve("tools"));
        for (final String tool : List.of("bash", "sed", "head", "dirname", "readlink", "tr", "find", "ls", "touch", "date", "sh", "cat", "awk", "grep", "sort", "tail")) {
            if (!Files.exists(tools.resolve(tool))) {
                final Path real = Files.exists(Path.of("/bin", tool)) ? Path.of("/bin", tool) : Path.of("/usr/bin", tool);
                final Path stand = Files.writeString(tools.resolve(tool), "#!/bin/sh\nexec " + real + " \"$@\"\n");
                assertThat(stand.toFile().setExecutable(true)).isTrue();
            }
        }
        return tools;
    }
}
