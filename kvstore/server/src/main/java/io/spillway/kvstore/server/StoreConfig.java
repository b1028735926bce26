package io.spillway.kvstore.server;

import io.spillway.config.Default;
import io.spillway.config.Doc;
import io.spillway.domain.cluster.Endpoint;
import java.nio.file.Path;
import java.util.List;

/** Configuration of one store server. */
@Doc("One KV store server: a DRAM tier and a disk tier for the blocks of all nodes.")
public record StoreConfig(
    @Doc("Name of this store; unique in the cluster.") String id,
    @Doc("gRPC endpoints of all coordinator replicas.") List<Endpoint> coordinators,
    @Doc("Address that block transfer listens on, and that others reach it at.") @Default("127.0.0.1") String host,
    @Doc("UDP port of block transfer; 0 takes any free one.") @Default("0") int transferPort,
    @Doc("Directory of the disk tier.") Path dataDir,
    @Doc("Size of the DRAM tier.") @Default("1GiB") long hostMaxBytes,
    @Doc("Size of the disk tier; 0B = none.") @Default("8GiB") long diskMaxBytes) {

    public StoreConfig {
        coordinators = List.copyOf(coordinators);
        if (coordinators.isEmpty()) {
            throw new IllegalArgumentException("coordinators must name at least one endpoint");
        }
    }
}
