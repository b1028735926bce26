package io.spillway.gateway.batch;

import io.spillway.coordinator.state.ReplicatedLog;
import io.spillway.domain.id.ModelId;
import io.spillway.domain.time.EpochClock;
import io.spillway.domain.time.NanoClock;
import io.spillway.gateway.chat.RequestIds;
import io.spillway.gateway.files.AdoptedDirectory;
import io.spillway.gateway.files.DirectoryFiles;
import io.spillway.gateway.files.SharedDirectory;
import io.spillway.gateway.http.ErrorRenderer;
import io.spillway.gateway.http.LocalCalls;
import io.spillway.gateway.http.Router;
import io.spillway.gateway.http.Router.Route;
import io.spillway.gateway.openai.ApiKeys;
import java.util.List;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** Batches of one replica: their routes, and the work on them while it leads. Works from {@link #start} until {@link #close}. */
public final class BatchService implements AutoCloseable {
    /** Paths that lines may go to, where this gateway has them. */
    private static final Set<String> ENDPOINTS =
        Set.of("/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/v1/responses");

    private final BatchesApi api;
    private final BatchRunner runner;
    private final AdoptedDirectory adopted;

    /**
     * What batches work with.
     *
     * @param routes what lines are asked of: the gateway's own routes, over a request line of lowest priority
     * @param models whether a model is known
     */
    public record Parts(
        ReplicatedLog log, Storage storage, ApiKeys keys, RequestIds ids, List<Route> routes, ErrorRenderer errors,
        Predicate<ModelId> models, Clocks clocks) {
    }

    /** Where files are. */
    public record Storage(SharedDirectory directory, DirectoryFiles files, AdoptedDirectory adopted) {
    }

    /** The clocks: one says when a batch expires, the other how long to wait. */
    public record Clocks(EpochClock epoch, NanoClock nano) {
    }

    private BatchService(final BatchesApi api, final BatchRunner runner, final AdoptedDirectory adopted) {
        this.api = api;
        this.runner = runner;
        this.adopted = adopted;
    }

    /** Begins to work. */
    public static BatchService start(final BatchLimits limits, final Parts parts) {
        final BatchLog log = new BatchLog(parts.log(), parts.ids());
        final Workplace place = new Workplace(parts.storage().directory(), parts.storage().files());
        final SortedSet<String> endpoints = parts.routes().stream().filter(route -> route.method().equals("POST"))
            .map(Route::pattern).filter(ENDPOINTS::contains).collect(Collectors.toCollection(TreeSet::new));
        final BatchesApi api = new BatchesApi(log, place, parts.keys(), parts.ids(), endpoints);
        final LineCaller caller = new LineCaller(
            new LocalCalls(new Router(parts.routes()), parts.errors(), parts.clocks().nano()), parts.errors());
        final BatchRunner runner = new BatchRunner(new BatchRun.Parts(log, place, caller,
            model -> model.matches("[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,199}") && parts.models().test(new ModelId(model)), limits,
            parts.ids(), parts.clocks().epoch()), parts.storage(), parts.clocks().nano());
        runner.start();
        return new BatchService(api, runner, parts.storage().adopted());
    }

    /** @return create, list, retrieve and cancel */
    public List<Route> routes() {
        return api.routes().stream().map(adopted::guarded).toList();
    }

    /** @return batches that are worked on here */
    public int running() {
        return runner.running();
    }

    /** Stops working, and leaves what runs to the next leader. */
    @Override
    public void close() {
        runner.close();
    }
}
