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
 */
public record KernelLaunch(String kernel, Extent grid, Extent block, int sharedBytes, List<KernelArgument> arguments) {
    public KernelLaunch {
        arguments = List.copyOf(arguments);
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
