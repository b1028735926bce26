package io.spillway.node.nativekernels;

import io.spillway.node.compute.ComputeBackend;
import io.spillway.node.compute.ScalarOps;
import io.spillway.node.compute.Slab;
import io.spillway.node.compute.TensorOps;
import io.spillway.node.compute.WorkerPool;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** The specification as a backend, with as many threads as a test wants: what native kernels stand on here. */
final class ThreadsBackend implements ComputeBackend {
    private final WorkerPool workers;

    ThreadsBackend(final int threads) {
        workers = threads == 1 ? WorkerPool.INLINE : new Threads(threads);
    }

    /** Threads of one section live as long as the section. */
    private record Threads(int workerCount) implements WorkerPool {
        @Override
        public void run(final int taskCount, final Task task) {
            final AtomicInteger next = new AtomicInteger();
            final List<Thread> started = new ArrayList<>();
            for (int i = 0; i < workerCount; i++) {
                final int worker = i;
                started.add(Thread.ofPlatform().start(() -> {
                    for (int piece = next.getAndIncrement(); piece < taskCount; piece = next.getAndIncrement()) {
                        task.run(piece, worker);
                    }
                }));
            }
            for (final Thread thread : started) {
                try {
                    thread.join();
                } catch (final InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            }
        }

        @Override
        public void close() {
            // threads ended with their sections
        }
    }

    @Override
    public String description() {
        return "scalar";
    }

    @Override
    public TensorOps newOps() {
        return new ScalarOps();
    }

    @Override
    public WorkerPool workers() {
        return workers;
    }

    @Override
    public Slab allocate(final long sizeBytes) {
        return Slab.allocate(sizeBytes);
    }

    @Override
    public void close() {
        workers.close();
    }
}
