package io.spillway.coordinator.server;

import io.spillway.coordinator.ledger.Prices;
import io.spillway.coordinator.ledger.Tariff;
import io.spillway.domain.id.ModelId;
import java.util.HashMap;
import java.util.Map;

/** Configured dollars as exact nano-dollars. */
final class Tariffs {
    private static final double NANOS_PER_DOLLAR = 1e9;

    private Tariffs() {
    }

    static Tariff of(final CoordinatorConfig config) {
        final Map<ModelId, Prices> prices = new HashMap<>();
        for (final CoordinatorConfig.Model model : config.models()) {
            prices.put(new ModelId(model.id()),
                new Prices(nanos(model.promptDollars()), nanos(model.cachedDollars()), nanos(model.outputDollars())));
        }
        return new Tariff(prices, Prices.FREE);
    }

    /** @return what requests in batches pay */
    static Tariff ofBatches(final CoordinatorConfig config) {
        final Tariff usual = of(config);
        final Map<ModelId, Prices> prices = new HashMap<>();
        for (final CoordinatorConfig.Model model : config.models()) {
            final ModelId id = new ModelId(model.id());
            prices.put(id, usual.of(id).share(model.batchShare()));
        }
        return new Tariff(prices, Prices.FREE);
    }

    static long nanos(final double dollars) {
        return Math.round(dollars * NANOS_PER_DOLLAR);
    }
}
