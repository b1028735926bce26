package io.spillway.text;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * Brings messages from the shape that clients send into the one that a template wants. What a model wrote stays as it wrote it wherever the
 * template lets it, so that a rendered history gives the tokens that are cached.
 *
 * @param verbatimArguments the template takes a call's arguments as JSON text; else they become an object
 * @param partedContent     the template walks through a content's parts; else text parts are joined
 * @param shortCallIds      the template wants call ids of nine letters and digits
 */
record ChatShape(boolean verbatimArguments, boolean partedContent, boolean shortCallIds) {
    private static final ObjectMapper JSON = new ObjectMapper().enable(DeserializationFeature.USE_BIG_INTEGER_FOR_INTS);
    private static final Pattern TEXT_ARGUMENTS = Pattern.compile("arguments['\"]?]?\\s+is\\s+(not\\s+)?string");
    private static final Pattern CONTENT_LOOP = Pattern.compile("for\\s+\\w+\\s+in\\s+[\\w.\\[\\]'\"]*content\\b");
    private static final Pattern SHORT_IDS = Pattern.compile("length\\s*!=\\s*9\\b");
    private static final Pattern SHORT_ID = Pattern.compile("[a-zA-Z0-9]{9}");
    private static final String ID_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    private static final int SHORT_ID_CHARS = 9;

    static ChatShape of(final String template) {
        return new ChatShape(TEXT_ARGUMENTS.matcher(template).find(), CONTENT_LOOP.matcher(template).find(),
            SHORT_IDS.matcher(template).find());
    }

    /** @throws SpillwayException {@code UNSUPPORTED} for a content part that is no text */
    List<Map<String, Object>> messages(final List<Map<String, Object>> messages) {
        final List<Map<String, Object>> shaped = new ArrayList<>(messages.size());
        for (int i = 0; i < messages.size(); i++) {
            shaped.add(message(messages.get(i), "messages[" + i + "]"));
        }
        return shaped;
    }

    private Map<String, Object> message(final Map<String, Object> message, final String field) {
        final Map<String, Object> shaped = new LinkedHashMap<>(message);
        shaped.put("content", content(message.get("content"), field + ".content"));
        if (message.get("tool_calls") instanceof List<?> calls && !calls.isEmpty()) {
            shaped.put("tool_calls", calls.stream().map(this::call).toList());
        } else {
            // Null and empty mean none; templates ask whether the key is there.
            shaped.remove("tool_calls");
        }
        if (shortCallIds && message.get("tool_call_id") instanceof String id) {
            shaped.put("tool_call_id", shortId(id));
        }
        return shaped;
    }

    /** No content is the same as an empty one: most templates fail on null. */
    private Object content(final Object content, final String field) {
        if (!(content instanceof List<?> parts)) {
            return content == null ? "" : content;
        }
        final List<String> texts = new ArrayList<>(parts.size());
        for (int i = 0; i < parts.size(); i++) {
            if (!(parts.get(i) instanceof Map<?, ?> part) || !(part.get("text") instanceof String text)) {
                throw SpillwayException.ofField(ErrorCode.UNSUPPORTED, field + "[" + i + "]", "only parts of type text are supported");
            }
            texts.add(text);
        }
        return partedContent ? parts : String.join("\n", texts);
    }

    private Object call(final Object call) {
        if (!(call instanceof Map<?, ?> map)) {
            return call;
        }
        final Map<Object, Object> shaped = new LinkedHashMap<>(map);
        if (map.get("function") instanceof Map<?, ?> function) {
            final Map<Object, Object> ordered = new LinkedHashMap<>();
            ordered.put("name", function.get("name"));
            ordered.put("arguments", arguments(function.get("arguments")));
            function.forEach(ordered::putIfAbsent);
            shaped.put("function", ordered);
        }
        if (shortCallIds && map.get("id") instanceof String id) {
            shaped.put("id", shortId(id));
        }
        return shaped;
    }

    private Object arguments(final Object arguments) {
        if (arguments == null || arguments instanceof String text && text.isBlank()) {
            return verbatimArguments ? "{}" : Map.of();
        }
        if (verbatimArguments || !(arguments instanceof String text)) {
            return arguments;
        }
        try {
            return JSON.readValue(text, new TypeReference<Map<String, Object>>() {
            });
        } catch (final JsonProcessingException e) {
            // A client may replay a call that the model wrote wrongly; the template then shows it as the text it is.
            return text;
        }
    }

    /** The same short id for the same id, in calls and results alike. */
    static String shortId(final String id) {
        if (SHORT_ID.matcher(id).matches()) {
            return id;
        }
        try {
            final byte[] digest = MessageDigest.getInstance("SHA-256").digest(id.getBytes(StandardCharsets.UTF_8));
            final StringBuilder letters = new StringBuilder();
            for (int i = 0; i < SHORT_ID_CHARS; i++) {
                letters.append(ID_LETTERS.charAt((digest[i] & 0xff) % ID_LETTERS.length()));
            }
            return letters.toString();
        } catch (final NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK must have SHA-256", e);
        }
    }
}
