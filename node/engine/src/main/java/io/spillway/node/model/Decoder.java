package io.spillway.node.model;

import io.spillway.domain.kv.KvElement;
import io.spillway.domain.kv.KvLayout;
import io.spillway.node.compute.KvRows;
import io.spillway.node.compute.PackedMatrix;
import io.spillway.node.compute.RmsNorm;
import io.spillway.node.compute.RotaryRows;
import io.spillway.node.compute.Tensor;
import io.spillway.node.compute.TensorOps;
import io.spillway.node.weights.ModelShape;
import io.spillway.node.weights.WeightLoader;
import io.spillway.node.weights.WeightName;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** A decoder of any architecture: embedding, layers, final norm, head. */
final class Decoder implements LanguageModel {
    /** Narrower blocks than a sum has lanes are refused: kernels read whole vectors of tokens. */
    private static final int BLOCK_TOKENS_MIN = 16;

    private final ModelShape shape;
    private final WeightLoader weights;   // owned: holds the memory of every matrix
    private final TensorOps ops;          // owned
    private final Weights parts;
    private final PackedMatrix embedding; // [vocabulary, hidden]
    private final List<DecoderLayer> layers;
    private final KvRows kvRows = new KvRows();
    private final RotaryRows rotary;
    private final Tensor[] logitsOut = new Tensor[1];
    private Activations activations;

    /**
     * What stands around the layers.
     *
     * @param embedding [vocabulary, hidden]
     * @param head      {[vocabulary, hidden]}; the embedding when tied
     */
    record Weights(PackedMatrix embedding, RmsNorm outputNorm, PackedMatrix[] head) {
        static Weights load(final WeightLoader weights) {
            final int vocabulary = weights.vocabulary();
            final int hidden = weights.shape().hidden();
            final PackedMatrix embedding = weights.matrix(WeightName.EMBEDDING, 0, vocabulary, hidden);
            final PackedMatrix head = weights.has(WeightName.OUTPUT)
                    ? weights.matrix(WeightName.OUTPUT, 0, vocabulary, hidden) : embedding;
            return new Weights(embedding, weights.norm(WeightName.OUTPUT_NORM, 0, hidden), new PackedMatrix[] {head});
        }
    }

    Decoder(final WeightLoader weights, final TensorOps ops, final List<DecoderLayer> layers, final Weights parts) {
        this.weights = weights;
        this.ops = ops;
        this.layers = List.copyOf(layers);
        shape = weights.shape();
        this.parts = parts;
        embedding = parts.embedding();
        rotary = new RotaryRows(shape.rotaryFrequencies());
        activations = new Activations(shape, 1);
    }

    @Override
    public int vocabularySize() {
        return embedding.rows();
    }

    @Override
    public int contextTokens() {
        return shape.contextTokens();
    }

    @Override
    public KvLayout kvLayout(final int blockTokens, final KvElement element) {
        if (blockTokens < BLOCK_TOKENS_MIN) {
            throw new IllegalArgumentException("blocks of " + blockTokens + " tokens are too small; the least is " + BLOCK_TOKENS_MIN);
        }
        return new KvLayout(shape.layers(), shape.attention().kvHeads(), shape.attention().headDim(), blockTokens, element);
    }

    @Override
    public void forward(final StepBatch batch, final KvLayout layout, final MemorySegment kvSlab, final float[] logits) {
        if (batch.rowCount() == 0) {
            return;
        }
        begin(batch, layout, kvSlab);
        for (final DecoderLayer layer : layers) {
            layer.forward(ops, activations, kvRows, rotary);
        }
        project(batch, logits);
    }

    private void begin(final StepBatch batch, final KvLayout layout, final MemorySegment kvSlab) {
        final int rows = batch.rowCount();
        if (rows > activations.rowsMax()) {
            activations = new Activations(shape, Math.max(rows, 2 * activations.rowsMax()));
        }
        kvRows.begin(layout, kvSlab, activations.rowsMax(), batch.sequenceCount());
        rotary.begin(activations.rowsMax());
        for (int sequence = 0; sequence < batch.sequenceCount(); sequence++) {
            kvRows.blockTable(sequence, batch.blockTable(sequence));
        }
        for (int row = 0; row < rows; row++) {
            checkRow(batch, row);
            kvRows.addRow(batch.sequenceOfRow(row), batch.position(row));
            rotary.set(row, batch.position(row));
            embedding.readRow(batch.tokenId(row), activations.residual.values(), row * shape.hidden());
        }
    }

    private void checkRow(final StepBatch batch, final int row) {
        if (batch.tokenId(row) < 0 || batch.tokenId(row) >= vocabularySize()) {
            throw new IllegalArgumentException("token " + batch.tokenId(row) + " is outside the vocabulary of " + vocabularySize());
        }
        if (batch.position(row) < 0 || batch.position(row) >= contextTokens()) {
            throw new IllegalArgumentException("position " + batch.position(row) + " is outside the context of " + contextTokens());
        }
    }

    /** Final norm and head, for the rows that want logits only. */
    private void project(final StepBatch batch, final float[] logits) {
        final int wanted = batch.logitsRowCount();
        if (wanted == 0) {
            return;
        }
        final int hidden = shape.hidden();
        for (int i = 0; i < wanted; i++) {
            System.arraycopy(activations.residual.values(), batch.logitsRow(i) * hidden, activations.normed.values(), i * hidden, hidden);
        }
        if (logitsOut[0] == null || logitsOut[0].values() != logits) {
            logitsOut[0] = new Tensor(logits, vocabularySize());
        }
        ops.rmsNorm(activations.normed, wanted, parts.outputNorm(), activations.normed);
        ops.project(activations.normed, wanted, parts.head(), logitsOut);
    }

    @Override
    public void close() {
        ops.close();
        weights.close();
    }
}
