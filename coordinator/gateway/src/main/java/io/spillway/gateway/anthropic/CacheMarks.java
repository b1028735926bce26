package io.spillway.gateway.anthropic;

import io.spillway.gateway.chat.RetentionWish;
import io.spillway.gateway.json.Fields;
import java.util.ArrayList;
import java.util.List;

/**
 * Collects {@code cache_control} marks while a request is read. A mark reaches to the end of the message that its block becomes part
 * of; on a tool, to the end of the tools. Owned by the thread that reads.
 */
final class CacheMarks {
    /** What {@code ttl: 5m} means, and what is meant without one. */
    static final long SHORT_SECONDS = 300;
    /** What {@code ttl: 1h} means. */
    static final long LONG_SECONDS = 3600;
    private static final int MARKS_MAX = 4;

    private final List<Long> open = new ArrayList<>();
    private final List<RetentionWish> wishes = new ArrayList<>();

    /** Takes the mark of a block, if it has one. */
    void take(final Fields block) {
        block.object("cache_control").ifPresent(mark -> {
            final String type = mark.requiredText("type");
            if (!type.equals("ephemeral")) {
                throw mark.invalid("type", "'" + type + "' is not 'ephemeral'.");
            }
            final String ttl = mark.text("ttl").orElse("5m");
            if (!ttl.equals("5m") && !ttl.equals("1h")) {
                throw mark.invalid("ttl", "'" + ttl + "' is not one of 5m, 1h.");
            }
            if (open.size() + wishes.size() == MARKS_MAX) {
                throw block.invalid("cache_control", "a maximum of " + MARKS_MAX + " blocks with cache_control may be provided.");
            }
            open.add(ttl.equals("1h") ? LONG_SECONDS : SHORT_SECONDS);
        });
    }

    /** What was marked since the last call ends with that many messages. */
    void reach(final int messages) {
        open.forEach(ttlSeconds -> wishes.add(new RetentionWish(messages, ttlSeconds)));
        open.clear();
    }

    List<RetentionWish> wishes() {
        return List.copyOf(wishes);
    }
}
