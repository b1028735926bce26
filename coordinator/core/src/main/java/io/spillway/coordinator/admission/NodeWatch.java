package io.spillway.coordinator.admission;

import io.spillway.coordinator.state.ClusterView;
import io.spillway.domain.cluster.ModelDescriptor;
import io.spillway.domain.id.ModelId;
import java.util.HashMap;
import java.util.Map;

/** Since when a model has had no live node. Remembers as many models as have lost their last node. Agent's thread only. */
final class NodeWatch {
    private final Map<ModelId, Long> lastServedNanos = new HashMap<>();
    private ClusterView view = ClusterView.EMPTY;

    void onView(final ClusterView newView, final long nowNanos) {
        for (final ModelDescriptor model : view.models()) {
            lastServedNanos.put(model.id(), nowNanos);
        }
        view = newView;
    }

    /** @return how long nobody has served the model; for ever if nobody has */
    long withoutNanos(final ModelId model, final long nowNanos) {
        final Long servedNanos = lastServedNanos.get(model);
        return servedNanos == null ? Long.MAX_VALUE : nowNanos - servedNanos;
    }
}
