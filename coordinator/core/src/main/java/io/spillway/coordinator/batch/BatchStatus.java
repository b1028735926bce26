package io.spillway.coordinator.batch;

import java.util.Locale;

/** Where a batch is. Numbers are the ordinals, and stand in snapshots: never reorder. */
public enum BatchStatus {
    /** Its input is being checked. */
    VALIDATING,
    /** Its lines run, or wait for idle capacity. */
    IN_PROGRESS,
    /** All lines are accounted for; the files are being put together. */
    FINALIZING,
    /** All lines ran. */
    COMPLETED,
    /** Its input was refused, or its results were lost. */
    FAILED,
    /** Its time was over before all lines had run. */
    EXPIRED,
    /** Its owner asked to stop; lines that had not run are being accounted for. */
    CANCELLING,
    /** Stopped by its owner. */
    CANCELLED;

    /** @return whether nothing more will happen to it */
    public boolean ended() {
        return this == COMPLETED || this == FAILED || this == EXPIRED || this == CANCELLED;
    }

    /** @return its name in the API */
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }
}
