package io.spillway.local.cluster;

import com.sun.net.httpserver.HttpServer;
import io.spillway.config.ConfigFile;
import io.spillway.config.Default;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** A role that lists a model at its port and does nothing else; startable in both ways, like a real one. */
public final class FakeRoleMain {
    /** What it serves; a model named {@code broken} makes it end at once. */
    public record Config(int port, @Default("brook") String model) {
    }

    private FakeRoleMain() {
    }

    /** As a process: {@code --config FILE}. */
    public static void main(final String[] args) throws Exception {
        final Config config = ConfigFile.load(Path.of(args[1]), Config.class);
        if (config.model().equals("broken")) {
            System.out.println("spillway: this model is broken on purpose");
            System.exit(7);
        }
        start(config);
        Thread.currentThread().join();
    }

    /** In this JVM. */
    static AutoCloseable start(final Config config) throws IOException {
        final HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), config.port()), 0);
        final byte[] models = ("{\"data\":[{\"id\":\"" + config.model() + "\"}]}").getBytes(StandardCharsets.UTF_8);
        server.createContext("/", exchange -> {
            exchange.sendResponseHeaders(200, models.length);
            exchange.getResponseBody().write(models);
            exchange.close();
        });
        server.start();
        return () -> server.stop(0);
    }

    /** @return three coordinators of {@code plan} that serve {@code model}, in stage 0 */
    static java.util.List<Role> coordinators(final ClusterPlan plan, final String model) {
        return plan.coordinators().stream().map(replica -> {
            final Config config = new Config(replica.http().port(), model);
            return new Role("coordinator", replica.name(), 0, new Role.Launch(FakeRoleMain.class.getName(), config, "64m"), () -> start(config));
        }).toList();
    }
}
