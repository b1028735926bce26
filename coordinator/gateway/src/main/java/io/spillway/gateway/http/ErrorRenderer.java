package io.spillway.gateway.http;

import io.spillway.domain.error.SpillwayException;
import java.util.Optional;
import java.util.function.Function;

/** Turns a failure into the answer that the clients of a path expect. Any thread; must not throw. */
@FunctionalInterface
public interface ErrorRenderer {
    HttpAnswer render(Asked asked, SpillwayException failure);

    /** Hears of an answer that had begun and ends with {@code failure}: nothing is left to be rendered. Any thread; must not throw. */
    default void broken(final Asked asked, final SpillwayException failure) {
    }

    /**
     * What was asked, as far as it is known.
     *
     * @param requestId empty when the client was refused before it asked
     * @param header    first value of a request header; names in any case
     */
    record Asked(String path, String requestId, Function<String, Optional<String>> header) {
        /** A client that was refused before it asked. */
        public static final Asked NOTHING = new Asked("/", "", name -> Optional.empty());

        /** @return what came in on that exchange */
        public static Asked of(final HttpExchange exchange) {
            return new Asked(exchange.call().path(), exchange.id(), exchange.call()::header);
        }
    }
}
