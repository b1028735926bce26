package io.spillway.node.nativekernels;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.node.compute.ComputeBackend;
import io.spillway.node.compute.Slab;
import io.spillway.node.compute.TensorOps;
import io.spillway.node.compute.WorkerPool;
import java.util.Optional;

/**
 * A backend whose matrix products, attention and cache writes are computed by C kernels. Everything else, threads and memory
 * included, is another backend's, which this one owns. One per process, shared by its engines; any thread may call.
 */
public final class NativeBackend implements ComputeBackend {
    private final ComputeBackend other;
    private final InstructionSet set;

    private NativeBackend(final ComputeBackend other, final InstructionSet set) {
        this.other = other;
        this.set = set;
    }

    /** @return why native kernels cannot run in this process; empty when they can */
    public static Optional<String> unavailable() {
        return KernelLibrary.unavailable();
    }

    /** @return whether native kernels run here and are faster than the Vector API's: plain C is not */
    public static boolean worthwhile() {
        return InstructionSet.fastest().filter(set -> set != InstructionSet.PLAIN).isPresent();
    }

    /**
     * The fastest kernels this machine can run.
     *
     * @param other owned by the result
     * @throws SpillwayException INVALID_CONFIG when there is no library for this machine
     */
    public static NativeBackend over(final ComputeBackend other) {
        return over(other, InstructionSet.fastest().orElseThrow(() -> new SpillwayException(ErrorCode.INVALID_CONFIG,
                "native kernels cannot run here: " + unavailable().orElse("no variant fits this processor"))));
    }

    /** @param set a variant that {@linkplain InstructionSet#runsHere() runs here} */
    public static NativeBackend over(final ComputeBackend other, final InstructionSet set) {
        if (!set.runsHere()) {
            throw new SpillwayException(ErrorCode.INVALID_CONFIG, "native kernels " + set.label() + " cannot run here: "
                    + unavailable().orElse("the processor lacks their instructions"));
        }
        return new NativeBackend(other, set);
    }

    @Override
    public String description() {
        return "native kernels: " + set.label() + ", threads: " + workers().workerCount() + "; the rest: " + other.description();
    }

    @Override
    public TensorOps newOps() {
        return new NativeOps(set, other.newOps(), workers());
    }

    @Override
    public WorkerPool workers() {
        return other.workers();
    }

    @Override
    public Slab allocate(final long sizeBytes) {
        return other.allocate(sizeBytes);
    }

    @Override
    public void close() {
        other.close();
    }
}
