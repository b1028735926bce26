package io.spillway.wire.codec;

import io.spillway.domain.cluster.Endpoint;
import io.spillway.domain.cluster.ModelDescriptor;
import io.spillway.domain.cluster.NodeDescriptor;
import io.spillway.domain.cluster.NodeLoad;
import io.spillway.domain.cluster.NodeRole;
import io.spillway.domain.cluster.StepTotals;
import io.spillway.domain.id.ModelId;
import io.spillway.domain.id.NodeId;
import io.spillway.domain.kv.KvElement;
import io.spillway.domain.kv.KvLayout;
import io.spillway.domain.kv.ModelFingerprint;
import java.util.Optional;

/** Members and their load. */
public final class ClusterCodec {
    private ClusterCodec() {
    }

    public static io.spillway.wire.v1.Endpoint toWire(final Endpoint endpoint) {
        return io.spillway.wire.v1.Endpoint.newBuilder().setHost(endpoint.host()).setPort(endpoint.port()).build();
    }

    public static Endpoint toDomain(final io.spillway.wire.v1.Endpoint endpoint) {
        return new Endpoint(endpoint.getHost(), endpoint.getPort());
    }

    public static io.spillway.wire.v1.KvLayout toWire(final KvLayout layout) {
        return io.spillway.wire.v1.KvLayout.newBuilder().setLayers(layout.layers()).setKvHeads(layout.kvHeads())
            .setHeadDim(layout.headDim()).setBlockTokens(layout.blockTokens())
            .setElement(layout.element().number()).build();
    }

    public static KvLayout toDomain(final io.spillway.wire.v1.KvLayout layout) {
        return new KvLayout(layout.getLayers(), layout.getKvHeads(), layout.getHeadDim(), layout.getBlockTokens(),
            KvElement.ofNumber(layout.getElement()));
    }

    public static io.spillway.wire.v1.ModelDescriptor toWire(final ModelDescriptor model) {
        return io.spillway.wire.v1.ModelDescriptor.newBuilder().setId(model.id().value())
            .setFingerprintHex(model.fingerprint().hex()).setContextTokens(model.contextTokens())
            .setVocabularySize(model.vocabularySize()).setLayout(toWire(model.layout()))
            .setHashVersion(model.hashVersion()).build();
    }

    public static ModelDescriptor toDomain(final io.spillway.wire.v1.ModelDescriptor model) {
        return new ModelDescriptor(new ModelId(model.getId()), new ModelFingerprint(model.getFingerprintHex()),
            model.getContextTokens(), model.getVocabularySize(), toDomain(model.getLayout()), model.getHashVersion());
    }

    public static io.spillway.wire.v1.NodeDescriptor toWire(final NodeDescriptor node) {
        final var builder = io.spillway.wire.v1.NodeDescriptor.newBuilder().setId(node.id().value())
            .setRole(node.role().number()).setRpc(toWire(node.rpc())).setTransfer(toWire(node.transfer()))
            .setDeviceBlocks(node.deviceBlocks());
        node.model().ifPresent(model -> builder.setModel(toWire(model)));
        return builder.build();
    }

    public static NodeDescriptor toDomain(final io.spillway.wire.v1.NodeDescriptor node) {
        return new NodeDescriptor(new NodeId(node.getId()), NodeRole.ofNumber(node.getRole()), toDomain(node.getRpc()),
            toDomain(node.getTransfer()), node.hasModel() ? Optional.of(toDomain(node.getModel())) : Optional.empty(),
            node.getDeviceBlocks());
    }

    public static io.spillway.wire.v1.NodeLoad toWire(final NodeLoad load) {
        return io.spillway.wire.v1.NodeLoad.newBuilder().setId(load.id().value()).setEpoch(load.epoch())
            .setQueuedRequests(load.queuedRequests()).setRunningRequests(load.runningRequests())
            .setQueuedPrefillTokens(load.queuedPrefillTokens()).setFreeBlocks(load.freeBlocks())
            .setCachedBlocks(load.cachedBlocks()).setLeasedBlocks(load.leasedBlocks())
            .setPrefillTokensPerSecond(load.prefillTokensPerSecond()).setDecodeStepNanos(load.decodeStepNanos())
            .setOnboardBytesPerSecond(load.onboardBytesPerSecond()).setTiers(toWire(load.tiers())).setSteps(toWire(load.steps()))
            .build();
    }

    public static NodeLoad toDomain(final io.spillway.wire.v1.NodeLoad load) {
        return new NodeLoad(new NodeId(load.getId()), load.getEpoch(), load.getQueuedRequests(),
            load.getRunningRequests(), load.getQueuedPrefillTokens(), load.getFreeBlocks(), load.getCachedBlocks(),
            load.getLeasedBlocks(), load.getPrefillTokensPerSecond(), load.getDecodeStepNanos(),
            load.getOnboardBytesPerSecond(), toDomain(load.getTiers()), toDomain(load.getSteps()));
    }

    private static io.spillway.wire.v1.StepTotals toWire(final StepTotals steps) {
        return io.spillway.wire.v1.StepTotals.newBuilder().setSteps(steps.steps()).setSequences(steps.sequences())
            .setPrefillRows(steps.prefillRows()).setDecodeRows(steps.decodeRows()).setGuessedRows(steps.guessedRows())
            .setAcceptedRows(steps.acceptedRows()).setNanos(steps.nanos()).addAllCountByBucket(steps.countByBucket()).build();
    }

    private static StepTotals toDomain(final io.spillway.wire.v1.StepTotals steps) {
        return new StepTotals(steps.getSteps(), steps.getSequences(), steps.getPrefillRows(), steps.getDecodeRows(),
            steps.getGuessedRows(), steps.getAcceptedRows(), steps.getNanos(),
            steps.getCountByBucketCount() == 0 ? StepTotals.NONE.countByBucket() : steps.getCountByBucketList());
    }

    private static io.spillway.wire.v1.TierUse toWire(final NodeLoad.TierUse use) {
        return io.spillway.wire.v1.TierUse.newBuilder().setHostBlocks(use.hostBlocks()).setHostBytes(use.hostBytes())
            .setHostBytesMax(use.hostBytesMax()).setDiskBlocks(use.diskBlocks()).setDiskBytes(use.diskBytes())
            .setDiskBytesMax(use.diskBytesMax()).build();
    }

    private static NodeLoad.TierUse toDomain(final io.spillway.wire.v1.TierUse use) {
        return new NodeLoad.TierUse(use.getHostBlocks(), use.getHostBytes(), use.getHostBytesMax(), use.getDiskBlocks(),
            use.getDiskBytes(), use.getDiskBytesMax());
    }
}
