package io.spillway.local.plan;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.modelfile.ModelSource;
import io.spillway.modelfile.TensorEntry;
import io.spillway.node.weights.Architecture;
import io.spillway.node.weights.DirectoryConfig;
import io.spillway.node.weights.ModelShape;
import io.spillway.node.weights.ModelShapes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Predicate;

/** Finds out what is to be planned: of weights with their metadata, or of a {@code config.json} alone. */
public final class ModelFiles {
    private static final long CONFIG_BYTES_MAX = 16 << 20;
    private static final ObjectMapper JSON = new ObjectMapper();

    private ModelFiles() {
    }

    /**
     * @param path a GGUF file, a directory of either kind, or a {@code config.json}
     * @return the model; throws {@link SpillwayException} INVALID_MODEL_FILE, or another code with the key that is wrong
     */
    public static PlannedModel read(final Path path) {
        if (!Files.exists(path)) {
            throw SpillwayException.ofField(ErrorCode.INVALID_MODEL_FILE, "model",
                "no model at " + path + "; give --model a GGUF file, a Hugging Face directory or a config.json");
        }
        final Path inside = Files.isDirectory(path) ? path.resolve("config.json") : path;
        final boolean json = inside.toString().endsWith(".json");
        if (!json || !Files.exists(inside)) {
            return ofWeights(path);
        }
        final PlannedModel model = ModelConfig.read(inside.toString(), tree(inside));
        return Files.isDirectory(path) && hasWeights(path) ? measured(path, model) : model;
    }

    private static boolean hasWeights(final Path directory) {
        return Files.exists(directory.resolve("model.safetensors")) || Files.exists(directory.resolve("model.safetensors.index.json"));
    }

    private static JsonNode tree(final Path file) {
        try {
            if (Files.size(file) > CONFIG_BYTES_MAX) {
                throw invalid(file, "is larger than " + CONFIG_BYTES_MAX + " bytes, which no configuration is");
            }
            final JsonNode tree = JSON.readTree(Files.readAllBytes(file));
            if (!tree.isObject()) {
                throw invalid(file, "is not a JSON object");
            }
            return tree;
        } catch (final JsonProcessingException e) {
            throw new SpillwayException(ErrorCode.INVALID_MODEL_FILE, "model " + file + ": is not JSON: " + e.getOriginalMessage(), e);
        } catch (final IOException e) {
            throw new SpillwayException(ErrorCode.INVALID_MODEL_FILE, "model " + file + ": cannot be read: " + e.getMessage(), e);
        }
    }

    private static SpillwayException invalid(final Path file, final String problem) {
        return SpillwayException.ofField(ErrorCode.INVALID_MODEL_FILE, "model", "model " + file + ": " + problem);
    }

    /** Only GGUF metadata says of a file what a configuration says of a directory; it is put in those words. */
    private static PlannedModel ofWeights(final Path path) {
        try (ModelSource source = ModelSource.open(path)) {
            if (source.config().isPresent()) {
                return measured(path, ModelConfig.read(path.toString(), tree(source.path().resolve("config.json"))));
            }
            final ModelShape shape = ModelShapes.read(source);
            if (shape.architecture() == Architecture.GPT_OSS) {
                throw SpillwayException.ofField(ErrorCode.UNSUPPORTED, "model",
                    "model " + path + ": of gpt-oss a GGUF file cannot be planned; give --model its config.json");
            }
            final TensorEntry embedding = source.find("token_embd.weight").filter(tensor -> tensor.shape().size() == 2)
                .orElseThrow(() -> invalid(path, "has no embedding (token_embd.weight)"));
            final int vocabulary = Math.toIntExact(embedding.shape().getFirst());
            final JsonNode tree = JSON.valueToTree(DirectoryConfig.of(source, shape, vocabulary));
            return withTensors(ModelConfig.read(path.toString(), tree), source.tensors());
        }
    }

    private static PlannedModel measured(final Path path, final PlannedModel model) {
        try (ModelSource source = ModelSource.open(path)) {
            return withTensors(model, source.tensors());
        }
    }

    private static PlannedModel withTensors(final PlannedModel model, final List<TensorEntry> tensors) {
        final long bytes = tensors.stream().mapToLong(TensorEntry::sizeBytes).sum();
        final PlannedModel.Weights weights = model.weights();
        final long experts = weights.experts().numbers();
        final PlannedModel.Each each = new PlannedModel.Each(mean(tensors, ModelFiles::isOuter, weights.embedding() + weights.head()),
            mean(tensors, tensor -> !isOuter(tensor) && !isExpert(tensor), weights.common() + weights.vectors()),
            mean(tensors, ModelFiles::isExpert, experts));
        return new PlannedModel(model.architecture(), model.contextTokens(), model.attention(), model.weights(),
            new PlannedModel.Stored(bytes, each, "as stored", true),
            model.notes().stream().filter(note -> !note.contains("how weights are stored")).toList());
    }

    /** By the model's own count of numbers: packed tensors and their scales have other elements. */
    private static double mean(final List<TensorEntry> tensors, final Predicate<TensorEntry> kind, final long numbers) {
        return numbers == 0 ? 0 : (double) tensors.stream().filter(kind).mapToLong(TensorEntry::sizeBytes).sum() / numbers;
    }

    private static boolean isOuter(final TensorEntry tensor) {
        return tensor.name().startsWith("token_embd.") || tensor.name().startsWith("output.") || tensor.name().contains("embed_tokens")
            || tensor.name().startsWith("lm_head");
    }

    private static boolean isExpert(final TensorEntry tensor) {
        return tensor.name().contains("_exps.") || tensor.name().contains(".experts.");
    }
}
