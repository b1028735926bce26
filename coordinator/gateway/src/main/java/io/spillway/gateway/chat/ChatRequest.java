package io.spillway.gateway.chat;

import static java.util.Objects.requireNonNull;

import io.spillway.domain.id.ModelId;
import io.spillway.domain.id.RequestId;
import io.spillway.domain.id.RunId;
import io.spillway.domain.id.TenantId;
import io.spillway.domain.request.AgentStep;
import io.spillway.domain.request.RunTerms;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * What a client asks, whatever protocol it came in.
 *
 * @param id              unique; choices derive theirs from it, so the same id gives the same tool-call ids
 * @param prompts         at least one; every prompt is answered {@code options.choices} times
 * @param outputTokensMax most output tokens per choice; empty = as the model says, else to the end of the context. Clamped to what
 *                        the context leaves
 * @param seed            empty = random. Choice {@code i} uses {@code seed + i}
 */
public record ChatRequest(
    RequestId id, TenantId tenant, Optional<RunId> run, ModelId model, List<Prompt> prompts, OptionalInt outputTokensMax,
    OptionalLong seed, AskedSampling sampling, Options options) {

    public ChatRequest {
        requireNonNull(id, "id");
        requireNonNull(tenant, "tenant");
        requireNonNull(run, "run");
        requireNonNull(model, "model");
        requireNonNull(outputTokensMax, "outputTokensMax");
        requireNonNull(seed, "seed");
        requireNonNull(sampling, "sampling");
        requireNonNull(options, "options");
        prompts = List.copyOf(prompts);
        if (prompts.isEmpty()) {
            throw new IllegalArgumentException("a request needs a prompt");
        }
        if (options.emittedTokens.length > 0 && prompts.size() * options.bestOf > 1) {
            throw new IllegalArgumentException("only a request for one choice can be continued");
        }
    }

    /** @return the same request about that prompt only */
    public ChatRequest with(final Prompt prompt) {
        return new ChatRequest(id, tenant, run, model, List.of(prompt), outputTokensMax, seed, sampling, options);
    }

    /** @return how many outputs are asked for in all */
    public int outputs() {
        return prompts.size() * options.choices;
    }

    /** @return how many outputs are generated in all, to choose from */
    public int candidates() {
        return prompts.size() * options.bestOf;
    }

    /**
     * How the output is shaped.
     *
     * @param choices       answers per prompt
     * @param stops         strings that end the output; none empty
     * @param toolCalls     how tool calls are looked for
     * @param demand        a call the output must begin with: a function's name, or "" for any; empty = none. Heeded when the
     *                      model's way of opening a call is known ({@link ChatModel#callOpening})
     * @param emittedTokens output the client already has from an attempt elsewhere: generation goes on behind it; its text is
     *                      delivered again from the start, for the receiver to drop by offset. Handed over
     * @param shape         what the output must look like
     * @param bestOf        outputs generated per prompt; the {@code choices} likeliest, by mean logarithm of their tokens'
     *                      probabilities, are delivered when all are complete. {@code choices} = all, as they come
     * @param priority      higher goes first; 0 is usual
     * @param context       what stands around the request
     */
    public record Options(
        int choices, List<String> stops, ToolCalls toolCalls, Optional<String> demand, int[] emittedTokens, OutputShape shape,
        int bestOf, int priority, Context context) {
        /** One choice, nothing special. */
        public static final Options PLAIN = new Options(1, List.of(), ToolCalls.NONE, Optional.empty(), new int[0]);

        /** A free output. */
        public Options(
            final int choices, final List<String> stops, final ToolCalls toolCalls, final Optional<String> demand, final int[] emittedTokens) {
            this(choices, stops, toolCalls, demand, emittedTokens, OutputShape.FREE);
        }

        /** As many outputs as are delivered, of the usual priority. */
        public Options(
            final int choices, final List<String> stops, final ToolCalls toolCalls, final Optional<String> demand,
            final int[] emittedTokens, final OutputShape shape) {
            this(choices, stops, toolCalls, demand, emittedTokens, shape, choices, 0, Context.NONE);
        }

        /** @return the same, chosen from so many outputs and of that priority */
        public Options with(final int newBestOf, final int newPriority) {
            return new Options(choices, stops, toolCalls, demand, emittedTokens, shape, newBestOf, newPriority, context);
        }

        /** @return the same, in that context */
        public Options in(final Context newContext) {
            return new Options(choices, stops, toolCalls, demand, emittedTokens, shape, bestOf, priority, newContext);
        }

        public Options {
            requireNonNull(shape, "shape");
            requireNonNull(context, "context");
            stops = List.copyOf(stops);
            requireNonNull(toolCalls, "toolCalls");
            requireNonNull(demand, "demand");
            requireNonNull(emittedTokens, "emittedTokens");
            if (choices < 1) {
                throw new IllegalArgumentException("choices must be positive: " + choices);
            }
            if (bestOf < choices) {
                throw new IllegalArgumentException("bestOf must be at least choices: " + bestOf + " of " + choices);
            }
            if (demand.isPresent() && toolCalls == ToolCalls.NONE) {
                throw new IllegalArgumentException("a call is demanded and none is looked for");
            }
        }
    }

    /**
     * What stands around a request and changes no word of its answer.
     *
     * @param agent               which step of which agent it is; its {@code step} may be left open
     * @param deadlineEpochMillis when the answer is of no use any more: then the request ends; empty = never
     * @param retries             how often the client has sent the request before
     * @param prediction          what the caller believes that the answer will say; "" = nothing
     * @param retention           beginnings of the prompt that the caller would like to be kept
     * @param terms               what the request's run may take
     */
    public record Context(
        AgentStep agent, OptionalLong deadlineEpochMillis, int retries, String prediction, List<RetentionWish> retention,
        RunTerms terms) {
        /** Nothing is known. */
        public static final Context NONE = new Context(AgentStep.NONE, OptionalLong.empty(), 0, "");

        public Context {
            requireNonNull(agent, "agent");
            requireNonNull(deadlineEpochMillis, "deadlineEpochMillis");
            requireNonNull(prediction, "prediction");
            retention = List.copyOf(retention);
            requireNonNull(terms, "terms");
        }

        /** No wishes and no terms. */
        public Context(final AgentStep agent, final OptionalLong deadlineEpochMillis, final int retries, final String prediction) {
            this(agent, deadlineEpochMillis, retries, prediction, List.of(), RunTerms.NONE);
        }

        /** @return the same with that prediction */
        public Context predicting(final String text) {
            return new Context(agent, deadlineEpochMillis, retries, text, retention, terms);
        }

        /** @return the same with these wishes */
        public Context retaining(final List<RetentionWish> wishes) {
            return new Context(agent, deadlineEpochMillis, retries, prediction, wishes, terms);
        }

        /** @return the same under those terms */
        public Context under(final RunTerms newTerms) {
            return new Context(agent, deadlineEpochMillis, retries, prediction, retention, newTerms);
        }
    }

    /** Which tool calls an output may hold. */
    public enum ToolCalls {
        /** Everything is text; a model that is told of tools is kept from calling any, where its way of calling is known. */
        NONE,
        /** One; the output ends when another would begin. */
        ONE,
        /** Any number. */
        MANY
    }
}
