package io.spillway.sim;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/** Runs one seed and prints its log: {@code mvn -pl deploy/sim test -Dtest=ReplayTest -Dspillway.sim.seed=N}. */
class ReplayTest {
    @Test
    @EnabledIfSystemProperty(named = "spillway.sim.seed", matches = "\\d+")
    void replay() {
        final Simulation.Outcome outcome = Simulation.run(Long.getLong("spillway.sim.seed"));
        System.out.println(outcome.log());
        System.out.println(outcome.finished() + " of " + outcome.requests() + " requests finished; digest " + outcome.digest());
        assertThat(outcome.requests()).isPositive();
    }
}
