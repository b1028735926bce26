package io.spillway.kvstore.transfer;

import io.spillway.domain.cluster.Endpoint;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.id.NodeId;
import io.spillway.domain.kv.BlockHash;
import io.spillway.domain.kv.Tier;
import io.spillway.kvstore.service.PutOutcome;
import io.spillway.kvstore.tier.BlockKey;
import io.spillway.wire.transfer.BlockHeaderDecoder;
import io.spillway.wire.transfer.CancelDecoder;
import io.spillway.wire.transfer.CreditDecoder;
import io.spillway.wire.transfer.FragmentDecoder;
import io.spillway.wire.transfer.GetDecoder;
import io.spillway.wire.transfer.GetEndDecoder;
import io.spillway.wire.transfer.HelloDecoder;
import io.spillway.wire.transfer.LookupDecoder;
import io.spillway.wire.transfer.LookupReplyDecoder;
import io.spillway.wire.transfer.MessageHeaderDecoder;
import io.spillway.wire.transfer.PutDecoder;
import io.spillway.wire.transfer.PutReplyDecoder;
import io.spillway.wire.transfer.RefusalDecoder;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.agrona.DirectBuffer;

/** Reads frames and hands them on. Belongs to the agent's thread. Anything that is not a frame of ours throws. */
final class FrameReader {
    private final MessageHeaderDecoder header = new MessageHeaderDecoder();
    private final FragmentDecoder fragment = new FragmentDecoder();
    private final FrameHandler handler;

    FrameReader(final FrameHandler handler) {
        this.handler = handler;
    }

    /**
     * @param link of the frame's session; null before its Hello: then only a Hello counts
     * @throws IllegalArgumentException  when the frame is of another schema or says something impossible
     * @throws IndexOutOfBoundsException when it is shorter than it says
     */
    void read(final DirectBuffer buffer, final int offset, final int length, final int session, final PeerLink link) {
        if (length < MessageHeaderDecoder.ENCODED_LENGTH) {
            throw new IllegalArgumentException("frame of " + length + " bytes");
        }
        header.wrap(buffer, offset);
        if (header.schemaId() != MessageHeaderDecoder.SCHEMA_ID
            || header.version() != MessageHeaderDecoder.SCHEMA_VERSION) {
            throw new IllegalArgumentException("frame of schema " + header.schemaId() + " version " + header.version());
        }
        if (header.templateId() == HelloDecoder.TEMPLATE_ID) {
            readHello(buffer, offset, session);
        } else if (link != null) {
            readOfLink(buffer, offset, length, link);
        }
    }

    private void readOfLink(final DirectBuffer buffer, final int offset, final int length, final PeerLink link) {
        switch (header.templateId()) {
            case FragmentDecoder.TEMPLATE_ID -> readFragment(buffer, offset, length, link);
            case BlockHeaderDecoder.TEMPLATE_ID -> readBlockHeader(buffer, offset, link);
            case LookupDecoder.TEMPLATE_ID -> readLookup(buffer, offset, link);
            case GetDecoder.TEMPLATE_ID -> readGet(buffer, offset, link);
            case PutDecoder.TEMPLATE_ID -> readPut(buffer, offset, link);
            default -> readShort(buffer, offset, link);
        }
    }

    private void readHello(final DirectBuffer buffer, final int offset, final int session) {
        final HelloDecoder frame = new HelloDecoder().wrapAndApplyHeader(buffer, offset, header);
        final long incarnation = frame.incarnation();
        final long answers = frame.answers();
        final int port = frame.port();
        final NodeId id = new NodeId(frame.nodeId());
        handler.onHello(session, new FrameHandler.Greeting(id, new Endpoint(frame.host(), port), incarnation, answers));
    }

    private void readFragment(final DirectBuffer buffer, final int offset, final int length, final PeerLink link) {
        fragment.wrapAndApplyHeader(buffer, offset, header);
        final int bytes = Math.toIntExact(fragment.lengthBytes());
        if (bytes < 1 || bytes > length - Frames.FRAGMENT_HEADER_BYTES) {
            throw new IllegalArgumentException("fragment of " + bytes + " bytes in a frame of " + length);
        }
        final Frames.Piece piece = new Frames.Piece(fragment.requestId(), Math.toIntExact(fragment.blockIndex()),
            Math.toIntExact(fragment.offsetBytes()), bytes, fragment.side());
        handler.onFragment(link, piece, Segments.of(buffer, offset + Frames.FRAGMENT_HEADER_BYTES, bytes));
    }

