package io.spillway.gateway.batch;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.coordinator.batch.BatchChange;
import io.spillway.coordinator.batch.BatchJob;
import io.spillway.coordinator.batch.BatchOrder;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.id.BatchId;
import io.spillway.domain.id.FileId;
import io.spillway.domain.id.TenantId;
import io.spillway.gateway.chat.RequestIds;
import io.spillway.gateway.files.FilePurpose;
import io.spillway.gateway.files.FilesApi;
import io.spillway.gateway.files.PageQuery;
import io.spillway.gateway.files.StoredFile;
import io.spillway.gateway.http.HttpAnswer;
import io.spillway.gateway.http.HttpExchange;
import io.spillway.gateway.http.Router.Route;
import io.spillway.gateway.json.Fields;
import io.spillway.gateway.json.Json;
import io.spillway.gateway.openai.ApiKeys;
import io.spillway.gateway.openai.Idempotency;
import java.io.IOException;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/** The routes of {@code /v1/batches}. Any replica serves them; the leading one does the work. Any thread. */
final class BatchesApi {
    private static final String BATCHES = "/v1/batches";
    private static final String CANCEL = "/cancel";
    private static final String WINDOW = "24h";
    private static final long WINDOW_MILLIS = TimeUnit.HOURS.toMillis(24);
    private static final int LIST_USUAL = 20;
    private static final int LIST_MAX = 100;

    private final BatchLog log;
    private final Workplace place;
    private final ApiKeys keys;
    private final RequestIds ids;
    private final SortedSet<String> endpoints;

    /** @param endpoints paths that lines may go to */
    BatchesApi(
        final BatchLog log, final Workplace place, final ApiKeys keys, final RequestIds ids, final SortedSet<String> endpoints) {
        this.log = log;
        this.place = place;
        this.keys = keys;
        this.ids = ids;
        this.endpoints = endpoints;
    }

    List<Route> routes() {
        return List.of(
            new Route("POST", BATCHES, this::create, true),
            new Route("GET", BATCHES, this::list, true),
            new Route("GET", BATCHES + "/*", this::retrieve, true),
            new Route("POST", BATCHES + "/*", this::cancel, true));
    }

    private void create(final HttpExchange exchange) {
        final TenantId tenant = keys.tenant(exchange.call());
        final Fields body = Fields.parse(exchange.call().body());
        final String fileId = body.requiredText("input_file_id");
        final String endpoint = body.requiredText("endpoint");
        if (!endpoints.contains(endpoint)) {
            throw body.invalid("endpoint", "it is not one of " + String.join(", ", endpoints) + ".");
        }
        if (!body.requiredText("completion_window").equals(WINDOW)) {
            throw body.invalid("completion_window", "it must be " + WINDOW + ".");
        }
        final SortedMap<String, String> metadata = metadata(body);
        final var keep = FilesApi.keepSeconds(body, "output_expires_after");
        final Optional<String> named = Idempotency.id("batch_", exchange.call(), tenant);
        final BatchId id = new BatchId(named.orElseGet(() -> ids.next("batch_")));
        if (log.job(id).isEmpty()) {
            prepare(id, tenant, fileId);
            log.create(new BatchChange.Create(
                id, new BatchOrder(tenant, new FileId(fileId), endpoint, WINDOW_MILLIS, metadata, keep)), named.isPresent());
        }
        respond(exchange, find(tenant, id.value()));
    }

    private void prepare(final BatchId id, final TenantId tenant, final String fileId) {
        try {
            final Optional<StoredFile> input =
                FileId.fits(fileId) ? place.files().find(tenant, new FileId(fileId)) : Optional.empty();
            if (input.isPresent() && input.get().purpose() != FilePurpose.BATCH) {
                throw SpillwayException.ofField(ErrorCode.INVALID_VALUE, "input_file_id",
                    "Invalid 'input_file_id': the file was uploaded for " + input.get().purpose().text() + ", not for batch.");
            }
            if (input.isEmpty() || !place.prepare(id, input.get())) {
                throw SpillwayException.ofField(ErrorCode.INVALID_VALUE, "input_file_id",
                    "Invalid 'input_file_id': there is no such file.");
            }
        } catch (final IOException e) {
            throw new SpillwayException(ErrorCode.OVERLOADED, "Files cannot be reached at the moment; try again", e);
        }
    }

