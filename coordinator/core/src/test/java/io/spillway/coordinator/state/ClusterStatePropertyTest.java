package io.spillway.coordinator.state;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.domain.id.TenantId;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

/** Edge cases are off: they are histories of one command or none, and would use up all tries. */
class ClusterStatePropertyTest {
    /** Small enough that every limit is met. */
    private static final StateLimits LIMITS = new StateLimits(8, 3, 3, 2, 2);

    @Provide
    Arbitrary<List<Commands.Step>> histories() {
        return Commands.steps().list().ofMaxSize(60);
    }

    private static ClusterState replay(final List<Commands.Step> steps, final ClusterState state) {
        steps.forEach(step -> step.applyTo(state));
        return state;
    }

    private static ClusterState fresh() {
        return new ClusterState(LIMITS, StateImage.EMPTY);
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void aSnapshotAndTheRestOfTheLogGiveTheSameStateAndAnswers(
        @ForAll("histories") final List<Commands.Step> history, @ForAll @IntRange(max = 60) final int at) {
        final int cut = Math.min(at, history.size());
        final ClusterState whole = replay(history.subList(0, cut), fresh());
        final ClusterState restored = new ClusterState(LIMITS, whole.image());
        assertThat(restored.image()).isEqualTo(whole.image());
        assertThat(restored.view()).isEqualTo(whole.view());
        for (final Commands.Step step : history.subList(cut, history.size())) {
            assertThat(step.applyTo(restored)).isEqualTo(step.applyTo(whole));
        }
        assertThat(restored.image()).isEqualTo(whole.image());
        assertThat(replay(history, fresh()).image()).isEqualTo(whole.image());
    }

    /** Whatever was resubmitted, and however often, it is as if each id had come once. */
    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void resubmissionsChangeNothing(@ForAll("histories") final List<Commands.Step> history) {
        final ClusterState resubmitted = new ClusterState();
        final ClusterState once = new ClusterState();
        final Map<String, CommandResult> answers = new HashMap<>();
        for (final Commands.Step step : history) {
            final CommandResult answer = step.applyTo(resubmitted);
            if (answers.containsKey(step.id())) {
                assertThat(answer).isEqualTo(answers.get(step.id()));
            } else {
                answers.put(step.id(), answer);
                step.applyTo(once);
            }
        }
        assertThat(resubmitted.view(0)).isEqualTo(once.view(0));
        assertThat(resubmitted.image().remembered()).isEqualTo(once.image().remembered());
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void epochsGrowAndNoTwoMembersShareOne(@ForAll("histories") final List<Commands.Step> history) {
        final ClusterState state = fresh();
        long lastEpoch = 0;
        for (final Commands.Step step : history) {
            final boolean again = state.image().remembered().stream().anyMatch(one -> one.commandId().equals(step.id()));
            if (step.applyTo(state) instanceof CommandResult.Registered registered && !again) {
                assertThat(registered.epoch()).isGreaterThan(lastEpoch);
                lastEpoch = registered.epoch();
            }
            assertThat(state.view().members().values()).extracting(ClusterView.Member::epoch).doesNotHaveDuplicates();
        }
    }

    @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
    void aRefusedCommandChangesNothing(@ForAll("histories") @Size(min = 1) final List<Commands.Step> history) {
        final ClusterState state = fresh();
        for (final Commands.Step step : history) {
            final ClusterView before = state.view(0);
            if (step.applyTo(state) instanceof CommandResult.Refused) {
                assertThat(state.view(0)).isEqualTo(before);
            }
        }
    }

    /** Views are shared with other threads: what was handed out stays as it was, and what did not change is not copied. */
    @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
    void viewsDoNotChangeBehindTheirReaders(@ForAll("histories") final List<Commands.Step> history) {
        final ClusterState state = fresh();
        ClusterView last = state.view();
        for (final Commands.Step step : history) {
            final String before = last.toString();
            final StateImage image = state.image();
            step.applyTo(state);
            final ClusterView next = state.view();
            assertThat(last.toString()).isEqualTo(before);
            if (image.keys().equals(state.image().keys())) {
                assertThat(next.keys()).isSameAs(last.keys());
            }
            if (image.tenants().equals(state.image().tenants()) && next.usage().equals(last.usage())) {
                assertThat(next.secrets()).isSameAs(last.secrets());
            }
            last = next;
        }
    }

    /** What tenants are charged is what was settled, to the last nano-dollar, whatever runs were forgotten meanwhile. */
    @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
    void chargesAreConserved(@ForAll("histories") final List<Commands.Step> history) {
        final ClusterState state = new ClusterState(new StateLimits(1000, 2, 10, 10, 10), StateImage.EMPTY);
        final Map<TenantId, Long> settled = new HashMap<>();
        final Set<String> seen = new HashSet<>();
        for (final Commands.Step step : history) {
            final boolean first = seen.add(step.id());
            final boolean applied = step.applyTo(state) instanceof CommandResult.Done;
            if (first && applied && step.command() instanceof Command.SettleUsage settle) {
                settle.entries().forEach(entry -> settled.merge(entry.tenant(), entry.costNanoDollars(), Long::sum));
            }
        }
        final Map<TenantId, Long> totals = new HashMap<>();
        state.view().usage().forEach((tenant, usage) -> totals.put(tenant, usage.costNanoDollars()));
        assertThat(totals).isEqualTo(settled);
        assertThat(state.view().runs()).hasSizeLessThanOrEqualTo(2);
    }
}
