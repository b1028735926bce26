package io.spillway.node.parallel;

/** Another rank of the same step failed, and this one cannot go on without it. Its cause is what the other one threw. */
public final class PeerFailedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    PeerFailedException(final Throwable cause) {
        super("another rank failed: " + cause.getMessage(), cause, false, false);
    }
}
