package io.spillway.gateway.chat;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.gateway.chat.ChatModel.Thought;
import io.spillway.grammar.GrammarSource;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What is asked of an answer holds from the end of its thought. */
class ThoughtsTest {
    private static final GrammarSource ANSWER = new GrammarSource.Choice(List.of("yes", "no"));

    @Test
    void aModelThatDoesNotThinkAnswersAtOnce() {
        assertThat(Thoughts.before(ANSWER, Thought.NONE)).isSameAs(ANSWER);
    }

    @Test
    void anOpenThoughtMustBeClosed() {
        assertThat(Thoughts.before(ANSWER, Thought.OPEN)).isInstanceOfSatisfying(GrammarSource.Until.class, until -> {
            assertThat(until.marker()).isEqualTo("</think>");
            assertThat(until.follows()).isEqualTo(new GrammarSource.Sequence(List.of(new GrammarSource.Choice(List.of("", "\n", "\n\n")), ANSWER)));
        });
    }

    @Test
    void aThoughtThatIsPossibleMayBeLeftOut() {
        assertThat(Thoughts.before(ANSWER, Thought.POSSIBLE)).isInstanceOfSatisfying(GrammarSource.AnyOf.class,
            any -> assertThat(any.branches()).hasSize(2).contains(ANSWER));
    }
}
