package io.spillway.local.cluster;

import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** How to start another JVM like this one. */
public final class Jvm {
    private Jvm() {
    }

    /**
     * @param heap most heap of the new JVM, as in {@code -Xmx}
     * @return this JVM's executable, flags (heap replaced, debug agents left out) and class path; the main class follows
     */
    public static List<String> command(final String heap) {
        final List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        for (final String flag : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
            if (!flag.startsWith("-Xmx") && !flag.startsWith("-agentlib") && !flag.startsWith("-javaagent")) {
                command.add(flag);
            }
        }
        command.addAll(List.of("-Xmx" + heap, "-Dlogback.configurationFile=logback-server.xml", "-cp", System.getProperty("java.class.path")));
        return command;
    }
}
