package io.spillway.gateway.prefix;

import static org.assertj.core.api.Assertions.assertThat;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class AttributionTest {
    private static final String LINE = "x-anthropic-billing-header: cc_version=2.1.329.f4b; cc_entrypoint=cli;";

    @Test
    void theLineAtTheHeadGoesAndTheRestStays() {
        assertThat(Attribution.without(LINE)).isEmpty();
        assertThat(Attribution.without(LINE + "\n\nYou are an agent.")).isEqualTo("You are an agent.");
        assertThat(Attribution.without("\n" + LINE + "\r\n" + LINE + "\nrest")).isEqualTo("rest");
        assertThat(Attribution.begins(LINE)).isTrue();
    }

    @Test
    void elsewhereItIsTextLikeAnyOther() {
        final String text = "Explain this header:\n" + LINE;
        assertThat(Attribution.without(text)).isSameAs(text);
        assertThat(Attribution.begins(text)).isFalse();
    }

    @Property
    void whateverStandsBehindItStays(@ForAll final String rest) {
        final String begun = "You " + rest;
        assertThat(Attribution.without(LINE + "\n" + begun)).isEqualTo(begun);
        assertThat(Attribution.without(begun)).isSameAs(begun);
    }
}
