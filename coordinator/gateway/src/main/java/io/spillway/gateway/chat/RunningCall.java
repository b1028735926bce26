package io.spillway.gateway.chat;

/** A request on its way, whatever stands around it. */
public interface RunningCall {
    /** Runs the request to its end, telling the listener. Call once. */
    void run();

    /** Ends the request unless it has ended. Idempotent; any thread; does not block. */
    void cancel();
}
