package io.spillway.gateway.openai;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.request.Pooling;
import io.spillway.gateway.chat.EmbeddingRequest;
import io.spillway.gateway.chat.Embeddings;
import io.spillway.gateway.json.Fields;
import io.spillway.gateway.json.Json;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Base64;
import java.util.OptionalInt;

/**
 * A request for embeddings as it was asked for, and its answer.
 *
 * @param dimensions leading elements wanted; empty = all
 * @param isBase64   whether vectors are written as base64 of little-endian floats
 */
record EmbeddingBody(EmbeddingRequest request, OptionalInt dimensions, boolean isBase64) {
    private static final int INPUTS_MAX = 2048;
    private static final int DIMENSIONS_MAX = 1 << 20;

    static EmbeddingBody read(final Fields body, final ChatBody.Asker asker) {
        final EmbeddingRequest request = new EmbeddingRequest(asker.id(), asker.tenant(), asker.run(),
            ChatBody.model(body), PromptBody.read(body, "input", INPUTS_MAX), pooling(body), SamplingBody.priority(body));
        body.text("user");
        final String format = body.text("encoding_format").orElse("float");
        if (!format.equals("float") && !format.equals("base64")) {
            throw body.invalid("encoding_format", "'" + format + "' is not one of float, base64.");
        }
        return new EmbeddingBody(request, body.integer("dimensions", 1, DIMENSIONS_MAX), format.equals("base64"));
    }

    private static Pooling pooling(final Fields body) {
        return switch (body.text("pooling").orElse("last")) {
            case "last" -> Pooling.LAST;
            case "mean" -> Pooling.MEAN;
            default -> throw body.invalid("pooling", "expected last or mean.");
        };
    }

    /** @throws SpillwayException ABOVE_MAXIMUM when the vectors have fewer dimensions than wanted */
    ObjectNode answer(final Embeddings embeddings) {
        final ObjectNode answer = Json.object().put("object", "list").put("model", request.model().value());
        final ArrayNode list = answer.putArray("data");
        for (final float[] whole : embeddings.vectors()) {
            final float[] vector = cut(whole);
            final ObjectNode node = list.addObject().put("object", "embedding").put("index", list.size() - 1);
            if (isBase64) {
                node.put("embedding", base64(vector));
            } else {
                final ArrayNode elements = node.putArray("embedding");
                for (final float element : vector) {
                    elements.add(element);
                }
            }
        }
        final int tokens = embeddings.usage().usage().promptTokens();
        answer.putObject("usage").put("prompt_tokens", tokens).put("total_tokens", tokens);
        return answer;
    }

    /** @return the leading elements, made a vector of length 1 again */
    private float[] cut(final float[] vector) {
        if (dimensions.isEmpty() || dimensions.getAsInt() == vector.length) {
            return vector;
        }
        if (dimensions.getAsInt() > vector.length) {
            throw SpillwayException.ofField(ErrorCode.ABOVE_MAXIMUM, "dimensions",
                "Invalid 'dimensions': this model's embeddings have " + vector.length + ".");
        }
        final float[] cut = Arrays.copyOf(vector, dimensions.getAsInt());
        double squares = 0;
        for (final float element : cut) {
            squares += (double) element * element;
        }
        for (int i = 0; i < cut.length && squares > 0; i++) {
            cut[i] = (float) (cut[i] / Math.sqrt(squares));
        }
        return cut;
    }

    private static String base64(final float[] vector) {
        final ByteBuffer bytes = ByteBuffer.allocate(Float.BYTES * vector.length).order(ByteOrder.LITTLE_ENDIAN);
        for (final float element : vector) {
            bytes.putFloat(element);
        }
        return Base64.getEncoder().encodeToString(bytes.array());
    }
}
