package io.spillway.sdk;

import io.spillway.wire.codec.RequestCodec;
import io.spillway.wire.v1.ChatMessage;
import io.spillway.wire.v1.ChatRequest;
import io.spillway.wire.v1.OutputFormat;
import io.spillway.wire.v1.Tool;
import io.spillway.wire.v1.ToolCall;

/** Calls as messages. Stateless; any thread. */
final class ChatCalls {
    private ChatCalls() {
    }

    static ChatRequest toWire(final ChatCall call, final String requestId, final long seed) {
        final ChatCall.Options options = call.options();
        final ChatRequest.Builder request = ChatRequest.newBuilder().setRequestId(requestId).setModel(call.model())
            .setSampling(RequestCodec.toWire(call.sampling().withSeed(seed)))
            .setOutputTokensMax(options.outputTokensMax()).addAllStop(options.stop()).setRun(options.run())
            .setPriority(options.priority()).setToolChoice(options.choice().text()).setSingleCall(options.singleCall())
            .setRunBudgetNanoDollars(options.terms().budgetNanoDollars()).setRunStepsMax(options.terms().stepsMax());
        if (options.terms().gapMillis() >= 0) {
            request.setRunGapMillis(options.terms().gapMillis());
        }
        format(options.format(), request);
        call.turns().forEach(turn -> request.addMessages(toWire(turn)));
        for (final ToolSpec tool : call.tools()) {
            request.addTools(Tool.newBuilder().setName(tool.name()).setDescription(tool.description())
                .setParametersJson(tool.parametersJson()).setStrict(tool.strict()));
        }
        return request.build();
    }

    private static ChatMessage toWire(final ChatTurn turn) {
        final ChatMessage.Builder message = ChatMessage.newBuilder().setRole(turn.role())
            .setContent(turn.content()).setToolCallId(turn.toolCallId());
        turn.toolCalls().forEach(use -> message.addToolCalls(ToolCall.newBuilder().setId(use.id())
            .setName(use.name()).setArgumentsJson(use.argumentsJson())));
        return message.build();
    }

    private static void format(final AnswerFormat format, final ChatRequest.Builder request) {
        final OutputFormat.Builder wire = OutputFormat.newBuilder();
        switch (format) {
            case AnswerFormat.Free _ -> {
                return;
            }
            case AnswerFormat.JsonObject _ -> wire.setJsonObject(true);
            case AnswerFormat.JsonSchema schema -> wire.setJsonSchema(schema.schemaJson()).setStrict(schema.strict());
            case AnswerFormat.Regex regex -> wire.setRegex(regex.regex());
            case AnswerFormat.Gbnf gbnf -> wire.setGbnf(gbnf.grammar());
        }
        request.setFormat(wire);
    }

    static ToolUse toSdk(final ToolCall call) {
        return new ToolUse(call.getId(), call.getName(), call.getArgumentsJson());
    }
}
