package io.spillway.gateway.chat;

import io.spillway.domain.id.RequestId;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Consumer;

/**
 * Gathers the pieces of several tokens into as few events as possible. Owned by the thread that runs the call. Ids of tool calls
 * follow from the request's id and their place, so that a resumed output names them the same.
 */
final class PieceTeller implements Consumer<ChatOutput.Piece> {
    private static final int ID_BYTES = 12;

    private final int choice;
    private final RequestId id;
    private final boolean oneCall;
    private final List<ChatEvent> gathered = new ArrayList<>();
    private int offsetChars;
    private int thoughtChars;
    private int calls;
    private boolean cut;

    PieceTeller(final int choice, final RequestId id, final boolean oneCall) {
        this.choice = choice;
        this.id = id;
        this.oneCall = oneCall;
    }

    /** @return how many tool calls have begun */
    int calls() {
        return calls;
    }

    /** @return whether a call began that the client does not want: the output ends before it */
    boolean cut() {
        return cut;
    }

    @Override
    public void accept(final ChatOutput.Piece piece) {
        if (cut) {
            return;
        }
        switch (piece) {
            case ChatOutput.Piece.Text text -> text(text.text());
            case ChatOutput.Piece.Reasoning thought -> reasoning(thought.text());
            case ChatOutput.Piece.CallStart start -> start(start);
            case ChatOutput.Piece.CallArguments more -> arguments(more);
        }
    }

    private void text(final String text) {
        if (!gathered.isEmpty() && gathered.getLast() instanceof ChatEvent.Text before) {
            gathered.set(gathered.size() - 1, new ChatEvent.Text(choice, before.offsetChars(), before.text() + text));
        } else {
            gathered.add(new ChatEvent.Text(choice, offsetChars, text));
        }
        offsetChars += text.length();
    }

    private void reasoning(final String text) {
        if (!gathered.isEmpty() && gathered.getLast() instanceof ChatEvent.Reasoning before) {
            gathered.set(gathered.size() - 1, new ChatEvent.Reasoning(choice, before.offsetChars(), before.text() + text));
        } else {
            gathered.add(new ChatEvent.Reasoning(choice, thoughtChars, text));
        }
        thoughtChars += text.length();
    }

    private void start(final ChatOutput.Piece.CallStart start) {
        if (oneCall && calls == 1) {
            cut = true;
            return;
        }
        calls++;
        gathered.add(new ChatEvent.CallStart(choice, start.index(), callId(start.index()), start.name()));
    }

    private void arguments(final ChatOutput.Piece.CallArguments more) {
        if (gathered.isEmpty() || !(gathered.getLast() instanceof ChatEvent.CallArguments before)
            || before.index() != more.index()) {
            gathered.add(new ChatEvent.CallArguments(choice, more.index(), more.fragment()));
            return;
        }
        gathered.set(gathered.size() - 1,
            new ChatEvent.CallArguments(choice, more.index(), before.fragment() + more.fragment()));
    }

    /** Hands on what was gathered. */
    void tell(final Consumer<ChatEvent> out) {
        gathered.forEach(out);
        gathered.clear();
    }

    private String callId(final int index) {
        try {
            final byte[] digest = MessageDigest.getInstance("SHA-256")
                .digest((id + "/" + choice + "/" + index).getBytes(StandardCharsets.UTF_8));
            return "call_" + HexFormat.of().formatHex(digest, 0, ID_BYTES);
        } catch (final NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK must have SHA-256", e);
        }
    }
}
