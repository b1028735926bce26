package io.spillway.gateway;

import io.spillway.coordinator.admission.RequestLine;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.request.GenerationRequest;
import io.spillway.domain.time.EpochClock;
import io.spillway.domain.time.NanoClock;
import io.spillway.gateway.batch.BatchService;
import io.spillway.gateway.chat.ChatService;
import io.spillway.gateway.chat.RequestIds;
import io.spillway.gateway.files.AdoptedDirectory;
import io.spillway.gateway.files.DirectoryFiles;
import io.spillway.gateway.files.FilesApi;
import io.spillway.gateway.files.UploadSpooling;
import io.spillway.gateway.http.BodySpooling;
import io.spillway.gateway.http.ErrorRenderer;
import io.spillway.gateway.http.Router.Route;
import io.spillway.gateway.limits.RateLimits;
import io.spillway.gateway.openai.ApiKeys;
import io.spillway.gateway.prefix.PromptMemory;
import io.spillway.gateway.runs.AgentRuns;
import java.util.ArrayList;
import java.util.List;

/** What a gateway does besides answering: keeping files, and running batches while it leads. */
final class Background implements AutoCloseable {
    private static final long IDLE_PROMPT_BYTES_MAX = 4L << 20;

    private final AdoptedDirectory adopted;
    private final BatchService batches;
    private final List<Route> routes = new ArrayList<>();
    private final BodySpooling spooling;

    /**
     * Begins.
     *
     * @param idleRoutes the gateway's own routes over {@link #idle} of its line
     * @throws SpillwayException {@code INVALID_CONFIG} when other replicas keep their files elsewhere
     */
    Background(
        final Gateway.Shared shared, final Gateway.Parts parts, final ApiKeys keys, final List<Route> idleRoutes,
        final ErrorRenderer errors) {
        this.adopted = new AdoptedDirectory(shared.log(), shared.directory(), shared.onMismatch());
        adopted.start();
        final RequestIds ids = new RequestIds(parts.random().get());
        final DirectoryFiles files = new DirectoryFiles(shared.directory(), shared.files(), parts.epochClock());
        new FilesApi(files, shared.files(), keys, ids).routes().stream().map(adopted::guarded).forEach(routes::add);
        this.spooling = new UploadSpooling(keys, shared.directory(), shared.files());
        this.batches = BatchService.start(shared.batches(), new BatchService.Parts(shared.log(),
            new BatchService.Storage(shared.directory(), files, adopted), keys, ids, idleRoutes, errors,
            model -> parts.models().apply(model).isPresent(), new BatchService.Clocks(parts.epochClock(), parts.nanoClock())));
        routes.addAll(batches.routes());
    }

    /** @return the same line, whose requests run from idle capacity only */
    static RequestLine idle(final RequestLine line) {
        return (request, listener) -> line.submit(request.withPriority(GenerationRequest.IDLE_PRIORITY), listener);
    }

    /** What is remembered of batches' requests: apart from the agents', so that many lines do not displace them; no rates. */
    static ChatService.Soft soft(final EpochClock clock) {
        return new ChatService.Soft(new AgentRuns(new AgentRuns.Limits(64, 128, 64)), new PromptMemory(IDLE_PROMPT_BYTES_MAX),
            new RateLimits(RateLimits.Limits.NONE, NanoClock.SYSTEM), clock);
    }

    List<Route> routes() {
        return routes;
    }

    BodySpooling spooling() {
        return spooling;
    }

    int runningBatches() {
        return batches.running();
    }

    @Override
    public void close() {
        batches.close();
        adopted.close();
    }
}