    private void readBlockHeader(final DirectBuffer buffer, final int offset, final PeerLink link) {
        final BlockHeaderDecoder frame = new BlockHeaderDecoder().wrapAndApplyHeader(buffer, offset, header);
        final BlockHash parent = new BlockHash(frame.parentHigh(), frame.parentLow());
        handler.onBlockHeader(link, frame.requestId(), Math.toIntExact(frame.blockIndex()), new Frames.Incoming(
            parent, Math.toIntExact(frame.lengthBytes()), frame.crc32c(), Tier.ofNumber(frame.tier())));
    }

    private void readLookup(final DirectBuffer buffer, final int offset, final PeerLink link) {
        final LookupDecoder frame = new LookupDecoder().wrapAndApplyHeader(buffer, offset, header);
        final long requestId = frame.requestId();
        final List<BlockHash> blocks = new ArrayList<>();
        for (final LookupDecoder.BlocksDecoder block : frame.blocks()) {
            blocks.add(new BlockHash(block.high(), block.low()));
        }
        handler.onLookup(link, requestId, blocks);
    }

    private void readGet(final DirectBuffer buffer, final int offset, final PeerLink link) {
        final GetDecoder frame = new GetDecoder().wrapAndApplyHeader(buffer, offset, header);
        final long requestId = frame.requestId();
        final long creditBytes = frame.creditBytes();
        final List<BlockHash> blocks = new ArrayList<>();
        for (final GetDecoder.BlocksDecoder block : frame.blocks()) {
            blocks.add(new BlockHash(block.high(), block.low()));
        }
        handler.onGet(link, requestId, creditBytes, blocks);
    }

    private void readPut(final DirectBuffer buffer, final int offset, final PeerLink link) {
        final PutDecoder frame = new PutDecoder().wrapAndApplyHeader(buffer, offset, header);
        final BlockKey key = new BlockKey(
            new BlockHash(frame.high(), frame.low()), new BlockHash(frame.parentHigh(), frame.parentLow()));
        handler.onPut(link, frame.requestId(), key, new Frames.Incoming(
            key.parent(), Math.toIntExact(frame.lengthBytes()), frame.crc32c(), Tier.REMOTE));
    }

    private void readShort(final DirectBuffer buffer, final int offset, final PeerLink link) {
        switch (header.templateId()) {
            case LookupReplyDecoder.TEMPLATE_ID -> {
                final LookupReplyDecoder frame = new LookupReplyDecoder().wrapAndApplyHeader(buffer, offset, header);
                handler.onLookupReply(link, frame.requestId(), Math.toIntExact(frame.found()));
            }
            case GetEndDecoder.TEMPLATE_ID ->
                handler.onGetEnd(link, new GetEndDecoder().wrapAndApplyHeader(buffer, offset, header).requestId());
            case PutReplyDecoder.TEMPLATE_ID -> {
                final PutReplyDecoder frame = new PutReplyDecoder().wrapAndApplyHeader(buffer, offset, header);
                handler.onPutReply(link, frame.requestId(), switch (frame.status()) {
                    case STORED -> PutOutcome.STORED;
                    case ALREADY_HELD -> PutOutcome.ALREADY_HELD;
                    case CORRUPT -> PutOutcome.CORRUPT;
                    case REFUSED, NULL_VAL -> PutOutcome.REFUSED;
                });
            }
            case CreditDecoder.TEMPLATE_ID -> {
                final CreditDecoder frame = new CreditDecoder().wrapAndApplyHeader(buffer, offset, header);
                handler.onCredit(link, frame.requestId(), frame.creditBytes(), frame.side());
            }
            case CancelDecoder.TEMPLATE_ID ->
                handler.onCancel(link, new CancelDecoder().wrapAndApplyHeader(buffer, offset, header).requestId());
            case RefusalDecoder.TEMPLATE_ID -> {
                final RefusalDecoder frame = new RefusalDecoder().wrapAndApplyHeader(buffer, offset, header);
                handler.onRefusal(link, frame.requestId(), ErrorCode.ofNumber(Math.toIntExact(frame.code())));
            }
            default -> throw new IllegalArgumentException("frame of unknown template " + header.templateId());
        }
    }
}
