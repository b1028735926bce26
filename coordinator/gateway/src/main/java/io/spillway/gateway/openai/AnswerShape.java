package io.spillway.gateway.openai;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.gateway.chat.ChatEvent;
import java.util.List;

/** How one API words its answers: chat or classic completions. Owned by the thread that runs the call; keeps state per choice. */
interface AnswerShape {
    /** @return the chunks that an event becomes in a stream, each without usage; often none */
    List<ObjectNode> chunks(ChatEvent event);

    /** @return an empty chunk, to carry the usage */
    ObjectNode usageChunk();

    /** Takes an event into the whole answer. */
    void collect(ChatEvent event);

    /** @return the whole answer, without usage */
    ObjectNode answer();
}
