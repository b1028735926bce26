package io.spillway.sdk;

import io.spillway.wire.codec.RequestCodec;
import io.spillway.wire.v1.ChatMessage;
import io.spillway.wire.v1.ChatRequest;
import io.spillway.wire.v1.Tool;
import io.spillway.wire.v1.ToolCall;

/** Calls as messages. */
final class ChatCalls {
    private ChatCalls() {
    }

    static ChatRequest toWire(final ChatCall call, final String requestId, final long seed) {
        final ChatRequest.Builder request = ChatRequest.newBuilder().setRequestId(requestId).setModel(call.model())
            .setSampling(RequestCodec.toWire(call.sampling().withSeed(seed)))
            .setOutputTokensMax(call.outputTokensMax()).addAllStop(call.stop()).setRun(call.run());
        for (final ChatCall.ChatTurn turn : call.turns()) {
            final ChatMessage.Builder message = request.addMessagesBuilder().setRole(turn.role())
                .setContent(turn.content()).setToolCallId(turn.toolCallId());
            turn.toolCalls().forEach(use -> message.addToolCalls(ToolCall.newBuilder().setId(use.id())
                .setName(use.name()).setArgumentsJson(use.argumentsJson())));
        }
        for (final ChatCall.ToolSpec tool : call.tools()) {
            request.addTools(Tool.newBuilder().setName(tool.name()).setDescription(tool.description())
                .setParametersJson(tool.parametersJson()));
        }
        return request.build();
    }

    static ChatCall.ToolUse toSdk(final ToolCall call) {
        return new ChatCall.ToolUse(call.getId(), call.getName(), call.getArgumentsJson());
    }
}
