package io.spillway.sim;

import static org.assertj.core.api.Assertions.assertThat;

import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.Tag;
import net.jqwik.api.constraints.LongRange;

class SimulationTest {
    @Property(tries = 200, shrinking = ShrinkingMode.OFF)
    void whateverGoesWrongEveryRequestEndsOnceAndRight(@ForAll @LongRange(min = 0, max = Long.MAX_VALUE) final long seed) {
        assertThat(Simulation.run(seed).requests()).isPositive();
    }

    @Tag("slow")
    @Property(tries = 10_000, shrinking = ShrinkingMode.OFF)
    void whateverGoesWrongAtLength(@ForAll @LongRange(min = 0, max = Long.MAX_VALUE) final long seed) {
        assertThat(Simulation.run(seed).requests()).isPositive();
    }

    @Property(tries = 5, shrinking = ShrinkingMode.OFF)
    void aSeedIsAStoryToTheByte(@ForAll @LongRange(min = 0, max = Long.MAX_VALUE) final long seed) {
        assertThat(Simulation.run(seed).log()).isEqualTo(Simulation.run(seed).log());
    }

    /** The faults must be there, or the property above proves nothing. */
    @Example
    void theSwarmReachesWhatItIsMeantToReach() {
        final Reached reached = new Reached();
        for (long seed = 0; seed < 40; seed++) {
            reached.add(Simulation.run(seed));
        }
        assertThat(reached.missing()).isEmpty();
    }
}
