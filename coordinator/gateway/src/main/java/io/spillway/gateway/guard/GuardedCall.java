package io.spillway.gateway.guard;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.request.Retention;
import io.spillway.gateway.chat.ChatCall;
import io.spillway.gateway.chat.ChatEvent;
import io.spillway.gateway.chat.ChatListener;
import io.spillway.gateway.chat.ChatRequest;
import io.spillway.gateway.chat.ChatService;
import io.spillway.gateway.chat.ChatUsage;
import io.spillway.gateway.chat.Prompt;
import io.spillway.gateway.chat.RunningCall;
import io.spillway.gateway.limits.RateLimits;
import io.spillway.gateway.runs.OpenStep;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * A request whose tool calls and claims are judged before they are told. A wrong attempt is followed by another; the client gets
 * the one that passes, and pays for all. {@link #run} belongs to one thread.
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
        final Prompt.Messages told = told();
        final Guard guard = new Guard(policy, told);
        Asking asking = Asking.first(request, told);
        ChatUsage usage = ChatUsage.NONE;
        for (int number = 1;; number++) {
            final Attempt attempt = attempt(number, asking, guard);
            if (!(attempt.last() instanceof ChatEvent.Finished finished)) {
                listener.on(attempt.last());
                return;
            }
            usage = usage.plus(finished.usage());
            final Judged judged = judge(guard, attempt, asking);
            if (judged.problem().isEmpty()) {
                tell(judged.events(), usage);
                judged.verdicts().stream().filter(Guard.Verdict::repaired).forEach(verdict -> counters.repaired());
                IntStream.range(0, attempt.renamedCalls()).forEach(call -> counters.repaired());
                if (judged.reworded()) {
                    counters.repaired();
                }
                return;
            }
            if (number == policy.attemptsMax()) {
                giveUp(attempt, judged, usage);
                return;
            }
            counters.retried();
            asking = next(guard, asking, judged);
        }
    }

    /** @return the prompt with the tools that the model is told of; those that the client names itself are never kept back */
    private Prompt.Messages told() {
        final Set<String> named = new HashSet<>(request.options().shape().allowedTools());
        request.options().demand().ifPresent(named::add);
        return ToolNames.without((Prompt.Messages) request.prompts().getFirst(), policy.rules().keptBack(), named);
    }

    /**
     * An attempt and what became of it.
     *
     * @param verdicts one for each call
     * @param text     what it says, put right
     * @param problem  what is wrong first
     */
    private record Judged(Attempt attempt, List<Guard.Verdict> verdicts, String text, Optional<Guard.Problem> problem) {
        private boolean reworded() {
            return !text.equals(attempt.text());
        }

        /** @return the only call, if that is malformed */
        private Optional<Attempt.Call> malformedCall() {
            return verdicts.size() == 1 && verdicts.getFirst().problem().isPresent() ? Optional.of(attempt.calls().getFirst()) : Optional.empty();
        }

        private List<ChatEvent> events() {
            return reworded() ? attempt.eventsWith(text) : attempt.events(verdicts.stream().map(Guard.Verdict::arguments).toList());
        }
    }

    private Judged judge(final Guard guard, final Attempt attempt, final Asking asking) {
        final List<Guard.Verdict> verdicts = attempt.calls().stream().map(call -> guard.judge(call.name, decided(call, asking))).toList();
        verdicts.forEach(verdict -> verdict.problem().ifPresent(counters::wrongCall));
        if (!verdicts.isEmpty()) {
            return new Judged(attempt, verdicts, attempt.text(), verdicts.stream().flatMap(verdict -> verdict.problem().stream()).findFirst());
        }
        final Guard.AnswerVerdict answer = guard.judgeAnswer(attempt.text());
        if (answer.problem().isPresent() || !answer.text().equals(attempt.text())) {
            counters.wrongAnswer();
        }
        return new Judged(attempt, verdicts, answer.text(), answer.problem());
    }

    /** @return the call's arguments, with those that the operator decides in their places */
    private static String decided(final Attempt.Call call, final Asking asking) {
        final String written = call.arguments.toString();
        return asking.wanted().filter(wanted -> wanted.call().equals(call.name) && !wanted.with().isEmpty())
            .flatMap(wanted -> Repairs.parse(written).map(arguments -> {
                arguments.putAll(wanted.with());
                return Repairs.text(arguments);
            })).orElse(written);
    }

    /**
     * A malformed call is demanded again, by the schema's grammar; if that is wrong too, the model is told. Where the operator
     * wants another call, that is demanded, once. Else a forbidden tool is left out, and the model is free: demanding any other
     * call makes small models call something that nobody asked for. An answer that is not true is drawn again.
     */
    private static Asking next(final Guard guard, final Asking asking, final Judged judged) {
        final Guard.Problem problem = judged.problem().orElseThrow();
        final Optional<ToolContract.Instead> instead = problem.instead()
            .filter(wanted -> guard.offers(wanted.call()) && !asking.out().contains(wanted.call()));
        final Set<String> forbidden = new HashSet<>();
        for (int i = 0; i < judged.verdicts().size(); i++) {
            if (judged.verdicts().get(i).problem().filter(Guard.Problem::forbidden).isPresent()) {
                forbidden.add(judged.attempt().calls().get(i).name);
            }
        }
        if (!forbidden.isEmpty()) {
            return instead.map(asking.without(forbidden)::demanding).orElseGet(() -> asking.without(forbidden));
        }
        if (judged.verdicts().isEmpty()) {
            return instead.map(asking::demanding).orElseGet(asking::again);
        }
        return judged.malformedCall().map(call -> call.name).filter(name -> guard.offers(name) && asking.wanted().isEmpty())
            .map(name -> asking.demanding(new ToolContract.Instead(name, Map.of())))
            .orElseGet(() -> asking.told(corrected(asking.prompt().messages(), judged.attempt(), judged.verdicts())));
    }

    private Attempt attempt(final int number, final Asking asking, final Guard guard) {
        final Attempt attempt = new Attempt(guard::meant);
        current = service.call(asking.request(request, number), new Recorder(attempt, number == 1));
        if (cancelled) {
            current.cancel();
        }
        current.run();
        return attempt;
    }

    private void giveUp(final Attempt attempt, final Judged judged, final ChatUsage usage) {
        counters.gaveUp();
        final Optional<String> otherwise = judged.problem().flatMap(Guard.Problem::otherwise);
        if (otherwise.isPresent()) {
            tell(attempt.eventsWith(otherwise.get()), usage);
            return;
        }
        switch (policy.onFailure()) {
            case PASS -> tell(judged.events(), usage);
            case WITHHOLD -> tell(judged.verdicts().isEmpty() ? judged.events() : attempt.eventsWithoutCalls(), usage);
            case REFUSE -> listener.on(new ChatEvent.Failed(new SpillwayException(ErrorCode.INVALID_OUTPUT,
                "The model gave no sound answer in " + policy.attemptsMax() + " attempts; the last: " + judged.problem().orElseThrow().text())));
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
        result.put("content", Repairs.text(Map.of("error",
            verdict.problem().map(Guard.Problem::text).orElse("not run: another call of this message is wrong"))));
        return result;
    }

    /** Keeps events; lets quiet moments through. */
    private final class Recorder implements ChatListener {
        private final Attempt attempt;
        private final boolean first;

        private Recorder(final Attempt attempt, final boolean first) {
            this.attempt = attempt;
            this.first = first;
        }

        @Override
        public void admitted(final RateLimits.State left) {
            if (first) {
                listener.admitted(left);
            }
        }

        @Override
        public void begun(final OpenStep step) {
            if (first) {
                listener.begun(step);
            }
        }

        @Override
        public void retained(final List<Retention> retentions) {
            if (first) {
                listener.retained(retentions);
            }
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
