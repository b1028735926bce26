package io.spillway.gateway.responses;

import java.util.Optional;

/** Port: keeps responses, each as one JSON document, for a while and within bounds. Any thread; may block for a disk. */
public interface ResponseStore {
    /**
     * Keeps a document, in place of the one before.
     *
     * @param document handed over
     * @return whether it is kept; false when it is too large or could not be written, which has been reported
     */
    boolean put(ResponseKey key, byte[] document);

    /** @return the document, which is in use again from now on; empty when it never was, was removed, or is kept no longer */
    Optional<byte[]> get(ResponseKey key);

    /** @return whether there was one */
    boolean remove(ResponseKey key);

    /** @return whether other replicas put and get the same documents */
    boolean shared();

    /**
     * How much is kept.
     *
     * @param keptMillis     since a document was last used
     * @param bytesMax       of all documents; the tenant that has most loses its longest unused one first
     * @param tenantBytesMax of the documents of one tenant
     */
    record Limits(long keptMillis, long bytesMax, long tenantBytesMax) {
        public Limits {
            if (keptMillis < 1 || bytesMax < 1 || tenantBytesMax < 1) {
                throw new IllegalArgumentException("limits must be positive");
            }
        }
    }
}
