package io.spillway.text.reasoning;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class ReasoningSplitterTest {
    private record Parts(String thought, String content) {
    }

    private static Parts split(final boolean open, final List<String> pieces) {
        final ReasoningSplitter splitter = new ReasoningSplitter(open);
        final StringBuilder thought = new StringBuilder();
        final StringBuilder content = new StringBuilder();
        pieces.forEach(piece -> splitter.accept(piece, thought::append, content::append));
        splitter.end(thought::append, content::append);
        return new Parts(thought.toString(), content.toString());
    }

    @Test
    void aThoughtStandsBeforeTheAnswer() {
        assertThat(split(false, List.of("<think>\nA b.\n\nC.\n</think>\n\nYes."))).isEqualTo(new Parts("A b.\n\nC.", "Yes."));
        assertThat(split(true, List.of("\nA b.\n</think>\n\nYes."))).isEqualTo(new Parts("A b.", "Yes."));
        assertThat(split(false, List.of("\n<think></think>Yes."))).isEqualTo(new Parts("", "Yes."));
    }

    @Test
    void whatIsNoThoughtIsTheAnswerExactlyAsWritten() {
        assertThat(split(false, List.of("\n <thin", "g> <think>x</think>"))).isEqualTo(new Parts("", "\n <thing> <think>x</think>"));
        assertThat(split(false, List.of("\n\n"))).isEqualTo(new Parts("", "\n\n"));
        assertThat(split(false, List.of("<thin"))).isEqualTo(new Parts("", "<thin"));
    }

    @Test
    void anUnfinishedThoughtIsAThought() {
        assertThat(split(false, List.of("<think>Hm", "</thi"))).isEqualTo(new Parts("Hm</thi", ""));
        assertThat(split(true, List.of())).isEqualTo(new Parts("", ""));
    }

    @Test
    void templatesSayWhetherAModelThinks() {
        assertThat(ReasoningFormat.of("{{ '<think>' }}..{{ '</think>' }}")).isEqualTo(ReasoningFormat.THINK);
        assertThat(ReasoningFormat.of("{{ message.content }}")).isEqualTo(ReasoningFormat.NONE);
        assertThat(ReasoningFormat.THINK.leftOpen("<|im_start|>assistant\n<think>\n")).isTrue();
        assertThat(ReasoningFormat.THINK.leftOpen("<think>\n\n</think>\n\n")).isFalse();
    }

    /** However the text is cut into pieces, the parts are the same. */
    @Property(tries = 500)
    void cutsDoNotMatter(@ForAll("outputs") final String output, @ForAll final boolean open, @ForAll final java.util.Random random) {
        final List<String> pieces = new java.util.ArrayList<>();
        for (int from = 0; from < output.length();) {
            final int to = Math.min(output.length(), from + 1 + random.nextInt(5));
            pieces.add(output.substring(from, to));
            from = to;
        }
        assertThat(split(open, pieces)).isEqualTo(split(open, List.of(output)));
    }

    @Provide
    Arbitrary<String> outputs() {
        return Arbitraries.of("<think>", "</think>", "<thi", "</", "\n", " ", "a", "b<", ">", "think").list().ofMaxSize(12)
            .map(parts -> String.join("", parts));
    }
}
