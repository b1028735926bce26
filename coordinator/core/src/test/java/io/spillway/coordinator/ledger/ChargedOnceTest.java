package io.spillway.coordinator.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.coordinator.state.Command.UsageEntry;
import io.spillway.domain.id.RequestId;
import io.spillway.domain.id.TenantId;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class ChargedOnceTest {
    private static final RequestId ID = new RequestId("chatcmpl-1");

    private static UsageEntry entry(final String tenant, final long output) {
        return new UsageEntry(new TenantId(tenant), "run", "model", 100, 40, output, 60 + 2 * output);
    }

    @Property
    void allAttemptsTogetherAreChargedAsTheLongestOfThem(@ForAll @Size(min = 1, max = ChargedOnce.ATTEMPTS_MAX) final List<@IntRange(min = 0, max = 50) Integer> outputs) {
        final ChargedOnce once = new ChargedOnce(4);
        long output = 0;
        long cost = 0;
        long prompt = 0;
        for (final int tokens : outputs) {
            final UsageEntry charged = once.next(ID, entry("t", tokens)).orElse(new UsageEntry(new TenantId("t"), "", "m", 0, 0, 0, 0));
            output += charged.outputTokens();
            cost += charged.costNanoDollars();
            prompt += charged.promptTokens();
        }
        final int most = outputs.stream().mapToInt(Integer::intValue).max().orElseThrow();
        assertThat(output).isEqualTo(most);
        assertThat(prompt).isEqualTo(100);
        assertThat(cost).isEqualTo(60 + 2L * most);
    }

    @Test
    void whoGoesOnAndOnUnderOneIdPaysAnew() {
        final ChargedOnce once = new ChargedOnce(4);
        for (int round = 0; round < 3; round++) {
            assertThat(once.next(ID, entry("t", 5))).hasValue(entry("t", 5));
            for (int attempt = 1; attempt < ChargedOnce.ATTEMPTS_MAX; attempt++) {
                assertThat(once.next(ID, entry("t", 5))).isEmpty();
            }
        }
    }

    @Test
    void idsAreATenantsOwnAndTheOldestAreForgotten() {
        final ChargedOnce once = new ChargedOnce(2);
        assertThat(once.next(ID, entry("a", 5))).hasValue(entry("a", 5));
        assertThat(once.next(ID, entry("b", 5))).hasValue(entry("b", 5));
        assertThat(once.next(ID, entry("a", 5))).isEmpty();
        assertThat(once.next(new RequestId("other"), entry("a", 5))).isPresent();
        assertThat(once.next(ID, entry("b", 5))).as("forgotten").hasValue(entry("b", 5));
    }
}
