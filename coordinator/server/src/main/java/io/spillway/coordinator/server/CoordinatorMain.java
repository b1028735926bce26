package io.spillway.coordinator.server;

import io.spillway.config.ConfigFile;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.error.Unworded;
import java.nio.file.Path;

/** Runs one coordinator replica: {@code CoordinatorMain --config FILE}. */
public final class CoordinatorMain {
    private CoordinatorMain() {
    }

    /**
     * Serves until the process is told to end. A wrong configuration is one line and status 2; a replica that cannot go on is one line
     * and status 1.
     */
    public static void main(final String[] args) {
        if (args.length != 2 || !args[0].equals("--config")) {
            System.err.println("spillway: usage: CoordinatorMain --config FILE");
            System.exit(2);
        }
        Unworded.logUncaught();
        try {
            final CoordinatorServer server =
                CoordinatorServer.start(ConfigFile.load(Path.of(args[1]), CoordinatorConfig.class));
            Runtime.getRuntime().addShutdownHook(new Thread(server::close, "shutdown"));
            System.out.println("spillway: coordinator serves HTTP on port " + server.httpPort() + ", gRPC on port "
                + server.rpcPort());
            final Throwable failure = server.awaitStop();
            System.err.println("spillway: coordinator cannot go on: " + failure.getMessage());
            System.exit(1);
        } catch (final SpillwayException e) {
            System.err.println("spillway: " + e.field().map(field -> field + ": ").orElse("") + e.getMessage());
            System.exit(2);
        }
    }
}
