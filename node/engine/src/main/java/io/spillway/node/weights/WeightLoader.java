package io.spillway.node.weights;

import io.spillway.modelfile.ModelSource;
import io.spillway.node.compute.ComputeBackend;
import io.spillway.node.compute.DType;
import io.spillway.node.compute.MatrixPacker.RowOrder;
import io.spillway.node.compute.PackedMatrix;
import io.spillway.node.compute.RmsNorm;
import io.spillway.node.compute.StoredMatrix;
import io.spillway.node.compute.WorkerPool;
import io.spillway.node.packed.CachePolicy;
import io.spillway.node.packed.PackedWeights;
import java.util.function.DoubleConsumer;

/**
 * Finds a model's weights: vectors at once, matrices as {@link WeightMatrix} that can be read one by one while the source is open. Owns the
 * memory of those that are loaded for the host until {@link #close}. Used by the loading thread; {@link #close} by the model's owner.
 */
public final class WeightLoader implements AutoCloseable {
    private final ModelShape shape;
    private final ComputeBackend backend;
    private final DoubleConsumer progress;
    private final WeightReader reader;
    private final boolean interleavedRotary;
    private final boolean normsAddOne;
    private final boolean expand;
    private final long elementsTotal;
    private final PackedWeights kept;
    private final WeightArena arena;
    private final Reading reading = new Reading();
    private long elementsDone;

    /**
     * How to load.
     *
     * @param expandMaxBytes models whose weights take no more than this as F32 are stored as F32
     * @param cache          where packed weights are kept between starts
     * @param progress       told the fraction that is loaded, 0 to 1, on the loading thread
     */
    public record Options(long expandMaxBytes, CachePolicy cache, DoubleConsumer progress) { }

    /** Reads nothing yet but the directory. @throws io.spillway.domain.error.SpillwayException INVALID_MODEL_FILE for an unsupported quantisation */
    public WeightLoader(final ModelSource source, final ModelShape shape, final ComputeBackend backend, final Options options) {
        this.shape = shape;
        this.backend = backend;
        progress = options.progress();
        reader = new WeightReader(source);
        // Converters to GGUF reorder llama's Q and K rows for a rotation of neighbouring pairs; we undo that.
        normsAddOne = source.gguf().isEmpty() && shape.architecture().normsAddOne();
        interleavedRotary = source.gguf().isPresent() && shape.architecture().interleavedInGguf();
        elementsTotal = reader.elements();
        expand = elementsTotal <= options.expandMaxBytes() / Float.BYTES;
        arena = new WeightArena(backend, expand ? elementsTotal * Float.BYTES : elementsTotal);
        kept = PackedWeights.open(source, options.cache(), backend.workers());
    }

    public ModelShape shape() {
        return shape;
    }

    /** @return rows of the embedding */
    public int vocabulary() {
        return reader.vocabulary();
    }

    /** @return whether the file has a tensor of that role (in layer 0) */
    public boolean has(final WeightName name) {
        return reader.has(name);
    }

    /** @return a norm of {@code width}, with the model's epsilon */
    public RmsNorm norm(final WeightName name, final int layer, final int width) {
        final float[] gain = reader.vector(name, layer, width);
        if (normsAddOne) {
            for (int i = 0; i < width; i++) {
                gain[i] += 1;
            }
        }
        return new RmsNorm(gain, shape.epsilon());
    }

    /** @return a vector of {@code length}, a bias for instance */
    public float[] vector(final WeightName name, final int layer, final int length) {
        return reader.vector(name, layer, length);
    }

    /** Like {@link #vector}, for queries and keys: in the order of rotary pairs (i, i + headDim/2). */
    public float[] rotaryVector(final WeightName name, final int layer, final int length) {
        final float[] stored = reader.vector(name, layer, length);
        final float[] vector = stored.clone();
        for (int i = 0; interleavedRotary && i < length; i++) {
            vector[i] = stored[deinterleaved(i)];
        }
        return vector;
    }

    /** @return one vector per expert, {@code [experts][length]} */
    public float[][] expertVectors(final WeightName name, final int layer, final int length) {
        return reader.vectors(name, layer, shape.experts().count(), length);
    }

    /** @return the matrix {@code [rows][columns]}, not read yet */
    public WeightMatrix matrix(final WeightName name, final int layer, final int rows, final int columns) {
        return matrix(label(name, layer, 0), reader.matrix(name, layer, rows, columns), rows, RowOrder.SAME);
    }

