package io.spillway.coordinator.admission;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.coordinator.admission.Harness.Client;
import io.spillway.coordinator.admission.Harness.Sent;
import io.spillway.coordinator.dispatch.DispatchConfig;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.request.FinishReason;
import io.spillway.domain.request.GenerationEvent;
import io.spillway.domain.request.GenerationEvent.Finished;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class FailoverTest {
    private final Harness harness = new Harness();

    @Test
    void aStreamContinuesElsewhereAtTheNextToken() {
        harness.join("a", 1);
        harness.join("b", 2);
        final Client client = harness.submit("r");
        harness.run();
        final Sent first = harness.sent.get(0);
        first.started(64);
        first.tokens(0, 10, 11, 12);
        first.failed(ErrorCode.NODE_LOST);
        harness.run();
        final Sent second = harness.sent.get(1);
        assertThat(second.node.id()).isNotEqualTo(first.node.id());
        assertThat(second.request.emittedTokens()).containsExactly(10, 11, 12);
        second.started(0);
        second.tokens(1, 11, 12, 13);
        second.tokens(2, 12);
        second.tokens(4, 14);
        second.finished(5);
        harness.run();
        assertThat(client.tokens).containsExactly(10, 11, 12, 13, 14);
        assertThat(client.events.stream().filter(GenerationEvent.Started.class::isInstance)).hasSize(1);
        final Finished finished = (Finished) client.last();
        assertThat(finished.usage().cachedTokens()).as("as the first attempt found them").isEqualTo(64);
        assertThat(finished.usage().outputTokens()).isEqualTo(5);
        assertThat(client.terminals()).isEqualTo(1);
        assertThat(client.submission.placement()).startsWith("attempt 2: ");
        harness.run(10);
        assertThat(harness.coordinator.stats().dispatch().failedOver()).isEqualTo(1);
        assertThat(harness.coordinator.stats().dispatch().repeatedTokens()).isEqualTo(1);
    }

    @ParameterizedTest
    @EnumSource(value = ErrorCode.class, names = {"NODE_LOST", "DRAINING", "OVERLOADED", "STALE_EPOCH", "CANCELLED"})
    void failuresOfTheNodeAreTriedElsewhereUntilTheAttemptsAreSpent(final ErrorCode code) {
        for (int i = 1; i <= 5; i++) {
            harness.join("n" + i, i);
        }
        final Client client = harness.submit("r");
        for (int attempt = 0; attempt < 3; attempt++) {
            harness.run();
            assertThat(client.events).isEmpty();
            harness.sent.get(attempt).failed(code);
        }
        harness.run();
        assertThat(client.failure()).isEqualTo(code == ErrorCode.OVERLOADED ? ErrorCode.OVERLOADED : ErrorCode.NODE_LOST);
        assertThat(harness.sent).extracting(sent -> sent.node.id()).doesNotHaveDuplicates().hasSize(3);
    }

    @ParameterizedTest
    @EnumSource(value = ErrorCode.class, names = {"INTERNAL", "CONTEXT_LENGTH_EXCEEDED", "UNSUPPORTED"})
    void failuresOfTheRequestPassThrough(final ErrorCode code) {
        harness.join("a", 1);
        harness.join("b", 2);
        final Client client = harness.submit("r");
        harness.run();
        harness.sent.getFirst().failed(code);
        harness.run();
        assertThat(client.failure()).isEqualTo(code);
        assertThat(harness.sent).hasSize(1);
    }

    @Test
    void aMemberThatLeavesOrStartsAnewHasLostItsRequests() {
        harness.join("a", 1);
        final Client client = harness.submit("r");
        harness.run();
        harness.join("a", 2);
        assertThat(harness.sent.get(0).cancelled).isTrue();
        assertThat(harness.sent.get(1).epoch).as("the new life is another node").isEqualTo(2);
        harness.leave("a");
        assertThat(harness.sent.get(1).cancelled).isTrue();
        harness.sent.get(1).tokens(0, 1);
        harness.run();
        assertThat(client.events).as("what comes late is dropped").isEmpty();
        harness.join("b", 3);
        harness.sent.get(2).tokens(0, 2);
        harness.sent.get(2).finished(1);
        harness.run();
        assertThat(client.tokens).containsExactly(2);
    }

    @Test
    void theOnlyNodeIsTriedAgainAfterAWhile() {
        harness.join("a", 1);
        final Client client = harness.submit("r");
        harness.run();
        harness.sent.get(0).failed(ErrorCode.NODE_LOST);
        harness.run(50);
        harness.run(50);
        assertThat(harness.sent).hasSize(1);
        harness.run(50);
        assertThat(harness.sent).hasSize(2);
        assertThat(client.events).isEmpty();
    }

    @Test
    void withoutAnotherNodeItEndsAsLost() {
        harness.join("a", 1);
        final Client client = harness.submit("r");
        harness.run();
        harness.sent.getFirst().tokens(0, 1);
        harness.leave("a");
        harness.run(501);
        harness.run(10);
        assertThat(client.failure()).isEqualTo(ErrorCode.NODE_LOST);
        assertThat(client.tokens).containsExactly(1);
        assertThat(harness.consumed).singleElement().satisfies(c -> assertThat(c.failure()).contains(ErrorCode.NODE_LOST));
    }

    @Test
    void aStreamThatLacksOnlyItsEndIsComplete() {
        harness.join("a", 1);
        final Client client = harness.submit("r");
        harness.run();
        harness.sent.getFirst().tokens(0, 1, 2, 3, 4, 5, 6, 7, 8);
        harness.sent.getFirst().failed(ErrorCode.NODE_LOST);
        harness.run();
        assertThat(client.last()).isInstanceOfSatisfying(Finished.class, finished -> {
            assertThat(finished.reason()).isEqualTo(FinishReason.LENGTH);
            assertThat(finished.usage().outputTokens()).isEqualTo(8);
        });
    }

    @Test
    void holesContradictionsAndExcessAreBugs() {
        harness.join("a", 1);
        harness.join("b", 2);
        final Client hole = harness.submit("hole");
        final Client contradiction = harness.submit("contradiction");
        harness.run();
        final Client excess = harness.submit("excess");
        final Client miscount = harness.submit("miscount");
        harness.run();
        harness.sent.get(0).tokens(1, 9);
        harness.sent.get(1).tokens(0, 1, 2);
        harness.sent.get(1).tokens(1, 3, 4);
        harness.sent.get(2).tokens(0, 1, 2, 3, 4, 5, 6, 7, 8, 9);
        harness.sent.get(3).tokens(0, 1);
        harness.sent.get(3).finished(2);
        harness.run();
        for (final Client client : List.of(hole, contradiction, excess, miscount)) {
            assertThat(client.failure()).isEqualTo(ErrorCode.INTERNAL);
            assertThat(client.terminals()).isEqualTo(1);
        }
        assertThat(harness.sent.subList(0, 3)).allSatisfy(sent -> assertThat(sent.cancelled).isTrue());
    }

    @Test
    void silenceIsLoss() {
        harness.join("a", 1);
        harness.join("b", 2);
        harness.submit("r");
        harness.run();
        harness.run(10_000);
        assertThat(harness.sent).hasSize(1);
        harness.run(10);
        harness.run();
        assertThat(harness.sent.get(0).cancelled).isTrue();
        assertThat(harness.sent).hasSize(2);
        assertThat(harness.coordinator.stats().dispatch().silences()).isEqualTo(1);
    }

    @Test
    void eventsThatFindNoRoomCostAnAttemptAndNoToken() {
        final Harness tight = new Harness(new AdmissionConfig(Harness.CONFIG.queues(), Harness.CONFIG.patience(),
            new DispatchConfig(3, Long.MAX_VALUE, 2, 64), Harness.CONFIG.placement()));
        tight.join("a", 1);
        tight.join("b", 2);
        final Client client = tight.submit("r");
        tight.run();
        final Sent first = tight.sent.get(0);
        first.tokens(0, 1);
        first.tokens(1, 2);
        first.tokens(2, 3);
        tight.run();
        assertThat(client.tokens).containsExactly(1, 2);
        assertThat(first.cancelled).isTrue();
        first.tokens(3, 4);
        tight.run();
        assertThat(tight.sent.get(1).request.emittedTokens()).containsExactly(1, 2);
        tight.sent.get(1).tokens(2, 3, 4);
        tight.sent.get(1).finished(4);
        tight.run();
        assertThat(client.tokens).containsExactly(1, 2, 3, 4);
        assertThat(client.last()).isInstanceOf(Finished.class);
    }

    @Test
    void aPortThatCannotSendIsALostNode() {
        harness.join("a", 1);
        harness.refuseToSend = new IllegalStateException("no channel");
        final Client client = harness.submit("r");
        harness.run();
        harness.refuseToSend = null;
        harness.run();
        harness.run(101);
        assertThat(harness.sent).hasSize(1);
        assertThat(client.events).isEmpty();
    }
}
