package io.spillway.text.tools;

import java.util.List;

/** How a model writes tool calls. */
public enum ToolFormat {
    /** No calls: everything is content. */
    NONE(List.of()),
    /** {@code <tool_call>{"name": …, "arguments": {…}}</tool_call>}: Hermes, Qwen, Brook. */
    HERMES(List.of("<tool_call>", "</tool_call>")),
    /** <code>{"name": …, "parameters": {…}}</code> as the whole output, perhaps after {@code <|python_tag|>}: Llama 3. */
    LLAMA(List.of("<|python_tag|>")),
    /** {@code [TOOL_CALLS][{"name": …, "arguments": {…}}]}, or {@code [TOOL_CALLS]name[ARGS]{…}}: Mistral. */
    MISTRAL(List.of("[TOOL_CALLS]", "[ARGS]", "[CALL_ID]"));

    private final List<String> markers;

    ToolFormat(final List<String> markers) {
        this.markers = markers;
    }

    /** @return the format that a chat template renders calls in */
    public static ToolFormat of(final String chatTemplate) {
        if (chatTemplate.contains("<tool_call>")) {
            return HERMES;
        }
        if (chatTemplate.contains("[TOOL_CALLS]")) {
            return MISTRAL;
        }
        final boolean llama = chatTemplate.contains("<|start_header_id|>") && chatTemplate.contains("\"parameters\"");
        return llama || chatTemplate.contains("<|python_tag|>") ? LLAMA : NONE;
    }

    /** @return texts of tokens that must stay visible to the parser, even where they are special */
    public List<String> markers() {
        return markers;
    }

    /** @return a parser for one output */
    public ToolCallParser newParser() {
        return switch (this) {
            case NONE -> new PlainParser();
            case HERMES -> new HermesParser();
            case LLAMA -> new WholeOutputParser();
            case MISTRAL -> new MistralParser();
        };
    }
}
