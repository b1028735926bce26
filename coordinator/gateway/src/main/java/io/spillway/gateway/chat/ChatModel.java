package io.spillway.gateway.chat;

import java.util.List;

/** The text side of one model: what turns conversations into tokens and back. Any thread; may compute for milliseconds. */
public interface ChatModel {
    /**
     * @return the prompt's tokens, ready for the model to answer
     * @throws io.spillway.domain.error.SpillwayException {@code TEMPLATE_FAILED} when the template refuses the conversation,
     *         {@code UNSUPPORTED} when the model has no chat template
     */
    int[] encode(Prompt prompt);

    /** @return tokens that end an output by themselves; a fresh array */
    int[] stopTokens();

    /** @return number of token ids: every id is below it */
    int vocabularySize();

    /** @return the bytes a token stands for; not always whole UTF-8 */
    byte[] tokenBytes(int token);

    /** @return a new output, empty */
    ChatOutput newOutput(List<String> stops, boolean toolCalls);
}
