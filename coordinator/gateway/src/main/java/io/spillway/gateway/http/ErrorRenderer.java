package io.spillway.gateway.http;

import io.spillway.domain.error.SpillwayException;

/** Turns a failure into the answer that the clients of a path expect. Any thread; must not throw. */
@FunctionalInterface
public interface ErrorRenderer {
    HttpAnswer render(String path, SpillwayException failure);
}
