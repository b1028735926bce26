package io.spillway.gateway.chat;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/**
 * Holds back the events of all candidates of a request until every one is complete, then tells those of the likeliest, as
 * choices 0 and on of their prompt, the best first. Owned by the thread that runs the call; outputs are bounded, so this is.
 */
final class BestChoices {
    private final ChatRequest request;
    private final List<List<ChatEvent>> events = new ArrayList<>(); // by candidate

    BestChoices(final ChatRequest request) {
        this.request = request;
        for (int i = 0; i < request.candidates(); i++) {
            events.add(new ArrayList<>());
        }
    }

    /** Keeps an event of candidate {@code candidate}. */
    void take(final int candidate, final ChatEvent event) {
        events.get(candidate).add(event);
    }

    /** Tells the best; equals go by their number. */
    void tell(final List<ChoiceRun> runs, final Consumer<ChatEvent> out) {
        final int bestOf = request.options().bestOf();
        final int choices = request.options().choices();
        for (int prompt = 0; prompt < request.prompts().size(); prompt++) {
            final List<Integer> best = IntStream.range(prompt * bestOf, (prompt + 1) * bestOf).boxed()
                .sorted(Comparator.<Integer>comparingDouble(run -> -runs.get(run).meanLogprob())).limit(choices).toList();
            for (int place = 0; place < choices; place++) {
                for (final ChatEvent event : events.get(best.get(place))) {
                    out.accept(renumbered(event, prompt * choices + place));
                }
            }
        }
    }

    private ChatEvent renumbered(final ChatEvent event, final int choice) {
        return switch (event) {
            case ChatEvent.Started started -> new ChatEvent.Started(choice, started.sources(), started.placement());
            case ChatEvent.Tokens tokens -> new ChatEvent.Tokens(choice, tokens.firstIndex(), tokens.tokens(),
                request.sampling().wantsLogprobs() ? tokens.logprobs() : List.of());
            case ChatEvent.Text text -> new ChatEvent.Text(choice, text.offsetChars(), text.text());
            case ChatEvent.Reasoning thought -> new ChatEvent.Reasoning(choice, thought.offsetChars(), thought.text());
            case ChatEvent.CallStart start -> new ChatEvent.CallStart(choice, start.index(), start.id(), start.name());
            case ChatEvent.CallArguments more -> new ChatEvent.CallArguments(choice, more.index(), more.fragment());
            case ChatEvent.ChoiceFinished done -> new ChatEvent.ChoiceFinished(choice, done.reason(), done.stop());
            case ChatEvent.Finished finished -> finished;
            case ChatEvent.Failed failed -> failed;
        };
    }
}
