package io.spillway.node.model;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.modelfile.ModelSource;
import io.spillway.node.compute.ComputeBackend;
import io.spillway.node.compute.TensorOps;
import io.spillway.node.packed.CachePolicy;
import io.spillway.node.weights.Architecture;
import io.spillway.node.weights.ModelShape;
import io.spillway.node.weights.ModelShapes;
import io.spillway.node.weights.WeightLoader;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.DoubleConsumer;
import java.util.function.Supplier;

/** Makes a {@link LanguageModel} of a model on disk. Stateless. */
public final class ModelLoader {
    private ModelLoader() {
    }

    /**
     * @param expandMaxBytes models whose weights take no more than this as F32 are kept as F32 (exact in every format)
     * @param contextTokens  most positions, instead of the file's; 0: the file's
     * @param progress       told the fraction loaded, 0 to 1, on the calling thread
     * @param cache          whether, and where, packed weights are kept for the next start
     */
    public record Options(long expandMaxBytes, int contextTokens, DoubleConsumer progress, CachePolicy cache) {
        /** Weights stay in their own width: half the bytes decode in half the time, and prefill is as fast. */
        public static final long EXPAND_BYTES_DEFAULT = 0;

        public Options {
            if (contextTokens < 0) {
                throw SpillwayException.ofField(ErrorCode.INVALID_VALUE, "contextTokens", "a context of " + contextTokens + " tokens is impossible");
            }
        }

        /** The context is the file's. */
        public Options(final long expandMaxBytes, final DoubleConsumer progress) {
            this(expandMaxBytes, 0, progress);
        }

        /** Nothing is kept. */
        public Options(final long expandMaxBytes, final int contextTokens, final DoubleConsumer progress) {
            this(expandMaxBytes, contextTokens, progress, CachePolicy.off());
        }

        /** @return the same with packed weights kept as {@code policy} says */
        public Options withCache(final CachePolicy policy) {
            return new Options(expandMaxBytes, contextTokens, progress, policy);
        }

        /** @return defaults: nobody told of progress, nothing kept */
        public static Options defaults() {
            return new Options(EXPAND_BYTES_DEFAULT, fraction -> { });
        }

        /** @return the same with another context: longer than the file's costs quality, unless the rotation is scaled for it */
        public Options withContext(final int tokens) {
            return new Options(expandMaxBytes, tokens, progress, cache);
        }
    }

    /**
     * Reads, checks and packs every weight. The source stays the caller's and may be closed afterwards.
     *
     * @return owned by the caller; close it before the backend
     * @throws SpillwayException INVALID_MODEL_FILE for an unknown architecture, or a tensor that is missing, misshapen,
     *         of an unsupported type or not understood
     */
    public static LanguageModel load(final ModelSource source, final ComputeBackend backend, final Options options) {
        final DecoderSpec spec = describe(source, backend, options);
        final TensorOps ops = backend.newOps();
        try {
            final Decoder decoder = new Decoder(spec, ops);
            spec.loader().finish();
            return decoder;
        } catch (final RuntimeException | Error e) {
            ops.close();
            spec.close();
            throw e;
        }
    }

    /**
     * Like {@link #load}, for several ranks that compute the model together, each on a thread of its own.
     *
     * @param backend reads the weights and holds them, for all ranks together
     * @param newOps  asked once for each rank; operations of different ranks run at the same time
     * @param ranks   at least 1
     * @throws SpillwayException INVALID_CONFIG, naming the dimension, when the model cannot be divided so
     */
    public static LanguageModel loadParallel(final ModelSource source, final ComputeBackend backend, final Supplier<TensorOps> newOps,
            final int ranks, final Options options) {
        final DecoderSpec spec = describe(source, backend, options);
        try {
            final LanguageModel model = TensorParallelModel.load(spec, newOps, ranks);
            spec.loader().finish();
            return model;
        } catch (final RuntimeException | Error e) {
            spec.close();
            throw e;
        }
    }

    /**
     * Checks every weight and says what the decoder is made of, for backends that build their own program of it. Matrices are not read yet:
     * the source must stay open until they are.
     *
     * @param backend whose workers read matrices, and whose memory holds those that are loaded for the host
     * @return owned by the caller; close it before the backend
     * @throws SpillwayException INVALID_MODEL_FILE as {@link #load} does
     */
    public static DecoderSpec describe(final ModelSource source, final ComputeBackend backend, final Options options) {
        final ModelShape shape = ModelShapes.read(source, options.contextTokens());
        final BiFunction<WeightLoader, Integer, LayerSpec> architecture = layersOf(shape.architecture());
        final WeightLoader weights = new WeightLoader(source, shape, backend,
                new WeightLoader.Options(options.expandMaxBytes(), options.cache(), options.progress()));
        try {
            final List<LayerSpec> layers = new ArrayList<>();
            for (int layer = 0; layer < shape.layers(); layer++) {
                layers.add(architecture.apply(weights, layer));
            }
            final DecoderSpec spec = DecoderSpec.of(weights, layers);
            weights.requireAllRead();
            return spec;
        } catch (final RuntimeException | Error e) {
            weights.close();
            throw e;
        }
    }

    private static BiFunction<WeightLoader, Integer, LayerSpec> layersOf(final Architecture architecture) {
        return switch (architecture) {
            case LLAMA, MISTRAL -> LlamaLayer::of;
            case MIXTRAL -> MixtralLayer::of;
            case QWEN2 -> Qwen2Layer::of;
            case QWEN3 -> Qwen3Layer::of;
            case QWEN3_MOE -> Qwen3MoeLayer::of;
            case GEMMA2 -> Gemma2Layer::of;
            case GEMMA3 -> Gemma3Layer::of;
            case PHI3 -> Phi3Layer::of;
            case GPT_OSS -> GptOssLayer::of;
        };
    }
}
