package io.spillway.text.reasoning;

import java.util.List;

/** How a model marks its thoughts. */
public enum ReasoningFormat {
    /** Not at all: everything is content. */
    NONE(List.of()),
    /** {@code <think>…</think>} before the answer: DeepSeek R1, Qwen 3, QwQ and many after them. */
    THINK(List.of(ReasoningSplitter.OPEN, ReasoningSplitter.CLOSE));

    private final List<String> markers;

    ReasoningFormat(final List<String> markers) {
        this.markers = markers;
    }

    /** @return the format that a chat template knows of */
    public static ReasoningFormat of(final String chatTemplate) {
        return chatTemplate.contains(ReasoningSplitter.CLOSE) ? THINK : NONE;
    }

    /** @return texts of tokens that must stay visible to the splitter, even where they are special */
    public List<String> markers() {
        return markers;
    }

    /** @return whether a prompt that ends like that leaves the model in the middle of a thought */
    public boolean leftOpen(final String promptEnd) {
        return this == THINK && promptEnd.stripTrailing().endsWith(ReasoningSplitter.OPEN);
    }

    /** @return whether a prompt that ends like that has a thought behind it: the model answers at once */
    public boolean leftClosed(final String promptEnd) {
        return this == THINK && promptEnd.stripTrailing().endsWith(ReasoningSplitter.CLOSE);
    }
}
