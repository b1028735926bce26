package io.spillway.gateway.prefix;

import static java.util.Objects.requireNonNull;

import io.spillway.domain.id.ModelId;
import io.spillway.domain.id.TenantId;
import io.spillway.domain.kv.BlockHash;
import io.spillway.domain.kv.BlockHasher;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Tokens and block hashes of the prompts that were seen lately, so that of a conversation that comes again only what was added is encoded and
 * hashed. A prompt is compared with the tenant's own latest ones byte by byte, and cut before a special token, where no merge of a tokenizer
 * reaches across: what comes out is what encoding the whole gives. Nothing of one tenant is looked at for another.
 *
 * <p>Bounded by bytes, and so is each tenant's part; the longest unused goes first. Any thread: encoding happens outside the lock.
 */
public final class PromptMemory {
    /** Shorter prompts are encoded faster than found. */
    private static final int CHARS_MIN = 1024;
    private static final int PROMPTS_PER_OWNER = 32;
    /** Of all memory, what one tenant may have with one model. */
    private static final int OWNER_SHARE = 4;
    /** A prompt that another one goes on from but for so much of its end is not needed beside it. */
    private static final int ENDING_BYTES = 256;

    private final long bytesMax;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<Owner, Prompts> owners = new LinkedHashMap<>(16, 0.75f, true);
    private long bytes;
    private long reusedTokens;
    private long encodedTokens;

    /** Whose prompts are compared with each other. */
    public record Owner(TenantId tenant, ModelId model) {
        public Owner {
            requireNonNull(tenant, "tenant");
            requireNonNull(model, "model");
        }
    }

    /** How blocks are named: what the first one's hash follows, and how long they are. */
    public record Blocks(BlockHash root, int blockTokens) {
    }

    /**
     * A prompt in tokens.
     *
     * @param tokens handed over: nobody may write to them
     * @param chain  hashes of the full blocks
     */
    public record Encoded(int[] tokens, List<BlockHash> chain) {
    }

    /** The latest prompts of one owner, the newest first. */
    private static final class Prompts {
        private final Deque<Remembered> latest = new ArrayDeque<>();
        private long bytes;
    }

    /** @param bytesMax 0 = nothing is remembered */
    public PromptMemory(final long bytesMax) {
        this.bytesMax = bytesMax;
    }

    /** @return the prompt in tokens, exactly as encoding all of it gives them */
    public Encoded encode(final Owner owner, final PromptText prompt, final Blocks blocks) {
        if (prompt.text().length() < CHARS_MIN || bytesMax == 0 || prompt.markers().isEmpty() || hasLoneSurrogate(prompt.text())) {
            return of(prompt.encode().apply(prompt.text()), blocks);
        }
        final byte[] utf8 = prompt.text().getBytes(StandardCharsets.UTF_8);
        final Comparison comparison = compare(owner, utf8);
        final int cut = comparison.cut(prompt);
        final Extension extension = new Extension(prompt, utf8);
        final Remembered encoded = cut < 0 ? extension.whole(blocks) : extension.after(comparison.nearest, cut, blocks);
        remember(owner, encoded, comparison.superseded, cut < 0 ? 0 : comparison.nearest.cutTokens()[cut]);
        return new Encoded(encoded.tokens(), encoded.chain());
    }

    /**
     * @param beginning of a prompt, as the template makes it of its first messages
     * @return its tokens: read off a prompt seen lately that goes on behind it, else encoded; nothing is remembered
     */
    public int count(final Owner owner, final PromptText beginning) {
        if (hasLoneSurrogate(beginning.text())) {
            return beginning.encode().apply(beginning.text()).length;
        }
        final byte[] utf8 = beginning.text().getBytes(StandardCharsets.UTF_8);
        for (final Remembered candidate : candidates(owner)) {
            final int cut = candidate.lastCutWithin(utf8.length);
            if (cut >= 0 && candidate.cutBytes()[cut] == utf8.length && candidate.commonBytes(utf8) == utf8.length) {
                return candidate.cutTokens()[cut];
            }
        }
        return beginning.encode().apply(beginning.text()).length;
    }

    /** Half a character has no bytes to be compared by. */
    private static boolean hasLoneSurrogate(final String text) {
        for (int i = 0; i < text.length(); i++) {
            if (Character.isSurrogate(text.charAt(i))) {
                if (i + 1 == text.length() || !Character.isSurrogatePair(text.charAt(i), text.charAt(i + 1))) {
                    return true;
                }
                i++;
            }
        }
        return false;
    }

