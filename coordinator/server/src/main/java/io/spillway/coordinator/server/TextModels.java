package io.spillway.coordinator.server;

import io.spillway.domain.id.ModelId;
import io.spillway.domain.request.GenerationDefaults;
import io.spillway.gateway.chat.ChatModel;
import io.spillway.gateway.chat.TextChatModel;
import io.spillway.text.ModelText;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** The text side of every configured model. Immutable; any thread. */
final class TextModels {
    /** Replicas that share a process share a model's vocabulary: it can take tens of megabytes. */
    private static final Map<Path, ModelText> LOADED = new ConcurrentHashMap<>();

    private final Map<ModelId, ChatModel> models;

    private TextModels(final Map<ModelId, ChatModel> models) {
        this.models = models;
    }

    /** @throws io.spillway.domain.error.SpillwayException {@code INVALID_MODEL_FILE} when one cannot be read */
    static TextModels load(final List<CoordinatorConfig.Model> configured) {
        final Map<ModelId, ChatModel> models = new HashMap<>();
        for (final CoordinatorConfig.Model model : configured) {
            final Path path = model.path().toAbsolutePath().normalize();
            models.put(new ModelId(model.id()), new TextChatModel(LOADED.computeIfAbsent(path, ModelText::load),
                model.sampling().map(CoordinatorConfig.Sampling::defaults).orElse(GenerationDefaults.NONE)));
        }
        return new TextModels(models);
    }

    Optional<ChatModel> of(final ModelId id) {
        return Optional.ofNullable(models.get(id));
    }
}
