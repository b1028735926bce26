package io.spillway.kvstore.service;

/** Answer to a wish to bring a block in. */
public sealed interface Reserved {
    /** Fill it, then settle it. */
    record Granted(Reservation reservation) implements Reserved {
    }

    /** The block is here already. */
    record AlreadyHeld() implements Reserved {
    }

    /** No memory, too many at a time, or the service ends. */
    record Refused() implements Reserved {
    }
}
