package io.spillway.gateway.files;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.id.FileId;
import io.spillway.domain.id.TenantId;
import io.spillway.gateway.chat.RequestIds;
import io.spillway.gateway.http.BodyWriter;
import io.spillway.gateway.http.HttpAnswer;
import io.spillway.gateway.http.HttpExchange;
import io.spillway.gateway.http.Router.Route;
import io.spillway.gateway.json.Fields;
import io.spillway.gateway.json.Json;
import io.spillway.gateway.openai.ApiKeys;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The routes of {@code /v1/files}. Any thread. */
public final class FilesApi {
    /** Where files are uploaded and listed. */
    public static final String FILES = "/v1/files";
    /** Shortest time a file may be kept for. */
    public static final long KEEP_SECONDS_MIN = 3_600;
    /** Longest time a file may be kept for, when it is to go by itself. */
    public static final long KEEP_SECONDS_MAX = 2_592_000;
    private static final Logger LOG = LoggerFactory.getLogger(FilesApi.class);
    private static final String CONTENT = "/content";
    private static final int LIST_MAX = 10_000;
    private static final int PIECE_BYTES = 64 << 10;

    private final FileStore store;
    private final FileLimits limits;
    private final ApiKeys keys;
    private final RequestIds ids;

    public FilesApi(final FileStore store, final FileLimits limits, final ApiKeys keys, final RequestIds ids) {
        this.store = store;
        this.limits = limits;
        this.keys = keys;
        this.ids = ids;
    }

    /** @return upload, list, retrieve, content and delete */
    public List<Route> routes() {
        return List.of(
            new Route("POST", FILES, onDisk(this::upload), true),
            new Route("GET", FILES, onDisk(this::list), true),
            new Route("GET", FILES + "/*", onDisk(this::get), true),
            new Route("DELETE", FILES + "/*", onDisk(this::delete), true));
    }

    private interface DiskHandler {
        void handle(HttpExchange exchange) throws IOException;
    }

    private static io.spillway.gateway.http.HttpHandler onDisk(final DiskHandler handler) {
        return exchange -> {
            try {
                handler.handle(exchange);
            } catch (final IOException e) {
                LOG.error("the shared directory failed request {}", exchange.id(), e);
                throw new SpillwayException(ErrorCode.OVERLOADED, "Files cannot be reached at the moment; try again", e);
            }
        };
    }

    private void upload(final HttpExchange exchange) throws IOException {
        final TenantId tenant = keys.tenant(exchange.call());
        try (UploadForm form = UploadForm.read(exchange.call(), store.uploads(), limits.fileBytesMax())) {
            final String named = form.field("purpose").orElseThrow(() ->
                SpillwayException.ofField(ErrorCode.MISSING_FIELD, "purpose", "Missing required parameter: 'purpose'."));
            final FilePurpose purpose = FilePurpose.of(named).filter(FilePurpose::uploadable).orElseThrow(() ->
                SpillwayException.ofField(ErrorCode.INVALID_VALUE, "purpose",
                    "Invalid 'purpose': it is not one of batch, user_data, assistants, vision, fine-tune."));
            if (java.nio.file.Files.size(form.file()) == 0) {
                throw SpillwayException.ofField(ErrorCode.INVALID_VALUE, "file", "Invalid 'file': it is empty.");
            }
            final StoredFile stored = store.add(new FileStore.NewFile(
                new FileId(ids.next("file-")), tenant, form.fileName(), purpose, keepSeconds(form)), form.file());
            exchange.respond(HttpAnswer.of(200, HttpAnswer.JSON, Json.bytes(json(stored))));
        }
    }

    /** Clients write nested form fields with brackets, or as JSON. */
    private static OptionalLong keepSeconds(final UploadForm form) {
        final ObjectNode nested = Json.object();
        final Optional<String> whole = form.field("expires_after");
        if (whole.isPresent()) {
            nested.set("expires_after", Json.parse(whole.get().getBytes(StandardCharsets.UTF_8)));
        } else if (form.field("expires_after[seconds]").isPresent() || form.field("expires_after[anchor]").isPresent()) {
            final ObjectNode after = nested.putObject("expires_after");
            form.field("expires_after[anchor]").ifPresent(anchor -> after.put("anchor", anchor));
            form.field("expires_after[seconds]").ifPresent(seconds -> {
                if (!seconds.matches("\\d{1,9}")) {
                    throw SpillwayException.ofField(ErrorCode.INVALID_TYPE, "expires_after.seconds",
                        "Invalid type for 'expires_after.seconds': expected an integer.");
                }
                after.put("seconds", Long.parseLong(seconds));
            });
        }
        return keepSeconds(Fields.parse(Json.bytes(nested)), "expires_after");
    }

