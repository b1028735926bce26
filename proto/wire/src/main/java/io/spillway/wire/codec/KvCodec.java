package io.spillway.wire.codec;

import com.google.protobuf.ByteString;
import io.spillway.domain.id.NodeId;
import io.spillway.domain.kv.BlockHash;
import io.spillway.domain.kv.KvEvent;
import io.spillway.domain.kv.KvEventBatch;
import io.spillway.domain.kv.Tier;
import java.util.ArrayList;
import java.util.List;

/** Block hashes and KV events. */
public final class KvCodec {
    private KvCodec() {
    }

    public static ByteString toWire(final BlockHash hash) {
        return ByteString.copyFrom(hash.toBytes());
    }

    /** @throws IllegalArgumentException unless it has exactly {@link BlockHash#BYTES} bytes */
    public static BlockHash toDomain(final ByteString hash) {
        if (hash.size() != BlockHash.BYTES) {
            throw new IllegalArgumentException("a block hash has " + BlockHash.BYTES + " bytes, not " + hash.size());
        }
        return BlockHash.ofBytes(hash.toByteArray(), 0);
    }

    public static io.spillway.wire.v1.KvEvent toWire(final KvEvent event) {
        final var builder = io.spillway.wire.v1.KvEvent.newBuilder();
        switch (event) {
            case KvEvent.BlockStored(BlockHash hash, BlockHash parent, Tier tier) -> builder.getStoredBuilder()
                .setHash(toWire(hash)).setParent(toWire(parent)).setTier(tier.number());
            case KvEvent.BlockRemoved(BlockHash hash, Tier tier) -> builder.getRemovedBuilder()
                .setHash(toWire(hash)).setTier(tier.number());
            case KvEvent.AllBlocksCleared() -> builder.getClearedBuilder();
        }
        return builder.build();
    }

    /** @throws IllegalArgumentException for an event kind that this version does not know */
    public static KvEvent toDomain(final io.spillway.wire.v1.KvEvent event) {
        return switch (event.getEventCase()) {
            case STORED -> new KvEvent.BlockStored(toDomain(event.getStored().getHash()),
                toDomain(event.getStored().getParent()), Tier.ofNumber(event.getStored().getTier()));
            case REMOVED -> new KvEvent.BlockRemoved(toDomain(event.getRemoved().getHash()),
                Tier.ofNumber(event.getRemoved().getTier()));
            case CLEARED -> new KvEvent.AllBlocksCleared();
            case EVENT_NOT_SET -> throw new IllegalArgumentException("unknown KV event");
        };
    }

    public static io.spillway.wire.v1.KvEventBatch toWire(final KvEventBatch batch) {
        final var builder = io.spillway.wire.v1.KvEventBatch.newBuilder().setSource(batch.source().value())
            .setEpoch(batch.epoch()).setFirstSequence(batch.firstSequence()).setSnapshot(batch.snapshot());
        for (final KvEvent event : batch.events()) {
            builder.addEvents(toWire(event));
        }
        return builder.build();
    }

    public static KvEventBatch toDomain(final io.spillway.wire.v1.KvEventBatch batch) {
        final List<KvEvent> events = new ArrayList<>(batch.getEventsCount());
        for (final io.spillway.wire.v1.KvEvent event : batch.getEventsList()) {
            events.add(toDomain(event));
        }
        return new KvEventBatch(new NodeId(batch.getSource()), batch.getEpoch(), batch.getFirstSequence(),
            batch.getSnapshot(), events);
    }
}
