package io.spillway.gateway.runs;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.id.RunId;
import io.spillway.domain.id.TenantId;
import io.spillway.domain.kv.BlockHash;
import io.spillway.domain.kv.BlockHasher;
import io.spillway.domain.request.AgentStep;
import io.spillway.gateway.runs.AgentRuns.Beginning;
import io.spillway.gateway.runs.AgentRuns.PromptTokens;
import io.spillway.gateway.runs.AgentRuns.RunKey;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class AgentRunsTest {
    private static final TenantId TENANT = new TenantId("t");
    private static final BlockHash ROOT = new BlockHash(1, 2);
    private static final int BLOCK_TOKENS = 4;
    private final AgentRuns runs = new AgentRuns(new AgentRuns.Limits(64, 8, 256));
    private long nowMillis = 1_000_000;

    private OpenStep begin(final String step, final Optional<String> run, final String parent, final int... prompt) {
        return begin(ROOT, step, run, parent, prompt);
    }

    private OpenStep begin(final BlockHash root, final String step, final Optional<String> run, final String parent, final int... prompt) {
        return runs.begin(new Beginning(TENANT, run.map(RunId::new), new AgentStep("", "", "", step, parent), "m", nowMillis, -1, 0),
            Optional.of(new PromptTokens(root, BlockHasher.chain(root, prompt, 0, prompt.length, BLOCK_TOKENS), prompt, BLOCK_TOKENS)));
    }

    private void end(final OpenStep step, final int... output) {
        nowMillis += 100;
        step.end(new RunStep.Consumed(10, 4, output.length, 50, 100, new RunStep.Phases(20, 30), Optional.empty()), List.of(output));
    }

    private static int[] tokens(final int... tokens) {
        return tokens;
    }

    @Test
    void aConversationThatGoesOnBelongsToItsChain() {
        final OpenStep first = begin("s1", Optional.empty(), "", 1, 2, 3, 4, 5, 6);
        assertThat(first.chargedRun()).isEmpty();
        assertThat(first.run()).hasToString("chain-s1");
        end(first, 7, 8, 9);
        nowMillis += 5_000;
        final OpenStep second = begin("s2", Optional.empty(), "", 1, 2, 3, 4, 5, 6, 7, 8, 9, 20, 21);
        assertThat(second.run()).hasToString("chain-s1");
        assertThat(second.chargedRun()).hasValue(first.run());
        assertThat(second.step().parent()).isEqualTo("s1");
        assertThat(second.step().gapMillis()).as("the time of its tools").isEqualTo(5_000);
        assertThat(second.step().number()).isEqualTo(2);
        assertThat(second.before().costNanoDollars()).isEqualTo(50);
        end(second, 30);
        final AgentRuns.Ledger ledger = runs.ledger(new RunKey(TENANT, first.run())).orElseThrow();
        assertThat(ledger.stepCount()).isEqualTo(2);
        assertThat(ledger.costNanoDollars()).isEqualTo(100);
        assertThat(ledger.steps()).extracting(RunStep::id).containsExactly("s1", "s2");
    }

    @Test
    void anAnswerThatWasWrittenAnewStillGoesOnFromItsQuestion() {
        end(begin("s1", Optional.empty(), "", 1, 2, 3, 4, 5, 6), 7, 8, 9);
        final OpenStep second = begin("s2", Optional.empty(), "", 1, 2, 3, 4, 5, 6, 77, 20, 21);
        assertThat(second.run()).hasToString("chain-s1");
        assertThat(second.step().parent()).isEqualTo("s1");
    }

    @Test
    void whatOnlySharesABeginningIsAnotherChain() {
        end(begin("s1", Optional.empty(), "", 1, 2, 3, 4, 5, 6), 7, 8, 9);
        assertThat(begin("s2", Optional.empty(), "", 1, 2, 3, 4, 5, 99, 7, 8, 9, 1).run()).hasToString("chain-s2");
        assertThat(begin("s3", Optional.empty(), "", 1, 2, 3, 4, 5, 6).run()).as("the same once more").hasToString("chain-s3");
        assertThat(begin("s4", Optional.empty(), "", 1, 2, 3, 4).run()).hasToString("chain-s4");
        assertThat(begin(new BlockHash(9, 9), "s5", Optional.empty(), "", 1, 2, 3, 4, 5, 6, 7, 8, 9, 1).run()).as("another tenant's secret")
            .hasToString("chain-s5");
    }

    @Test
    void namesWinOverTokensAndAParentTellsTheRun() {
        end(begin("s1", Optional.of("run-a"), "", 1, 2, 3, 4), 5);
        assertThat(begin("s2", Optional.of("run-b"), "", 1, 2, 3, 4, 5, 6).run()).hasToString("run-b");
        final OpenStep named = begin("s3", Optional.empty(), "s1", 50, 51);
        assertThat(named.run()).hasToString("run-a");
        assertThat(named.chargedRun()).isPresent();
        assertThat(begin("s4", Optional.empty(), "nobody", 60).run()).hasToString("chain-s4");
    }

    @Test
    void aStepThatFailedIsListedAndNotGoneOnFrom() {
        final OpenStep failed = begin("s1", Optional.of("r"), "", 1, 2, 3);
        failed.end(new RunStep.Consumed(3, 0, 0, 0, 5, RunStep.Phases.NONE, Optional.of(ErrorCode.NODE_LOST)), List.of(tokens()));
        assertThat(runs.ledger(new RunKey(TENANT, new RunId("r"))).orElseThrow().steps().getFirst().consumed().orElseThrow().failure())
            .hasValue(ErrorCode.NODE_LOST);
        assertThat(begin("s2", Optional.empty(), "", 1, 2, 3, 4).step().parent()).isEmpty();
    }

    @Test
    void everythingIsBounded() {
        for (int i = 0; i < 1000; i++) {
            end(begin("s" + i, Optional.of("r" + i % 50), "", i, i + 1, i + 2), 1, 2);
        }
        final AgentRuns.Ledger ledger = runs.ledger(new RunKey(TENANT, new RunId("r30"))).orElseThrow();
        assertThat(ledger.steps()).extracting(RunStep::number).containsExactly(13, 14, 15, 16, 17, 18, 19, 20);
        assertThat(ledger.stepCount()).isEqualTo(20);
        assertThat(ledger.costNanoDollars()).isEqualTo(20 * 50);
        for (int i = 0; i < 64; i++) {
            end(begin("t" + i, Optional.of("u" + i), "", i, i + 1, i + 2), 1, 2);
        }
        assertThat(runs.ledger(new RunKey(TENANT, new RunId("r30")))).as("unheard of for longest").isEmpty();
        assertThat(runs.ledger(new RunKey(TENANT, new RunId("u0")))).isPresent();
    }

    /** Against a plain search through all steps. */
    @Property(tries = 200)
    void theLongestPrefixIsFound(@ForAll final long seed) {
        final Random random = new Random(seed);
        final LivePrefixes prefixes = new LivePrefixes(1000);
        final List<int[]> ends = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            final int[] sequence = grown(random, ends);
            assertThat(prefixes.find(sequence(sequence)).map(LivePrefixes.Match::step)).isEqualTo(longest(ends, sequence));
            prefixes.add(sequence(sequence), new LivePrefixes.Match(new RunKey(TENANT, new RunId("r")), "s" + i, true));
            ends.add(sequence);
        }
    }

    private static int[] grown(final Random random, final List<int[]> ends) {
        final int[] base = ends.isEmpty() || random.nextInt(4) == 0 ? new int[0] : ends.get(random.nextInt(ends.size()));
        final int[] grown = java.util.Arrays.copyOf(base, base.length + 1 + random.nextInt(6));
        for (int i = base.length; i < grown.length; i++) {
            grown[i] = random.nextInt(3);
        }
        return grown;
    }

    private static LivePrefixes.Sequence sequence(final int[] tokens) {
        return new LivePrefixes.Sequence(ROOT, BlockHasher.chain(ROOT, tokens, 0, tokens.length, BLOCK_TOKENS), tokens, BLOCK_TOKENS);
    }

    private static Optional<String> longest(final List<int[]> ends, final int[] sequence) {
        int best = -1;
        for (int i = 0; i < ends.size(); i++) {
            final int[] end = ends.get(i);
            final boolean begins = end.length < sequence.length && java.util.Arrays.equals(end, 0, end.length, sequence, 0, end.length);
            if (begins && (best < 0 || end.length >= ends.get(best).length)) {
                best = i;
            }
        }
        return best < 0 ? Optional.empty() : Optional.of("s" + best);
    }
}
