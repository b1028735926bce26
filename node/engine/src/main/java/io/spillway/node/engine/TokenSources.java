package io.spillway.node.engine;

import io.spillway.domain.kv.Tier;
import io.spillway.domain.request.PrefillSources;
import java.util.List;

/**
 * Counts where the KV of a sequence's known tokens came from, until its first own output token; what is recomputed
 * after a preemption later than that changes nothing any more. Single writer: the engine thread.
 */
final class TokenSources {
    private final int[] tokensByTier = new int[Tier.values().length]; // by ordinal
    private int onboardedFrom;
    private List<Tier> onboarded = List.of();
    private PrefillSources settled;

    /**
     * Blocks {@code [fromBlock, fromBlock + tiers.size())} of the chain were brought to the device from these tiers.
     */
    void onboarded(final int fromBlock, final List<Tier> tiers) {
        onboardedFrom = fromBlock;
        onboarded = tiers;
    }

    /** {@code tokens} of block {@code block} were found. */
    void found(final int block, final int tokens) {
        final int index = block - onboardedFrom;
        final Tier tier = index >= 0 && index < onboarded.size() ? onboarded.get(index) : Tier.DEVICE;
        tokensByTier[tier.ordinal()] += tokens;
    }

    /** Counts anew, unless settled. */
    void restart() {
        java.util.Arrays.fill(tokensByTier, 0);
        onboarded = List.of();
    }

    /** Fixes the counts: the tokens not found were computed. */
    void settle(final int knownTokens) {
        if (settled == null) {
            settled = now(knownTokens);
        }
    }

    boolean isSettled() {
        return settled != null;
    }

    /** @return the counts, as settled or as of now */
    PrefillSources sources(final int knownTokens) {
        return settled != null ? settled : now(knownTokens);
    }

    private PrefillSources now(final int knownTokens) {
        final int device = tokensByTier[Tier.DEVICE.ordinal()];
        final int host = tokensByTier[Tier.HOST.ordinal()];
        final int remote = tokensByTier[Tier.REMOTE.ordinal()];
        final int disk = tokensByTier[Tier.DISK.ordinal()];
        return new PrefillSources(device, host, remote, disk, knownTokens - device - host - remote - disk);
    }
}
