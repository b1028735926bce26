package io.spillway.bench.front;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * What a request costs in the front. Three servers in turn, on the same machine and under the same load: a stub that answers at once;
 * nginx before that stub; the gateway over a line that answers at once. Processor time is that of the server itself: the stub's
 * is not counted to nginx.
 *
 * <p>Usage: {@code FrontBench [--seconds S] [--connections N] [--only stub|nginx|spillway]}.
 */
public final class FrontBench {
    private static final double NANOS_PER_MICRO = 1e3;
    /** Until the compiler has done what it will do, on few cores. */
    private static final long WARM_UP_NANOS = TimeUnit.SECONDS.toNanos(12);

    private FrontBench() {
    }

    /** What to run. */
    private record Plan(long nanos, int connections, String only) {
        static Plan of(final String[] args) {
            long seconds = 5;
            int connections = 32;
            String only = "";
            for (int i = 0; i < args.length; i += 2) {
                if (i + 1 == args.length) {
                    return usage("option " + args[i] + " needs a value, or is unknown");
                }
                switch (args[i]) {
                    case "--seconds" -> seconds = Long.parseLong(args[i + 1]);
                    case "--connections" -> connections = Integer.parseInt(args[i + 1]);
                    case "--only" -> only = args[i + 1];
                    default -> {
                        return usage("unknown option " + args[i]);
                    }
                }
            }
            return new Plan(TimeUnit.SECONDS.toNanos(seconds), connections, only);
        }

        private static Plan usage(final String problem) {
            System.err.println("spillway: bench front: " + problem + "; usage: [--seconds S] [--connections N] [--only stub|nginx|spillway]");
            return null;
        }
    }

    /** What a line of the table is about. */
    private record Row(String server, String answer) {
    }

    /** Measures and prints a table. */
    public static void main(final String[] args) throws Exception {
        final Plan plan = Plan.of(args);
        if (plan == null) {
            System.exit(2);
            return;
        }
        final Optional<String> nginx = Stream.of("/usr/sbin/nginx", "/usr/bin/nginx", "/usr/local/sbin/nginx")
            .filter(program -> Files.isExecutable(Path.of(program))).findFirst();
        System.out.println("| server | answer | connections | requests/s | p50 ms | p99 ms | core-µs per request | bytes |");
        System.out.println("|---|---|---|---|---|---|---|---|");
        try (ServerProcess stub = ServerProcess.java(StubEngineMain.class)) {
            measure("stub", stub, plan);
            if (nginx.isPresent()) {
                try (ServerProcess proxy = ServerProcess.nginx(nginx.get(), stub.port())) {
                    measure("nginx", proxy, plan);
                }
            } else {
                System.out.println("| nginx | not installed here | | | | | | |");
            }
        }
        try (ServerProcess front = ServerProcess.java(FrontMain.class)) {
            measure("spillway", front, plan);
            measurePacked(front, plan);
        }
        System.out.println("each row " + TimeUnit.NANOSECONDS.toSeconds(plan.nanos()) + " s after warm-up; JVM "
            + Runtime.version() + ", " + Runtime.getRuntime().availableProcessors() + " cores shared by server, stub and load");
    }

    private static void measure(final String name, final ServerProcess server, final Plan plan) throws Exception {
        if (!plan.only().isEmpty() && !plan.only().equals(name)) {
            return;
        }
        awaitListening(server);
        for (final boolean stream : new boolean[] {false, true}) {
            final Load load = new Load(server.port(), StubAnswers.request(stream, ""));
            load.run(plan.connections(), WARM_UP_NANOS);
            for (final int connections : new int[] {1, plan.connections()}) {
                row(new Row(name, stream ? StubAnswers.TOKENS + " events" : "whole"), server, load, plan, connections);
            }
        }
    }

    private static void measurePacked(final ServerProcess server, final Plan plan) throws Exception {
        for (final String coding : new String[] {"zstd", "br", "gzip"}) {
            final Load load = new Load(server.port(), StubAnswers.request(true, coding));
            load.run(plan.connections(), WARM_UP_NANOS / 2);
            row(new Row("spillway", StubAnswers.TOKENS + " events, " + coding), server, load, plan, plan.connections());
        }
    }

    private static void row(
        final Row row, final ServerProcess server, final Load load, final Plan plan, final int connections) throws Exception {
        final long beforeNanos = server.cpuNanos();
        final Load.Result result = load.run(connections, plan.nanos());
        final double micros = (server.cpuNanos() - beforeNanos) / NANOS_PER_MICRO / result.latencyNanos().length;
        System.out.printf(Locale.ROOT, "| %s | %s | %d | %.0f | %.2f | %.2f | %.0f | %d |%n", row.server(), row.answer(), connections,
            result.perSecond(), result.millisAt(0.5), result.millisAt(0.99), micros, result.answerBytes());
    }

    private static void awaitListening(final ServerProcess server) throws InterruptedException {
        for (int tries = 0; tries < 100; tries++) {
            try (java.net.Socket socket = new java.net.Socket("127.0.0.1", server.port())) {
                return;
            } catch (final IOException e) {
                TimeUnit.MILLISECONDS.sleep(50);
            }
        }
        throw new IllegalStateException("nothing listens on port " + server.port());
    }
}
