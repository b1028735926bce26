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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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
        List<Map<String, Object>> messages = prompt.messages();
        ChatUsage usage = ChatUsage.NONE;
        for (int number = 1;; number++) {
            final Attempt attempt = attempt(number, prompt, messages);
            if (!(attempt.last() instanceof ChatEvent.Finished finished)) {
                listener.on(attempt.last());
                return;
            }
            usage = usage.plus(finished.usage());
            final List<Guard.Verdict> verdicts = attempt.calls().stream().map(call -> guard.judge(call.name, call.arguments.toString())).toList();
            final boolean sound = verdicts.stream().allMatch(verdict -> verdict.problem().isEmpty());
            if (sound || number == policy.attemptsMax()) {
                tell(attempt, verdicts, usage, sound);
                return;
            }
            counters.retried();
            messages = corrected(messages, attempt, verdicts);
        }
    }

    private Attempt attempt(final int number, final Prompt.Messages prompt, final List<Map<String, Object>> messages) {
        final Attempt attempt = new Attempt();
        final RequestId id = number == 1 ? request.id() : new RequestId(request.id() + "-a" + number);
        final ChatRequest again = new ChatRequest(id, request.tenant(), request.run(), request.model(),
            List.of(new Prompt.Messages(messages, prompt.tools(), prompt.extra())), request.outputTokensMax(), request.seed(),
            request.sampling(), request.options());
        current = service.call(again, new Recorder(attempt));
        if (cancelled) {
            current.cancel();
        }
        current.run();
        return attempt;
    }

    private void tell(final Attempt attempt, final List<Guard.Verdict> verdicts, final ChatUsage usage, final boolean sound) {
        if (!sound) {
            counters.gaveUp();
            if (policy.refuse()) {
                final String problem = verdicts.stream().flatMap(verdict -> verdict.problem().stream()).findFirst().orElseThrow();
                listener.on(new ChatEvent.Failed(new SpillwayException(ErrorCode.INVALID_OUTPUT,
                    "The model made no sound tool call in " + policy.attemptsMax() + " attempts; the last: " + problem)));
                return;
            }
        }
        verdicts.stream().filter(Guard.Verdict::repaired).forEach(verdict -> counters.repaired());
        attempt.events(verdicts.stream().map(Guard.Verdict::arguments).toList()).forEach(listener::on);
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
