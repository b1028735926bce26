package io.spillway.gateway;

import io.spillway.gateway.chat.ChatOutput;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/** Output of {@link ByteModel}: recomputes everything from the start at each token, which is slow and plain. */
final class ByteOutput implements ChatOutput {
    private final List<String> stops;
    private final boolean toolCalls;
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private String told = "";
    private int calls;
    private boolean stopped;

    ByteOutput(final List<String> stops, final boolean toolCalls) {
        this.stops = stops;
        this.toolCalls = toolCalls;
    }

    @Override
    public void accept(final int token, final Consumer<Piece> pieces) {
        if (stopped || token >= ByteModel.END) {
            return;
        }
        bytes.write(token);
        final String all = bytes.toString(StandardCharsets.UTF_8);
        for (final String stop : stops) {
            final int at = all.indexOf(stop);
            if (at >= 0) {
                stopped = true;
                tell(all.substring(0, at), pieces);
                return;
            }
        }
        tell(certain(all), pieces);
    }

    private String certain(final String all) {
        int end = all.length();
        while (end > 0 && all.charAt(end - 1) == '\ufffd') {
            end--;
        }
        for (final String stop : stops) {
            for (int held = Math.min(stop.length() - 1, end); held > 0; held--) {
                if (all.startsWith(stop.substring(0, held), end - held)) {
                    end -= held;
                    break;
                }
            }
        }
        if (toolCalls) {
            final int open = all.lastIndexOf("[[", end);
            if (open >= 0 && all.indexOf("]]", open) < 0) {
                end = Math.min(end, open);
            } else if (end > 0 && all.charAt(end - 1) == '[') {
                end--;
            }
        }
        return all.substring(0, Math.max(end, told.length()));
    }

    private void tell(final String certain, final Consumer<Piece> pieces) {
        String fresh = certain.substring(told.length());
        told = certain;
        while (toolCalls && fresh.contains("[[")) {
            final int open = fresh.indexOf("[[");
            final int close = fresh.indexOf("]]", open);
            text(fresh.substring(0, open), pieces);
            final String[] call = fresh.substring(open + 2, close).split("\\|", 2);
            pieces.accept(new Piece.CallStart(calls, call[0]));
            final int half = call[1].length() / 2;
            pieces.accept(new Piece.CallArguments(calls, call[1].substring(0, half)));
            pieces.accept(new Piece.CallArguments(calls, call[1].substring(half)));
            calls++;
            fresh = fresh.substring(close + 2);
        }
        text(fresh, pieces);
    }

    private static void text(final String text, final Consumer<Piece> pieces) {
        if (!text.isEmpty()) {
            pieces.accept(new Piece.Text(text));
        }
    }

    @Override
    public void end(final Consumer<Piece> pieces) {
        if (!stopped) {
            text(bytes.toString(StandardCharsets.UTF_8).substring(told.length()), pieces);
        }
    }

    @Override
    public boolean stopped() {
        return stopped;
    }

    @Override
    public Optional<String> stop() {
        final String all = bytes.toString(StandardCharsets.UTF_8);
        return stopped ? stops.stream().filter(all::contains).findFirst() : Optional.empty();
    }
}
