package io.spillway.kvstore.transfer;

import io.aeron.Aeron;
import io.aeron.FragmentAssembler;
import io.aeron.Image;
import io.aeron.Subscription;
import io.aeron.logbuffer.Header;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.kv.BlockHash;
import io.spillway.domain.time.NanoClock;
import io.spillway.kvstore.service.BlockService;
import io.spillway.kvstore.service.Peer;
import io.spillway.kvstore.service.PutOutcome;
import io.spillway.kvstore.tier.BlockKey;
import io.spillway.wire.transfer.Side;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.ReentrantLock;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.AgentInvoker;
import org.agrona.concurrent.ManyToOneConcurrentArrayQueue;

/**
 * The duty cycle of a transfer endpoint: takes requests, receives frames, sends frames, notices time. Never blocks.
 * Single writer of links, requests and everything served; other threads meet it at two queues.
 */
final class TransferAgent implements FrameHandler {
    private static final int COMMANDS_PER_CYCLE = 64;
    private static final int FRAMES_PER_CYCLE = 64;
    private static final int FRAMES_PER_LINK = 32;
    private static final long CHECK_NANOS = 500_000;

    private final AgentInvoker conductor;
    private final Subscription subscription;
    private final NanoClock clock;
    private final Tally tally;
    private final ManyToOneConcurrentArrayQueue<Request> submitted = new ManyToOneConcurrentArrayQueue<>(1024);
    /**
     * What follows from accepted work: answers of the block service, cancels, peer lists. Bounded by what was accepted.
     */
    private final ConcurrentLinkedQueue<Runnable> tasks = new ConcurrentLinkedQueue<>();
    private final ParkingIdle idle;
    private final ParkingIdle driverIdle;
    private final FragmentAssembler assembler = new FragmentAssembler(this::onFrame);
    private final FrameReader reader = new FrameReader(this);
    private final Links links;
    private final Requester requester;
    private final Responder responder;
    private final ReentrantLock lastTasks = new ReentrantLock();
    private volatile boolean closed;
    private long nowNanos;
    private long checkedNanos;

    /** @param idling of the thread that runs this, woken by what arrives from other threads, and of the driver's */
    TransferAgent(
        final Aeron aeron, final Subscription subscription, final Links.Self self, final Wiring wiring,
        final Idling idling) {
        final Frames frames = new Frames();
        this.conductor = aeron.conductorAgentInvoker();
        this.subscription = subscription;
        this.clock = wiring.clock();
        this.tally = wiring.tally();
        this.idle = idling.agent();
        this.driverIdle = idling.driver();
        this.requester = new Requester(frames, tally);
        this.responder = new Responder(wiring.service(), wiring.windowBytes(), frames, tally, this::execute);
        this.links = new Links(aeron, self, frames, requester::linkUp, this::onLinkLost);
        this.nowNanos = clock.nanoTime();
        this.checkedNanos = nowNanos;
    }

    /** Hands a request over. Any thread. @return false: too many wait; the request was not taken */
    boolean submit(final Request request) {
        if (!submitted.offer(request)) {
            tally.one(Tally.Count.REQUESTS_REFUSED);
            return false;
        }
        idle.wake();
        return true;
    }

    /** Runs a task on the agent's thread, soon. Any thread. */
    void execute(final Runnable task) {
        tasks.add(task);
        idle.wake();
        if (closed) {
            runLast();
        }
    }

    void setPeers(final List<Peer> peers) {
        execute(() -> links.setPeers(peers, nowNanos));
    }

    void cancel(final Request request) {
        request.cancelled = true;
        execute(() -> requester.cancel(request));
    }

    /** Any thread. */
    Links links() {
        return links;
    }

    /** What a session sends has ended; called by Aeron within the duty cycle. */
    void onUnavailableImage(final Image image) {
        assembler.freeSessionBuffer(image.sessionId());
        links.onSessionLost(image.sessionId(), nowNanos);
    }

    /** @return work done; 0 = may sleep */
    int doWork() {
        nowNanos = clock.nanoTime();
        int workCount = conductor.invoke();
        workCount += takeOver();
        workCount += subscription.poll(assembler, FRAMES_PER_CYCLE);
        for (final PeerLink link : links.all()) {
            if (link.publication != null) {
                workCount += link.pump(FRAMES_PER_LINK);
            }
        }
        if (nowNanos - checkedNanos >= CHECK_NANOS) {
            checkedNanos = nowNanos;
            workCount += links.step(nowNanos);
            workCount += requester.expire(nowNanos);
            links.all().forEach(link -> responder.expire(link, nowNanos));
        }
        final long capNanos = requester.isWaiting() ? 2 * CHECK_NANOS : Long.MAX_VALUE;
        idle.capNanos(capNanos);
        driverIdle.capNanos(capNanos / 4);
        return workCount;
    }

