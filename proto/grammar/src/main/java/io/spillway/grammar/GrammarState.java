package io.spillway.grammar;

import io.spillway.grammar.automaton.Threads;
import io.spillway.grammar.mask.MaskParts;
import java.util.Arrays;

/**
 * How far one output is in its grammar: a pure function of the grammar and the tokens taken. A few hundred bytes. Owned by one thread.
 *
 * <p>At least one token may always come: where the output may end, the tokens that end it. After an end token, only those may come.
 */
public final class GrammarState {
    /** No single token is forced. */
    public static final int NONE = -1;

    private final CompiledGrammar grammar;
    private Threads now = new Threads();
    private Threads next = new Threads();
    private Threads spare = new Threads();
    private boolean ended;

    GrammarState(final CompiledGrammar grammar) {
        this.grammar = grammar;
        grammar.begin(now);
    }

    private GrammarState(final GrammarState other) {
        this.grammar = other.grammar;
        set(other);
    }

    /** Becomes what another state of the same grammar is; to go back to where a copy was taken. */
    public void set(final GrammarState other) {
        if (other.grammar != grammar) {
            throw new IllegalArgumentException("a state of another grammar");
        }
        now.set(other.now);
        ended = other.ended;
    }

    /** @return an equal state that goes its own way */
    public GrammarState copy() {
        return new GrammarState(this);
    }

    /**
     * Takes the next token of the output.
     *
     * @return false: the token may not come here, the state is unchanged
     */
    public boolean advance(final int token) {
        if (grammar.vocabulary().isEnd(token)) {
            ended |= now.atBottom();
            return ended;
        }
        final byte[] bytes = ended ? null : grammar.vocabulary().bytes(token);
        return bytes != null && bytes.length > 0 && take(bytes);
    }

    /**
     * Takes bytes as if tokens had spelled them.
     *
     * @return false: they may not come here, the state is unchanged
     */
    public boolean take(final byte[] bytes) {
        if (bytes.length == 0 || follow(now, bytes)) {
            return true;
        }
        if (now.size() > 1) {
            // With very many ways of reading, some are dropped together that each would have gone on alone.
            final Threads all = new Threads();
            all.set(now);
            final Threads one = new Threads();
            for (int i = 0; i < all.size(); i++) {
                one.only(all.state(i), all.frame(i));
                if (follow(one, bytes)) {
                    return true;
                }
            }
        }
        return false;
    }

    /** Becomes what {@code start} is after some bytes; unchanged where they may not come. */
    private boolean follow(final Threads start, final byte[] bytes) {
        Threads from = start;
        Threads to = next;
        for (final byte value : bytes) {
            if (!to.step(from, value & 0xff)) {
                return false;
            }
            final Threads after = from == next || from == spare ? from : spare;
            from = to;
            to = after;
        }
        final Threads before = now;
        now = from;
        if (now == next) {
            next = before;
        } else {
            spare = before;
        }
        return true;
    }

    /**
     * Says which tokens may come next.
     *
     * @param mask out, overwritten whole: bit {@code t & 63} of word {@code t >>> 6} set = token {@code t} may come; {@link
     *             GrammarVocabulary#maskWords} long or longer
     */
    public void fillMask(final long[] mask) {
        Arrays.fill(mask, 0);
        if (!ended) {
            grammar.orInto(now, mask);
        }
        if (ended || now.atBottom()) {
            grammar.vocabulary().allowEnd(mask);
        }
    }

    /** @return how many ways of reading the output so far are followed; 1 or 2 but for ambiguous grammars */
    int ways() {
        return now.size();
    }

    /** @return whether the output may end here */
    public boolean mayEnd() {
        return ended || now.atBottom();
    }

    /** @return whether nothing but the end may come */
    public boolean mustEnd() {
        return ended || now.size() == 0;
    }

    /** @return the only token that may come next; {@link #NONE} when there are several */
    public int forced() {
        if (mustEnd()) {
            return grammar.vocabulary().onlyEnd();
        }
        if (now.atBottom() || now.onlyByte() < 0) {
            return NONE;
        }
        final int only = grammar.only(now, MaskParts.NONE);
        return only == MaskParts.SEVERAL ? NONE : only;
    }

    /**
     * What comes next in any case, as bytes: a caller may tokenize it and skip the model. The state does not change.
     *
     * @param most bytes to look ahead
     * @return a fresh array, empty where several bytes may come or the output may end
     */
    public byte[] forcedBytes(final int most) {
        final byte[] bytes = new byte[most];
        int size = 0;
        Threads from = now;
        Threads to = next;
        while (size < most && !ended) {
            final int only = from.onlyByte();
            if (only < 0) {
                break;
            }
            bytes[size++] = (byte) only;
            to.step(from, only);
            final Threads after = from == now ? spare : from;
            from = to;
            to = after;
        }
        return Arrays.copyOf(bytes, size);
    }
}
