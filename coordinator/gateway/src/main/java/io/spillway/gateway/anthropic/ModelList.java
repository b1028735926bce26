package io.spillway.gateway.anthropic;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.domain.cluster.ModelDescriptor;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.gateway.http.HttpCall;
import io.spillway.gateway.json.Json;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** The models as this API lists them, in pages. Immutable; any thread. */
final class ModelList {
    private static final int LIMIT_USUAL = 20;
    private static final int LIMIT_MAX = 1000;

    private final List<ModelDescriptor> models;
    private final String createdAt;

    /** @param startedSeconds stands for when each was made, which nobody knows; since the epoch */
    ModelList(final List<ModelDescriptor> models, final long startedSeconds) {
        this.models = models;
        this.createdAt = Instant.ofEpochSecond(startedSeconds).toString();
    }

    /** @throws SpillwayException for a page that cannot be: {@code limit}, {@code after_id}, {@code before_id} */
    ObjectNode page(final HttpCall call) {
        final int limit = limit(call);
        final Optional<Integer> after = place(call, "after_id");
        final Optional<Integer> before = place(call, "before_id");
        final int end = Math.min(models.size(), before.orElse(models.size()));
        final int from = after.map(place -> place + 1).orElse(before.isPresent() ? Math.max(0, end - limit) : 0);
        final int to = Math.max(from, Math.min(end, from + limit));
        final ObjectNode page = Json.object();
        final ArrayNode list = page.putArray("data");
        models.subList(from, to).forEach(model -> list.add(json(model)));
        page.put("has_more", before.isPresent() ? from > 0 : to < models.size());
        page.put("first_id", from < to ? models.get(from).id().value() : null);
        return page.put("last_id", from < to ? models.get(to - 1).id().value() : null);
    }

    private static int limit(final HttpCall call) {
        final String limit = call.query("limit").orElse(Integer.toString(LIMIT_USUAL));
        if (!limit.matches("[1-9][0-9]{0,3}") || Integer.parseInt(limit) > LIMIT_MAX) {
            throw SpillwayException.ofField(ErrorCode.INVALID_VALUE, "limit", "Invalid 'limit': expected 1 to " + LIMIT_MAX + ".");
        }
        return Integer.parseInt(limit);
    }

    private Optional<Integer> place(final HttpCall call, final String name) {
        return call.query(name).map(id -> {
            for (int place = 0; place < models.size(); place++) {
                if (models.get(place).id().value().equals(id)) {
                    return place;
                }
            }
            throw SpillwayException.ofField(ErrorCode.INVALID_VALUE, name, "Invalid '" + name + "': there is no such model.");
        });
    }

    /** @throws SpillwayException {@code MODEL_NOT_FOUND} */
    ObjectNode one(final String name) {
        return models.stream().filter(model -> model.id().value().equals(name)).findFirst().map(this::json)
            .orElseThrow(() -> MessagesBody.unknownModel(name));
    }

    private ObjectNode json(final ModelDescriptor model) {
        final String id = model.id().value();
        return Json.object().put("type", "model").put("id", id).put("display_name", id).put("created_at", createdAt)
            .put("lifecycle", "active").put("max_input_tokens", model.contextTokens()).put("max_tokens", model.contextTokens());
    }
}
