package io.spillway.node.model;

import io.spillway.domain.kv.KvElement;
import io.spillway.domain.kv.KvLayout;
import io.spillway.node.compute.Collective;
import io.spillway.node.compute.PackedMatrix;
import io.spillway.node.compute.Tensor;
import io.spillway.node.compute.TensorOps;
import io.spillway.node.weights.ModelShape;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** A decoder of any architecture: embedding, layers, final norm, head; or what one rank of several computes of it. */
final class Decoder implements LanguageModel {
    /** Narrower blocks than a sum has lanes are refused: kernels read whole vectors of tokens. */
    private static final int BLOCK_TOKENS_MIN = 16;

    private final ModelShape shape;
    private final DecoderSpec spec;       // owned: holds the memory of every matrix
    private final Collective collective;  // borrowed
    private final int firstToken;         // of the head
    private final TensorOps ops;          // owned
    private final PackedMatrix embedding; // [vocabulary, hidden]
    private final PackedMatrix[] head;    // {[vocabulary, hidden]}; the embedding when tied; some of its rows for a rank
    private final List<DecoderLayer> layers = new ArrayList<>();
    private final Step step;
    private final Tensor[] logitsOut = new Tensor[1]; // of a rank: its tokens
    private Tensor wholeLogits;

    /** Loads every matrix. @param spec handed over, unless this throws @param ops likewise */
    Decoder(final DecoderSpec spec, final TensorOps ops) {
        this(DecoderShard.whole(spec), ops, Collective.ALONE);
    }

    /** Loads every matrix of a rank, which lives no longer than the whole. @param ops handed over, unless this throws */
    Decoder(final DecoderShard shard, final TensorOps ops, final Collective collective) {
        spec = shard.spec();
        this.ops = ops;
        this.collective = collective;
        firstToken = shard.firstToken();
        shape = spec.shape();
        for (int layer = 0; layer < spec.layers().size(); layer++) {
            layers.add(new DecoderLayer(layer, spec.layers().get(layer), shard.keepsKv()));
        }
        embedding = spec.embedding().load();
        head = new PackedMatrix[] {spec.head().load()};
        step = new Step(shard, ops, collective);
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
    public int hiddenSize() {
        return shape.hidden();
    }

    @Override
    public KvLayout kvLayout(final int blockTokens, final KvElement element) {
        return kvLayout(shape, blockTokens, element);
    }

    /** @param shape of the whole decoder */
    static KvLayout kvLayout(final ModelShape shape, final int blockTokens, final KvElement element) {
        if (blockTokens < BLOCK_TOKENS_MIN) {
            throw new IllegalArgumentException("blocks of " + blockTokens + " tokens are too small; the least is " + BLOCK_TOKENS_MIN);
        }
        return new KvLayout(shape.layers(), shape.attention().kvHeads(), shape.attention().headDim(), blockTokens, element);
    }

    @Override
    public void forward(final StepBatch batch, final KvLayout layout, final MemorySegment kvSlab, final float[] logits) {
        if (computeLayers(batch, layout, kvSlab)) {
            final int wanted = batch.logitsRowCount();
            ops.rmsNorm(step.a().residual, wanted, spec.outputNorm(), step.a().normed);
            project(wanted, logits);
        }
    }

    @Override
    public void hiddenStates(final StepBatch batch, final KvLayout layout, final MemorySegment kvSlab, final float[] states) {
        if (computeLayers(batch, layout, kvSlab)) {
            ops.rmsNorm(step.a().residual, batch.logitsRowCount(), spec.outputNorm(), step.a().normed);
            if (collective.rank() == 0) { // all ranks have the same
                System.arraycopy(step.a().normed.values(), 0, states, 0, batch.logitsRowCount() * shape.hidden());
            }
        }
    }

    /** @return whether there are wanted rows, which then stand at the front of the residual stream */
    private boolean computeLayers(final StepBatch batch, final KvLayout layout, final MemorySegment kvSlab) {
        if (batch.rowCount() == 0) {
            return false;
        }
        begin(batch, layout, kvSlab);
        for (int layer = 0; layer < layers.size() - 1; layer++) {
            layers.get(layer).forward(step);
        }
        if (step.wantsOutput()) {
            layers.getLast().forward(step);
        } else {
            layers.getLast().remember(step);
        }
        return step.wantsOutput();
    }

    private void begin(final StepBatch batch, final KvLayout layout, final MemorySegment kvSlab) {
        step.begin(batch);
        step.kv.begin(layout, kvSlab, step.a().rowsMax(), batch.sequenceCount());
        for (int sequence = 0; sequence < batch.sequenceCount(); sequence++) {
            step.kv.blockTable(sequence, batch.blockTable(sequence));
        }
        final float[] residual = step.a().residual.values();
        for (int row = 0; row < batch.rowCount(); row++) {
            checkRow(batch, row);
            step.kv.addRow(batch.sequenceOfRow(row), batch.position(row));
            step.rotary(row, batch.position(row));
            embedding.readRow(batch.tokenId(row), residual, row * shape.hidden());
        }
        if (shape.scaling().embedding() != 1) {
            for (int i = 0; i < batch.rowCount() * shape.hidden(); i++) {
                residual[i] *= shape.scaling().embedding();
            }
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

    /** The head, for the rows that want logits only. */
    private void project(final int wanted, final float[] logits) {
        if (wholeLogits == null || wholeLogits.values() != logits) {
            wholeLogits = new Tensor(logits, vocabularySize());
        }
        if (collective.ranks() == 1) {
            logitsOut[0] = wholeLogits;
        } else if (logitsOut[0] == null || logitsOut[0].rowsMax() < wanted) {
            logitsOut[0] = Tensor.ofRows(Math.max(wanted, logitsOut[0] == null ? 1 : 2 * logitsOut[0].rowsMax()), head[0].rows());
        }
        ops.project(step.a().normed, wanted, head, logitsOut);
        if (spec.headBias() != null) {
            ops.addBias(logitsOut[0], wanted, spec.headBias());
        }
        if (shape.scaling().logitSoftcap() > 0) {
            ops.softcap(logitsOut[0], wanted, shape.scaling().logitSoftcap());
        }
        if (collective.ranks() > 1) {
            collective.gather(logitsOut[0], wanted, firstToken, wholeLogits);
        }
    }

    @Override
    public void close() {
        ops.close();
        spec.close();
    }
}
