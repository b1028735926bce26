package io.spillway.gateway.batch;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.id.BatchId;
import io.spillway.domain.id.TenantId;
import io.spillway.gateway.http.ErrorRenderer;
import io.spillway.gateway.http.HttpAnswer;
import io.spillway.gateway.http.LocalCalls;
import io.spillway.gateway.json.Json;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Asks one line of the gateway's own routes, as its tenant would, at lowest priority. Any thread. */
final class LineCaller {
    private static final String IN_BATCH = "it cannot be had in a batch: the answer is written to a file.";

    private final LocalCalls calls;
    private final ErrorRenderer errors;

    LineCaller(final LocalCalls calls, final ErrorRenderer errors) {
        this.calls = calls;
        this.errors = errors;
    }

    /** A line on its way. {@link #run} belongs to one thread; {@link #cancel} may come from any. */
    interface Call {
        HttpAnswer run();

        void cancel();
    }

    /** What a line belongs to. */
    record Batch(BatchId id, TenantId tenant, String endpoint) {
    }

    Call call(final Batch batch, final String requestId, final ObjectNode body) {
        for (final String field : List.of("stream", "background")) {
            if (body.path(field).asBoolean(false)) {
                final HttpAnswer refusal = errors.render(asked(batch, requestId), SpillwayException.ofField(
                    ErrorCode.UNSUPPORTED, field, "Unsupported '" + field + "': " + IN_BATCH));
                return new Refused(refusal);
            }
        }
        final LocalCalls.LocalCall call = calls.call(new LocalCalls.Order(requestId, batch.tenant(), "POST", batch.endpoint(),
            Map.of("content-type", HttpAnswer.JSON, "x-run-id", batch.id().value()), Json.bytes(body)));
        return new Call() {
            @Override
            public HttpAnswer run() {
                final Optional<HttpAnswer> answer = call.run();
                return answer.orElseGet(() -> errors.render(asked(batch, requestId),
                    SpillwayException.ofField(ErrorCode.UNSUPPORTED, "stream", "Unsupported 'stream': " + IN_BATCH)));
            }

            @Override
            public void cancel() {
                call.cancel();
            }
        };
    }

    private static ErrorRenderer.Asked asked(final Batch batch, final String requestId) {
        return new ErrorRenderer.Asked(batch.endpoint(), requestId, header -> Optional.empty());
    }

    /** A line that need not be asked. */
    private record Refused(HttpAnswer answer) implements Call {
        @Override
        public HttpAnswer run() {
            return answer;
        }

        @Override
        public void cancel() {
            // Nothing runs.
        }
    }
}
