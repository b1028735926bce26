package io.spillway.domain.request;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.id.ModelId;
import io.spillway.domain.id.RequestId;
import io.spillway.domain.id.TenantId;
import io.spillway.domain.kv.BlockHash;
import io.spillway.domain.kv.TenantSecret;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class RequestRecordsTest {
    @Test
    void aRequestNeedsAPromptAndRoomForOutput() {
        assertThatThrownBy(() -> request(new int[0], new int[0], 1)).hasMessageContaining("promptTokens");
        assertThatThrownBy(() -> request(new int[] {1}, new int[] {2, 3}, 2)).hasMessageContaining("outputTokensMax");
        assertThat(request(new int[] {1}, new int[] {2}, 2).continuedFrom(new int[0]).knownTokens()).isEqualTo(1);
    }

    @Test
    void samplingRangesNameTheParameter() {
        assertThatThrownBy(() -> new SamplingParams(-1f, 0, 1f, 0f, 0f, 0f, 1f, Map.of(), 0, -1))
            .hasMessageContaining("temperature");
        assertThatThrownBy(() -> new SamplingParams(Float.NaN, 0, 1f, 0f, 0f, 0f, 1f, Map.of(), 0, -1))
            .hasMessageContaining("temperature");
        assertThatThrownBy(() -> new SamplingParams(0f, 0, 1f, 0f, 0f, 0f, 1f, Map.of(), 0, 21))
            .hasMessageContaining("topLogprobs");
    }

    @Test
    void samplingRangesHaveTypedErrors() {
        assertThat(refusal(() -> SamplingParams.GREEDY.withTypicalP(1.5f, 0)))
            .isEqualTo("typicalP " + ErrorCode.ABOVE_MAXIMUM);
        assertThat(refusal(() -> SamplingParams.GREEDY.withTypicalP(1f, -1)))
            .isEqualTo("repetitionWindowTokens " + ErrorCode.BELOW_MINIMUM);
        assertThat(refusal(() -> SamplingParams.GREEDY.withTypicalP(Float.NaN, 0)))
            .isEqualTo("typicalP " + ErrorCode.INVALID_VALUE);
        assertThat(refusal(() -> request(new int[] {1}, new int[0], 1).withPriority(101)))
            .isEqualTo("priority " + ErrorCode.ABOVE_MAXIMUM);
    }

    private static String refusal(final org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
        final Throwable thrown = org.assertj.core.api.Assertions.catchThrowable(call);
        assertThat(thrown).isInstanceOf(SpillwayException.class);
        return ((SpillwayException) thrown).field().orElse("") + " " + ((SpillwayException) thrown).code();
    }

    @Test
    void copiesKeepEverythingElse() {
        final SamplingParams params = new SamplingParams(
            0.5f, 3, 0.9f, 0.1f, 0.7f, 1f, -1f, 1.1f, 64, Map.of(5, -2f), 9, 4);
        assertThat(params.forChoice(2)).isEqualTo(params.withSeed(11)).isNotEqualTo(params);
        assertThat(params.withTopLogprobs(4).withSeed(9).withTypicalP(0.7f, 64)).isEqualTo(params);
        assertThat(request(new int[] {1}, new int[0], 4).withPriority(3).toEmbed(Pooling.MEAN).priority()).isEqualTo(3);
        assertThatThrownBy(() -> request(new int[] {1}, new int[] {2}, 4).toEmbed(Pooling.LAST))
            .isInstanceOf(IllegalArgumentException.class);
        assertThat(request(new int[] {1}, new int[0], 4).withPriority(3).continuedFrom(new int[] {2}).priority())
            .isEqualTo(3);
    }

    @Test
    void errorNumbersAreUniqueAndRoundTrip() {
        assertThat(Arrays.stream(ErrorCode.values()).map(ErrorCode::number)).doesNotHaveDuplicates();
        for (final ErrorCode code : ErrorCode.values()) {
            assertThat(ErrorCode.ofNumber(code.number())).isEqualTo(code);
        }
        assertThat(ErrorCode.ofNumber(123456)).isEqualTo(ErrorCode.INTERNAL);
    }

    @Test
    void secretsAreNotPrinted() {
        assertThat(new TenantSecret(new byte[32])).hasToString("TenantSecret[hidden]");
    }

    @Test
    void namesAreSafeEverywhere() {
        for (final String bad : new String[] {"", " a", "a b", "a\nb", "../x", "x".repeat(201)}) {
            assertThatThrownBy(() -> new ModelId(bad)).hasMessageContaining("ModelId");
        }
        assertThat(new ModelId("org/Model-1.5:q8")).hasToString("org/Model-1.5:q8");
    }

    private static GenerationRequest request(final int[] prompt, final int[] emitted, final int outputMax) {
        return new GenerationRequest(new RequestId("r"), new TenantId("t"), Optional.empty(), new ModelId("m"),
            new BlockHash(0, 0), prompt, emitted, outputMax, new int[0], SamplingParams.GREEDY);
    }
}
