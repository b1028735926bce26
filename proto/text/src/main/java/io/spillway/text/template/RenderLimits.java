package io.spillway.text.template;

/**
 * What one rendering may use, so that a hostile template ends in an error instead of a hang.
 *
 * @param outputChars characters of output, and of any one string on the way there
 * @param steps       units of work: nodes visited, items walked, 64 characters moved
 * @param depth       nesting of macro calls
 */
public record RenderLimits(int outputChars, long steps, int depth) {
    /** Room for contexts of a million tokens; a runaway template ends within seconds. */
    public static final RenderLimits DEFAULT = new RenderLimits(32 << 20, 5_000_000L, 100);

    public RenderLimits {
        if (outputChars < 1 || steps < 1 || depth < 1) {
            throw new IllegalArgumentException("limits must be positive");
        }
    }
}
