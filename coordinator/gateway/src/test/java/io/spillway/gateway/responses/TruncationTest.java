package io.spillway.gateway.responses;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class TruncationTest {
    private static final List<String> ROLES = List.of("user", "assistant", "tool");

    private static List<Map<String, Object>> messages(final List<Integer> roles) {
        final List<Map<String, Object>> messages = new ArrayList<>(List.of(Map.of("role", "system", "content", "r")));
        roles.forEach(role -> messages.add(Map.of("role", ROLES.get(role), "content", "m" + messages.size())));
        return messages;
    }

    @Property(tries = 300)
    void theRulesAndTheNewestStay(@ForAll @Size(max = 30) final List<@IntRange(max = 2) Integer> roles, @ForAll @IntRange(max = 32) final int fit) {
        final List<Map<String, Object>> all = messages(roles);
        final List<Map<String, Object>> left = Truncation.fit(all, some -> some.size() <= fit);
        if (left == all) {
            return;
        }
        assertThat(left.size()).isLessThanOrEqualTo(fit);
        assertThat(left.getFirst()).isEqualTo(all.getFirst());
        assertThat(left.subList(1, left.size())).isEqualTo(all.subList(all.size() - left.size() + 1, all.size()));
        assertThat(left.get(1)).doesNotContainEntry("role", "tool");
    }

    @Test
    void whatTheModelRefusesIsNoCut() {
        final List<Map<String, Object>> all = messages(List.of(0, 1, 0, 1, 0));
        assertThat(Truncation.fit(all, some -> {
            if (some.size() < all.size() && !some.get(1).get("role").equals("user")) {
                throw new SpillwayException(ErrorCode.TEMPLATE_FAILED, "users begin");
            }
            return some.size() <= 3;
        })).containsExactly(all.getFirst(), all.getLast());
    }
}
