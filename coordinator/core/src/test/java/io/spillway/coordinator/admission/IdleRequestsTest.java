package io.spillway.coordinator.admission;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.coordinator.admission.Harness.Client;
import io.spillway.domain.cluster.NodeLoad;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.id.NodeId;
import io.spillway.domain.request.GenerationRequest;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Requests that run from idle capacity: never before anybody who waits, never refused because they wait long. */
class IdleRequestsTest {
    private final Harness harness = new Harness();

    private Client idle(final String id) {
        return harness.submit(Harness.request(id, "batcher").withPriority(GenerationRequest.IDLE_PRIORITY));
    }

    private void load(final String node, final long epoch, final int queued) {
        harness.coordinator.onLoad(new NodeLoad(new NodeId(node), epoch, queued, 1, 0, 250, 0, 6, 1000, 0, 0, NodeLoad.TierUse.NONE));
        harness.run();
    }

    private List<String> ids() {
        return harness.sent.stream().map(sent -> sent.request.id().value()).toList();
    }

    @Test
    void theyWaitForAReportThatNobodyQueues() {
        harness.join("a", 1);
        idle("i1");
        harness.run();
        assertThat(ids()).as("nothing is known of the node").isEmpty();
        load("a", 1, 2);
        assertThat(ids()).as("others queue on the node").isEmpty();
        load("a", 1, 0);
        assertThat(ids()).containsExactly("i1");
    }

    @Test
    void whoWaitsForAnAnswerComesFirst() {
        harness.join("a", 1);
        load("a", 1, 0);
        harness.submit("r1");
        harness.submit("r2");
        harness.submit("r3");
        idle("i1");
        harness.run();
        assertThat(ids()).containsExactly("r1", "r2");
        harness.sent.get(0).finished(0);
        harness.run();
        assertThat(ids()).containsExactly("r1", "r2", "r3");
        harness.sent.get(1).finished(0);
        harness.run();
        assertThat(ids()).containsExactly("r1", "r2", "r3", "i1");
    }

    @Test
    void theyGiveWayAtOnceAndCanBeAskedAgain() {
        harness.join("a", 1);
        load("a", 1, 0);
        final Client first = idle("i1");
        final Client second = idle("i2");
        harness.run();
        assertThat(ids()).containsExactly("i1", "i2");
        harness.submit("r1");
        harness.run();
        assertThat(second.failure()).as("the one sent last loses least").isEqualTo(ErrorCode.OVERLOADED);
        assertThat(harness.sent.get(1).cancelled).isTrue();
        assertThat(first.events).isEmpty();
        harness.run();
        assertThat(ids()).containsExactly("i1", "i2", "r1");
        idle("i2");
        harness.run();
        assertThat(ids()).hasSize(3);
        harness.sent.get(2).finished(0);
        harness.run();
        assertThat(ids()).containsExactly("i1", "i2", "r1", "i2");
    }

    @Test
    void theyWaitForANodeAsLongAsItTakesAndKeepNobodyOut() {
        final Client waiting = idle("i1");
        harness.run(10_000);
        assertThat(waiting.events).isEmpty();
        for (int i = 2; i < 5; i++) {
            idle("i" + i);
            harness.run();
        }
        final Client tooMany = idle("i5");
        harness.run();
        assertThat(tooMany.failure()).isEqualTo(ErrorCode.OVERLOADED);
        final Client interactive = harness.submit("r1");
        harness.run();
        assertThat(interactive.events).isEmpty();
        assertThat(harness.coordinator.stats().waiting()).isLessThanOrEqualTo(1);
        harness.join("a", 1);
        assertThat(ids()).containsExactly("r1");
        load("a", 1, 0);
        assertThat(ids()).containsExactly("r1", "i1");
        waiting.submission.cancel();
        harness.run();
        assertThat(waiting.failure()).isEqualTo(ErrorCode.CANCELLED);
    }

    @Test
    void onlyAFewAreSentBeforeTheNodeHasReportedThem() {
        final Harness roomy = new Harness(new AdmissionConfig(Harness.CONFIG.queues(), Harness.CONFIG.patience(), Harness.CONFIG.dispatch(),
            new io.spillway.coordinator.placement.PlacementConfig(64, 1000, 20_000_000L, 1e9, 0.5, 512, 64, 0.5)));
        roomy.join("a", 1);
        roomy.coordinator.onLoad(new NodeLoad(new NodeId("a"), 1, 0, 0, 0, 250, 0, 6, 1000, 0, 0, NodeLoad.TierUse.NONE));
        roomy.run();
        for (int i = 0; i < 8; i++) {
            roomy.submit(Harness.request("i" + i, "batcher").withPriority(GenerationRequest.IDLE_PRIORITY));
            roomy.run();
        }
        assertThat(roomy.sent).hasSize(4);
        roomy.sent.forEach(sent -> sent.started(0));
        roomy.run();
        roomy.coordinator.onLoad(new NodeLoad(new NodeId("a"), 1, 0, 4, 0, 250, 0, 6, 1000, 0, 0, NodeLoad.TierUse.NONE));
        roomy.run();
        assertThat(roomy.sent).hasSize(8);
    }

    @Test
    void oneThatLosesItsNodeWaitsForAnother() {
        harness.join("a", 1);
        load("a", 1, 0);
        final Client client = idle("i1");
        harness.run();
        harness.sent.getFirst().failed(ErrorCode.NODE_LOST);
        harness.run();
        harness.join("b", 2);
        load("b", 2, 0);
        assertThat(ids()).containsExactly("i1", "i1");
        harness.sent.get(1).finished(0);
        harness.run();
        assertThat(client.terminals()).isEqualTo(1);
    }
}
