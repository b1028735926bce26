package io.spillway.gateway.responses;

import io.spillway.domain.time.EpochClock;
import io.spillway.domain.time.NanoClock;

/** What is kept of responses in this process, and what runs in its background. Any thread. Closing it ends what runs. */
public final class KeptResponses implements AutoCloseable {
    private final Conversations conversations;
    private final BackgroundRuns runs;

    /** @throws io.spillway.domain.error.SpillwayException {@code INVALID_CONFIG} when the directory cannot be used */
    public KeptResponses(final ResponsesConfig config, final EpochClock clock, final NanoClock nanos) {
        final ResponseStore store = config.directory().<ResponseStore>map(
            directory -> DirectoryStore.open(directory, config.kept(), clock)).orElseGet(() -> new MemoryStore(config.kept(), clock));
        this.conversations = new Conversations(store, clock);
        this.runs = new BackgroundRuns(config, clock, nanos);
    }

    Conversations conversations() {
        return conversations;
    }

    BackgroundRuns runs() {
        return runs;
    }

    /** Cancels what still runs and waits a few seconds for it to end. */
    @Override
    public void close() {
        runs.close();
    }
}
