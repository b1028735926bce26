package io.spillway.node.cuda.driver;

import java.util.Map;

/** cuBLASLt or NCCL refused a call. What was on the stream before is not harmed; the call itself did nothing, or its result is void. */
public final class LibraryException extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private static final Map<Integer, String> CUBLAS = Map.of(1, "NOT_INITIALIZED", 3, "ALLOC_FAILED", 7, "INVALID_VALUE", 8, "ARCH_MISMATCH",
        11, "MAPPING_ERROR", 13, "EXECUTION_FAILED", 14, "INTERNAL_ERROR", 15, "NOT_SUPPORTED");
    private static final Map<Integer, String> NCCL = Map.of(1, "ncclUnhandledCudaError", 2, "ncclSystemError", 3, "ncclInternalError",
        4, "ncclInvalidArgument", 5, "ncclInvalidUsage", 6, "ncclRemoteError", 7, "ncclInProgress");

    private final int code;

    private LibraryException(final String message, final int code) {
        super(message);
        this.code = code;
    }

    static LibraryException ofCublas(final String function, final int code) {
        return new LibraryException(function + ": CUBLAS_STATUS_" + CUBLAS.getOrDefault(code, "UNKNOWN") + " (" + code + ")", code);
    }

    static LibraryException ofNccl(final String function, final int code) {
        final String advice = code == 2 ? ": set NCCL_DEBUG=INFO and look at what it says of the network and shared memory" : "";
        return new LibraryException(function + ": " + NCCL.getOrDefault(code, "unknown") + " (" + code + ")" + advice, code);
    }

    /** @return as the library's header has it */
    public int code() {
        return code;
    }
}
