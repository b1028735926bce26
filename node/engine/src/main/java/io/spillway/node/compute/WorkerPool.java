package io.spillway.node.compute;

/**
 * Threads that share the tasks of one parallel section. The caller is one of them.
 *
 * <p>Any thread may call {@link #run}; sections of different callers do not wait for each other.
 */
public interface WorkerPool extends AutoCloseable {
    /** Runs everything on the caller. */
    WorkerPool INLINE = new WorkerPool() {
        @Override
        public int workerCount() {
            return 1;
        }

        @Override
        public void run(final int taskCount, final Task task) {
            for (int index = 0; index < taskCount; index++) {
                task.run(index, 0);
            }
        }

        @Override
        public void close() {
            // owns no threads
        }
    };

    /** One piece of a parallel section. Pieces write disjoint memory. */
    @FunctionalInterface
    interface Task {
        /**
         * @param taskIndex   which piece
         * @param workerIndex which thread, from 0 to {@link WorkerPool#workerCount()} − 1: selects scratch memory
         */
        void run(int taskIndex, int workerIndex);
    }

    /** @return threads that may run pieces of one section at the same time, the caller included */
    int workerCount();

    /**
     * Runs every piece once and returns when all have ended; what they wrote is then visible to the caller.
     *
     * @throws RuntimeException what a piece threw, once all pieces have ended
     */
    void run(int taskCount, Task task);

    /** Ends the threads. Not idempotent. */
    @Override
    void close();
}
