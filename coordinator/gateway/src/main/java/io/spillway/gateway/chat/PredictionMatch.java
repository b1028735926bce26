package io.spillway.gateway.chat;

/**
 * How much of a prediction its answer has said: tokens of both that are the same, in order. Where they part, the nearest place is looked for
 * at which they go on alike, as somebody would who follows both with two fingers. Pure.
 */
final class PredictionMatch {
    private static final int REACH_TOKENS = 256;
    private static final int ALIKE_TOKENS = 2;
    private static final int ALIKE_MAX_TOKENS = 8;

    private PredictionMatch() {
    }

    /** @return how many tokens of {@code predicted} appear in {@code said} */
    static int tokens(final int[] predicted, final int[] said) {
        int matched = 0;
        int p = 0;
        int s = 0;
        while (p < predicted.length && s < said.length) {
            if (predicted[p] == said[s]) {
                matched++;
                p++;
                s++;
            } else {
                final int[] skip = skip(predicted, p, said, s);
                p += skip[0];
                s += skip[1];
            }
        }
        return matched;
    }

    /** @return how many tokens of each to pass over: the fewest in all, of equals to where they are alike longest; one of each if nowhere */
    private static int[] skip(final int[] predicted, final int p, final int[] said, final int s) {
        for (int all = 1; all <= REACH_TOKENS; all++) {
            int longest = 0;
            int best = 0;
            for (int ofPredicted = 0; ofPredicted <= all; ofPredicted++) {
                final int alike = alike(predicted, p + ofPredicted, said, s + all - ofPredicted);
                if (alike > longest) {
                    longest = alike;
                    best = ofPredicted;
                }
            }
            if (longest > 0) {
                return new int[] {best, all - best};
            }
        }
        return new int[] {1, 1};
    }

    /** @return how many tokens they have in common from there on, up to a few; 0 = too few to be more than chance */
    private static int alike(final int[] predicted, final int p, final int[] said, final int s) {
        final int most = Math.min(ALIKE_MAX_TOKENS, Math.min(predicted.length - p, said.length - s));
        int length = 0;
        while (length < most && predicted[p + length] == said[s + length]) {
            length++;
        }
        return length >= Math.min(ALIKE_TOKENS, most) ? length : 0;
    }
}
