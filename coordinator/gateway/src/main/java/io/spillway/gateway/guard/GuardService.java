package io.spillway.gateway.guard;

import io.spillway.domain.id.ModelId;
import io.spillway.gateway.chat.ChatListener;
import io.spillway.gateway.chat.ChatRequest;
import io.spillway.gateway.chat.ChatService;
import io.spillway.gateway.chat.Prompt;
import io.spillway.gateway.chat.RunningCall;
import java.util.Map;
import java.util.Optional;

/** Runs requests of models that have a policy under it, all others as they are. Any thread. */
public final class GuardService {
    private final ChatService service;
    private final Map<ModelId, GuardPolicy> policies;
    private final GuardCounters counters = new GuardCounters();

    public GuardService(final ChatService service, final Map<ModelId, GuardPolicy> policies) {
        this.service = service;
        this.policies = Map.copyOf(policies);
    }

    public GuardCounters counters() {
        return counters;
    }

    /** @return the request, ready to be run by a thread of the caller's */
    public RunningCall call(final ChatRequest request, final ChatListener listener) {
        final Optional<GuardPolicy> policy = Optional.ofNullable(policies.get(request.model())).filter(any -> guardable(request));
        return policy.isPresent() ? new GuardedCall(service, policy.get(), counters, request, listener) : service.call(request, listener);
    }

    /** One answer to a conversation with tools; what goes on behind emitted tokens was judged when those were made, or never. */
    private static boolean guardable(final ChatRequest request) {
        return request.candidates() == 1 && request.options().emittedTokens().length == 0
            && request.options().toolCalls() != ChatRequest.ToolCalls.NONE && request.prompts().getFirst() instanceof Prompt.Messages;
    }
}
