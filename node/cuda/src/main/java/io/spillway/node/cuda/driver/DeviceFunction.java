package io.spillway.node.cuda.driver;

import io.spillway.node.cuda.KernelArgument;
import io.spillway.node.cuda.KernelFailedException;
import java.util.List;

/** A kernel on a GPU, with the sizes of what it takes. One thread at a time. */
final class DeviceFunction {
    /** Dynamic shared memory that needs no leave. */
    static final int SHARED_FREE_BYTES = 48 << 10;

    private final String name;
    private final long handle;
    private final int[] argumentBytes;
    private int sharedMaxBytes = SHARED_FREE_BYTES;

    DeviceFunction(final String name, final long handle, final int[] argumentBytes) {
        this.name = name;
        this.handle = handle;
        this.argumentBytes = argumentBytes;
    }

    long handle() {
        return handle;
    }

    int sharedMaxBytes() {
        return sharedMaxBytes;
    }

    void sharedMaxBytes(final int bytes) {
        sharedMaxBytes = bytes;
    }

    /** @throws KernelFailedException when the kernel takes others */
    void check(final List<KernelArgument> arguments) {
        if (arguments.size() != argumentBytes.length) {
            throw new KernelFailedException(name, "takes " + argumentBytes.length + " arguments, not " + arguments.size());
        }
        for (int i = 0; i < argumentBytes.length; i++) {
            if (arguments.get(i).sizeBytes() != argumentBytes[i]) {
                throw new KernelFailedException(name, "argument " + i + " has another size: " + arguments.get(i));
            }
        }
    }
}
