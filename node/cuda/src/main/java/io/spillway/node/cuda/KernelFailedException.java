package io.spillway.node.cuda;

/** A kernel could not be launched, or went wrong: a bug of ours, or a device that failed. Its results are void. */
public final class KernelFailedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** @param problem what went wrong, and where as far as is known */
    public KernelFailedException(final String kernel, final String problem) {
        super("kernel " + kernel + ": " + problem);
    }

    /** @param cause what the driver answered */
    public KernelFailedException(final String kernel, final String problem, final Throwable cause) {
        super("kernel " + kernel + ": " + problem, cause);
    }
}
