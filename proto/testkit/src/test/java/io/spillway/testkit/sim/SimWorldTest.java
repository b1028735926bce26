package io.spillway.testkit.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class SimWorldTest {
    @Test
    void eventsHappenByDeadlineAndThenInTheOrderTheyWereScheduled() {
        final SimWorld world = new SimWorld(1);
        final List<String> seen = new ArrayList<>();
        world.after(20, "c", () -> seen.add("c"));
        world.after(10, "a", () -> {
            seen.add("a");
            world.after(10, "d", () -> seen.add("d"));
        });
        world.after(10, "b", () -> seen.add("b"));
        world.runUntil(100);
        assertThat(seen).containsExactly("a", "b", "c", "d");
        assertThat(world.clock().nanoTime()).isEqualTo(100);
        assertThat(world.events()).isEqualTo(4);
    }

    @Test
    void aBrokenInvariantStopsTheWorldAtTheEventThatBrokeIt() {
        final SimWorld world = new SimWorld(1);
        final List<String> seen = new ArrayList<>();
        world.invariant(() -> {
            if (seen.contains("bad")) {
                throw new IllegalStateException("bad was seen");
            }
        });
        world.after(1, "good", () -> seen.add("good"));
        world.after(2, "bad", () -> seen.add("bad"));
        world.after(3, "never", () -> seen.add("never"));
        assertThatThrownBy(() -> world.runUntil(10)).hasMessage("bad was seen");
        assertThat(seen).containsExactly("good", "bad");
        assertThat(world.log().tail(1)).isEqualTo("0 bad\n");
    }

    @Property(tries = 50)
    void oneSeedIsOneStory(@ForAll final long seed) {
        assertThat(story(seed)).isEqualTo(story(seed));
        assertThat(story(seed)).isNotEqualTo(story(seed + 1));
    }

    @Property(tries = 50)
    void aLinkKeepsItsOrderAndLosesNothingUnlessCut(@ForAll final long seed) {
        final SimWorld world = new SimWorld(seed);
        final SimNetwork network = new SimNetwork(world, new SimNetwork.Faults(1, 1000, 0));
        final List<Integer> arrived = new ArrayList<>();
        for (int i = 0; i < 30; i++) {
            final int number = i;
            network.datagram("a", "b", "", () -> arrived.add(number));
        }
        world.runUntil(10_000);
        assertThat(arrived).hasSize(30).isSorted();
    }

    @Test
    void aCutLosesWhatIsOnItsWay() {
        final SimWorld world = new SimWorld(3);
        final SimNetwork network = new SimNetwork(world, SimNetwork.Faults.NONE);
        final List<String> arrived = new ArrayList<>();
        network.stream("a", "b", "", () -> arrived.add("early"));
        network.cut("b", "a");
        assertThat(network.stream("a", "b", "", () -> arrived.add("late"))).isFalse();
        world.runUntil(1_000_000);
        assertThat(arrived).isEmpty();
        assertThat(network.dropped()).isEqualTo(2);
        network.mend("a", "b");
        assertThat(network.stream("a", "b", "", () -> arrived.add("mended"))).isTrue();
        world.runUntil(2_000_000);
        assertThat(arrived).containsExactly("mended");
    }

    private static String story(final long seed) {
        final SimWorld world = new SimWorld(seed);
        final SimNetwork network = new SimNetwork(world, new SimNetwork.Faults(1000, 1_000_000, 0.2));
        world.every(100_000, "beat", () -> network.datagram("a", "b", "arrive", () -> world.note("done")));
        world.runUntil(5_000_000);
        return world.log().digest();
    }
}
