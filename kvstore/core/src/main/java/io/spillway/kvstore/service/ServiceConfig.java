package io.spillway.kvstore.service;

import static java.util.Objects.requireNonNull;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.kvstore.pool.BlockPool;
import io.spillway.kvstore.tier.DiskConfig;
import java.util.Optional;

/**
 * Sizes and limits of a block service.
 *
 * @param hostBytes        memory of the host tier; costs nothing until used
 * @param pageBytes        unit of allocation in it, a power of two
 * @param disk             the disk tier; empty = victims of the host tier are gone
 * @param requestsMax      requests that wait for the service's thread; more are refused
 * @param storesMax        blocks that wait to be copied in; more are refused
 * @param reservationsMax  blocks being received from other members at a time; more are refused
 * @param spillOnClose     write the host tier to disk when closing, so that the next start is warm
 */
public record ServiceConfig(
    long hostBytes, int pageBytes, Optional<DiskConfig> disk, int requestsMax, int storesMax, int reservationsMax,
    boolean spillOnClose) {
    public ServiceConfig {
        requireNonNull(disk, "disk");
        if (Integer.bitCount(pageBytes) != 1 || hostBytes < pageBytes) {
            throw SpillwayException.ofField(ErrorCode.INVALID_CONFIG, "hostBytes",
                "the host tier needs at least one page of " + pageBytes + " bytes, a power of two; it has "
                    + hostBytes);
        }
        if (requestsMax < 1 || storesMax < 1 || reservationsMax < 1) {
            throw SpillwayException.ofField(ErrorCode.INVALID_CONFIG, "requestsMax", "limits are at least 1");
        }
    }

    /** @return a host tier of {@code hostBytes}, no disk, sensible limits */
    public static ServiceConfig ofHost(final long hostBytes) {
        return new ServiceConfig(hostBytes, BlockPool.PAGE_BYTES_DEFAULT, Optional.empty(), 4096, 1024, 64, true);
    }

    /** @return the same with a disk tier */
    public ServiceConfig withDisk(final DiskConfig tier) {
        return new ServiceConfig(
            hostBytes, pageBytes, Optional.of(tier), requestsMax, storesMax, reservationsMax, spillOnClose);
    }
}
