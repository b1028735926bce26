package io.spillway.kvstore.server;

import io.spillway.config.ConfigFile;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.error.Unworded;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;

/** Runs one store: {@code StoreMain --config FILE}. */
public final class StoreMain {
    private StoreMain() {
    }

    /** Serves until the process is told to end. A wrong configuration is one line and status 2. */
    public static void main(final String[] args) throws InterruptedException {
        if (args.length != 2 || !args[0].equals("--config")) {
            System.err.println("spillway: usage: StoreMain --config FILE");
            System.exit(2);
        }
        Unworded.logUncaught();
        try {
            final StoreServer server = StoreServer.start(ConfigFile.load(Path.of(args[1]), StoreConfig.class));
            Runtime.getRuntime().addShutdownHook(new Thread(server::close, "shutdown"));
            System.out.println("spillway: " + server.descriptor());
        } catch (final SpillwayException e) {
            System.err.println("spillway: " + e.field().map(field -> field + ": ").orElse("") + e.getMessage());
            System.exit(2);
        }
        new CountDownLatch(1).await();
    }
}
