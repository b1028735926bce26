package badhouse.domain.kv;

import java.util.UUID;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/** A clock called, and a source of chance passed on. */
public final class ReadsTheClock {
    LongSupplier clock = () -> System.nanoTime();
    Supplier<UUID> chance = UUID::randomUUID;
}
