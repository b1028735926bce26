package io.spillway.coordinator.server;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.gateway.chat.ChatRequest.ToolCalls;
import io.spillway.gateway.chat.OutputShape;
import io.spillway.grammar.GrammarSource;
import io.spillway.grammar.schema.Whitespace;
import io.spillway.wire.v1.ChatRequest;
import io.spillway.wire.v1.OutputFormat;
import io.spillway.wire.v1.Tool;
import java.util.Optional;
import java.util.stream.Collectors;

/** What an SDK request wants of tools and of the answer's form. Stateless; any thread. */
final class SdkWishes {
    private static final String NAMED = "tool:";

    private SdkWishes() {
    }

    /** @return how calls are looked for */
    static ToolCalls calls(final ChatRequest request) {
        if (request.getToolsCount() == 0 || request.getToolChoice().equals("none")) {
            return ToolCalls.NONE;
        }
        return request.getSingleCall() || request.getToolChoice().startsWith(NAMED) ? ToolCalls.ONE : ToolCalls.MANY;
    }

    /**
     * @return the call that the answer must begin with: a name, or "" for any; empty = none
     * @throws SpillwayException for a choice that is unknown or cannot be met
     */
    static Optional<String> demand(final ChatRequest request) {
        final String choice = request.getToolChoice();
        switch (choice) {
            case "", "auto", "none" -> {
                return Optional.empty();
            }
            case "required" -> {
                if (request.getToolsCount() == 0) {
                    throw refused("a call is required but there are no tools");
                }
                return Optional.of("");
            }
            default -> {
                final String name = choice.startsWith(NAMED) ? choice.substring(NAMED.length()) : "";
                if (request.getToolsList().stream().noneMatch(tool -> tool.getName().equals(name))) {
                    throw refused("'" + choice + "' is neither auto, none, required nor one of the tools");
                }
                return Optional.of(name);
            }
        }
    }

    private static SpillwayException refused(final String why) {
        return SpillwayException.ofField(ErrorCode.INVALID_VALUE, "tool_choice", why);
    }

    /** @return the form of the answer */
    static OutputShape shape(final ChatRequest request) {
        return new OutputShape(request.hasFormat() ? format(request.getFormat()) : Optional.empty(),
            request.getToolsList().stream().filter(Tool::getStrict).map(Tool::getName).collect(Collectors.toSet()));
    }

    private static Optional<GrammarSource> format(final OutputFormat format) {
        return switch (format.getFormatCase()) {
            case JSON_OBJECT -> Optional.of(new GrammarSource.JsonObject(Whitespace.FLEXIBLE));
            case JSON_SCHEMA -> Optional.of(new GrammarSource.JsonSchema(format.getJsonSchema(), format.getStrict(), Whitespace.FLEXIBLE));
            case REGEX -> Optional.of(new GrammarSource.Regex(format.getRegex()));
            case GBNF -> Optional.of(new GrammarSource.Gbnf(format.getGbnf()));
            case FORMAT_NOT_SET -> Optional.empty();
        };
    }
}
