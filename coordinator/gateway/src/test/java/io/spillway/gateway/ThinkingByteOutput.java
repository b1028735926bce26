package io.spillway.gateway;

import io.spillway.gateway.chat.ChatOutput;
import io.spillway.text.reasoning.ReasoningSplitter;
import java.util.Optional;
import java.util.function.Consumer;

/** An output of {@link ByteModel} that may begin with a thought. */
final class ThinkingByteOutput implements ChatOutput {
    private final ChatOutput output;
    private final ReasoningSplitter splitter = new ReasoningSplitter(false);

    ThinkingByteOutput(final ChatOutput output) {
        this.output = output;
    }

    private Consumer<Piece> split(final Consumer<Piece> pieces) {
        return piece -> {
            if (piece instanceof Piece.Text(String text)) {
                splitter.accept(text, thought -> pieces.accept(new Piece.Reasoning(thought)), words -> pieces.accept(new Piece.Text(words)));
            } else {
                pieces.accept(piece);
            }
        };
    }

    @Override
    public void accept(final int token, final Consumer<Piece> pieces) {
        output.accept(token, split(pieces));
    }

    @Override
    public void end(final Consumer<Piece> pieces) {
        output.end(split(pieces));
        splitter.end(thought -> pieces.accept(new Piece.Reasoning(thought)), words -> pieces.accept(new Piece.Text(words)));
    }

    @Override
    public boolean stopped() {
        return output.stopped();
    }

    @Override
    public Optional<String> stop() {
        return output.stop();
    }

    @Override
    public boolean thinking() {
        return splitter.thinking();
    }
}