    private static SortedMap<String, String> metadata(final Fields body) {
        final SortedMap<String, String> metadata = new TreeMap<>();
        final Optional<Fields> given = body.object("metadata");
        if (given.isEmpty()) {
            return metadata;
        }
        for (final String key : given.get().toMap().keySet()) {
            final String value = given.get().text(key).orElse("");
            if (key.length() > BatchOrder.METADATA_KEY_CHARS_MAX || value.length() > BatchOrder.METADATA_VALUE_CHARS_MAX) {
                throw body.invalid("metadata", "keys have at most " + BatchOrder.METADATA_KEY_CHARS_MAX + " characters, values "
                    + BatchOrder.METADATA_VALUE_CHARS_MAX + ".");
            }
            metadata.put(key, value);
        }
        if (metadata.size() > BatchOrder.METADATA_MAX) {
            throw body.invalid("metadata", "it has at most " + BatchOrder.METADATA_MAX + " entries.");
        }
        return metadata;
    }

    private void list(final HttpExchange exchange) {
        final TenantId tenant = keys.tenant(exchange.call());
        final List<BatchJob> jobs = log.replicated().view().batches().values().stream()
            .filter(job -> job.order().tenant().equals(tenant))
            .sorted(Comparator.comparingLong((BatchJob job) -> job.times().createdMillis()).thenComparing(BatchJob::id).reversed())
            .toList();
        final PageQuery.Page<BatchJob> page = PageQuery.of(exchange.call(), LIST_USUAL, LIST_MAX).of(jobs, job -> job.id().value());
        final ObjectNode answer = Json.object().put("object", "list");
        final ArrayNode data = answer.putArray("data");
        page.items().forEach(job -> data.add(BatchJson.of(job)));
        if (!page.items().isEmpty()) {
            answer.put("first_id", page.items().getFirst().id().value());
            answer.put("last_id", page.items().getLast().id().value());
        }
        answer.put("has_more", page.more());
        exchange.respond(HttpAnswer.of(200, HttpAnswer.JSON, Json.bytes(answer)));
    }

    private void retrieve(final HttpExchange exchange) {
        final TenantId tenant = keys.tenant(exchange.call());
        respond(exchange, find(tenant, exchange.call().path().substring(BATCHES.length() + 1)));
    }

    private void cancel(final HttpExchange exchange) {
        final TenantId tenant = keys.tenant(exchange.call());
        final String rest = exchange.call().path().substring(BATCHES.length() + 1);
        if (!rest.endsWith(CANCEL)) {
            throw new SpillwayException(ErrorCode.UNKNOWN_PATH, "Unknown request URL: POST " + exchange.call().path());
        }
        final BatchId id = find(tenant, rest.substring(0, rest.length() - CANCEL.length())).id();
        log.propose(new BatchChange.Cancel(id, tenant));
        respond(exchange, find(tenant, id.value()));
    }

    private BatchJob find(final TenantId tenant, final String id) {
        return (BatchId.fits(id) ? log.job(new BatchId(id)) : Optional.<BatchJob>empty())
            .filter(job -> job.order().tenant().equals(tenant))
            .orElseThrow(() -> SpillwayException.ofField(ErrorCode.NOT_FOUND, "id",
                "No batch found with id '" + (BatchId.fits(id) ? id : "that is not the id of a batch") + "'."));
    }

    private static void respond(final HttpExchange exchange, final BatchJob job) {
        exchange.respond(HttpAnswer.of(200, HttpAnswer.JSON, Json.bytes(BatchJson.of(job))));
    }
}
