package io.spillway.gateway.chat;

/** Receives a request's events, in order, one at a time, on the thread that runs the call. May block: that holds back nobody else. */
@FunctionalInterface
public interface ChatListener {
    void on(ChatEvent event);

    /** Nothing has happened for a while and the request still runs: a moment to show the client that it does. */
    default void quiet() {
    }
}
