package io.spillway.gateway.responses;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.gateway.chat.ChatRequest;
import java.util.List;
import java.util.Map;

/**
 * A response as it was asked for.
 *
 * @param tools tools by the names that the model uses
 * @param input the request's own items, without those of earlier responses
 */
record ResponseRequest(ChatRequest chat, ResponseHead head, Form form, Map<String, Tool> tools, List<ObjectNode> input) {
    /**
     * How the client wants its answer.
     *
     * @param store             whether the response is kept
     * @param encryptedReasoning whether reasoning items carry what clients can bring back
     * @param reasoningSummary  whether reasoning is told as a summary
     */
    record Form(boolean stream, boolean store, boolean background, boolean encryptedReasoning, boolean reasoningSummary) {
    }
}
