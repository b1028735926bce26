package io.spillway.coordinator.state;

import io.spillway.domain.error.ErrorCode;
import java.util.List;

/** What applying a command came to: an expected outcome is a value. */
public sealed interface CommandResult {
    /** Applied. */
    record Done() implements CommandResult {
    }

    /** The member is registered. */
    record Registered(long epoch, long leaseUntilEpochMillis) implements CommandResult {
    }

    /** Leases were renewed, except these, whose epoch is not the current one: they must register again. */
    record Renewed(List<Command.Lease> stale) implements CommandResult {
        public Renewed {
            stale = List.copyOf(stale);
        }
    }

    /** Nothing was changed. */
    record Refused(ErrorCode code, String detail) implements CommandResult {
    }
}
