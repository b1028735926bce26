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
     * @param out      the file (Q8_0, Q4_K) or the directory (FP8) to write; appears whole or not at all
     * @param progress told the fraction done, 0 to 1, on the calling thread
     * @throws SpillwayException INVALID_VALUE when the model is of the wrong kind or quantised already, or {@code out} cannot be
     *         written; INVALID_MODEL_FILE when its numbers are not finite
     */
    public static QuantizeReport run(final ModelSource source, final TargetType target, final Path out, final WorkerPool workers,
            final DoubleConsumer progress) {
        final Path folder = out.toAbsolutePath().getParent();
        if (folder == null || !Files.isDirectory(folder)) {
            throw SpillwayException.ofField(ErrorCode.INVALID_VALUE, "out", "there is no folder " + folder + " to write " + out + " into");
        }
        return target == TargetType.FP8 ? new Fp8Quantizer(source, workers, progress).write(out)
            : new GgufQuantizer(source, target, workers, progress).write(out);
    }
}
