package io.spillway.local.demo;

import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Optional;

/**
 * One scripted conversation with what must happen in it.
 *
 * @param category kind of task; a trailing {@code +} means that more user turns follow
 * @param tools    whether the tool signatures are sent
 * @param backend  canned results of tool calls
 */
public record Episode(String id, String category, String system, boolean tools, List<Turn> turns, List<BackendEntry> backend) {

    public Episode {
        requireNonNull(id, "id");
        requireNonNull(category, "category");
        requireNonNull(system, "system");
        turns = List.copyOf(requireNonNull(turns, "turns"));
        backend = backend == null ? List.of() : List.copyOf(backend);
    }

    /** A tool call: {@code arguments} is a JSON object. */
    public record Call(String name, JsonNode arguments) {
        public Call {
            requireNonNull(name, "name");
            requireNonNull(arguments, "arguments");
        }

        /** @return whether both call the same tool with arguments that are equal as JSON values */
        public boolean sameAs(final Call other) {
            return name.equals(other.name) && JsonEquality.equal(arguments, other.arguments);
        }
    }

    /**
     * One user message and what must happen before the next.
     *
     * @param calls    the exact calls of this turn, in order
     * @param contains fragments of the final answer, letter case ignored
     * @param json     null, or what the final answer must be equal to as JSON
     */
    public record Turn(String user, List<Call> calls, List<String> contains, JsonNode json) {
        public Turn {
            requireNonNull(user, "user");
            calls = List.copyOf(requireNonNull(calls, "calls"));
            contains = contains == null ? List.of() : List.copyOf(contains);
        }

        /** @return the JSON that the final answer must equal, if the turn asks for it */
        public Optional<JsonNode> expectedJson() {
            return Optional.ofNullable(json).filter(node -> !node.isNull());
        }
    }

    /** The result of one call, as it goes verbatim into the tool message. */
    public record BackendEntry(String name, JsonNode arguments, String response) {
        public BackendEntry {
            requireNonNull(name, "name");
            requireNonNull(arguments, "arguments");
            requireNonNull(response, "response");
        }
    }

    /** @return the category without the mark of further turns */
    public String plainCategory() {
        return category.endsWith("+") ? category.substring(0, category.length() - 1) : category;
    }

    /** @return what the tool answers: the canned response, or an error for a call that the script does not know */
    public String answer(final Call call) {
        return backend.stream()
            .filter(entry -> call.sameAs(new Call(entry.name(), entry.arguments())))
            .map(BackendEntry::response).findFirst().orElse("{\"error\": \"invalid request\"}");
    }
}
