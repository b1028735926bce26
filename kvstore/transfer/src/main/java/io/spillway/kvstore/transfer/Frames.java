package io.spillway.kvstore.transfer;

import io.spillway.domain.cluster.Endpoint;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.id.NodeId;
import io.spillway.domain.kv.BlockHash;
import io.spillway.domain.kv.Tier;
import io.spillway.kvstore.service.PutOutcome;
import io.spillway.kvstore.tier.BlockKey;
import io.spillway.wire.transfer.BlockHeaderEncoder;
import io.spillway.wire.transfer.CancelEncoder;
import io.spillway.wire.transfer.CreditEncoder;
import io.spillway.wire.transfer.FragmentEncoder;
import io.spillway.wire.transfer.GetEncoder;
import io.spillway.wire.transfer.GetEndEncoder;
import io.spillway.wire.transfer.HelloEncoder;
import io.spillway.wire.transfer.LookupEncoder;
import io.spillway.wire.transfer.LookupReplyEncoder;
import io.spillway.wire.transfer.MessageHeaderEncoder;
import io.spillway.wire.transfer.PutEncoder;
import io.spillway.wire.transfer.PutReplyEncoder;
import io.spillway.wire.transfer.PutStatus;
import io.spillway.wire.transfer.RefusalEncoder;
import io.spillway.wire.transfer.Side;
import java.util.List;
import org.agrona.ExpandableArrayBuffer;
import org.agrona.MutableDirectBuffer;

/** Writes frames. Belongs to the agent's thread. Every method but {@link #fragment} returns a frame of its own. */
final class Frames {
    /** Bytes of a fragment frame before its payload. */
    static final int FRAGMENT_HEADER_BYTES = MessageHeaderEncoder.ENCODED_LENGTH + FragmentEncoder.BLOCK_LENGTH;
    /** Blocks that one lookup or get may name. */
    static final int BLOCKS_MAX = 16_384;

    private final ExpandableArrayBuffer buffer = new ExpandableArrayBuffer(4096);
    private final MessageHeaderEncoder header = new MessageHeaderEncoder();
    private final FragmentEncoder fragment = new FragmentEncoder();

    byte[] hello(final long incarnation, final long answers, final NodeId self, final Endpoint endpoint) {
        final HelloEncoder frame = new HelloEncoder().wrapAndApplyHeader(buffer, 0, header);
        frame.incarnation(incarnation).answers(answers).port(endpoint.port());
        frame.nodeId(self.value()).host(endpoint.host());
        return taken(frame.limit());
    }

    byte[] lookup(final long requestId, final List<BlockHash> blocks) {
        final LookupEncoder frame = new LookupEncoder().wrapAndApplyHeader(buffer, 0, header).requestId(requestId);
        final LookupEncoder.BlocksEncoder group = frame.blocksCount(blocks.size());
        for (final BlockHash block : blocks) {
            group.next().high(block.high()).low(block.low());
        }
        return taken(frame.limit());
    }

    byte[] lookupReply(final long requestId, final int found) {
        final LookupReplyEncoder frame = new LookupReplyEncoder().wrapAndApplyHeader(buffer, 0, header);
        return taken(frame.requestId(requestId).found(found).limit());
    }

    byte[] get(final long requestId, final long creditBytes, final List<BlockHash> blocks) {
        final GetEncoder frame = new GetEncoder().wrapAndApplyHeader(buffer, 0, header);
        frame.requestId(requestId).creditBytes(creditBytes);
        final GetEncoder.BlocksEncoder group = frame.blocksCount(blocks.size());
        for (final BlockHash block : blocks) {
            group.next().high(block.high()).low(block.low());
        }
        return taken(frame.limit());
    }

    byte[] blockHeader(final long requestId, final int blockIndex, final Incoming block) {
        final BlockHeaderEncoder frame = new BlockHeaderEncoder().wrapAndApplyHeader(buffer, 0, header);
        frame.requestId(requestId).blockIndex(blockIndex).lengthBytes(block.lengthBytes())
            .parentHigh(block.parent().high()).parentLow(block.parent().low())
            .crc32c(block.crc32c()).tier((short) block.tier().number());
        return taken(frame.limit());
    }

    byte[] getEnd(final long requestId, final int blocks) {
        final GetEndEncoder frame = new GetEndEncoder().wrapAndApplyHeader(buffer, 0, header);
        return taken(frame.requestId(requestId).blocks(blocks).limit());
    }

    byte[] put(final long requestId, final BlockKey key, final int lengthBytes, final int crc32c) {
        final PutEncoder frame = new PutEncoder().wrapAndApplyHeader(buffer, 0, header).requestId(requestId);
        frame.high(key.hash().high()).low(key.hash().low());
        frame.parentHigh(key.parent().high()).parentLow(key.parent().low());
        return taken(frame.lengthBytes(lengthBytes).crc32c(crc32c).limit());
    }

    byte[] putReply(final long requestId, final PutOutcome outcome) {
        final PutReplyEncoder frame = new PutReplyEncoder().wrapAndApplyHeader(buffer, 0, header);
        final PutStatus status = switch (outcome) {
            case STORED -> PutStatus.STORED;
            case ALREADY_HELD -> PutStatus.ALREADY_HELD;
            case CORRUPT -> PutStatus.CORRUPT;
            case REFUSED, UNKNOWN -> PutStatus.REFUSED;
        };
        return taken(frame.requestId(requestId).status(status).limit());
    }

    byte[] credit(final long requestId, final long creditBytes, final Side side) {
        final CreditEncoder frame = new CreditEncoder().wrapAndApplyHeader(buffer, 0, header);
        return taken(frame.requestId(requestId).creditBytes(creditBytes).side(side).limit());
    }

    byte[] cancel(final long requestId) {
        return taken(new CancelEncoder().wrapAndApplyHeader(buffer, 0, header).requestId(requestId).limit());
    }

    byte[] refusal(final long requestId, final ErrorCode code) {
        final RefusalEncoder frame = new RefusalEncoder().wrapAndApplyHeader(buffer, 0, header);
        return taken(frame.requestId(requestId).code(code.number()).limit());
    }

    /** Writes a fragment's header at {@code offset} of {@code target}; its payload follows. */
    void fragment(final MutableDirectBuffer target, final int offset, final Piece piece) {
        fragment.wrapAndApplyHeader(target, offset, header).requestId(piece.requestId()).blockIndex(piece.blockIndex())
            .offsetBytes(piece.offsetBytes()).lengthBytes(piece.lengthBytes()).side(piece.side());
    }

    private byte[] taken(final int length) {
        final byte[] frame = new byte[length];
        buffer.getBytes(0, frame);
        return frame;
    }

    /** Part of a block on its way. */
    record Piece(long requestId, int blockIndex, int offsetBytes, int lengthBytes, Side side) {
    }

    /** What a block's header says of it. */
    record Incoming(BlockHash parent, int lengthBytes, int crc32c, Tier tier) {
    }
}
