package io.spillway.coordinator.server;

import io.spillway.config.ConfigFile;
import io.spillway.domain.error.SpillwayException;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;

/** Runs one coordinator replica: {@code CoordinatorMain --config FILE}. */
public final class CoordinatorMain {
    private CoordinatorMain() {
    }

    /** Serves until the process is told to end. A wrong configuration is one line and status 2. */
    public static void main(final String[] args) throws InterruptedException {
        if (args.length != 2 || !args[0].equals("--config")) {
            System.err.println("spillway: usage: CoordinatorMain --config FILE");
            System.exit(2);
        }
        try {
            final CoordinatorServer server =
                CoordinatorServer.start(ConfigFile.load(Path.of(args[1]), CoordinatorConfig.class));
            Runtime.getRuntime().addShutdownHook(new Thread(server::close, "shutdown"));
            System.out.println("spillway: coordinator serves HTTP on port " + server.httpPort() + ", gRPC on port "
                + server.rpcPort());
        } catch (final SpillwayException e) {
            System.err.println("spillway: " + e.field().map(field -> field + ": ").orElse("") + e.getMessage());
            System.exit(2);
        }
        new CountDownLatch(1).await();
    }
}
