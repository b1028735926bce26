package io.spillway.domain.error;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class UnwordedTest {
    private static String printed(final Throwable failure) {
        final StringWriter text = new StringWriter();
        Unworded.of(failure).printStackTrace(new PrintWriter(text, true));
        return text.toString();
    }

    @Test
    void typesAndPlacesStayAndWordsGo() {
        final Throwable cause = catchThrowable(() -> Integer.parseInt("my secret"));
        final Throwable failure = new IllegalStateException("cannot read my secret", cause);
        final IOException ours = new IOException("line: my secret", failure);
        assertThat(printed(ours)).doesNotContain("secret").contains("java.io.IOException", "java.lang.IllegalStateException",
            "java.lang.NumberFormatException", "at java.base/java.lang.Integer.parseInt", "UnwordedTest.java");
    }

    @Test
    void codesAndTheSystemsOwnWordsStay() {
        final Throwable missing = catchThrowable(() -> Files.readString(Path.of("/no/such/file")));
        final String text = printed(new SpillwayException(ErrorCode.INVALID_VALUE, "Invalid 'role': 'my secret'", missing));
        assertThat(text).contains("SpillwayException INVALID_VALUE", "/no/such/file").doesNotContain("secret");
    }

    @Test
    void endlessCausesEnd() {
        final Exception first = new Exception("a");
        first.initCause(new Exception("b", first));
        assertThat(printed(first).lines().filter(line -> line.startsWith("Caused by"))).hasSizeLessThan(20);
    }

    @Test
    void longWordsAreCutInTheMiddle() {
        final SpillwayException long1 = SpillwayException.ofField(ErrorCode.INVALID_VALUE, "f".repeat(999), "Invalid: '" + "🙂".repeat(5_000)
            + "' is not one of a, b.");
        assertThat(long1.getMessage()).hasSizeLessThanOrEqualTo(1_000).startsWith("Invalid: '🙂").endsWith("🙂' is not one of a, b.").contains("[…]");
        assertThat(long1.getMessage().codePoints().filter(c -> c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE)).isEmpty();
        assertThat(long1.field().orElseThrow()).hasSizeLessThanOrEqualTo(200);
        assertThat(new SpillwayException(ErrorCode.NO_NODE, "x".repeat(1_000)).getMessage()).hasSize(1_000);
    }
}
