package io.spillway.coordinator.ledger;

import static java.util.Objects.requireNonNull;

import io.spillway.domain.id.ModelId;
import java.util.Map;

/**
 * Prices of every model.
 *
 * @param models prices of the models that have their own
 * @param others prices of all others
 */
public record Tariff(Map<ModelId, Prices> models, Prices others) {
    /** Nothing costs anything. */
    public static final Tariff FREE = new Tariff(Map.of(), Prices.FREE);

    public Tariff {
        models = Map.copyOf(models);
        requireNonNull(others, "others");
    }

    /** @return the prices of a model */
    public Prices of(final ModelId model) {
        return models.getOrDefault(model, others);
    }
}
