package io.spillway.local.demo;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/** The rules by which a turn succeeds. Pure. */
final class Scoring {
    private static final JsonMapper JSON = JsonMapper.builder().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();

    private Scoring() {
    }

    /**
     * @param made   calls made in the turn, in order
     * @param answer the final answer
     * @return why the turn failed; empty when it succeeded
     */
    static Optional<String> failure(final Episode.Turn turn, final List<Episode.Call> made, final String answer) {
        if (!sameCalls(turn.calls(), made)) {
            return Optional.of("calls " + shown(made) + " instead of " + shown(turn.calls()));
        }
        if (turn.expectedJson().isPresent() && !isJson(answer, turn.expectedJson().get())) {
            return Optional.of("answer '" + answer + "' is not " + turn.expectedJson().get());
        }
        final String lower = answer.toLowerCase(Locale.ROOT);
        return turn.contains().stream().filter(fragment -> !lower.contains(fragment.toLowerCase(Locale.ROOT)))
            .map(fragment -> "answer '" + answer + "' lacks '" + fragment + "'").findFirst();
    }

    private static boolean sameCalls(final List<Episode.Call> expected, final List<Episode.Call> made) {
        if (expected.size() != made.size()) {
            return false;
        }
        for (int i = 0; i < expected.size(); i++) {
            if (!expected.get(i).sameAs(made.get(i))) {
                return false;
            }
        }
        return true;
    }

    private static boolean isJson(final String answer, final JsonNode expected) {
        try {
            return JsonEquality.equal(JSON.readTree(answer), expected);
        } catch (final JsonProcessingException e) {
            // An answer that is no JSON is a wrong answer, not a failure of ours.
            return false;
        }
    }

    private static String shown(final List<Episode.Call> calls) {
        return calls.stream().map(call -> call.name() + call.arguments()).collect(Collectors.joining(", ", "[", "]"));
    }
}
