package io.spillway.gateway.http;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Which handler answers which path. A pattern is an exact path, or ends in {@code /*} and takes every longer path.
 * Who may use a route is checked here, and only here, before its handler. Immutable; any thread.
 */
public final class Router implements HttpHandler {
    private final List<Route> routes;

    /** One entry: a method, a pattern, who answers, whether browsers of other origins may ask, and who may ask at all. */
    public record Route(String method, String pattern, HttpHandler handler, boolean crossOrigin, Access access) {
        /** A route that nobody may use until {@link #by} says who may. */
        public Route(final String method, final String pattern, final HttpHandler handler, final boolean crossOrigin) {
            this(method, pattern, handler, crossOrigin, Access.NOBODY);
        }

        /** @return the same route for those only whom {@code access} lets through */
        public Route by(final Access other) {
            return new Route(method, pattern, handler, crossOrigin, other);
        }

        /** @return the same route, answered by another handler */
        public Route with(final HttpHandler other) {
            return new Route(method, pattern, other, crossOrigin, access);
        }

        boolean matches(final String path) {
            if (!pattern.endsWith("/*")) {
                return pattern.equals(path);
            }
            final String prefix = pattern.substring(0, pattern.length() - 1);
            return path.startsWith(prefix) && path.length() > prefix.length();
        }

        boolean takes(final String asked) {
            return method.equals(asked) || "HEAD".equals(asked) && "GET".equals(method);
        }
    }

    /** @throws IllegalArgumentException when nobody has said who may use one of the routes */
    public Router(final List<Route> routes) {
        this.routes = List.copyOf(routes);
        this.routes.stream().filter(route -> route.access() == Access.NOBODY).findFirst().ifPresent(open -> {
            throw new IllegalArgumentException("nobody has said who may use " + open.method() + " " + open.pattern());
        });
    }

    @Override
    public void handle(final HttpExchange exchange) {
        final HttpCall call = exchange.call();
        final List<Route> onPath = new ArrayList<>();
        for (final Route route : routes) {
            if (route.matches(call.path())) {
                onPath.add(route);
            }
        }
        if (onPath.stream().anyMatch(Route::crossOrigin)) {
            CrossOrigin.allow(exchange);
        }
        if (onPath.isEmpty() && "OPTIONS".equals(call.method()) && "*".equals(call.path())) {
            exchange.header("allow", "GET, HEAD, POST, OPTIONS");
            exchange.respond(new HttpAnswer(204, Map.of(), new byte[0]));
            return;
        }
        if (onPath.isEmpty()) {
            throw new SpillwayException(ErrorCode.UNKNOWN_PATH, "Unknown request URL: " + call.method() + " " + call.path());
        }
        final Optional<Route> route = onPath.stream().filter(candidate -> candidate.takes(call.method())).findFirst();
        if (route.isPresent()) {
            route.get().access().check(call);
            route.get().handler().handle(exchange);
        } else if ("OPTIONS".equals(call.method())) {
            exchange.header("allow", allowed(onPath));
            CrossOrigin.preflight(exchange, allowed(onPath));
        } else {
            exchange.header("allow", allowed(onPath));
            throw new SpillwayException(ErrorCode.METHOD_NOT_ALLOWED,
                "Not allowed to " + call.method() + " on " + call.path() + " (only " + allowed(onPath) + ")");
        }
    }

    @Override
    public boolean whileDraining(final HttpCall call) {
        return routes.stream().filter(route -> route.matches(call.path()) && route.takes(call.method())).findFirst()
            .filter(route -> route.handler().whileDraining(call)).isPresent();
    }

    private static String allowed(final List<Route> onPath) {
        return onPath.stream().map(Route::method).collect(Collectors.toCollection(TreeSet::new)).stream()
            .collect(Collectors.joining(", ")) + ", OPTIONS";
    }
}
