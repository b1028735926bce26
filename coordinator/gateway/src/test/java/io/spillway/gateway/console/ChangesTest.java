package io.spillway.gateway.console;

import static io.spillway.gateway.console.Snapshots.engine;
import static io.spillway.gateway.console.Snapshots.of;
import static io.spillway.gateway.console.Snapshots.totals;
import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.gateway.console.Changes.Level;
import io.spillway.gateway.console.ConsoleSnapshot.Replica;
import java.util.List;
import org.junit.jupiter.api.Test;

class ChangesTest {
    private final Changes changes = new Changes();
    private int second;

    private void look(final long failedOver, final ConsoleSnapshot.Member... members) {
        changes.look(of(second++, totals(0, 0, 0, failedOver), members));
    }

    private List<String> said() {
        return changes.latest().stream().map(change -> change.level() + " " + change.subject() + ": " + change.text()).toList();
    }

    @Test
    void theFirstLookChangesNothing() {
        look(3, engine("n1", 1, true));
        assertThat(changes.latest()).isEmpty();
    }

    @Test
    void aMemberComesFallsSilentIsLostAndComesBack() {
        look(0);
        look(0, engine("n1", 1, true));
        look(2, engine("n1", 1, false));
        look(2);
        look(2, engine("n1", 4, true));
        look(2, engine("n1", 5, true));
        look(2, engine("n1", 5, true));
        assertThat(said()).containsExactly("WARN n1: engine registered anew (epoch 4 to 5)", "GOOD n1: engine joined",
            "BAD n1: engine lost: its lease ran out", "WARN : 2 requests go on at another node",
            "BAD n1: engine cannot be reached; its lease has 9 s left", "GOOD n1: engine joined");
        assertThat(changes.latest()).extracting(Changes.Change::epochMillis).isSortedAccordingTo(java.util.Comparator.reverseOrder());
    }

    @Test
    void aMemberThatSaysGoodbyeWasNotLost() {
        look(0, engine("n1", 1, true));
        look(0);
        assertThat(said()).containsExactly("WARN n1: engine left");
    }

    @Test
    void aMemberIsReachedAgain() {
        look(0);
        look(0, engine("n1", 1, false));
        look(0, engine("n1", 1, true));
        assertThat(said()).as("the first time is no news").containsExactly("GOOD n1: engine joined");
        look(0, engine("n1", 1, false));
        look(0, engine("n1", 1, true));
        assertThat(said()).first().isEqualTo("GOOD n1: engine can be reached again");
    }

    @Test
    void theLeadPassesOn() {
        for (final String leader : List.of("c1", "", "c2", "c1")) {
            changes.look(new ConsoleSnapshot(second, List.of(new Replica("c1", leader.equals("c1"), true, second, 1),
                new Replica("c2", leader.equals("c2"), false, second++, -1)), List.of(), List.of(), ConsoleSnapshot.Totals.ZERO));
        }
        assertThat(said()).containsExactly("WARN c1: leads (term 3)", "GOOD c2: leads (term 2)", "BAD c1: no longer leads, nobody does");
    }

    @Test
    void onlyTheLatestAreKept() {
        look(0);
        for (int i = 0; i < Changes.CHANGES_MAX; i++) {
            look(0, engine("n" + i, 1, true));
        }
        assertThat(changes.latest()).hasSize(Changes.CHANGES_MAX);
        assertThat(changes.latest()).filteredOn(change -> change.level() == Level.GOOD).first()
            .extracting(Changes.Change::subject).isEqualTo("n" + (Changes.CHANGES_MAX - 1));
    }
}
