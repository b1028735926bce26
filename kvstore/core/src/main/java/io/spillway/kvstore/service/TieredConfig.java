package io.spillway.kvstore.service;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;

/**
 * How a tiered store uses other members.
 *
 * @param keepFetched     blocks fetched from other members also enter the own host tier, where the next sequence, and
 *                        peers, find them
 * @param putsWaitingMax  blocks that wait to be sent to a store; more are not sent (counted)
 * @param putsUnderWayMax blocks being sent at a time
 * @param putNanosMax     a block not acknowledged by then is given up
 */
public record TieredConfig(boolean keepFetched, int putsWaitingMax, int putsUnderWayMax, long putNanosMax) {
    /** Keep what was fetched; 4096 waiting, 8 under way, 5 s. */
    public static final TieredConfig DEFAULT = new TieredConfig(true, 4096, 8, 5_000_000_000L);

    public TieredConfig {
        if (putsWaitingMax < 1 || putsUnderWayMax < 1 || putNanosMax < 1) {
            throw SpillwayException.ofField(ErrorCode.INVALID_CONFIG, "putsWaitingMax", "limits are at least 1");
        }
    }
}
