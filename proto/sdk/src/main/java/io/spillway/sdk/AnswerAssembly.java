package io.spillway.sdk;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.wire.codec.RequestCodec;
import io.spillway.wire.v1.ChatEvent;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** Puts an answer together from the events of one or more attempts: pieces already had are dropped by their offset. */
final class AnswerAssembly {
    private final Consumer<String> onText;
    private final StringBuilder content = new StringBuilder();
    private final StringBuilder reasoning = new StringBuilder();
    private final List<Integer> tokens = new ArrayList<>();
    private ChatEvent.Finished finished;

    AnswerAssembly(final Consumer<String> onText) {
        this.onText = onText;
    }

    /** @return output tokens received so far, in order */
    List<Integer> tokens() {
        return tokens;
    }

    boolean finished() {
        return finished != null;
    }

    void accept(final ChatEvent event) {
        switch (event.getEventCase()) {
            case TEXT -> tell(append(content, event.getText()));
            case REASONING -> append(reasoning, event.getReasoning());
            case TOKENS -> tokens(event.getTokens());
            case FINISHED -> finished = event.getFinished();
            case FAILED -> throw failure(event.getFailed());
            case EVENT_NOT_SET -> throw new SpillwayException(ErrorCode.UNSUPPORTED, "the server sent an unknown event");
        }
    }

    ChatAnswer answer(final int attempts) {
        return new ChatAnswer(content.toString(), reasoning.toString(), finished.getToolCallsList().stream().map(ChatCalls::toSdk).toList(),
            finished.getReason(), RequestCodec.toDomain(finished.getUsage()), finished.getCostNanoDollars(),
            finished.getPlacement(), attempts);
    }

    /** @return what was new of it; may be empty */
    private static String append(final StringBuilder content, final ChatEvent.Text piece) {
        final int known = content.length() - piece.getOffset();
        if (known < 0) {
            throw new SpillwayException(ErrorCode.INTERNAL, "the answer has a gap at character " + content.length());
        }
        final String fresh = piece.getText().substring(Math.min(known, piece.getText().length()));
        content.append(fresh);
        return fresh;
    }

    private void tell(final String fresh) {
        if (!fresh.isEmpty()) {
            onText.accept(fresh);
        }
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
