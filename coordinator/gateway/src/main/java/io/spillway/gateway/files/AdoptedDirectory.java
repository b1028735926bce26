package io.spillway.gateway.files;

import io.spillway.coordinator.state.Command;
import io.spillway.coordinator.state.CommandResult;
import io.spillway.coordinator.state.ReplicatedLog;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.gateway.http.Router.Route;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes sure that all replicas keep files in the same directory: the mark of the first one is in the replicated state, and a replica
 * that has another serves no files and says so. Until the log has confirmed the mark, files are not served either. Any thread.
 */
public final class AdoptedDirectory implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(AdoptedDirectory.class);
    private static final long AGAIN_MILLIS = 500;

    private final ReplicatedLog log;
    private final SharedDirectory directory;
    private final Consumer<SpillwayException> onMismatch;
    private final CountDownLatch closed = new CountDownLatch(1);
    private volatile boolean adopted;

    /** @param onMismatch told once when the cluster keeps its files elsewhere: this replica must not serve */
    public AdoptedDirectory(
        final ReplicatedLog log, final SharedDirectory directory, final Consumer<SpillwayException> onMismatch) {
        this.log = log;
        this.directory = directory;
        this.onMismatch = onMismatch;
    }

    /**
     * Begins to ask.
     *
     * @throws SpillwayException {@code INVALID_CONFIG} when it is known already that the cluster keeps its files elsewhere
     */
    public void start() {
        final String known = log.view().filesDirectory();
        if (!known.isEmpty() && !known.equals(directory.mark())) {
            throw mismatch(known);
        }
        adopted = !known.isEmpty();
        if (!adopted) {
            Thread.ofVirtual().name("adopt-files").start(this::ask);
        }
    }

    private void ask() {
        try {
            do {
                final CommandResult result = once();
                if (result instanceof CommandResult.Done) {
                    adopted = true;
                    return;
                }
                if (result instanceof CommandResult.Refused(ErrorCode code, String detail) && code == ErrorCode.IDENTITY_MISMATCH) {
                    onMismatch.accept(mismatch(log.view().filesDirectory()));
                    return;
                }
            } while (!closed.await(AGAIN_MILLIS, TimeUnit.MILLISECONDS));
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** @return null when no leader answered: the same mark may be proposed any number of times */
    private CommandResult once() {
        try {
            return log.propose("adopt-files-" + directory.mark(), new Command.AdoptFiles(directory.mark())).join();
        } catch (final RuntimeException e) {
            LOG.info("the files in {} wait for the log: {}", directory, e.getMessage());
            return null;
        }
    }

    private SpillwayException mismatch(final String known) {
        return SpillwayException.ofField(ErrorCode.INVALID_CONFIG, "files.directory", "all replicas must share one directory: the cluster's"
            + " is marked " + known + ", and " + directory + " is marked " + directory.mark());
    }

    /** @return whether files may be served */
    public boolean adopted() {
        return adopted;
    }

    /** @return the same route, answering 503 until files may be served */
    public Route guarded(final Route route) {
        return route.with(exchange -> {
            if (!adopted) {
                throw new SpillwayException(ErrorCode.NO_LEADER, "The cluster has not confirmed yet where its files are; try again");
            }
            route.handler().handle(exchange);
        });
    }

    @Override
    public void close() {
        closed.countDown();
    }
}
