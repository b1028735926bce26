package io.spillway.coordinator.server;

import io.spillway.coordinator.admission.AdmissionAgent;
import io.spillway.domain.error.Unworded;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** Runs the admission agent: while there is work without pause, otherwise asleep until woken or until deadlines are due. */
final class AgentThread implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(AgentThread.class.getName());
    private static final long PARK_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

    private final AdmissionAgent agent;
    private final Thread thread;
    private volatile boolean running = true;

    AgentThread(final String name, final AdmissionAgent agent) {
        this.agent = agent;
        this.thread = Thread.ofPlatform().name("admission-" + name).daemon().unstarted(this::run);
    }

    void start() {
        thread.start();
    }

    /** There may be work. Any thread; cheap. */
    void wakeup() {
        LockSupport.unpark(thread);
    }

    @Override
    public void close() {
        running = false;
        wakeup();
        try {
            thread.join(TimeUnit.SECONDS.toMillis(10));
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** A bug stops the agent, and with it this replica's service: better than a request that never ends. */
    private void run() {
        try {
            while (running) {
                if (agent.doWork() == 0) {
                    LockSupport.parkNanos(this, PARK_NANOS);
                }
            }
        } catch (final RuntimeException | Error e) {
            LOG.log(System.Logger.Level.ERROR, "the admission agent stopped", Unworded.of(e));
        } finally {
            agent.onClose();
        }
    }
}
