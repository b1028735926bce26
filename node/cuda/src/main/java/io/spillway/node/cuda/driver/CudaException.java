package io.spillway.node.cuda.driver;

/**
 * The driver refused a call, or reported that earlier work failed. Names the function, the code and what to do. After one that is
 * {@linkplain #isContextLost sticky} nothing more can be done with the context: what was on the GPU is gone.
 */
public final class CudaException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String function;
    private final int code;
    private final boolean isContextLost;

    /** @param function as the driver calls it; code not 0 */
    CudaException(final String function, final int code) {
        super(function + ": " + CudaResult.of(code).map(result -> result.driverName() + " (" + code + "): " + result.advice())
                .orElse("CUDA error " + code));
        this.function = function;
        this.code = code;
        this.isContextLost = CudaResult.of(code).map(CudaResult::isSticky).orElse(false);
    }

    /** @return the driver's function that returned the code: the one that failed, or the first after it */
    public String function() {
        return function;
    }

    /** @return as in cuda.h */
    public int code() {
        return code;
    }

    /** @return whether the context is dead */
    public boolean isContextLost() {
        return isContextLost;
    }

    /** @return whether the GPU has too little memory: nothing was done, and less may succeed */
    public boolean isOutOfMemory() {
        return code == CudaResult.OUT_OF_MEMORY.code();
    }
}
