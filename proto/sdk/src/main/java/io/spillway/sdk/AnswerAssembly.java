package io.spillway.sdk;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.wire.codec.RequestCodec;
import io.spillway.wire.v1.ChatEvent;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * Puts an answer together from the events of one or more attempts: pieces already had are dropped by their offset. Owned by the thread
 * that reads the answer.
 */
final class AnswerAssembly {
    private final StringBuilder content = new StringBuilder();
    private final StringBuilder reasoning = new StringBuilder();
    private final List<StringBuilder> arguments = new ArrayList<>();
    private final List<Integer> tokens = new ArrayList<>();

    /** @return output tokens received so far, in order */
    List<Integer> tokens() {
        return tokens;
    }

    /** @param parts told what is new */
    void accept(final ChatEvent event, final int attempt, final Consumer<ChatPart> parts) {
        switch (event.getEventCase()) {
            case TEXT -> append(content, event.getText().getOffset(), event.getText().getText(), text -> parts.accept(new ChatPart.Text(text)));
            case REASONING -> append(reasoning, event.getReasoning().getOffset(), event.getReasoning().getText(),
                text -> parts.accept(new ChatPart.Reasoning(text)));
            case CALL -> call(event.getCall(), parts);
            case TOKENS -> tokens(event.getTokens());
            case FINISHED -> parts.accept(new ChatPart.Done(answer(event.getFinished(), attempt)));
            case FAILED -> throw failure(event.getFailed());
            case EVENT_NOT_SET -> throw new SpillwayException(ErrorCode.UNSUPPORTED, "the server sent an unknown event");
        }
    }

    private ChatAnswer answer(final ChatEvent.Finished finished, final int attempts) {
        return new ChatAnswer(content.toString(), reasoning.toString(), finished.getToolCallsList().stream().map(ChatCalls::toSdk).toList(),
            finished.getReason(), RequestCodec.toDomain(finished.getUsage()), finished.getCostNanoDollars(),
            finished.getPlacement(), attempts);
    }

    private static void append(final StringBuilder had, final int offset, final String piece, final Consumer<String> fresh) {
        final int known = had.length() - offset;
        if (known < 0) {
            throw new SpillwayException(ErrorCode.INTERNAL, "the answer has a gap at character " + had.length());
        }
        if (known < piece.length()) {
            had.append(piece, known, piece.length());
            fresh.accept(piece.substring(known));
        }
    }

    private void call(final ChatEvent.Call piece, final Consumer<ChatPart> parts) {
        if (piece.getIndex() > arguments.size()) {
            throw new SpillwayException(ErrorCode.INTERNAL, "the answer lacks tool call " + arguments.size());
        }
        if (piece.getIndex() == arguments.size()) {
            arguments.add(new StringBuilder());
            parts.accept(new ChatPart.Call(piece.getIndex(), piece.getId(), piece.getName(), ""));
        }
        append(arguments.get(piece.getIndex()), piece.getOffset(), piece.getArguments(),
            fresh -> parts.accept(new ChatPart.Call(piece.getIndex(), piece.getId(), piece.getName(), fresh)));
    }

    private void tokens(final ChatEvent.Tokens piece) {
        final int known = tokens.size() - piece.getFirstIndex();
        if (known < 0) {
            throw new SpillwayException(ErrorCode.INTERNAL, "the answer has a gap at token " + tokens.size());
        }
        tokens.addAll(piece.getTokensList().subList(Math.min(known, piece.getTokensCount()), piece.getTokensCount()));
    }

    private static SpillwayException failure(final ChatEvent.Failed failed) {
        final ErrorCode code = ErrorCode.ofNumber(failed.getCode());
        return failed.getField().isEmpty() ? new SpillwayException(code, failed.getDetail())
            : SpillwayException.ofField(code, failed.getField(), failed.getDetail());
    }
}
