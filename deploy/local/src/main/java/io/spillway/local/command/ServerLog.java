package io.spillway.local.command;

import java.nio.file.Path;
import java.util.Optional;

/** Chooses where this JVM logs. Must run before the first logger is made, because the logging library reads its config once. */
final class ServerLog {
    private ServerLog() {
    }

    /** @return log file of a cluster that runs in one process */
    static Path file(final Path dataDir) {
        return dataDir.resolve("logs").resolve("cluster.log");
    }

    /** @param file log into it and keep the terminal free; empty: log to stdout, which the starter has pointed at the file */
    static void choose(final Optional<Path> file) {
        if (file.isPresent()) {
            System.setProperty("spillway.log", file.get().toString());
            System.setProperty("logback.configurationFile", "logback-file.xml");
        } else {
            System.setProperty("logback.configurationFile", "logback-server.xml");
        }
    }
}
