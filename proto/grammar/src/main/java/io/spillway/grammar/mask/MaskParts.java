package io.spillway.grammar.mask;

import io.spillway.grammar.automaton.DfaState;
import io.spillway.grammar.automaton.Frame;
import io.spillway.grammar.automaton.Threads;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Which tokens may come next, for the states of one grammar over one trie. Answers are found on first use and kept, up to a bound;
 * what rules that many grammars use have in common is kept for all of them. Any thread; allocates nothing where answers are known.
 */
public final class MaskParts {
    /** As an answer of {@link #only}: no token. */
    public static final int NONE = -1;
    /** As an answer of {@link #only}: more than one token. */
    public static final int SEVERAL = -2;

    /** An ambiguous grammar's stacks branch, and their branches together; beyond so many, one walk on the stacks themselves is cheaper. */
    private static final int MAX_LOOK_UPS = 48;

    private final TokenTrie trie;
    private final int maskWords;
    private final boolean near;
    private final long maxBytes;
    private final MaskParts shared;
    private final AtomicLong bytes = new AtomicLong();
    private final ConcurrentHashMap<DfaState, MaskPart> parts = new ConcurrentHashMap<>();
    private final ConcurrentHashMap<DfaState, ConcurrentHashMap<MaskPart, MaskPart>> continued = new ConcurrentHashMap<>();

    private MaskParts(final TokenTrie trie, final int maskWords, final long maxBytes, final MaskParts shared) {
        this.trie = trie;
        this.maskWords = maskWords;
        this.near = trie.depth() <= DfaState.nearBytes();
        this.maxBytes = maxBytes;
        this.shared = shared;
    }

    /**
     * @param maskWords words of a mask over the vocabulary
     * @return a place for what many grammars have in common
     */
    public static MaskParts shared(final TokenTrie trie, final int maskWords) {
        return new MaskParts(trie, maskWords, Long.MAX_VALUE, null);
    }

    /**
     * @param maxBytes when answers take up more, all are forgotten
     * @return a place for one grammar's answers, beside the common ones
     */
    public MaskParts ofGrammar(final long maxBytes) {
        return new MaskParts(trie, maskWords, maxBytes, this);
    }

    /** Adds the tokens of the trie that may come next. */
    public void orInto(final Threads threads, final long[] mask) {
        int left = MAX_LOOK_UPS;
        final boolean skips = near && !isCovered(threads);
        for (int i = 0; i < threads.size() && left > 0; i++) {
            if (skips && threads.state(i).isCovered()) {
                continue;
            }
            final MaskPart part = part(threads.state(i), threads.frame(i).links() > 0);
            part.orInto(mask);
            left = part.isCut() ? 0 : left - 1;
            if (left > 0 && part.reachesTheStack()) {
                left = orInto(part, threads.frame(i), mask, left);
            }
        }
        if (left <= 0) {
            new MaskWalk(trie, maskWords, false).direct(threads, mask);
        }
    }

    /** Nothing may be left out where nothing would be left; of many ways, some may have been dropped. */
    private static boolean isCovered(final Threads threads) {
        for (int i = 0; i < threads.size(); i++) {
            if (!threads.state(i).isCovered()) {
                return false;
            }
        }
        return true;
    }

    private static boolean isCovered(final Frame frame) {
        for (int link = 0; link < frame.links(); link++) {
            if (!frame.after(link).isCovered()) {
                return false;
            }
        }
        return true;
    }

    /** @return how many look-ups are left; 0 or less: too few */
    private int orInto(final MaskPart part, final Frame frame, final long[] mask, final int most) {
        int left = most;
        final boolean skips = near && !isCovered(frame);
        for (int link = 0; link < frame.links() && left > 0; link++) {
            if (skips && frame.after(link).isCovered()) {
                continue;
            }
            final MaskPart further = after(part, frame.after(link), frame.below(link).links() > 0);
            further.orInto(mask);
            left = further.isCut() ? 0 : left - 1;
            if (left > 0 && further.reachesTheStack()) {
                left = orInto(further, frame.below(link), mask, left);
            }
        }
        return left;
    }

    /**
     * @param known the only token known before; {@link #NONE} or {@link #SEVERAL}
     * @return the only token that may come next, or {@link #NONE}, or {@link #SEVERAL}
     */
    public int only(final Threads threads, final int known) {
        int one = threads.size() > 1 ? SEVERAL : known;
        for (int i = 0; i < threads.size() && one != SEVERAL; i++) {
            Frame frame = threads.frame(i);
            MaskPart part = part(threads.state(i), frame.links() > 0);
            one = part.only(one);
            while (one != SEVERAL && part.reachesTheStack() && frame.links() > 0) {
                part = after(part, frame.after(0), frame.below(0).links() > 0);
                // Where there is more than one way to return, nothing is known cheaply.
                one = frame.links() > 1 ? SEVERAL : part.only(one);
                frame = frame.below(0);
            }
        }
        return one;
    }

    /** @param beneath whether something is on the stack: the nodes where it begins to matter are kept only then */
    private MaskPart part(final DfaState state, final boolean beneath) {
        final DfaState key = near ? state.canonical() : state;
        final MaskParts home = shared != null && key.isShared() ? shared : this;
        final MaskPart known = home.parts.get(key);
        if (known != null && known.isComplete(beneath)) {
            return known;
        }
        final MaskPart found = new MaskWalk(trie, maskWords, beneath).from(key);
        home.account(found);
        home.parts.put(key, found);
        return found;
    }

    private MaskPart after(final MaskPart part, final DfaState state, final boolean beneath) {
        final DfaState key = near ? state.canonical() : state;
        ConcurrentHashMap<MaskPart, MaskPart> byPart = continued.get(key);
        if (byPart == null) {
            byPart = continued.computeIfAbsent(key, _ -> new ConcurrentHashMap<>(4));
        }
        final MaskPart known = byPart.get(part);
        if (known != null && known.isComplete(beneath)) {
            return known;
        }
        final MaskPart found = new MaskWalk(trie, maskWords, beneath).after(part.ended(), key);
        account(found);
        byPart.put(part, found);
        return found;
    }

    private void account(final MaskPart part) {
        if (bytes.addAndGet(part.bytes()) > maxBytes) {
            parts.clear();
            continued.clear();
            bytes.set(part.bytes());
        }
    }

    /** @return bytes that the answers take up, about, without those that grammars share */
    public long bytes() {
        return bytes.get();
    }
}
