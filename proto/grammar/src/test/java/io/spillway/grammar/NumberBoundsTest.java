package io.spillway.grammar;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.domain.error.SpillwayException;
import io.spillway.grammar.schema.Whitespace;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/** Digit automata against arithmetic. */
class NumberBoundsTest {
    private static Grammar grammar(final String schema) {
        return Grammar.of(new GrammarSource.JsonSchema(schema, true, Whitespace.COMPACT));
    }

    private static boolean accepts(final Grammar grammar, final String text) {
        return grammar.accepts(text.getBytes(StandardCharsets.UTF_8));
    }

    @Property(tries = 60)
    void everyWholeNumberNearTheBounds(@ForAll final long seed) {
        final Random random = new Random(seed);
        final int low = random.nextInt(2400) - 1200;
        final int high = low + random.nextInt(random.nextBoolean() ? 20 : 1500);
        final int multiple = random.nextInt(3) == 0 ? 1 + random.nextInt(60) : 1;
        final boolean openLow = random.nextBoolean();
        final boolean openHigh = random.nextBoolean();
        final String schema = String.format(Locale.ROOT, "{\"type\":\"integer\",\"%s\":%d,\"%s\":%d,\"multipleOf\":%d}",
            openLow ? "exclusiveMinimum" : "minimum", low, openHigh ? "exclusiveMaximum" : "maximum", high, multiple);
        final Grammar grammar;
        try {
            grammar = grammar(schema);
        } catch (final SpillwayException nothing) {
            assertThat(nothing).hasMessageContaining("no output");
            for (int value = low + (openLow ? 1 : 0); value <= high - (openHigh ? 1 : 0); value++) {
                assertThat(value % multiple).as(schema).isNotZero();
            }
            return;
        }
        for (int value = -2500; value <= 2500; value++) {
            final boolean in = (openLow ? value > low : value >= low) && (openHigh ? value < high : value <= high) && value % multiple == 0;
            assertThat(accepts(grammar, String.valueOf(value))).as("%d of %s", value, schema).isEqualTo(in);
        }
    }

    @Property(tries = 300)
    void decimalsNearTheBounds(@ForAll final long seed) {
        final Random random = new Random(seed);
        final BigDecimal a = decimal(random);
        final BigDecimal b = decimal(random);
        final BigDecimal low = a.min(b);
        final BigDecimal high = a.max(b);
        final boolean open = random.nextBoolean();
        final BigDecimal multiple = random.nextInt(3) == 0 ? new BigDecimal(new String[] {"0.01", "0.5", "0.25", "3", "1.2"}[random.nextInt(5)]) : null;
        final String schema = "{\"type\":\"number\",\"" + (open ? "exclusiveMinimum" : "minimum") + "\":" + low.toPlainString() + ",\"maximum\":"
            + high.toPlainString() + (multiple == null ? "" : ",\"multipleOf\":" + multiple) + "}";
        final Grammar grammar;
        try {
            grammar = grammar(schema);
        } catch (final SpillwayException nothing) {
            assertThat(nothing).hasMessageContaining("no output");
            return;
        }
        for (int i = 0; i < 200; i++) {
            final BigDecimal value = switch (random.nextInt(4)) {
                case 0 -> decimal(random);
                case 1 -> low.add(new BigDecimal("0.01").multiply(BigDecimal.valueOf(random.nextInt(5) - 2)));
                case 2 -> high.add(new BigDecimal("0.001").multiply(BigDecimal.valueOf(random.nextInt(5) - 2)));
                default -> low.add(high).divide(BigDecimal.TWO).setScale(random.nextInt(6), java.math.RoundingMode.HALF_UP);
            };
            final boolean in = (open ? value.compareTo(low) > 0 : value.compareTo(low) >= 0) && value.compareTo(high) <= 0
                && (multiple == null || value.remainder(multiple).signum() == 0);
            final int places = multiple == null ? Integer.MAX_VALUE : Math.max(0, multiple.stripTrailingZeros().scale());
            if (value.scale() <= places) {
                assertThat(accepts(grammar, value.toPlainString())).as("%s of %s", value, schema).isEqualTo(in);
            } else {
                assertThat(!accepts(grammar, value.toPlainString()) || in).as("%s of %s", value, schema).isTrue();
            }
        }
    }

    private static BigDecimal decimal(final Random random) {
        return BigDecimal.valueOf(random.nextInt(4000) - 2000L, random.nextInt(4)).stripTrailingZeros().add(BigDecimal.ZERO)
            .setScale(random.nextInt(4), java.math.RoundingMode.HALF_UP);
    }
}
