package io.spillway.gateway.chat;

import io.spillway.domain.request.GenerationDefaults;
import io.spillway.gateway.prefix.PromptText;
import io.spillway.grammar.ToolCallGrammar;
import java.util.List;
import java.util.Optional;

/** The text side of one model: what turns conversations into tokens and back. Any thread; may compute for milliseconds. */
public interface ChatModel {
    /**
     * @return the prompt's tokens, ready for the model to answer
     * @throws io.spillway.domain.error.SpillwayException {@code TEMPLATE_FAILED} when the template refuses the conversation,
     *         {@code UNSUPPORTED} when the model has no chat template, or was not made to fill gaps
     */
    int[] encode(Prompt prompt);

    /** @return tokens that end an output by themselves; a fresh array */
    int[] stopTokens();

    /** @return tokens that end what is written into a {@link Prompt.Gap}, besides {@link #stopTokens}; a fresh array */
    default int[] gapStopTokens() {
        return new int[0];
    }

    /** @return what holds for requests that do not say it themselves */
    default GenerationDefaults defaults() {
        return GenerationDefaults.NONE;
    }

    /** @return number of token ids: every id is below it */
    int vocabularySize();

    /** @return the bytes a token stands for; not always whole UTF-8 */
    byte[] tokenBytes(int token);

    /**
     * What a demanded call begins with: put behind the prompt, it leaves the model no other way than to go on with the call.
     *
     * @param function the name to be called; "" = the model chooses
     * @return its tokens, fresh; empty when this model's way of opening a call is not known
     */
    Optional<int[]> callOpening(String function);

    /** @return how this model writes tool calls; empty when that is not known */
    default Optional<ToolCallGrammar.Syntax> callSyntax() {
        return Optional.empty();
    }

    /**
     * @return the prompt as a text that can be encoded piece by piece to the same tokens as {@link #encode}; empty where that is not known
     * @throws io.spillway.domain.error.SpillwayException as {@link #encode}
     */
    default Optional<PromptText> text(final Prompt prompt) {
        return Optional.empty();
    }

    /** @return tokens of a text that stands in the middle of something: none is added before it */
    default int[] encodeContinuation(final String continuation) {
        return encode(new Prompt.Text(continuation));
    }

    /** @return whether the answer to a conversation may begin, or has begun, with a thought */
    default Thought thought(final int[] prompt) {
        return Thought.NONE;
    }

    /** Where an answer stands with its thought. */
    enum Thought {
        /** There is none. */
        NONE,
        /** The model may begin with one. */
        POSSIBLE,
        /** The prompt has opened one. */
        OPEN
    }

    /**
     * @param prompt the conversation that is answered, as {@link #encode} gave it: it may leave the model in the middle of a thought
     * @return a new output, empty, that tells thoughts from the answer where the model marks them
     */
    default ChatOutput newAnswer(final int[] prompt, final List<String> stops, final boolean toolCalls) {
        return newOutput(stops, toolCalls);
    }

    /** @return a new output, empty */
    ChatOutput newOutput(List<String> stops, boolean toolCalls);
}
