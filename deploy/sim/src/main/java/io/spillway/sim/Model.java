package io.spillway.sim;

import io.spillway.domain.request.FinishReason;
import io.spillway.domain.request.GenerationRequest;
import java.util.Arrays;

/** The language model of this world: the next token is a pure function of all tokens before it. */
final class Model {
    private static final int STOP_EVERY = 40;
    private static final int VOCABULARY_SIZE = 1000;

    private long state = 0x9E3779B97F4A7C15L;

    /** What a request's output must be, whoever makes it. */
    record Answer(int[] tokens, FinishReason reason) {
    }

    /** @return a model that has read the tokens */
    static Model after(final int[]... texts) {
        final Model model = new Model();
        for (final int[] text : texts) {
            for (final int token : text) {
                model.read(token);
            }
        }
        return model;
    }

    /** @return the whole output of a request */
    static Answer answer(final GenerationRequest request) {
        final Model model = after(request.promptTokens());
        final int[] tokens = new int[request.outputTokensMax()];
        for (int i = 0; i < tokens.length; i++) {
            if (model.stops()) {
                return new Answer(Arrays.copyOf(tokens, i), FinishReason.STOP);
            }
            tokens[i] = model.next();
            model.read(tokens[i]);
        }
        return new Answer(tokens, FinishReason.LENGTH);
    }

    void read(final int token) {
        state = (state ^ token) * 0xBF58476D1CE4E5B9L;
        state ^= state >>> 29;
    }

    int next() {
        return (int) Long.remainderUnsigned(state * 0x94D049BB133111EBL, VOCABULARY_SIZE);
    }

    boolean stops() {
        return Long.remainderUnsigned(state >>> 7, STOP_EVERY) == 0;
    }
}
