package io.spillway.gateway.guard;

import io.spillway.gateway.chat.ChatEvent;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/** The events of one attempt, held back until it is judged. Belongs to the thread that runs the call. */
final class Attempt {
    private final List<ChatEvent> events = new ArrayList<>();
    private final Map<Integer, Call> calls = new LinkedHashMap<>();
    private final StringBuilder text = new StringBuilder();
    private final UnaryOperator<String> meant;
    private int renamedCalls;
    private ChatEvent last;

    /** @param meant the tool that is plainly meant by a name that the model wrote */
    Attempt(final UnaryOperator<String> meant) {
        this.meant = meant;
    }

    /** A call as the model wrote it, but for the name of a tool that was plainly meant. */
    static final class Call {
        final String id;
        final String name;
        final StringBuilder arguments = new StringBuilder();

        private Call(final String id, final String name) {
            this.id = id;
            this.name = name;
        }
    }

    void add(final ChatEvent told) {
        final ChatEvent event = told instanceof ChatEvent.CallStart start ? named(start) : told;
        switch (event) {
            case ChatEvent.Finished finished -> last = finished;
            case ChatEvent.Failed failed -> last = failed;
            case ChatEvent.CallStart start -> calls.put(start.index(), new Call(start.id(), start.name()));
            case ChatEvent.CallArguments more -> calls.get(more.index()).arguments.append(more.fragment());
            case ChatEvent.Text piece -> text.append(piece.text());
            default -> { }
        }
        if (last == null) {
            events.add(event);
        }
    }

    private ChatEvent.CallStart named(final ChatEvent.CallStart start) {
        final String name = meant.apply(start.name());
        renamedCalls += name.equals(start.name()) ? 0 : 1;
        return new ChatEvent.CallStart(start.choice(), start.index(), start.id(), name);
    }

    /** @return how many calls have another name than the model wrote */
    int renamedCalls() {
        return renamedCalls;
    }

    /** @return how it ended; null while it runs */
    ChatEvent last() {
        return last;
    }

    List<Call> calls() {
        return List.copyOf(calls.values());
    }

    String text() {
        return text.toString();
    }

    /** @return all events but the last, arguments of calls replaced by {@code arguments}, one whole piece per call */
    List<ChatEvent> events(final List<String> arguments) {
        final List<ChatEvent> told = new ArrayList<>();
        for (final ChatEvent event : events) {
            if (event instanceof ChatEvent.CallArguments) {
                continue;
            }
            told.add(event);
            if (event instanceof ChatEvent.CallStart start) {
                told.add(new ChatEvent.CallArguments(start.choice(), start.index(), arguments.get(indexOf(start.index()))));
            }
        }
        return told;
    }

    /** @return all events but the last, with {@code text} in one piece where the first piece was */
    List<ChatEvent> eventsWith(final String otherText) {
        final List<ChatEvent> told = new ArrayList<>();
        boolean said = false;
        for (final ChatEvent event : events) {
            if (!(event instanceof ChatEvent.Text piece)) {
                told.add(event);
            } else if (!said) {
                told.add(new ChatEvent.Text(piece.choice(), piece.offsetChars(), otherText));
                said = true;
            }
        }
        return told;
    }

    /** @return all events but the last, without calls; the answer then ended by itself */
    List<ChatEvent> eventsWithoutCalls() {
        return events.stream().filter(event -> !(event instanceof ChatEvent.CallStart || event instanceof ChatEvent.CallArguments))
            .map(event -> event instanceof ChatEvent.ChoiceFinished done && done.reason() == ChatEvent.ChatFinish.TOOL_CALLS
                ? new ChatEvent.ChoiceFinished(done.choice(), ChatEvent.ChatFinish.STOP) : event).toList();
    }

    private int indexOf(final int call) {
        return List.copyOf(calls.keySet()).indexOf(call);
    }
}
