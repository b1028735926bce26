package io.spillway.text.template;

/** What went wrong, before it is known on which line. Becomes a {@code SpillwayException} at the edge of the package. */
final class TemplateFault extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int line;

    TemplateFault(final String detail) {
        this(detail, 0);
    }

    /** @param line from 1; 0 = not known here */
    TemplateFault(final String detail, final int line) {
        super(detail, null, false, false);
        this.line = line;
    }

    int line() {
        return line;
    }
}
