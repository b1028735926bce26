package io.spillway.gateway.console;

/** Port: what the cluster looks like now. Any thread; must not block; called about once a second per viewer and scrape. */
@FunctionalInterface
public interface ConsoleState {
    ConsoleSnapshot snapshot();
}
