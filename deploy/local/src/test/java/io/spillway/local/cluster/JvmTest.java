package io.spillway.local.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class JvmTest {
    @Test
    void aNewJvmHasOurFlagsOnceItsOwnHeapAndTheServersFlags() {
        System.setProperty("spillway.jvm.flags", "--add-modules=jdk.incubator.vector -Dextra=1");
        try {
            final List<String> command = Jvm.command("77m");
            assertThat(command.getFirst()).endsWith("/bin/java");
            assertThat(command).contains("-Dextra=1", "-Xmx77m", "-cp").doesNotContain("");
            assertThat(command.stream().filter(flag -> flag.equals("--add-modules=jdk.incubator.vector"))).hasSize(1);
            assertThat(command.stream().filter(flag -> flag.startsWith("-Xmx"))).hasSize(1);
            assertThat(command.getLast()).isEqualTo(System.getProperty("java.class.path"));
        } finally {
            System.clearProperty("spillway.jvm.flags");
        }
    }
}
