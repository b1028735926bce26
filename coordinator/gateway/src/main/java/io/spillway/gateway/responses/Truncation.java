package io.spillway.gateway.responses;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/** Leaves out the oldest messages of a conversation that is too long. Stateless; any thread. */
final class Truncation {
    private Truncation() {
    }

    /**
     * @param messages all that was said
     * @param fits     whether so much fits; may throw {@code TEMPLATE_FAILED} where the model takes no such conversation
     * @return all of them, or the rules at the beginning and as many of the newest as fit; all of them when nothing helps
     */
    static List<Map<String, Object>> fit(final List<Map<String, Object>> messages, final Predicate<List<Map<String, Object>>> fits) {
        if (fits.test(messages)) {
            return messages;
        }
        final int rules = rules(messages);
        final List<Integer> cuts = new ArrayList<>();
        for (int i = rules + 1; i < messages.size(); i++) {
            if (!messages.get(i).get("role").equals("tool")) { // a result never stands without its call
                cuts.add(i);
            }
        }
        int low = 0;
        int high = cuts.size();
        while (low < high) {
            final int middle = (low + high) >>> 1;
            if (fits(cut(messages, rules, cuts.get(middle)), fits)) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        return low < cuts.size() ? cut(messages, rules, cuts.get(low)) : messages;
    }

    private static boolean fits(final List<Map<String, Object>> messages, final Predicate<List<Map<String, Object>>> fits) {
        try {
            return fits.test(messages);
        } catch (final SpillwayException e) {
            if (e.code() == ErrorCode.TEMPLATE_FAILED) {
                return false;
            }
            throw e;
        }
    }

    private static int rules(final List<Map<String, Object>> messages) {
        int rules = 0;
        while (rules < messages.size() && messages.get(rules).get("role").equals("system")) {
            rules++;
        }
        return rules;
    }

    private static List<Map<String, Object>> cut(final List<Map<String, Object>> messages, final int rules, final int from) {
        final List<Map<String, Object>> left = new ArrayList<>(messages.subList(0, rules));
        left.addAll(messages.subList(from, messages.size()));
        return left;
    }
}
