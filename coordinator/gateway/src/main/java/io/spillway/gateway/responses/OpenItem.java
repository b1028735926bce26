package io.spillway.gateway.responses;

import com.fasterxml.jackson.databind.node.ObjectNode;

/** An item of the output that may still grow. Owned by the thread that runs the response. */
sealed interface OpenItem permits OpenMessage, OpenReasoning, OpenCall {
    /** @return the item as it stands */
    ObjectNode json(String status);

    /** Tells that nothing more comes. */
    void close(String status);
}
