package io.spillway.node.cuda;

import io.spillway.node.cuda.KernelArgument.Address;
import io.spillway.node.cuda.KernelArgument.Float32;
import io.spillway.node.cuda.KernelArgument.Int32;
import io.spillway.node.cuda.KernelArgument.Int64;
import java.util.ArrayList;
import java.util.List;

/**
 * One launch.
 *
 * @param kernel      name in the image
 * @param grid        blocks
 * @param block       threads of a block
 * @param sharedBytes dynamic shared memory of a block
 * @param arguments   in the order of the kernel's parameters
 * @param mayOverlap  whether it may start while the one before it on its stream still runs: the kernel itself waits (awaitPrevious) before
 *                    it reads what that one writes, and before it writes what that one reads
 */
public record KernelLaunch(String kernel, Extent grid, Extent block, int sharedBytes, List<KernelArgument> arguments, boolean mayOverlap) {
    public KernelLaunch {
        arguments = List.copyOf(arguments);
    }

    /** A launch that starts when the one before it has ended. */
    public KernelLaunch(final String kernel, final Extent grid, final Extent block, final int sharedBytes, final List<KernelArgument> arguments) {
        this(kernel, grid, block, sharedBytes, arguments, false);
    }

    /** @return the same, and it may start while the one before it still runs */
    public KernelLaunch overlapping() {
        return new KernelLaunch(kernel, grid, block, sharedBytes, arguments, true);
    }

    /** @return the same with dynamic shared memory for a block */
    KernelLaunch withShared(final int bytes) {
        return new KernelLaunch(kernel, grid, block, bytes, arguments, mayOverlap);
    }

    /** @return a launch without dynamic shared memory; addresses, {@code long long}s, {@code int}s and floats are told apart by {@code values} */
    static KernelLaunch of(final String kernel, final Extent grid, final int threads, final Object... values) {
        final List<KernelArgument> arguments = new ArrayList<>(values.length);
        for (final Object value : values) {
            arguments.add(switch (value) {
                case final KernelArgument argument -> argument;
                case final Long address -> new Address(address);
                case final Integer number -> new Int32(number);
                case final Float number -> new Float32(number);
                default -> throw new IllegalArgumentException("kernels take no " + value.getClass().getSimpleName());
            });
        }
        return new KernelLaunch(kernel, grid, Extent.of(threads), 0, arguments);
    }

    /** @return a {@code long long} among {@link #of}'s values */
    static KernelArgument int64(final long value) {
        return new Int64(value);
    }
}
