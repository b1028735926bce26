package io.spillway.local.demo;

import java.util.Optional;

/**
 * How an episode went.
 *
 * @param failure why it was not solved; empty when it was
 * @param broken  whether it ended because the API failed, not because the model was wrong
 */
public record EpisodeResult(Episode episode, Optional<String> failure, boolean broken, Consumption used) {
    /** @return whether every turn succeeded */
    public boolean solved() {
        return failure.isEmpty();
    }
}
