package io.spillway.text.tools;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * A call as a model wrote it.
 *
 * @param id        empty where none was written
 * @param arguments the JSON text of an object, character for character
 */
record WrittenCall(String id, String name, String arguments) {
    private static final JsonFactory JSON = new JsonFactory();

    /** Tells this call as the one of that index. */
    void tell(final int index, final Consumer<ToolDelta> deltas) {
        deltas.accept(new ToolDelta.CallStart(index, id, name));
        deltas.accept(new ToolDelta.CallArguments(index, arguments));
    }

    /** @return the calls of a text that is nothing but objects, in an array or with semicolons between; empty when it is anything else */
    static Optional<List<WrittenCall>> all(final String text) {
        try (JsonParser parser = JSON.createParser(text)) {
            final boolean array = parser.nextToken() == JsonToken.START_ARRAY;
            if (array) {
                parser.nextToken();
            }
            final List<WrittenCall> calls = new ArrayList<>();
            while (parser.currentToken() == JsonToken.START_OBJECT) {
                final Optional<WrittenCall> call = one(parser, text);
                if (call.isEmpty()) {
                    return Optional.empty();
                }
                calls.add(call.get());
                if (!array) {
                    return rest(text, (int) parser.currentLocation().getCharOffset(), calls);
                }
                parser.nextToken();
            }
            final boolean ended = array && parser.currentToken() == JsonToken.END_ARRAY && parser.nextToken() == null;
            return ended && !calls.isEmpty() ? Optional.of(calls) : Optional.empty();
        } catch (final IOException malformed) {
            // Not a failure: what is no call is content, and the caller keeps it as such.
            return Optional.empty();
        }
    }

    private static Optional<List<WrittenCall>> rest(final String text, final int end, final List<WrittenCall> calls) {
        final String rest = text.substring(end).strip();
        if (rest.isEmpty()) {
            return Optional.of(calls);
        }
        return rest.startsWith(";") ? all(rest.substring(1)).map(more -> {
            calls.addAll(more);
            return calls;
        }) : Optional.empty();
    }

    private static Optional<WrittenCall> one(final JsonParser parser, final String text) throws IOException {
        String id = "";
        String name = null;
        String arguments = null;
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            final String key = parser.currentName();
            final JsonToken value = parser.nextToken();
            switch (key) {
                case "name" -> name = value == JsonToken.VALUE_STRING ? parser.getText() : null;
                case "id" -> id = value == JsonToken.VALUE_STRING ? parser.getText() : "";
                case "arguments", "parameters" -> arguments = value(parser, value, text);
                default -> parser.skipChildren();
            }
        }
        return name == null || name.isEmpty() || arguments == null ? Optional.empty() : Optional.of(new WrittenCall(id, name, arguments));
    }

    private static String value(final JsonParser parser, final JsonToken value, final String text) throws IOException {
        if (value == JsonToken.VALUE_STRING) {
            // Some models write the object as a string of JSON; clients want the object.
            final String inner = parser.getText();
            return isObject(inner) ? inner : null;
        }
        final int start = (int) parser.currentTokenLocation().getCharOffset();
        parser.skipChildren();
        return value == JsonToken.START_OBJECT ? text.substring(start, (int) parser.currentLocation().getCharOffset()) : null;
    }

    /** @return whether a text is one whole JSON object */
    static boolean isObject(final String text) {
        try (JsonParser parser = JSON.createParser(text)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                return false;
            }
            parser.skipChildren();
            return parser.nextToken() == null;
        } catch (final IOException malformed) {
            return false;
        }
    }
}