    /** @return some tokens with the hashes of their blocks */
    public static Encoded of(final int[] tokens, final Blocks blocks) {
        return new Encoded(tokens, BlockHasher.chain(blocks.root(), tokens, 0, tokens.length, blocks.blockTokens()));
    }

    /**
     * A text beside the owner's prompts.
     *
     * @param nearest    the one with the longest common beginning; null = none
     * @param superseded those that the text goes on from
     */
    private record Comparison(Remembered nearest, int commonBytes, List<Remembered> superseded) {
        /** @return number of the cut of {@code nearest} to go on behind; -1 = none. The marker behind it must be common too */
        private int cut(final PromptText prompt) {
            if (nearest == null) {
                return -1;
            }
            int cut = nearest.lastCutWithin(commonBytes);
            while (cut >= 0 && nearest.cutBytes()[cut] + markerBytes(nearest.tokens()[nearest.cutTokens()[cut]], prompt) > commonBytes) {
                cut--;
            }
            return cut;
        }

        private static int markerBytes(final int token, final PromptText prompt) {
            return prompt.markers().stream().filter(marker -> marker.token() == token)
                .mapToInt(marker -> marker.text().getBytes(StandardCharsets.UTF_8).length).findFirst().orElse(Integer.MAX_VALUE / 2);
        }
    }

    private Comparison compare(final Owner owner, final byte[] utf8) {
        final List<Remembered> superseded = new ArrayList<>();
        Remembered nearest = null;
        int mostBytes = 0;
        for (final Remembered candidate : candidates(owner)) {
            final int common = candidate.commonBytes(utf8);
            if (common > mostBytes) {
                nearest = candidate;
                mostBytes = common;
            }
            if (candidate.utf8().length - common <= ENDING_BYTES && candidate.utf8().length <= utf8.length) {
                superseded.add(candidate);
            }
        }
        return new Comparison(nearest, mostBytes, superseded);
    }

    private List<Remembered> candidates(final Owner owner) {
        lock.lock();
        try {
            final Prompts prompts = owners.get(owner);
            return prompts == null ? List.of() : new ArrayList<>(prompts.latest);
        } finally {
            lock.unlock();
        }
    }

    private void remember(final Owner owner, final Remembered prompt, final List<Remembered> superseded, final int reused) {
        lock.lock();
        try {
            reusedTokens += reused;
            encodedTokens += prompt.tokens().length - reused;
            final long share = bytesMax / OWNER_SHARE;
            if (prompt.bytes() > share) {
                return;
            }
            final Prompts prompts = owners.computeIfAbsent(owner, any -> new Prompts());
            prompts.latest.removeIf(old -> {
                final boolean gone = superseded.contains(old);
                count(prompts, gone ? -old.bytes() : 0);
                return gone;
            });
            prompts.latest.addFirst(prompt);
            count(prompts, prompt.bytes());
            while (prompts.latest.size() > PROMPTS_PER_OWNER || prompts.bytes > share) {
                count(prompts, -prompts.latest.removeLast().bytes());
            }
            evict();
        } finally {
            lock.unlock();
        }
    }

    private void count(final Prompts prompts, final long more) {
        prompts.bytes += more;
        bytes += more;
    }

    /** The owner that asked longest ago gives first; the one that asks now never gives its last. */
    private void evict() {
        while (bytes > bytesMax) {
            final Map.Entry<Owner, Prompts> eldest = owners.entrySet().iterator().next();
            count(eldest.getValue(), -eldest.getValue().latest.removeLast().bytes());
            if (eldest.getValue().latest.isEmpty()) {
                owners.remove(eldest.getKey());
            }
        }
    }

    /** @return bytes in use, about */
    public long bytes() {
        lock.lock();
        try {
            return bytes;
        } finally {
            lock.unlock();
        }
    }

    /** @return prompt tokens that did not have to be encoded again, of prompts long enough to be remembered */
    public long reusedTokens() {
        lock.lock();
        try {
            return reusedTokens;
        } finally {
            lock.unlock();
        }
    }

    /** @return prompt tokens that were encoded, of prompts long enough to be remembered */
    public long encodedTokens() {
        lock.lock();
        try {
            return encodedTokens;
        } finally {
            lock.unlock();
        }
    }
}
