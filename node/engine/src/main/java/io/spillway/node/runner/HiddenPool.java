package io.spillway.node.runner;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.request.Pooling;

/**
 * Gathers the hidden states of one sequence's tokens, in order of position, into one vector. Sums run in double in that order,
 * so chunks and batches change nothing. Single writer: the engine thread.
 */
public final class HiddenPool {
    private final Pooling pooling;
    private final double[] gathered; // [hidden]

    /** @param hiddenSize width of a hidden state */
    public HiddenPool(final Pooling pooling, final int hiddenSize) {
        this.pooling = pooling;
        gathered = new double[hiddenSize];
    }

    /** @return whether every token's state is wanted; otherwise the last one's only */
    public boolean wantsEveryRow() {
        return pooling == Pooling.MEAN;
    }

    /** Takes the state of the next token that is wanted: {@code states[from .. from + hidden)}. */
    public void add(final float[] states, final int from) {
        for (int i = 0; i < gathered.length; i++) {
            gathered[i] = pooling == Pooling.MEAN ? gathered[i] + states[from + i] : states[from + i];
        }
    }

    /** Forgets what was gathered: the sequence begins anew. */
    public void restart() {
        java.util.Arrays.fill(gathered, 0);
    }

    /**
     * @return the vector, of length 1 (so that a sum does for the mean); fresh
     * @throws SpillwayException INTERNAL when the states have no direction or are no numbers
     */
    public float[] vector() {
        double squares = 0;
        for (final double element : gathered) {
            squares += element * element;
        }
        if (!(squares > 0 && squares < Double.POSITIVE_INFINITY)) {
            throw new SpillwayException(ErrorCode.INTERNAL, "the model's hidden states have no direction");
        }
        final double length = Math.sqrt(squares);
        final float[] vector = new float[gathered.length];
        for (int i = 0; i < vector.length; i++) {
            vector[i] = (float) (gathered[i] / length);
        }
        return vector;
    }
}
