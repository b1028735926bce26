package io.spillway.sdk;

import io.spillway.domain.request.RunTerms;
import io.spillway.domain.request.SamplingParams;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * One chat request, built step by step. Immutable: every method returns a new call.
 *
 * @param seeded  whether the sampling's own seed is used; otherwise each sending draws one
 * @param options what is the same for most calls of a program
 */
public record ChatCall(
    String model, List<ChatTurn> turns, List<ToolSpec> tools, SamplingParams sampling, boolean seeded, Options options) {

    private static final Duration DEFAULT_TIMEOUT = Duration.ofMinutes(10);

    /**
     * @param choice          what is wanted of the tools
     * @param singleCall      whether at most one tool call is wanted
     * @param format          of the answer's text
     * @param outputTokensMax most output tokens; 0 = to the end of the context
     * @param stop            strings that end the answer
     * @param run             agent run it belongs to; "" = none
     * @param priority        higher goes first; 0 is usual
     * @param timeout         how long the whole call may take, retries included
     * @param terms           what the run may take, and when it will be back
     */
    public record Options(
        ToolChoice choice, boolean singleCall, AnswerFormat format, int outputTokensMax, List<String> stop, String run, int priority,
        Duration timeout, RunTerms terms) {
        /** Nothing special, ten minutes. */
        public static final Options USUAL =
            new Options(ToolChoice.AUTO, false, AnswerFormat.FREE, 0, List.of(), "", 0, DEFAULT_TIMEOUT, RunTerms.NONE);

        public Options {
            stop = List.copyOf(stop);
        }
    }

    public ChatCall {
        turns = List.copyOf(turns);
        tools = List.copyOf(tools);
    }

    /** @return an empty conversation with a model, at temperature 1 */
    public static ChatCall to(final String model) {
        final SamplingParams sampling = new SamplingParams(1f, 0, 1f, 0f, 0f, 0f, 1f, Map.of(), 0, -1);
        return new ChatCall(model, List.of(), List.of(), sampling, false, Options.USUAL);
    }

    /** @return this call with one more turn, the system's */
    public ChatCall system(final String text) {
        return with(ChatTurn.of("system", text));
    }

    /** @return this call with one more turn, the user's */
    public ChatCall user(final String text) {
        return with(ChatTurn.of("user", text));
    }

    /** @return this call with one more turn, the model's */
    public ChatCall assistant(final String text) {
        return with(ChatTurn.of("assistant", text));
    }

    /** @return this call with one more turn, for instance a tool's result */
    public ChatCall with(final ChatTurn turn) {
        final List<ChatTurn> more = new ArrayList<>(turns);
        more.add(turn);
        return new ChatCall(model, more, tools, sampling, seeded, options);
    }

    /** @return this call with these tools instead of any before */
    public ChatCall tools(final List<ToolSpec> newTools) {
        return new ChatCall(model, turns, newTools, sampling, seeded, options);
    }

    /** @param newSampling its seed is used as it is */
    public ChatCall sampling(final SamplingParams newSampling) {
        return new ChatCall(model, turns, tools, newSampling, true, options);
    }

    /** @return this call, always taking the likeliest token */
    public ChatCall greedy() {
        return sampling(SamplingParams.GREEDY);
    }

    private ChatCall options(final Options newOptions) {
        return new ChatCall(model, turns, tools, sampling, seeded, newOptions);
    }

    /** @return this call with at most so many output tokens */
    public ChatCall maxTokens(final int tokens) {
        final Options o = options;
        return options(new Options(o.choice, o.singleCall, o.format, tokens, o.stop, o.run, o.priority, o.timeout, o.terms));
    }

    /** @return this call, ended by the first of these strings that appears */
    public ChatCall stop(final String... strings) {
        final Options o = options;
        return options(new Options(o.choice, o.singleCall, o.format, o.outputTokensMax, List.of(strings), o.run, o.priority, o.timeout, o.terms));
    }

    /** @return this call as a part of an agent run */
    public ChatCall run(final String run) {
        final Options o = options;
        return options(new Options(o.choice, o.singleCall, o.format, o.outputTokensMax, o.stop, run, o.priority, o.timeout, o.terms));
    }

    /** @param priority higher goes first; 0 is usual */
    public ChatCall priority(final int priority) {
        final Options o = options;
        return options(new Options(o.choice, o.singleCall, o.format, o.outputTokensMax, o.stop, o.run, priority, o.timeout, o.terms));
    }

    /**
     * @param gap expected time from the answer to the run's next call, for instance what its tools will take
     * @return this call, with that hint
     */
    public ChatCall toolGap(final Duration gap) {
        return terms(new RunTerms(options.terms.budgetNanoDollars(), options.terms.stepsMax(), gap.toMillis()));
    }

    /** @return this call, whose run may take so much and will be back then */
    ChatCall terms(final RunTerms terms) {
        final Options o = options;
        return options(new Options(o.choice, o.singleCall, o.format, o.outputTokensMax, o.stop, o.run, o.priority, o.timeout, terms));
    }

    /** @param timeout of the whole call, retries included */
    public ChatCall timeout(final Duration timeout) {
        final Options o = options;
        return options(new Options(o.choice, o.singleCall, o.format, o.outputTokensMax, o.stop, o.run, o.priority, timeout, o.terms));
    }

    /** @return this call with that wish about its tools */
    public ChatCall toolChoice(final ToolChoice choice) {
        final Options o = options;
        return options(new Options(choice, o.singleCall, o.format, o.outputTokensMax, o.stop, o.run, o.priority, o.timeout, o.terms));
    }

    /** @return this call, answered by one tool call at most */
    public ChatCall singleCall() {
        final Options o = options;
        return options(new Options(o.choice, true, o.format, o.outputTokensMax, o.stop, o.run, o.priority, o.timeout, o.terms));
    }

    /** @return this call, answered by a text of that form */
    public ChatCall format(final AnswerFormat format) {
        final Options o = options;
        return options(new Options(o.choice, o.singleCall, format, o.outputTokensMax, o.stop, o.run, o.priority, o.timeout, o.terms));
    }
}
