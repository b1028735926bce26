package io.spillway.wire.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.spillway.domain.cluster.Endpoint;
import io.spillway.domain.cluster.ModelDescriptor;
import io.spillway.domain.cluster.NodeDescriptor;
import io.spillway.domain.cluster.NodeLoad;
import io.spillway.domain.cluster.NodeRole;
import io.spillway.domain.cluster.StepTotals;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.id.ModelId;
import io.spillway.domain.id.NodeId;
import io.spillway.domain.id.RequestId;
import io.spillway.domain.id.RunId;
import io.spillway.domain.id.TenantId;
import io.spillway.domain.kv.BlockHash;
import io.spillway.domain.kv.BlockHasher;
import io.spillway.domain.kv.KvElement;
import io.spillway.domain.kv.KvEvent;
import io.spillway.domain.kv.KvEventBatch;
import io.spillway.domain.kv.KvLayout;
import io.spillway.domain.kv.ModelFingerprint;
import io.spillway.domain.kv.Tier;
import io.spillway.domain.request.AgentStep;
import io.spillway.domain.request.FinishReason;
import io.spillway.domain.request.GenerationEvent;
import io.spillway.domain.request.GenerationRequest;
import io.spillway.domain.request.OutputGrammar;
import io.spillway.domain.request.Pooling;
import io.spillway.domain.request.PrefillSources;
import io.spillway.domain.request.Retention;
import io.spillway.domain.request.SamplingParams;
import io.spillway.domain.request.TokenLogprob;
import io.spillway.domain.request.Usage;
import io.spillway.wire.v1.GenerateRequest;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class CodecRoundTripTest {
    @Property(tries = 200)
    void requests(
        @ForAll final int[] prompt, @ForAll final int[] emitted, @ForAll final long seed, @ForAll final long high,
        @ForAll @IntRange(min = -1, max = 20) final int topLogprobs) throws Exception {
        final int[] tokens = prompt.length == 0 ? new int[] {7} : prompt;
        final GenerationRequest request = new GenerationRequest(new RequestId("r-1"), new TenantId("t"),
            seed % 2 == 0 ? Optional.empty() : Optional.of(new RunId("run")), new ModelId("m"), new BlockHash(high, ~high),
            tokens, emitted, emitted.length + 5, new int[] {1, 2},
            new SamplingParams(0.5f, 3, 0.9f, 0.1f, 0.7f, 1f, -1f, 1.1f, 64, Map.of(5, -2f), seed, topLogprobs),
            (int) (high % 100), Optional.empty(), seed % 3 == 0 ? Optional.of(new OutputGrammar("gbnf", "root ::= \"a\"")) : Optional.empty(),
            seed % 2 == 0 ? emitted : new int[0],
            seed % 3 == 1 ? new AgentStep("session", "agent", "parent", "step", "step before") : AgentStep.NONE,
            seed % 5 == 1 ? List.of(new Retention(7, 300_000), Retention.ofAll(1)) : List.of());
        final GenerateRequest wire = GenerateRequest.parseFrom(RequestCodec.toWire(request, 9).toByteArray());
        assertThat(wire.getEpoch()).isEqualTo(9);
        assertThat(RequestCodec.toDomain(wire)).usingRecursiveComparison().isEqualTo(request);
    }

    @Test
    void requestsForEmbeddings() throws Exception {
        for (final Pooling pooling : Pooling.values()) {
            final GenerationRequest request = new GenerationRequest(new RequestId("r"), new TenantId("t"),
                Optional.empty(), new ModelId("m"), new BlockHash(1, 2), new int[] {5}, new int[0], 1, new int[0],
                SamplingParams.GREEDY).withPriority(-7).toEmbed(pooling)
                .withGrammar(new OutputGrammar("regex", "a|é"));
            assertThat(RequestCodec.toDomain(GenerateRequest.parseFrom(RequestCodec.toWire(request, 0).toByteArray())))
                .usingRecursiveComparison().isEqualTo(request);
        }
    }

    /** A peer of an earlier version does not say what typical-p is: it is off. */
    @Test
    void parametersThatAPeerDoesNotKnowAreOff() {
        final var old = RequestCodec.toWire(SamplingParams.GREEDY).toBuilder().clearTypicalP().build();
        assertThat(RequestCodec.toDomain(old)).isEqualTo(SamplingParams.GREEDY);
    }

    @Property(tries = 50)
    void embeddings(@ForAll final float[] vector) {
        final GenerationEvent event = new GenerationEvent.Embedded(vector);
        assertThat(RequestCodec.toDomain(RequestCodec.toWire(event))).usingRecursiveComparison().isEqualTo(event);
    }

    @Property(tries = 100)
    void tokenDeltas(@ForAll final int[] tokens, @ForAll final int firstIndex, @ForAll final float logprob) {
        final List<TokenLogprob> logprobs = java.util.Arrays.stream(tokens).mapToObj(token ->
            new TokenLogprob(token, logprob, List.of(new TokenLogprob.Alternative(token + 1, -logprob)))).toList();
        final GenerationEvent event = new GenerationEvent.TokenDelta(firstIndex, tokens, logprobs);
        assertThat(RequestCodec.toDomain(RequestCodec.toWire(event))).usingRecursiveComparison().isEqualTo(event);
    }

    @Test
    void otherEvents() {
        final Usage usage = new Usage(10, 4, 3, new PrefillSources(1, 2, 3, 4, 5));
        for (final GenerationEvent event : List.of(new GenerationEvent.Started(new PrefillSources(9, 8, 7, 6, 5)),
            new GenerationEvent.Finished(FinishReason.LENGTH, usage),
            new GenerationEvent.Failed(ErrorCode.NODE_LOST, "gone"))) {
            assertThat(RequestCodec.toDomain(RequestCodec.toWire(event))).isEqualTo(event);
        }
    }

    @Test
    void membersAndLoad() {
        final ModelDescriptor model = new ModelDescriptor(new ModelId("m"), new ModelFingerprint("ab".repeat(32)), 100, 50,
            new KvLayout(2, 3, 4, 64, KvElement.F16), BlockHasher.VERSION);
        for (final NodeDescriptor node : List.of(
            new NodeDescriptor(new NodeId("n"), NodeRole.ENGINE, new Endpoint("h", 1), new Endpoint("h", 2),
                Optional.of(model), 7),
            new NodeDescriptor(new NodeId("s"), NodeRole.STORE, new Endpoint("h", 1), new Endpoint("h", 2),
                Optional.empty(), 0))) {
            assertThat(ClusterCodec.toDomain(ClusterCodec.toWire(node))).isEqualTo(node);
        }
        final NodeLoad load = new NodeLoad(new NodeId("n"), 3, 1, 2, 3, 4, 5, 6, 7.5, 8, 9.5,
            new NodeLoad.TierUse(1, 2, 3, 4, 5, 6),
            new StepTotals(10, 11, 12, 13, 14, 15, 16, java.util.stream.LongStream.range(20, 20 + StepTotals.BUCKETS).boxed().toList()));
        assertThat(ClusterCodec.toDomain(ClusterCodec.toWire(load))).isEqualTo(load);
        assertThat(ClusterCodec.toDomain(ClusterCodec.toWire(load).toBuilder().clearSteps().build()).steps())
            .as("of a member that knows no steps").isEqualTo(StepTotals.NONE);
    }

    @Property(tries = 100)
    void kvEvents(@ForAll final long high, @ForAll final long low, @ForAll final boolean snapshot) {
        final BlockHash hash = new BlockHash(high, low);
        final KvEventBatch batch = new KvEventBatch(new NodeId("n"), 4, 17, snapshot, List.of(
            new KvEvent.BlockStored(hash, new BlockHash(low, high), Tier.DISK),
            new KvEvent.BlockRemoved(hash, Tier.DEVICE), new KvEvent.AllBlocksCleared()));
        assertThat(KvCodec.toDomain(KvCodec.toWire(batch))).isEqualTo(batch);
    }

    @Test
    void everyFailureKeepsItsCodeAndField() {
        for (final ErrorCode code : ErrorCode.values()) {
            final SpillwayException back = StatusCodec.toException(
                StatusCodec.toStatus(SpillwayException.ofField(code, "a.b", "why")));
            assertThat(back.code()).isEqualTo(code);
            assertThat(back.field()).contains("a.b");
            assertThat(back).hasMessage("why");
        }
    }

    @Test
    void aHashOfAnotherLengthIsRefused() {
        assertThatThrownBy(() -> KvCodec.toDomain(ByteString.copyFrom(new byte[15])))
            .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("15");
    }
}
