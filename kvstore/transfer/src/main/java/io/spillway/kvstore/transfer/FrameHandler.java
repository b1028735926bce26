package io.spillway.kvstore.transfer;

import io.spillway.domain.cluster.Endpoint;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.id.NodeId;
import io.spillway.domain.kv.BlockHash;
import io.spillway.kvstore.service.PutOutcome;
import io.spillway.kvstore.tier.BlockKey;
import io.spillway.wire.transfer.Side;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** Receives decoded frames of one link, on the agent's thread. Segments are valid during the call only. */
interface FrameHandler {
    void onHello(int session, Greeting greeting);

    void onLookup(PeerLink link, long requestId, List<BlockHash> blocks);

    void onLookupReply(PeerLink link, long requestId, int found);

    void onGet(PeerLink link, long requestId, long creditBytes, List<BlockHash> blocks);

    void onBlockHeader(PeerLink link, long requestId, int blockIndex, Frames.Incoming block);

    void onFragment(PeerLink link, Frames.Piece piece, MemorySegment payload);

    void onGetEnd(PeerLink link, long requestId);

    void onPut(PeerLink link, long requestId, BlockKey key, Frames.Incoming block);

    void onPutReply(PeerLink link, long requestId, PutOutcome outcome);

    void onCredit(PeerLink link, long requestId, long creditBytes, Side side);

    void onCancel(PeerLink link, long requestId);

    void onRefusal(PeerLink link, long requestId, ErrorCode code);

    /** First frame of a peer. {@code answers} is the incarnation of ours that it knows, or 0. */
    record Greeting(NodeId id, Endpoint endpoint, long incarnation, long answers) {
    }
}
