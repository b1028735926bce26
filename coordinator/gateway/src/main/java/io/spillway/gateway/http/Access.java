package io.spillway.gateway.http;

/** Who may use a route. Asked before its handler, on the exchange's thread; must not block. */
@FunctionalInterface
public interface Access {
    /** Everybody may. */
    Access ANYBODY = call -> { };
    /** Nobody may: what a route has before somebody said who may use it. No router takes it. */
    Access NOBODY = call -> {
        throw new IllegalStateException("nobody was said to have access to " + call.method() + " " + call.path());
    };

    /** @throws io.spillway.domain.error.SpillwayException when whoever sent the call may not */
    void check(HttpCall call);
}
