package io.spillway.node.weights;

import io.spillway.modelfile.ModelSource;
import io.spillway.node.compute.ComputeBackend;
import io.spillway.node.compute.DType;
import io.spillway.node.compute.MatrixPacker;
import io.spillway.node.compute.MatrixPacker.RowOrder;
import io.spillway.node.compute.PackedMatrix;
import io.spillway.node.compute.RmsNorm;
import io.spillway.node.compute.Slab;
import io.spillway.node.compute.StoredMatrix;
import java.util.ArrayList;
import java.util.List;
import java.util.function.DoubleConsumer;

/**
 * Loads a model's weights into packed off-heap matrices. Owns that memory until {@link #close}; the source may be closed
 * when loading has ended. Used by the loading thread; {@link #close} by the model's owner.
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
    private final List<Slab> slabs = new ArrayList<>();
    private long elementsDone;

    /**
     * @param expandMaxBytes models whose weights take no more than this as F32 are stored as F32
     * @param progress       told the fraction that is loaded, 0 to 1, on the loading thread
     */
    public WeightLoader(final ModelSource source, final ModelShape shape, final ComputeBackend backend, final long expandMaxBytes,
            final DoubleConsumer progress) {
        this.shape = shape;
        this.backend = backend;
        this.progress = progress;
        reader = new WeightReader(source);
        // Converters to GGUF reorder llama's Q and K rows for a rotation of neighbouring pairs; we undo that.
        normsAddOne = source.gguf().isEmpty() && shape.architecture().normsAddOne();
        interleavedRotary = source.gguf().isPresent() && shape.architecture().interleavedInGguf();
        elementsTotal = reader.elements();
        expand = elementsTotal <= expandMaxBytes / Float.BYTES;
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

    /** @return the matrix {@code [rows][columns]}, packed; borrowed until {@link #close} */
    public PackedMatrix matrix(final WeightName name, final int layer, final int rows, final int columns) {
        return pack(reader.matrix(name, layer, rows, columns), rows, RowOrder.SAME);
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

    /** @return those rows, packed; borrowed until {@link #close} */
    public PackedMatrix part(final WeightName name, final int layer, final Part part) {
        return pack(reader.matrix(name, layer, part.rowsTotal(), part.columns()), part.rows(), row -> part.first() + row);
    }

    /** @return the matrix {@code [rows][columns]} of one expert, packed; borrowed until {@link #close} */
    public PackedMatrix expert(final WeightName name, final int layer, final int expert, final int rows, final int columns) {
        final int first = reader.standsPerExpert(name) ? 0 : expert * rows;
        return pack(reader.experts(name, layer, expert, shape.experts(), rows, columns), rows, row -> first + row);
    }

    /** Like {@link #matrix}, for queries and keys: rows in the order of rotary pairs (i, i + headDim/2). */
    public PackedMatrix rotaryMatrix(final WeightName name, final int layer, final int rows, final int columns) {
        return pack(reader.matrix(name, layer, rows, columns), rows, interleavedRotary ? this::deinterleaved : RowOrder.SAME);
    }

    private int deinterleaved(final int row) {
        final int headDim = shape.attention().headDim();
        final int dim = row % headDim;
        final int half = headDim / 2;
        return row - dim + 2 * (dim % half) + dim / half;
    }

    private PackedMatrix pack(final StoredMatrix stored, final int rows, final RowOrder order) {
        final DType dtype = expand ? DType.F32 : stored.packedAs();
        final Slab slab = backend.allocate(PackedMatrix.sizeBytes(dtype, rows, stored.columns()));
        slabs.add(slab);
        final PackedMatrix packed = new PackedMatrix(dtype, rows, stored.columns(), slab.segment());
        backend.workers().run(packed.strips(), (strip, worker) ->
                MatrixPacker.packStrip(stored, order, packed, strip));
        elementsDone += (long) rows * stored.columns();
        progress.accept(Math.min(1, (double) elementsDone / elementsTotal));
        return packed;
    }

    /** Ends loading: refuses a file with tensors that nothing asked for. */
    public void finish() {
        reader.ignore(WeightName.OUTPUT, 0);
        reader.ignore(WeightName.ROTARY_FACTORS_LONG, 0);
        reader.ignore(WeightName.ROTARY_FACTORS_SHORT, 0);
        for (int layer = 0; layer < shape.layers(); layer++) {
            reader.ignore(WeightName.ROTARY_FACTORS, layer);
        }
        reader.requireAllRead();
        progress.accept(1);
    }

    @Override
    public void close() {
        slabs.forEach(Slab::close);
        slabs.clear();
    }
}
