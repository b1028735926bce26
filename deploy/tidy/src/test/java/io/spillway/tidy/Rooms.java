package io.spillway.tidy;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * The import table: which packages each room owns, and what it may see besides itself and the JDK. A base package is a parameter, so
 * that the table can be held against a small bad house too.
 */
record Rooms(String base) {
    /**
     * @param name    what a failure calls it
     * @param own     its packages, relative to the base package; each with all its subpackages
     * @param inside  packages of other rooms that it may see, relative to the base package
     * @param outside packages of libraries that it may see
     */
    record Room(String name, List<String> own, List<String> inside, List<String> outside) {
    }

    private static final List<String> KVSTORE_CORE =
        List.of("kvstore.pool", "kvstore.index", "kvstore.eviction", "kvstore.tier", "kvstore.service");
    private static final List<String> ENGINE = List.of("node.compute", "node.parallel", "node.stored", "node.packed", "node.weights", "node.model", "node.kvcache", "node.sampling",
        "node.grammar", "node.speculation", "node.runner", "node.scheduler", "node.engine");
    private static final List<String> COORDINATOR_CORE = List.of("coordinator.access", "coordinator.batch", "coordinator.ledger", "coordinator.state", "coordinator.prefix",
        "coordinator.placement", "coordinator.dispatch", "coordinator.admission", "coordinator.routing");
    private static final List<String> JACKSON = List.of("com.fasterxml.jackson");

    /** @return the table, floor first */
    static List<Room> table() {
        return Stream.of(proto(), kvstore(), node(), coordinator()).flatMap(List::stream).toList();
    }

    /** @return packages of {@code deploy}, which may see everything and which nothing may see */
    static List<String> deploy() {
        return List.of("local", "sim", "systemtest", "bench", "tidy");
    }

    private static List<Room> proto() {
        return List.of(
            new Room("proto/domain", List.of("domain"), List.of(), List.of()),
            new Room("proto/config", List.of("config"), List.of("domain"), JACKSON),
            new Room("proto/modelfile", List.of("modelfile"), List.of("domain"), JACKSON),
            new Room("proto/grammar", List.of("grammar"), List.of("domain"), JACKSON),
            new Room("proto/wire", List.of("wire"), List.of("domain"),
                List.of("com.google.protobuf", "com.google.common", "io.grpc", "org.agrona", "javax.annotation")),
            new Room("proto/text", List.of("text"), List.of("domain", "modelfile"), with(JACKSON, "ai.djl")),
            new Room("proto/sdk", List.of("sdk"), List.of("domain", "wire"),
                with(JACKSON, "com.google.protobuf", "com.google.common", "io.grpc", "com.github.victools", "com.fasterxml.classmate")),
            new Room("proto/testkit", List.of("testkit"), List.of("domain"), with(JACKSON, "net.jqwik", "com.networknt")));
    }

    private static List<Room> kvstore() {
        return List.of(
            new Room("kvstore/core", KVSTORE_CORE, List.of("domain"), List.of("org.agrona")),
            new Room("kvstore/transfer", List.of("kvstore.transfer"), with(KVSTORE_CORE, "domain", "wire.transfer"),
                List.of("io.aeron", "org.agrona", "org.slf4j")),
            new Room("kvstore/server", List.of("kvstore.server", "kvstore.resp"), List.of("domain", "config", "wire", "kvstore"),
                List.of("io.aeron", "org.agrona", "org.slf4j", "io.grpc", "io.netty", "com.google.protobuf")));
    }

    private static List<Room> node() {
        return List.of(
            new Room("node/engine", ENGINE, with(KVSTORE_CORE, "domain", "modelfile", "grammar"), List.of("org.agrona")),
            new Room("node/cpu", List.of("node.cpu"), List.of("domain", "node.compute"), List.of("jdk.incubator.vector", "org.slf4j")),
            new Room("node/native", List.of("node.nativekernels"), List.of("domain", "node.compute"), List.of("org.slf4j")),
            new Room("node/cuda", List.of("node.cuda"), List.of("domain", "node.compute", "node.kvcache", "node.model", "node.runner", "node.sampling", "node.weights"), List.of("jcuda")),
            new Room("node/server", List.of("node.membership", "node.events", "node.server"),
                List.of("domain", "config", "modelfile", "wire", "text", "grammar", "node", "kvstore"),
                List.of("io.aeron", "org.agrona", "org.slf4j", "io.grpc", "io.netty", "com.google.protobuf")));
    }

    private static List<Room> coordinator() {
        return List.of(
            new Room("coordinator/core", COORDINATOR_CORE, List.of("domain"), List.of()),
            new Room("coordinator/raft", List.of("coordinator.raft"), with(COORDINATOR_CORE, "domain"),
                List.of("org.apache.ratis", "org.slf4j")),
            new Room("coordinator/gateway", List.of("gateway"), with(COORDINATOR_CORE, "domain", "text", "grammar"),
                with(JACKSON, "io.netty", "io.micrometer", "io.prometheus", "org.slf4j", "com.aayushatharva.brotli4j", "com.github.luben.zstd",
                    "org.HdrHistogram")),
            new Room("coordinator/server", List.of("coordinator.server"),
                List.of("domain", "config", "text", "grammar", "wire", "coordinator", "gateway"),
                with(JACKSON, "io.grpc", "io.netty", "com.google.protobuf", "io.micrometer", "org.slf4j", "org.agrona")));
    }

    private static List<String> with(final List<String> some, final String... more) {
        final List<String> all = new ArrayList<>(some);
        all.addAll(List.of(more));
        return all;
    }

    /** @return ArchUnit patterns of {@code relative} packages with all their subpackages */
    String[] patterns(final List<String> relative) {
        return relative.stream().map(name -> base + "." + name + "..").toArray(String[]::new);
    }

    /** @return patterns of everything that classes of {@code room} may depend on */
    String[] allowed(final Room room) {
        return Stream.of(Stream.of(patterns(room.own())), Stream.of(patterns(room.inside())),
            room.outside().stream().map(name -> name + ".."), Stream.of("", "java..", "com.sun.management..", "jdk.net.."))
            .flatMap(patterns -> patterns).toArray(String[]::new);
    }
}
