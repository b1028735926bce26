package io.spillway.gateway.files;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.gateway.http.HttpCall;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * Which part of a list is asked for: {@code limit}, {@code order} and {@code after}.
 *
 * @param after id of the last item of the page before
 */
public record PageQuery(int limit, boolean ascending, Optional<String> after) {
    /** A part of a list. */
    public record Page<T>(List<T> items, boolean more) {
    }

    /** @throws SpillwayException naming the parameter that is wrong */
    public static PageQuery of(final HttpCall call, final int usual, final int max) {
        final int limit = call.query("limit").map(text -> limit(text, max)).orElse(usual);
        final String order = call.query("order").orElse("desc");
        if (!order.equals("asc") && !order.equals("desc")) {
            throw SpillwayException.ofField(ErrorCode.INVALID_VALUE, "order", "Invalid 'order': it is not one of asc, desc.");
        }
        return new PageQuery(limit, order.equals("asc"), call.query("after"));
    }

    private static int limit(final String text, final int max) {
        if (!text.matches("-?\\d{1,9}")) {
            throw SpillwayException.ofField(ErrorCode.INVALID_TYPE, "limit", "Invalid type for 'limit': expected an integer.");
        }
        final int limit = Integer.parseInt(text);
        if (limit < 1 || limit > max) {
            throw SpillwayException.ofField(limit < 1 ? ErrorCode.BELOW_MINIMUM : ErrorCode.ABOVE_MAXIMUM, "limit",
                "Invalid 'limit': expected a value between 1 and " + max + ", but got " + limit + " instead.");
        }
        return limit;
    }

    /**
     * @param newestFirst the whole list
     * @return the part of it that is asked for
     * @throws SpillwayException NOT_FOUND when {@code after} is not in the list
     */
    public <T> Page<T> of(final List<T> newestFirst, final Function<T, String> id) {
        final List<T> ordered = ascending ? newestFirst.reversed() : newestFirst;
        int start = 0;
        if (after.isPresent()) {
            while (start < ordered.size() && !id.apply(ordered.get(start)).equals(after.get())) {
                start++;
            }
            if (start == ordered.size()) {
                throw SpillwayException.ofField(ErrorCode.INVALID_VALUE, "after", "Invalid 'after': it is not in the list.");
            }
            start++;
        }
        final int end = Math.min(ordered.size(), start + limit);
        return new Page<>(List.copyOf(ordered.subList(start, end)), end < ordered.size());
    }
}
