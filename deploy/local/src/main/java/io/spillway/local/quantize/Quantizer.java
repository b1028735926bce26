package io.spillway.local.quantize;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.modelfile.ModelSource;
import io.spillway.node.compute.WorkerPool;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.DoubleConsumer;

/** Converts a model of F32, F16 or BF16 weights. Stateless. */
public final class Quantizer {
    private Quantizer() {
    }

    /**
     * @param source   a GGUF file, or a Hugging Face directory
     * @param out      the GGUF file, for FP8 the directory, to write; appears whole or not at all
     * @param progress told the fraction done, 0 to 1, on the calling thread
     * @throws SpillwayException INVALID_VALUE when the model is of the wrong kind or quantised already, {@code out} cannot be
     *         written, or something of a directory cannot be said in a GGUF file; INVALID_MODEL_FILE when its numbers are not finite
     */
    public static QuantizeReport run(final ModelSource source, final TargetType target, final Path out, final WorkerPool workers,
            final DoubleConsumer progress) {
        final Path folder = out.toAbsolutePath().getParent();
        if (folder == null || !Files.isDirectory(folder)) {
            throw SpillwayException.ofField(ErrorCode.INVALID_VALUE, "out", "there is no folder " + folder + " to write " + out + " into");
        }
        if (target == TargetType.FP8) {
            return new Fp8Quantizer(source, workers, progress).write(out);
        }
        final GgufContent content = source.gguf().map(gguf -> GgufContent.ofFile(source, gguf)).orElseGet(() -> DirectoryContent.of(source));
        return new GgufQuantizer(content, target, workers, progress).write(out);
    }
}
