package io.spillway.coordinator.placement;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.coordinator.prefix.PrefixMatches;
import io.spillway.coordinator.prefix.PrefixRuns;
import io.spillway.domain.cluster.ModelDescriptor;
import io.spillway.domain.cluster.NodeLoad;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.id.NodeId;
import io.spillway.testkit.gen.Models;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class PlacementPolicyTest {
    private static final ModelDescriptor MODEL = Models.model("brook", 64, 8192);
    private static final PlacementConfig CONFIG = new PlacementConfig(4, 1000, 20_000_000L, 1e9, 0.5, 512, 64, 0.5);

    private final PlacementPolicy policy = new PlacementPolicy(CONFIG);

    @Test
    void equalNodesAreTakenByFewestRequestsThenId() {
        final Candidate busy = candidate("a", load("a", 0, 3, 200, 0), Candidate.OwnWork.NONE);
        final Candidate idle = candidate("b", load("b", 0, 3, 200, 0), Candidate.OwnWork.NONE);
        assertThat(placed(request(100, PrefixMatches.NONE), busy, idle).candidate().node().id().value()).isEqualTo("a");
        final Candidate ours = candidate("a", load("a", 0, 3, 200, 0), new Candidate.OwnWork(4 - 1, 0, 0, 0));
        final Candidate fewer = candidate("b", load("b", 0, 2, 200, 0), new Candidate.OwnWork(2, 0, 0, 0));
        assertThat(placed(request(100, PrefixMatches.NONE), ours, fewer).candidate().node().id().value()).isEqualTo("b");
    }

    @Test
    void aWarmPrefixWinsUntilItsQueueCostsMoreThanComputingAnew() {
        final PrefixMatches warm = matches(Map.of("warm", new PrefixRuns(15, 15, 15)), 0);
        final Candidate cold = candidate("cold", load("cold", 0, 0, 200, 0), Candidate.OwnWork.NONE);
        assertThat(placed(request(1000, warm), cold, candidate("warm", load("warm", 900, 0, 200, 0), Candidate.OwnWork.NONE))
            .candidate().node().id().value()).isEqualTo("warm");
        assertThat(placed(request(1000, warm), cold, candidate("warm", load("warm", 1000, 0, 200, 0), Candidate.OwnWork.NONE))
            .candidate().node().id().value()).isEqualTo("cold");
    }

    @Test
    void theEstimateIsTheFormula() {
        final PrefixMatches matches = matches(Map.of("n", new PrefixRuns(2, 5, 9)), 0);
        final Candidate node = candidate("n", load("n", 300, 2, 4, 10), new Candidate.OwnWork(1, 200, 0, 1));
        final Estimate estimate = placed(request(1000, matches), node).estimate();
        final double bytesPerBlock = MODEL.layout().blockBytes();
        assertThat(estimate.cached()).isEqualTo(new Estimate.Cached(128, 192, 256));
        assertThat(estimate.computedTokens()).isEqualTo(424);
        assertThat(estimate.prefillNanos()).isEqualTo(424_000_000L);
        assertThat(estimate.queueNanos()).as("500 tokens and one decode step").isEqualTo(500_000_000L + 20_000_000L);
        assertThat(estimate.onboardNanos()).isEqualTo((long) (3 * bytesPerBlock) + (long) (4 * bytesPerBlock * 2));
        assertThat(estimate.blocksNeeded()).as("1064 tokens are 17 blocks, 2 are there").isEqualTo(15);
        assertThat(estimate.evictNanos()).as("3 free; 10 evicted at half price, 2 at full").isEqualTo(7 * 64_000_000L);
        assertThat(estimate.totalNanos()).isEqualTo(
            estimate.queueNanos() + estimate.onboardNanos() + estimate.prefillNanos() + estimate.evictNanos());
    }

    @Test
    void aSlowLinkIsBoundedByComputingAnew() {
        final PrefixMatches matches = matches(Map.of(), 15);
        final NodeLoad slow = new NodeLoad(new NodeId("n"), 1, 0, 0, 0, 200, 0, 0, 1000, 0, 10, NodeLoad.TierUse.NONE);
        final Estimate estimate = placed(request(1000, matches), candidate("n", Optional.of(slow), Candidate.OwnWork.NONE)).estimate();
        assertThat(estimate.onboardNanos()).isEqualTo(960_000_000L);
    }

    @Test
    void theLastTokenIsAlwaysComputed() {
        final PrefixMatches matches = matches(Map.of("n", new PrefixRuns(16, 16, 16)), 0);
        final Estimate estimate = placed(request(1024, matches), candidate("n", Optional.empty(), Candidate.OwnWork.NONE)).estimate();
        assertThat(estimate.computedTokens()).isEqualTo(1);
        assertThat(estimate.cached().tokens()).isEqualTo(1023);
    }

    @Test
    void refusalsNameTheirReason() {
        final Candidate full = candidate("full", Optional.empty(), new Candidate.OwnWork(4, 0, 0, 0));
        final Candidate failed = new Candidate(Models.engine("failed", MODEL, 200), 1, Optional.empty(), Candidate.OwnWork.NONE, true);
        final Candidate small = new Candidate(Models.engine("small", MODEL, 2), 1, Optional.empty(), Candidate.OwnWork.NONE, false);
        assertThat(rejected(request(1000, PrefixMatches.NONE))).isEqualTo(ErrorCode.NO_NODE);
        assertThat(rejected(request(1000, PrefixMatches.NONE), full)).isEqualTo(ErrorCode.OVERLOADED);
        assertThat(rejected(request(1000, PrefixMatches.NONE), failed)).isEqualTo(ErrorCode.NODE_LOST);
        assertThat(rejected(request(1000, PrefixMatches.NONE), small)).isEqualTo(ErrorCode.CONTEXT_LENGTH_EXCEEDED);
        assertThat(rejected(request(8192, PrefixMatches.NONE), full)).isEqualTo(ErrorCode.CONTEXT_LENGTH_EXCEEDED);
    }

    @Test
    void theExplanationSpeaksInNumbers() {
        final PrefixMatches matches = matches(Map.of("a", new PrefixRuns(2, 5, 9)), 0);
        final Candidate node = candidate("a", load("a", 300, 2, 4, 10), Candidate.OwnWork.NONE);
        final Candidate other = candidate("b", load("b", 9000, 2, 4, 10), Candidate.OwnWork.NONE);
        assertThat(placed(request(1000, matches), node, other).explanation())
            .startsWith("a in ").contains("of 1000 tokens 128 device, 192 host, 256 remote, 424 computed", "next b in ",
                "2 of 2 nodes open", "queue 320.0 ms");
    }

    @Property(tries = 300)
    void theChoiceIsTheCheapestAndDoesNotDependOnTheOrder(@ForAll final long seed) {
        final Random random = new Random(seed);
        final List<Candidate> candidates = new ArrayList<>();
        final Map<String, PrefixRuns> runs = new HashMap<>();
        for (int i = 1 + random.nextInt(8); i > 0; i--) {
            final String id = "n" + i;
            final int device = random.nextInt(5);
            runs.put(id, new PrefixRuns(device, device + random.nextInt(3), device + 3 + random.nextInt(3)));
            candidates.add(new Candidate(Models.engine(id, MODEL, random.nextInt(8) == 0 ? 1 : 200), 1,
                random.nextBoolean() ? Optional.empty() : Optional.of(absurd(id, random)),
                new Candidate.OwnWork(random.nextInt(6), random.nextInt(1000), random.nextInt(1000), random.nextInt(10)), random.nextInt(4) == 0));
        }
        final PlacementRequest request = request(1 + random.nextInt(2000), matches(runs, 1));
        final Placement first = policy.place(request, candidates);
        Collections.shuffle(candidates, random);
        final Placement second = policy.place(request, candidates);
        assertThat(second).isEqualTo(first);
        if (first instanceof Placement.Placed placed) {
            assertThat(placed.candidate().excluded()).isFalse();
            assertThat(placed.candidate().own().inFlight()).isLessThan(CONFIG.nodeInFlightMax());
            assertThat(placed.estimate().totalNanos()).isNotNegative();
            for (final Candidate candidate : candidates) {
                if (policy.place(request, List.of(candidate)) instanceof Placement.Placed) {
                    final Estimate alone = new CostModel(CONFIG, request, candidates).estimate(candidate);
                    assertThat(placed.estimate().totalNanos()).isLessThanOrEqualTo(alone.totalNanos());
                }
            }
        }
    }

    /** Whatever a node may report, finite or not. */
    private static NodeLoad absurd(final String id, final Random random) {
        final double[] rates = {0, 1e-300, Double.NaN, Double.POSITIVE_INFINITY, -1, 500, 1e9};
        return new NodeLoad(new NodeId(id), 1, random.nextInt(5), random.nextInt(5), random.nextInt(5000), random.nextInt(100),
            random.nextInt(50), random.nextInt(50), rates[random.nextInt(rates.length)],
            random.nextInt(3) == 0 ? Long.MAX_VALUE : random.nextInt(50_000_000), rates[random.nextInt(rates.length)],
            NodeLoad.TierUse.NONE);
    }

    private static Optional<NodeLoad> load(
        final String id, final int queuedTokens, final int running, final int freeBlocks, final int cachedBlocks) {
        return Optional.of(new NodeLoad(new NodeId(id), 1, 0, running, queuedTokens, freeBlocks, cachedBlocks, 0, 1000, 20_000_000L,
            1e9, NodeLoad.TierUse.NONE));
    }

    private static Candidate candidate(final String id, final Optional<NodeLoad> load, final Candidate.OwnWork own) {
        return new Candidate(Models.engine(id, MODEL, 200), 1, load, own, false);
    }

    private static PlacementRequest request(final int knownTokens, final PrefixMatches matches) {
        return new PlacementRequest(MODEL, knownTokens, 100, matches);
    }

    private static PrefixMatches matches(final Map<String, PrefixRuns> byNode, final int elsewhereBlocks) {
        final Map<NodeId, PrefixRuns> runs = new HashMap<>();
        byNode.forEach((id, run) -> runs.put(new NodeId(id), run));
        return new PrefixMatches(16, runs, new PrefixRuns(0, 0, elsewhereBlocks));
    }

    private Placement.Placed placed(final PlacementRequest request, final Candidate... candidates) {
        return (Placement.Placed) policy.place(request, List.of(candidates));
    }

    private ErrorCode rejected(final PlacementRequest request, final Candidate... candidates) {
        return ((Placement.Rejected) policy.place(request, List.of(candidates))).code();
    }
}
