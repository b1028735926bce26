package io.spillway.gateway.identity;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.domain.id.RunId;
import io.spillway.domain.request.AgentStep;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class NamesTest {
    @Property
    void anyNameBecomesAFitOneOrNone(@ForAll final String name) {
        Names.fit(name).ifPresent(fit -> {
            assertThat(fit.length()).isLessThanOrEqualTo(AgentStep.CHARS_MAX);
            assertThat(new RunId(fit).value()).isEqualTo(fit);
            assertThat(Names.fit(fit)).hasValue(fit);
        });
    }

    @Test
    void whatIsFitStaysAndWhatIsNotBecomesADash() {
        assertThat(Names.fit(" run 7 ")).hasValue("run-7");
        assertThat(Names.fit("ses_1/a@b:c+d.e")).hasValue("ses_1/a@b:c+d.e");
        assertThat(Names.fit("__x")).hasValue("x");
        assertThat(Names.fit("é")).isEmpty();
        assertThat(Names.fit("x".repeat(1000))).hasValue("x".repeat(AgentStep.CHARS_MAX));
    }
}
