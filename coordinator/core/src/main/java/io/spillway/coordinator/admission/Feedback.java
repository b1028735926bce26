package io.spillway.coordinator.admission;

import io.spillway.domain.cluster.NodeLoad;
import io.spillway.domain.kv.KvEventBatch;

/** What members report. */
sealed interface Feedback {
    /** Blocks came or went. */
    record KvEvents(KvEventBatch batch) implements Feedback {
    }

    /** A load report. */
    record Load(NodeLoad load) implements Feedback {
    }
}
