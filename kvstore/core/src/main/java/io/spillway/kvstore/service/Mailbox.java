package io.spillway.kvstore.service;

import java.lang.invoke.VarHandle;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.agrona.concurrent.ManyToOneConcurrentArrayQueue;

/**
 * Where any thread meets the one thread of a service. Requests are bounded and can be refused; returns (leases given
 * back, results of accepted work) cannot be, and are bounded by what was accepted before.
 */
final class Mailbox {
    /** A request. Exactly one of the two methods runs, on the service's thread or, after its end, on a caller's. */
    interface Request {
        void run();

        /** The service ends or has failed. */
        void refuse();
    }

    private final ManyToOneConcurrentArrayQueue<Request> requests;
    private final ConcurrentLinkedQueue<Runnable> returns = new ConcurrentLinkedQueue<>();
    /** Taken only after the end, when callers and the service's thread may both empty the queue. */
    private final ReentrantLock takers = new ReentrantLock();
    private volatile Thread parked;
    private volatile boolean closed;
    private volatile boolean ended;

    Mailbox(final int requestsMax) {
        requests = new ManyToOneConcurrentArrayQueue<>(requestsMax);
    }

    /** @return false: full or closed; neither method of {@code request} will run */
    boolean request(final Request request) {
        if (closed || !requests.offer(request)) {
            return false;
        }
        wake();
        if (ended) {
            takeAndRefuse();
        }
        return true;
    }

    void giveBack(final Runnable task) {
        returns.add(task);
        wake();
    }

    /** On the service's thread. @return tasks run */
    int drain(final int requestsMax) {
        int count = runReturns();
        for (int i = 0; i < requestsMax; i++) {
            final Request request = requests.poll();
            if (request == null) {
                break;
            }
            // What its caller gave back before it asked comes first.
            count += 1 + runReturns();
            request.run();
        }
        return count;
    }

    private int runReturns() {
        int count = 0;
        for (Runnable task = returns.poll(); task != null; task = returns.poll()) {
            task.run();
            count++;
        }
        return count;
    }

    /** On the service's thread: sleeps until something arrives, at most {@code maxNanos}. */
    void await(final long maxNanos) {
        parked = Thread.currentThread();
        VarHandle.fullFence();
        if (requests.isEmpty() && returns.isEmpty() && !closed) {
            LockSupport.parkNanos(this, maxNanos);
        }
        parked = null;
    }

    /** On the service's thread, after the end of requests: sleeps until something is given back. */
    void awaitReturn(final long maxNanos) {
        parked = Thread.currentThread();
        VarHandle.fullFence();
        if (returns.isEmpty()) {
            LockSupport.parkNanos(this, maxNanos);
        }
        parked = null;
    }

    void wake() {
        VarHandle.fullFence();
        final Thread thread = parked;
        if (thread != null) {
            LockSupport.unpark(thread);
        }
    }

    /** Refuses new requests from now on. */
    void close() {
        closed = true;
        wake();
    }

    boolean isClosed() {
        return closed;
    }

    /** The service's thread takes requests no more: what waits is refused, and what slips in refuses itself. */
    void refuseAll() {
        ended = true;
        VarHandle.fullFence();
        takeAndRefuse();
    }

    private void takeAndRefuse() {
        for (Request request = pollAny(); request != null; request = pollAny()) {
            request.refuse();
        }
    }

    private Request pollAny() {
        takers.lock();
        try {
            return requests.poll();
        } finally {
            takers.unlock();
        }
    }
}
