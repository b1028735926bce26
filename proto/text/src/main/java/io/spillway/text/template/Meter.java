package io.spillway.text.template;

/** Counts one rendering's work against its limits. Owned by the rendering thread. */
final class Meter {
    private static final int CHARS_PER_STEP = 64;
    private static final int MAX_NESTING = 1_000;

    private final RenderLimits limits;
    private long steps;
    private int depth;
    private int nesting;

    Meter(final RenderLimits limits) {
        this.limits = limits;
    }

    void step(final long count) {
        steps += count;
        if (steps > limits.steps()) {
            throw new TemplateFault("does too much work: over " + limits.steps() + " steps");
        }
    }

    /** @param length of a string about to be made */
    void chars(final long length) {
        if (length > limits.outputChars()) {
            throw new TemplateFault("makes too long a text: over " + limits.outputChars() + " characters");
        }
        step(length / CHARS_PER_STEP);
    }

    /** @param length of a text about to be appended; @param total length after it */
    void output(final int length, final long total) {
        if (total > limits.outputChars()) {
            throw new TemplateFault("makes too long a text: over " + limits.outputChars() + " characters");
        }
        step(length / CHARS_PER_STEP);
    }

    /** @param size of a list about to be made */
    void items(final long size) {
        step(size);
    }

    void enter() {
        if (++depth > limits.depth()) {
            throw new TemplateFault("nests calls deeper than " + limits.depth());
        }
    }

    void leave() {
        depth--;
    }

    /** One more level of evaluation: long chains must not exhaust the stack. */
    void nest() {
        if (++nesting > MAX_NESTING) {
            throw new TemplateFault("nests deeper than " + MAX_NESTING);
        }
    }

    void unnest() {
        nesting--;
    }
}
