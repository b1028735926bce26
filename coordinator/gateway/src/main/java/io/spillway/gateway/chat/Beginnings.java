package io.spillway.gateway.chat;

import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.request.Retention;
import io.spillway.gateway.prefix.PromptMemory;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Says in tokens what callers say in messages: how far the beginnings of a conversation reach that they want kept. The template makes a text
 * of the beginning alone, whose tokens are read off the prompt itself. Stateless; any thread.
 */
final class Beginnings {
    private final PromptMemory memory;
    private final ChatModel model;

    Beginnings(final PromptMemory memory, final ChatModel model) {
        this.memory = memory;
        this.model = model;
    }

    /**
     * @param request planned already, so that its prompt is remembered
     * @return one for each wish whose beginning the template can render; in tokens of the prompt
     */
    List<Retention> retentions(final ChatRequest request) {
        final List<RetentionWish> wishes = request.options().context().retention();
        final List<Retention> retentions = new ArrayList<>();
        if (!wishes.isEmpty() && request.prompts().getFirst() instanceof Prompt.Messages prompt) {
            final PromptMemory.Owner owner = new PromptMemory.Owner(request.tenant(), request.model());
            for (final RetentionWish wish : wishes) {
                final int tokens = tokens(owner, wish.messages(), prompt);
                if (tokens > 0) {
                    retentions.add(new Retention(tokens, TimeUnit.SECONDS.toMillis(wish.ttlSeconds())));
                }
            }
        }
        return retentions;
    }

    private int tokens(final PromptMemory.Owner owner, final int messages, final Prompt.Messages prompt) {
        if (messages == 0 || messages >= prompt.messages().size()) {
            return messages == 0 ? 0 : Integer.MAX_VALUE;
        }
        final Map<String, Object> extra = new HashMap<>(prompt.extra());
        extra.remove(Prompt.Messages.CONTINUE_FINAL);
        extra.put("add_generation_prompt", false);
        final Prompt.Messages beginning = new Prompt.Messages(prompt.messages().subList(0, messages), prompt.tools(), extra);
        try {
            return model.text(beginning).map(text -> memory.count(owner, text)).orElseGet(() -> model.encode(beginning).length);
        } catch (final SpillwayException e) {
            // Some templates render no conversation without a question; the request itself goes on.
            return 0;
        }
    }
}
