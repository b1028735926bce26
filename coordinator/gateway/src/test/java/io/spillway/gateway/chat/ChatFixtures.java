package io.spillway.gateway.chat;

import io.spillway.domain.request.Retention;
import io.spillway.gateway.prefix.PromptMemory;
import java.util.List;

/** What tests of other packages need to see of this one. */
public final class ChatFixtures {
    private ChatFixtures() {
    }

    /** @return the beginnings that a request wants kept, in tokens */
    public static List<Retention> retentions(final ChatRequest request, final ChatModel model) {
        return new Beginnings(new PromptMemory(1 << 20), model).retentions(request);
    }
}