    /** Ends everything. On the agent's thread, or after it has ended. */
    void close() {
        links.closeAll();
        requester.closeAll();
        for (Request request = submitted.poll(); request != null; request = submitted.poll()) {
            request.end();
        }
        closed = true;
        runLast();
    }

    /** After the end every thread runs its own tasks: all that is left of them gives leases back. */
    private void runLast() {
        lastTasks.lock();
        try {
            runTasks();
        } finally {
            lastTasks.unlock();
        }
    }

    private int takeOver() {
        int count = runTasks();
        for (int i = 0; i < COMMANDS_PER_CYCLE; i++) {
            final Request request = submitted.poll();
            if (request == null) {
                break;
            }
            final PeerLink link = links.ofPeer(request.peer);
            requester.submit(request, link, links.mayWait(link, nowNanos));
            count++;
        }
        return count;
    }

    private int runTasks() {
        int count = 0;
        for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
            task.run();
            count++;
        }
        return count;
    }

    private void onFrame(final DirectBuffer buffer, final int offset, final int length, final Header header) {
        try {
            reader.read(buffer, offset, length, header.sessionId(), links.ofSession(header.sessionId()));
        } catch (final IllegalArgumentException | IndexOutOfBoundsException | ArithmeticException e) {
            // A frame that is not ours, or says something impossible, is no reason to stop serving the others.
            tally.one(Tally.Count.MALFORMED_FRAMES);
        }
    }

    private void onLinkLost(final PeerLink link) {
        if (link.hasSession) {
            tally.one(Tally.Count.LINKS_LOST);
        }
        requester.linkLost(link);
        responder.linkLost(link);
    }

    @Override
    public void onHello(final int session, final Greeting greeting) {
        links.onHello(session, greeting, nowNanos);
    }

    @Override
    public void onLookup(final PeerLink link, final long requestId, final List<BlockHash> blocks) {
        responder.onLookup(link, requestId, blocks);
    }

    @Override
    public void onLookupReply(final PeerLink link, final long requestId, final int found) {
        requester.onLookupReply(link, requestId, found);
    }

    @Override
    public void onGet(
        final PeerLink link, final long requestId, final long creditBytes, final List<BlockHash> blocks) {
        responder.onGet(link, requestId, creditBytes, blocks, nowNanos);
    }

    @Override
    public void onBlockHeader(
        final PeerLink link, final long requestId, final int blockIndex, final Frames.Incoming block) {
        requester.onBlockHeader(link, requestId, blockIndex, block);
    }

    @Override
    public void onFragment(final PeerLink link, final Frames.Piece piece, final MemorySegment payload) {
        if (piece.side() == Side.REQUESTER) {
            responder.onFragment(link, piece, payload, nowNanos);
        } else {
            requester.onFragment(link, piece, payload);
        }
    }

    @Override
    public void onGetEnd(final PeerLink link, final long requestId) {
        requester.onGetEnd(link, requestId);
    }

    @Override
    public void onPut(final PeerLink link, final long requestId, final BlockKey key, final Frames.Incoming block) {
        responder.onPut(link, requestId, key, block, nowNanos);
    }

    @Override
    public void onPutReply(final PeerLink link, final long requestId, final PutOutcome outcome) {
        requester.onPutReply(link, requestId, outcome);
    }

    @Override
    public void onCredit(final PeerLink link, final long requestId, final long creditBytes, final Side side) {
        if (side == Side.REQUESTER) {
            responder.onCredit(link, requestId, creditBytes, nowNanos);
        } else {
            requester.onCredit(link, requestId, creditBytes);
        }
    }

    @Override
    public void onCancel(final PeerLink link, final long requestId) {
        responder.onCancel(link, requestId);
    }

    @Override
    public void onRefusal(final PeerLink link, final long requestId, final ErrorCode code) {
        requester.onRefusal(link, requestId);
    }

    /** How the two threads of an endpoint sleep. */
    record Idling(ParkingIdle agent, ParkingIdle driver) {
    }

    /** What the agent works with. */
    record Wiring(BlockService service, int windowBytes, NanoClock clock, Tally tally) {
    }
}