    /**
     * Some rows of a matrix that holds several.
     *
     * @param first     first row
     * @param rows      how many
     * @param rowsTotal of the stored matrix
     * @param columns   of both
     */
    public record Part(int first, int rows, int rowsTotal, int columns) { }

    /** @return those rows, not read yet */
    public WeightMatrix part(final WeightName name, final int layer, final Part part) {
        return matrix(label(name, layer, part.first()), reader.matrix(name, layer, part.rowsTotal(), part.columns()), part.rows(),
                row -> part.first() + row);
    }

    /** @return the matrix {@code [rows][columns]} of one expert, not read yet */
    public WeightMatrix expert(final WeightName name, final int layer, final int expert, final int rows, final int columns) {
        final int first = reader.standsPerExpert(name) ? 0 : expert * rows;
        return matrix(label(name, layer, expert), experts(name, layer, expert, rows, columns), rows, row -> first + row);
    }

    private StoredMatrix experts(final WeightName name, final int layer, final int expert, final int rows, final int columns) {
        return reader.experts(name, layer, expert, new WeightReader.ExpertsShape(shape.experts().count(), rows, columns));
    }

    /**
     * @param which 0 for the even rows of each expert's matrix, 1 for the odd ones
     * @return the matrix {@code [rows][columns]} of one expert that takes turns, row by row, with another; not read
     *         yet
     */
    public WeightMatrix alternatingExpert(final WeightName name, final int layer, final int expert, final int which, final int rows) {
        return matrix(label(name, layer, 2 * expert + which), experts(name, layer, expert, 2 * rows, shape.hidden()), rows,
                row -> 2 * (expert * rows + row) + which);
    }

    /** Like {@link #matrix}, for queries and keys: rows in the order of rotary pairs (i, i + headDim/2). */
    public WeightMatrix rotaryMatrix(final WeightName name, final int layer, final int rows, final int columns) {
        return matrix(label(name, layer, 0), reader.matrix(name, layer, rows, columns), rows,
                interleavedRotary ? this::deinterleaved : RowOrder.SAME);
    }

    private int deinterleaved(final int row) {
        final int headDim = shape.attention().headDim();
        final int dim = row % headDim;
        final int half = headDim / 2;
        return row - dim + 2 * (dim % half) + dim / half;
    }

    /** @param part an expert, or the first row of a part; 0 for a whole matrix */
    private static String label(final WeightName name, final int layer, final int part) {
        return name + "." + layer + "." + part;
    }

    private WeightMatrix matrix(final String label, final StoredMatrix stored, final int rows, final RowOrder order) {
        return new WeightMatrix(label, stored, rows, order, reading);
    }

    /** Refuses a file with tensors that nothing asked for. */
    public void requireAllRead() {
        reader.ignore(WeightName.OUTPUT, 0);
        reader.ignore(WeightName.ROTARY_FACTORS_LONG, 0);
        reader.ignore(WeightName.ROTARY_FACTORS_SHORT, 0);
        for (int layer = 0; layer < shape.layers(); layer++) {
            reader.ignore(WeightName.ROTARY_FACTORS, layer);
        }
        reader.requireAllRead();
    }

    /** Ends loading for the host: every matrix is in its memory, and kept for the next start if that is wanted. */
    public void finish() {
        kept.finish();
        progress.accept(1);
    }

    @Override
    public void close() {
        arena.close();
        kept.close();
    }

    /** What matrices need to be read. */
    private final class Reading implements WeightMatrix.Reading {
        @Override
        public DType packedAs(final StoredMatrix stored) {
            return expand ? DType.F32 : stored.packedAs();
        }

        @Override
        public PackedMatrix allocate(final DType dtype, final int rows, final int columns) {
            return arena.allocate(dtype, rows, columns);
        }

        @Override
        public boolean readKept(final String label, final PackedMatrix target) {
            return kept.read(label, target);
        }

        @Override
        public void keep(final String label, final PackedMatrix matrix) {
            kept.keep(label, matrix);
        }

        @Override
        public WorkerPool workers() {
            return backend.workers();
        }

        @Override
        public void done(final long elements) {
            elementsDone += elements;
            progress.accept(Math.min(1, (double) elementsDone / elementsTotal));
        }
    }
}
