package io.spillway.node.cuda.driver;

/** There is no GPU to be used. The message is one line that says why; the caller goes on with the CPU, or ends. */
public final class CudaUnavailableException extends Exception {
    private static final long serialVersionUID = 1L;

    /** @param line why, for a person */
    public CudaUnavailableException(final String line) {
        super(line);
    }
}
