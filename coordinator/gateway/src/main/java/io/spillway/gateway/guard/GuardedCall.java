package io.spillway.gateway.guard;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.id.RequestId;
import io.spillway.gateway.chat.ChatCall;
import io.spillway.gateway.chat.ChatEvent;
import io.spillway.gateway.chat.ChatListener;
import io.spillway.gateway.chat.ChatRequest;
import io.spillway.gateway.chat.ChatService;
import io.spillway.gateway.chat.ChatUsage;
import io.spillway.gateway.chat.Prompt;
import io.spillway.gateway.chat.RunningCall;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * A request whose tool calls are judged before they are told. An attempt with a wrong call is followed by another that sees the
 * call and what is wrong with it; the client gets the attempt that passes, and pays for all. {@link #run} belongs to one thread.
 */
final class GuardedCall implements RunningCall {
    private final ChatService service;
    private final GuardPolicy policy;
    private final GuardCounters counters;
    private final ChatRequest request;
    private final ChatListener listener;
    private volatile ChatCall current;
    private volatile boolean cancelled;

    GuardedCall(final ChatService service, final GuardPolicy policy, final GuardCounters counters, final ChatRequest request,
            final ChatListener listener) {
        this.service = service;
        this.policy = policy;
        this.counters = counters;
        this.request = request;
        this.listener = listener;
    }

    @Override
    public void cancel() {
        cancelled = true;
        final ChatCall running = current;
        if (running != null) {
            running.cancel();
        }
    }

    @Override
    public void run() {
        final Prompt.Messages prompt = (Prompt.Messages) request.prompts().getFirst();
        final Guard guard = new Guard(policy, prompt);
        Asking asking = new Asking(prompt, request.options().demand());
        ChatUsage usage = ChatUsage.NONE;
        for (int number = 1;; number++) {
            final Attempt attempt = attempt(number, asking);
            if (!(attempt.last() instanceof ChatEvent.Finished finished)) {
                listener.on(attempt.last());
                return;
            }
            usage = usage.plus(finished.usage());
            final List<Guard.Verdict> verdicts = attempt.calls().stream().map(call -> guard.judge(call.name, call.arguments.toString())).toList();
            if (verdicts.stream().allMatch(verdict -> verdict.problem().isEmpty())) {
                tell(attempt.events(verdicts.stream().map(Guard.Verdict::arguments).toList()), usage);
                verdicts.stream().filter(Guard.Verdict::repaired).forEach(verdict -> counters.repaired());
                return;
            }
            if (number == policy.attemptsMax()) {
                giveUp(attempt, verdicts, usage);
                return;
            }
            counters.retried();
            asking = asking.after(prompt, attempt, verdicts);
        }
    }

    /** How the next attempt asks. @param demand as in {@link ChatRequest.Options} */
    private record Asking(Prompt.Messages prompt, Optional<String> demand) {
        /**
         * A call that the contract forbids is answered by leaving that tool out and demanding another call: small models that
         * are told "no" mostly give up. Anything else is told.
         */
        private Asking after(final Prompt.Messages original, final Attempt attempt, final List<Guard.Verdict> verdicts) {
            final Set<String> forbidden = new HashSet<>();
            for (int i = 0; i < verdicts.size(); i++) {
                if (verdicts.get(i).forbidden()) {
                    forbidden.add(attempt.calls().get(i).name);
                }
            }
            final List<Map<String, Object>> left = prompt.tools().stream()
                .filter(tool -> !(tool.get("function") instanceof Map<?, ?> function && forbidden.contains(String.valueOf(function.get("name"))))).toList();
            return forbidden.isEmpty() || left.isEmpty()
                ? new Asking(new Prompt.Messages(corrected(prompt.messages(), attempt, verdicts), original.tools(), original.extra()), Optional.empty())
                : new Asking(new Prompt.Messages(prompt.messages(), left, original.extra()), Optional.of(""));
        }
    }

    private Attempt attempt(final int number, final Asking asking) {
        final Attempt attempt = new Attempt();
        final RequestId id = number == 1 ? request.id() : new RequestId(request.id() + "-a" + number);
        final ChatRequest.Options as = request.options();
        final ChatRequest again = new ChatRequest(id, request.tenant(), request.run(), request.model(), List.of(asking.prompt()),
            request.outputTokensMax(), request.seed(), request.sampling(),
            new ChatRequest.Options(as.choices(), as.stops(), as.toolCalls(), asking.demand(), as.emittedTokens(), as.shape())
                .with(as.bestOf(), as.priority()));
        current = service.call(again, new Recorder(attempt));
        if (cancelled) {
            current.cancel();
        }
        current.run();
        return attempt;
    }

    private void giveUp(final Attempt attempt, final List<Guard.Verdict> verdicts, final ChatUsage usage) {
        counters.gaveUp();
        switch (policy.onFailure()) {
            case PASS -> tell(attempt.events(verdicts.stream().map(Guard.Verdict::arguments).toList()), usage);
            case WITHHOLD -> tell(attempt.eventsWithoutCalls(), usage);
            case REFUSE -> listener.on(new ChatEvent.Failed(new SpillwayException(ErrorCode.INVALID_OUTPUT,
                "The model made no sound tool call in " + policy.attemptsMax() + " attempts; the last: "
                    + verdicts.stream().flatMap(verdict -> verdict.problem().stream()).findFirst().orElseThrow())));
        }
    }

    private void tell(final List<ChatEvent> events, final ChatUsage usage) {
        events.forEach(listener::on);
        listener.on(new ChatEvent.Finished(usage));
    }

    /** The conversation as if the tools had answered with what is wrong. */
    private static List<Map<String, Object>> corrected(final List<Map<String, Object>> messages, final Attempt attempt,
            final List<Guard.Verdict> verdicts) {
        final List<Map<String, Object>> corrected = new ArrayList<>(messages);
        final Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("role", "assistant");
        answer.put("content", attempt.text());
        answer.put("tool_calls", attempt.calls().stream().map(GuardedCall::call).toList());
        corrected.add(answer);
        IntStream.range(0, verdicts.size()).forEach(i -> corrected.add(result(attempt.calls().get(i), verdicts.get(i))));
        return corrected;
    }

    private static Map<String, Object> call(final Attempt.Call call) {
        final Map<String, Object> function = new LinkedHashMap<>();
        function.put("name", call.name);
        function.put("arguments", Repairs.parse(call.arguments.toString()).map(Repairs::text).orElse("{}"));
        final Map<String, Object> written = new LinkedHashMap<>();
        written.put("id", call.id);
        written.put("type", "function");
        written.put("function", function);
        return written;
    }

    private static Map<String, Object> result(final Attempt.Call call, final Guard.Verdict verdict) {
        final Map<String, Object> result = new LinkedHashMap<>();
        result.put("role", "tool");
        result.put("tool_call_id", call.id);
        result.put("content", Repairs.text(Map.of("error", verdict.problem().orElse("not run: another call of this message is wrong"))));
        return result;
    }

    /** Keeps events; lets quiet moments through. */
    private final class Recorder implements ChatListener {
        private final Attempt attempt;

        private Recorder(final Attempt attempt) {
            this.attempt = attempt;
        }

        @Override
        public void on(final ChatEvent event) {
            attempt.add(event);
        }

        @Override
        public void quiet() {
            listener.quiet();
        }
    }
}
