package io.spillway.coordinator.admission;

import static io.spillway.coordinator.admission.Harness.MILLIS;
import static io.spillway.coordinator.admission.Harness.MODEL;
import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.coordinator.admission.Harness.Client;
import io.spillway.coordinator.admission.Harness.Sent;
import io.spillway.coordinator.dispatch.Flight;
import io.spillway.domain.cluster.NodeLoad;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.id.NodeId;
import io.spillway.domain.kv.BlockHash;
import io.spillway.domain.kv.BlockHasher;
import io.spillway.domain.kv.KvEvent;
import io.spillway.domain.kv.KvEventBatch;
import io.spillway.domain.kv.Tier;
import io.spillway.domain.request.GenerationEvent.Finished;
import io.spillway.domain.request.GenerationEvent.Started;
import io.spillway.domain.request.GenerationRequest;
import io.spillway.testkit.gen.Models;
import io.spillway.testkit.gen.Requests;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class CoordinatorTest {
    private final Harness harness = new Harness();

    @Test
    void aRequestRunsAndIsAccountedFor() {
        harness.join("a", 1);
        final Client client = harness.submit("r1");
        assertThat(client.submission.placement()).isEmpty();
        harness.run();
        final Sent sent = harness.sent.getFirst();
        assertThat(client.submission.placement()).startsWith("a in ");
        sent.started(64);
        sent.tokens(0, 5, 6);
        harness.run(7);
        sent.tokens(2, 7);
        sent.finished(3);
        harness.run(3);
        assertThat(client.tokens).containsExactly(5, 6, 7);
        final Finished finished = (Finished) client.last();
        assertThat(finished.usage().promptTokens()).isEqualTo(100);
        assertThat(finished.usage().cachedTokens()).isEqualTo(64);
        assertThat(finished.usage().outputTokens()).isEqualTo(3);
        final UsageSink.Consumption consumption = harness.consumed.getFirst();
        assertThat(consumption.ttftNanos()).isEqualTo(7 * MILLIS);
        assertThat(consumption.durationNanos()).isEqualTo(10 * MILLIS);
        assertThat(consumption.failure()).isEmpty();
        harness.run(10);
        final CoordinatorStats stats = harness.coordinator.stats();
        assertThat(stats.totals()).isEqualTo(new CoordinatorStats.Totals(1, 0, 1, 0, 0, 100, 64, 3));
        assertThat(stats.inFlight() + stats.waiting()).isZero();
        assertThat(stats.recent()).singleElement().satisfies(summary -> {
            assertThat(summary.node()).isEqualTo("a");
            assertThat(summary.state()).isEqualTo(Flight.State.FINISHED);
            assertThat(summary.placement()).startsWith("a in ");
            assertThat(summary.times()).isEqualTo(new RequestSummary.Times(7 * MILLIS, 7 * MILLIS, 3 * MILLIS / 2, 10 * MILLIS));
        });
        assertThat(stats.nodes().get(new NodeId("a")).sources().deviceTokens()).isEqualTo(64);
        assertThat(stats.nodes().get(new NodeId("a")).placements()).isEqualTo(1);
    }

    /** An agent's next request comes at once: a report that still counts its last one must not send it elsewhere. */
    @Test
    void aRequestThatEndedNoLongerCountsAsQueued() {
        harness.join("a", 1);
        harness.join("b", 1);
        harness.submit("r1");
        harness.run();
        final Sent first = harness.sent.getFirst();
        first.started(0);
        harness.run(200);
        harness.coordinator.onLoad(new NodeLoad(first.node.id(), 1, 0, 1, 90, 250, 0, 6, 1000, 0, 0, NodeLoad.TierUse.NONE));
        harness.coordinator.onKvEvents(new KvEventBatch(first.node.id(), 1, 1, true, List.of(new KvEvent.BlockStored(
            BlockHasher.chain(first.request.chainRoot(), first.request.promptTokens(), 0, 64, 64).getFirst(),
            first.request.chainRoot(), Tier.DEVICE))));
        harness.run();
        first.finished(0);
        harness.run();
        harness.submit("r2");
        harness.run();
        assertThat(harness.sent.get(1).node).isEqualTo(first.node);
    }

    @Test
    void requestsWaitInTurnByTenantWhenNodesAreFull() {
        harness.join("a", 1);
        harness.submit("r1", "big");
        harness.submit("r2", "big");
        harness.submit("r3", "big");
        harness.submit("r4", "big");
        harness.submit("r5", "small");
        harness.run();
        assertThat(ids()).containsExactly("r1", "r2");
        for (int i = 0; i < 3; i++) {
            harness.sent.get(i).finished(0);
            harness.run();
        }
        assertThat(ids()).as("the small tenant waits for one request of the big one, not for all")
            .containsExactly("r1", "r2", "r3", "r5", "r4");
    }

    @Test
    void theLineIsBoundedAndTheDoorToo() {
        harness.join("a", 1);
        final List<Client> clients = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            clients.add(harness.submit("r" + i));
        }
        final Client atTheDoor = harness.submit("door");
        assertThat(atTheDoor.failure()).isEqualTo(ErrorCode.OVERLOADED);
        atTheDoor.submission.cancel();
        harness.run();
        assertThat(clients.stream().filter(client -> !client.events.isEmpty())).hasSize(2)
            .allSatisfy(client -> assertThat(client.failure()).isEqualTo(ErrorCode.OVERLOADED));
        assertThat(atTheDoor.terminals()).isEqualTo(1);
        harness.run(10);
        assertThat(harness.coordinator.stats().totals().refused()).isEqualTo(1);
        assertThat(harness.coordinator.stats().failures()).containsEntry(ErrorCode.OVERLOADED, 3L);
        assertThat(harness.coordinator.stats().waiting()).isEqualTo(4);
    }

    @Test
    void waitingEndsAtTheDeadline() {
        harness.join("a", 1);
        harness.submit("r1");
        harness.submit("r2");
        final Client third = harness.submit("r3");
        harness.run(0);
        harness.run(1000);
        assertThat(third.events).isEmpty();
        harness.run(10);
        assertThat(third.failure()).isEqualTo(ErrorCode.DEADLINE_EXCEEDED);
    }

    @Test
    void withoutANodeARequestWaitsForTheGraceOnly() {
        final Client early = harness.submit("r0");
        harness.run(500);
        assertThat(early.events).as("nothing is known yet").isEmpty();
        harness.join("a", 1);
        assertThat(ids()).containsExactly("r0");
        harness.sent.getFirst().finished(0);
        harness.run();
        harness.leave("a");
        final Client lost = harness.submit("r1");
        final Client saved = harness.submit("r2");
        harness.run(499);
        assertThat(lost.events).isEmpty();
        saved.submission.cancel();
        harness.run(10);
        assertThat(lost.failure()).isEqualTo(ErrorCode.NO_NODE);
        assertThat(saved.failure()).isEqualTo(ErrorCode.CANCELLED);
    }

    @Test
    void anUnknownModelIsNamedAtOnce() {
        harness.join("a", 1);
        final Client client = harness.submit(
            Requests.request("r", "tenant", Models.model("other", 64, 100), new int[] {1}, 1));
        harness.run();
        assertThat(client.failure()).isEqualTo(ErrorCode.MODEL_NOT_FOUND);
        final Client tooLong = harness.submit(Requests.request("long", "tenant", MODEL, new int[4096], 1));
        harness.run();
        assertThat(tooLong.failure()).isEqualTo(ErrorCode.CONTEXT_LENGTH_EXCEEDED);
    }

    @Test
    void oneIdRunsOnce() {
        harness.join("a", 1);
        final Client first = harness.submit("r1");
        final Client second = harness.submit("r1");
        harness.run();
        assertThat(second.failure()).isEqualTo(ErrorCode.ALREADY_EXISTS);
        assertThat(first.events).isEmpty();
        harness.sent.getFirst().finished(0);
        harness.run();
        assertThat(first.last()).isInstanceOf(Finished.class);
        harness.submit("r1");
        harness.run();
        assertThat(ids()).containsExactly("r1", "r1");
    }

    @Test
    void cancelEndsItOnceWhereverItIs() {
        harness.join("a", 1);
        final Client unseen = harness.submit("r0");
        unseen.submission.cancel();
        harness.run();
        final Client running = harness.submit("r1");
        harness.submit("r2");
        final Client waiting = harness.submit("r3");
        harness.run();
        running.submission.cancel();
        running.submission.cancel();
        waiting.submission.cancel();
        harness.run();
        harness.sent.getFirst().tokens(0, 1);
        harness.sent.getFirst().failed(ErrorCode.CANCELLED);
        harness.run(10);
        for (final Client client : List.of(unseen, running, waiting)) {
            assertThat(client.failure()).isEqualTo(ErrorCode.CANCELLED);
            assertThat(client.events).hasSize(1);
        }
        assertThat(harness.sent.getFirst().cancelled).isTrue();
        assertThat(harness.coordinator.stats().dispatch().lateEvents()).isEqualTo(2);
        assertThat(harness.coordinator.stats().totals().cancelled()).isEqualTo(3);
        assertThat(harness.coordinator.stats().totals().accepted()).isEqualTo(4);
    }

    @Test
    void warmBlocksAttractAndGapsAreCaughtUp() {
        harness.join("a", 1);
        harness.join("b", 2);
        final NodeId b = new NodeId("b");
        final GenerationRequest request = Harness.request("r1", "tenant");
        final BlockHash block = Requests.chain(request, MODEL).getFirst();
        final KvEvent stored = new KvEvent.BlockStored(block, request.chainRoot(), Tier.DEVICE);
        harness.coordinator.onKvEvents(new KvEventBatch(b, 2, 4, false, List.of(stored)));
        harness.coordinator.onKvEvents(new KvEventBatch(b, 2, 5, false, List.of(stored)));
        harness.run();
        assertThat(harness.resyncs).as("asked once, not for each").containsExactly(b);
        harness.run(60);
        harness.coordinator.onKvEvents(new KvEventBatch(b, 2, 6, false, List.of(stored)));
        harness.run();
        assertThat(harness.resyncs).as("asked again when no answer came").containsExactly(b, b);
        harness.coordinator.onKvEvents(new KvEventBatch(b, 2, 7, true, List.of(stored)));
        harness.submit(request);
        harness.run();
        assertThat(harness.sent.getFirst().node.id()).isEqualTo(b);
        harness.leave("b");
        harness.coordinator.onKvEvents(new KvEventBatch(b, 2, 7, true, List.of(stored)));
        harness.run(10);
        assertThat(harness.coordinator.stats().blocks().sources()).as("who has left stays forgotten").isZero();
    }

    /** A caller's hashes are taken where they can be the prompt's, and made anew where they cannot. */
    @Test
    void aPromptThatWasHashedAlreadyFindsItsBlocks() {
        harness.join("a", 1);
        harness.join("b", 2);
        final GenerationRequest request = Harness.request("r1", "tenant");
        final List<BlockHash> chain = Requests.chain(request, MODEL);
        final NodeId b = new NodeId("b");
        harness.coordinator.onKvEvents(new KvEventBatch(b, 2, 1, true,
            List.of(new KvEvent.BlockStored(chain.getFirst(), request.chainRoot(), Tier.DEVICE))));
        harness.coordinator.submit(request, chain, new Client());
        harness.run();
        harness.coordinator.submit(Harness.request("r2", "tenant"), List.of(), new Client());
        harness.run();
        assertThat(harness.sent).extracting(sent -> sent.node.id()).containsExactly(b, b);
    }

    @Test
    void feedbackThatFindsNoRoomIsCountedAndCaughtUp() {
        harness.join("a", 1);
        for (int i = 0; i < 10; i++) {
            harness.coordinator.onKvEvents(new KvEventBatch(new NodeId("a"), 1, 1, true, List.of()));
        }
        harness.run(10);
        assertThat(harness.coordinator.stats().blocks().dropped()).isEqualTo(2);
        assertThat(harness.resyncs).containsExactly(new NodeId("a"));
    }

    @Test
    void aLoadReportMovesTheNextRequest() {
        harness.join("a", 1);
        harness.join("b", 2);
        harness.coordinator.onLoad(load("a", 1, 5000));
        harness.coordinator.onLoad(load("b", 99, 9000));
        harness.submit("r1");
        harness.run(10);
        assertThat(harness.sent.getFirst().node.id()).as("a is busy; b's report is of another epoch").isEqualTo(new NodeId("b"));
        assertThat(harness.coordinator.stats().nodes().get(new NodeId("b")).load()).isEmpty();
    }

    @Test
    void ownWorkCountsUntilItIsReported() {
        harness.join("a", 1);
        harness.join("b", 2);
        harness.coordinator.onLoad(load("a", 1, 0));
        harness.coordinator.onLoad(load("b", 2, 0));
        harness.submit("r1");
        harness.submit("r2");
        harness.run();
        assertThat(harness.sent).extracting(sent -> sent.node.id().value()).containsExactly("a", "b");
    }

    @Test
    void aListenerThatThrowsLosesItsRequestOnly() {
        harness.join("a", 1);
        harness.coordinator.submit(Harness.request("bad", "tenant"), event -> {
            throw new IllegalStateException("cannot");
        });
        final Client good = harness.submit("good");
        harness.run();
        harness.sent.get(0).started(0);
        harness.sent.get(1).started(0);
        harness.run(10);
        assertThat(harness.sent.get(0).cancelled).isTrue();
        assertThat(good.events).singleElement().isInstanceOf(Started.class);
        assertThat(harness.coordinator.stats().dispatch().listenerErrors()).isEqualTo(1);
        assertThat(harness.coordinator.stats().inFlight()).isEqualTo(1);
    }

    @Test
    void closingEndsEverything() {
        harness.join("a", 1);
        final Client running = harness.submit("r1");
        harness.run();
        final Client unseen = harness.submit("r2");
        harness.coordinator.agent().onClose();
        final Client late = harness.submit("r3");
        for (final Client client : List.of(running, unseen, late)) {
            assertThat(client.terminals()).isEqualTo(1);
            assertThat(client.failure()).isEqualTo(ErrorCode.DRAINING);
        }
        assertThat(harness.sent.getFirst().cancelled).isTrue();
    }

    private List<String> ids() {
        return harness.sent.stream().map(sent -> sent.request.id().value()).toList();
    }

    private static NodeLoad load(final String id, final long epoch, final int queuedTokens) {
        return new NodeLoad(new NodeId(id), epoch, 0, 0, queuedTokens, 200, 0, 0, 1000, 0, 0, NodeLoad.TierUse.NONE);
    }
}
