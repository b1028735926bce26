package io.spillway.local.cluster;

import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** How to start another JVM like this one. */
public final class Jvm {
    private Jvm() {
    }

    /**
     * @param heap most heap of the new JVM, as in {@code -Xmx}
     * @return this JVM's executable, its flags and those that servers need (heap replaced, debug agents left out) and class path;
     *     the main class follows
     */
    public static List<String> command(final String heap) {
        final Set<String> flags = new LinkedHashSet<>(ManagementFactory.getRuntimeMXBean().getInputArguments());
        flags.removeIf(flag -> flag.startsWith("-Xmx") || flag.startsWith("-agentlib") || flag.startsWith("-javaagent"));
        flags.addAll(List.of(System.getProperty("spillway.jvm.flags", "").strip().split("\\s+")));
        flags.remove("");
        final List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(flags);
        command.addAll(List.of("-Xmx" + heap, "-Dlogback.configurationFile=logback-server.xml", "-cp", System.getProperty("java.class.path")));
        return command;
    }
}
