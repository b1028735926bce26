package io.spillway.node.compute;

/**
 * How a layer attends.
 *
 * @param scale        queries are multiplied by this before they meet the keys
 * @param windowTokens a row sees this many positions, itself included; 0: all up to its own
 * @param softcap      scores become {@code softcap · tanh(score / softcap)}; 0: they stay
 * @param sinks        one score per query head that takes part in the softmax and has no value; null: none
 */
public record AttentionRule(float scale, int windowTokens, float softcap, float[] sinks) {
    public AttentionRule {
        if (windowTokens < 0 || softcap < 0) {
            throw new IllegalArgumentException("window " + windowTokens + " and softcap " + softcap + " cannot be negative");
        }
    }

    /** @return plain causal attention: 1 / √headDim, everything visible */
    public static AttentionRule causal(final int headDim) {
        return new AttentionRule(Lanes.attentionScale(headDim), 0, 0, null);
    }

    /** @return whether neither window, softcap nor sinks apply */
    public boolean isPlain() {
        return windowTokens == 0 && softcap == 0 && sinks == null;
    }

    /** @return the first position that a row at {@code position} sees */
    public int firstVisible(final int position) {
        return windowTokens == 0 ? 0 : Math.max(0, position + 1 - windowTokens);
    }
}
