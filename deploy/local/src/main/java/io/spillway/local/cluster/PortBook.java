package io.spillway.local.cluster;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.random.RandomGenerator;

/**
 * Ports of a cluster's roles, kept in its folder: a replica must come back at the address its peers wrote into their log. Ports are
 * taken below the range that systems hand out for outgoing connections, so that they are still free at the next start.
 */
public final class PortBook {
    private static final int LEAST = 20_000;
    private static final int COUNT = 12_000;
    private static final int TRIES = 500;
    private static final JsonMapper JSON = new JsonMapper();

    private final Path file;
    private final RandomGenerator random;
    private final Map<String, Integer> ports;
    private final Set<Integer> checked = new HashSet<>();

    private PortBook(final Path file, final RandomGenerator random, final Map<String, Integer> ports) {
        this.file = file;
        this.random = random;
        this.ports = ports;
    }

    /** @param file where the ports are kept; need not exist */
    public static PortBook open(final Path file, final RandomGenerator random) {
        try {
            final Map<String, Integer> ports = Files.exists(file)
                ? JSON.readValue(file.toFile(), new TypeReference<TreeMap<String, Integer>>() { })
                : new TreeMap<>();
            return new PortBook(file, random, ports);
        } catch (final IOException e) {
            throw new SpillwayException(ErrorCode.INVALID_CONFIG,
                file + " is damaged (" + e.getMessage().lines().findFirst().orElse("") + "); delete its folder to start afresh", e);
        }
    }

    /** @return the port of {@code name}: free on loopback now for TCP and UDP, and not handed out under another name */
    public int of(final String name) {
        final Integer known = ports.get(name);
        if (known != null) {
            if (checked.add(known) && !free(known)) {
                throw new SpillwayException(ErrorCode.INVALID_CONFIG, "port " + known + ", which " + name
                    + " of this cluster had before, is in use by another program; end that program, or use another --data folder");
            }
            return known;
        }
        for (int i = 0; i < TRIES; i++) {
            final int port = LEAST + random.nextInt(COUNT);
            if (!ports.containsValue(port) && free(port)) {
                ports.put(name, port);
                checked.add(port);
                return port;
            }
        }
        throw new SpillwayException(ErrorCode.OVERLOADED, "no free port found between " + LEAST + " and " + (LEAST + COUNT));
    }

    /** Writes the book down. */
    public void save() {
        try {
            Files.createDirectories(file.toAbsolutePath().getParent());
            JSON.writerWithDefaultPrettyPrinter().writeValue(file.toFile(), ports);
        } catch (final IOException e) {
            throw new UncheckedIOException("cannot write " + file, e);
        }
    }

    /** @return whether nothing listens at {@code port} on loopback, neither TCP nor UDP */
    public static boolean free(final int port) {
        final InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
        try (ServerSocket tcp = new ServerSocket(); DatagramSocket udp = new DatagramSocket(null)) {
            tcp.setReuseAddress(true);
            tcp.bind(address);
            udp.bind(address);
            return true;
        } catch (final IOException e) {
            return false;
        }
    }
}
