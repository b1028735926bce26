package io.spillway.bench.front;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** A server in a process of its own, and the processor time that it and its children have taken. Ends with {@link #close}. */
final class ServerProcess implements AutoCloseable {
    private static final long NANOS_PER_TICK = 10_000_000;
    private static final int USER_FIELD = 11;

    private final Process process;
    private final int port;

    private ServerProcess(final Process process, final int port) {
        this.process = process;
        this.port = port;
    }

    /** @param main a class that prints its port and serves until its standard input ends */
    static ServerProcess java(final Class<?> main) throws IOException {
        final List<String> command = List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow", "-XX:+UseSerialGC", "-Xmx512m",
            "-Dspillway.root=" + System.getProperty("spillway.root"), "-cp", System.getProperty("java.class.path"), main.getName());
        final Process process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
        final BufferedReader out = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.US_ASCII));
        final String line = out.readLine();
        if (line == null) {
            throw new IllegalStateException(main.getSimpleName() + " did not start");
        }
        return new ServerProcess(process, Integer.parseInt(line));
    }

    /** nginx before {@code upstream}, with one worker per core, connections kept, nothing buffered or logged. */
    static ServerProcess nginx(final String program, final int upstream) throws IOException {
        final Path folder = Files.createTempDirectory("spillway-nginx");
        final int port;
        try (ServerSocket free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }
        final Path config = Files.writeString(folder.resolve("nginx.conf"), """
            daemon off; worker_processes %d; pid %s/pid; error_log /dev/null; user root;
            events { worker_connections 1024; }
            http {
              access_log off; client_body_temp_path %s/body; proxy_temp_path %s/proxy; fastcgi_temp_path %s/f;
              uwsgi_temp_path %s/u; scgi_temp_path %s/s; keepalive_requests 100000000; tcp_nodelay on;
              upstream stub { server 127.0.0.1:%d; keepalive 64; keepalive_requests 100000000; }
              server { listen 127.0.0.1:%d; location / {
                proxy_pass http://stub; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off; } }
            }
            """.formatted(Runtime.getRuntime().availableProcessors(), folder, folder, folder, folder, folder, folder, upstream, port));
        return new ServerProcess(new ProcessBuilder(program, "-p", folder.toString(), "-c", config.toString())
            .redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD).start(), port);
    }

    int port() {
        return port;
    }

    /** @return processor time so far, of the process and its children; whole ticks */
    long cpuNanos() {
        return Stream.concat(Stream.of(process.toHandle()), process.descendants()).mapToLong(ServerProcess::cpuNanos).sum();
    }

    private static long cpuNanos(final ProcessHandle handle) {
        try {
            final String stat = Files.readString(Path.of("/proc", Long.toString(handle.pid()), "stat"));
            final String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
            return (Long.parseLong(fields[USER_FIELD]) + Long.parseLong(fields[USER_FIELD + 1])) * NANOS_PER_TICK;
        } catch (final IOException e) {
            return 0;
        }
    }

    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(5, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
