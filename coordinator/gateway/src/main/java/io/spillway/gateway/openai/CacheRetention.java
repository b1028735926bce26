package io.spillway.gateway.openai;

import io.spillway.gateway.chat.RetentionWish;
import io.spillway.gateway.json.Fields;
import java.util.List;
import java.util.Optional;

/** Reads {@code prompt_cache_retention}: whether the conversation should stay cached for a day. Stateless; any thread. */
public final class CacheRetention {
    private static final String FIELD = "prompt_cache_retention";
    private static final long DAY_SECONDS = 86_400;

    private CacheRetention() {
    }

    /** @return the word the caller said */
    public static Optional<String> word(final Fields body) {
        final Optional<String> word = body.text(FIELD);
        if (word.isPresent() && !word.get().equals("in_memory") && !word.get().equals("24h")) {
            throw body.invalid(FIELD, "it is not one of in_memory, 24h.");
        }
        return word;
    }

    /** @return the wish that all of it be kept, where it is one */
    public static List<RetentionWish> wishes(final Fields body) {
        return word(body).filter("24h"::equals).map(day -> List.of(new RetentionWish(Integer.MAX_VALUE, DAY_SECONDS))).orElse(List.of());
    }
}