    /** @return how long a file is to be kept, from an object {@code {"anchor":"created_at","seconds":N}} */
    public static OptionalLong keepSeconds(final Fields body, final String name) {
        final Optional<Fields> after = body.object(name);
        if (after.isEmpty()) {
            return OptionalLong.empty();
        }
        if (!after.get().requiredText("anchor").equals("created_at")) {
            throw after.get().invalid("anchor", "it must be created_at.");
        }
        final var seconds = after.get().integer("seconds", (int) KEEP_SECONDS_MIN, (int) KEEP_SECONDS_MAX);
        return OptionalLong.of(seconds.orElseThrow(() -> after.get().missing("seconds")));
    }

    private void list(final HttpExchange exchange) throws IOException {
        final TenantId tenant = keys.tenant(exchange.call());
        final PageQuery page = PageQuery.of(exchange.call(), LIST_MAX, LIST_MAX);
        final Optional<String> purpose = exchange.call().query("purpose");
        final List<StoredFile> files = store.list(tenant).stream()
            .filter(file -> purpose.isEmpty() || file.purpose().text().equals(purpose.get())).toList();
        final PageQuery.Page<StoredFile> shown = page.of(files, file -> file.id().value());
        final ObjectNode answer = Json.object().put("object", "list");
        final ArrayNode data = answer.putArray("data");
        shown.items().forEach(file -> data.add(json(file)));
        answer.put("first_id", shown.items().isEmpty() ? "" : shown.items().getFirst().id().value());
        answer.put("last_id", shown.items().isEmpty() ? "" : shown.items().getLast().id().value());
        answer.put("has_more", shown.more());
        exchange.respond(HttpAnswer.of(200, HttpAnswer.JSON, Json.bytes(answer)));
    }

    private void get(final HttpExchange exchange) throws IOException {
        final TenantId tenant = keys.tenant(exchange.call());
        final String rest = exchange.call().path().substring(FILES.length() + 1);
        if (!rest.endsWith(CONTENT)) {
            exchange.respond(HttpAnswer.of(200, HttpAnswer.JSON, Json.bytes(json(find(tenant, rest)))));
            return;
        }
        final String id = rest.substring(0, rest.length() - CONTENT.length());
        final StoredFile file = find(tenant, id);
        try (FileChannel content = store.open(file).orElseThrow(() -> unknown(id))) {
            send(exchange, content);
        }
    }

    private static void send(final HttpExchange exchange, final FileChannel content) throws IOException {
        final long size = content.size();
        final BodyWriter out = exchange.body(
            new HttpAnswer(200, Map.of("content-type", "application/octet-stream"), new byte[0]), size);
        long sent = 0;
        while (sent < size) {
            final ByteBuffer piece = ByteBuffer.allocate((int) Math.min(PIECE_BYTES, size - sent));
            while (piece.hasRemaining()) {
                if (content.read(piece, sent + piece.position()) < 0) {
                    out.abort();
                    return;
                }
            }
            sent += piece.capacity();
            if (!out.write(piece.array())) {
                return;
            }
        }
        out.end();
    }

    private void delete(final HttpExchange exchange) throws IOException {
        final TenantId tenant = keys.tenant(exchange.call());
        final String id = exchange.call().path().substring(FILES.length() + 1);
        if (!FileId.fits(id) || !store.delete(tenant, new FileId(id))) {
            throw unknown(id);
        }
        exchange.respond(HttpAnswer.of(200, HttpAnswer.JSON,
            Json.bytes(Json.object().put("id", id).put("object", "file").put("deleted", true))));
    }

    private StoredFile find(final TenantId tenant, final String id) throws IOException {
        return (FileId.fits(id) ? store.find(tenant, new FileId(id)) : Optional.<StoredFile>empty())
            .orElseThrow(() -> unknown(id));
    }

    private static SpillwayException unknown(final String id) {
        return SpillwayException.ofField(ErrorCode.NOT_FOUND, "id",
            "No such File object: " + (FileId.fits(id) ? id : "that is not the id of a file"));
    }

    private static ObjectNode json(final StoredFile file) {
        final ObjectNode node = Json.object().put("id", file.id().value()).put("object", "file").put("bytes", file.bytes())
            .put("created_at", TimeUnit.MILLISECONDS.toSeconds(file.createdMillis()));
        file.expiresMillis().ifPresent(expires -> node.put("expires_at", TimeUnit.MILLISECONDS.toSeconds(expires)));
        return node.put("filename", file.name()).put("purpose", file.purpose().text()).put("status", "processed");
    }
}
