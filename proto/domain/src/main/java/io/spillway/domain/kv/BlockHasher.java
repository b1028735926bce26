package io.spillway.domain.kv;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.List;

/**
 * The one function that names blocks. Total: every input has a hash, no failure maps to a valid value.
 *
 * <pre>
 * root   = SHA-256("spillway/block/v1\0" | fingerprint 32 | layers i32 | kvHeads i32 | headDim i32 | blockTokens i32
 *                  | element i32 | tenant secret 32)                       first 16 bytes
 * child  = SHA-256(parent 16 | token i32 × blockTokens)                    first 16 bytes
 * </pre>
 * All integers little-endian. A change to any of this is a new {@link #VERSION} and a new golden file.
 */
public final class BlockHasher {
    /** Part of identity config: members with another version are refused at registration. */
    public static final int VERSION = 1;
    private static final byte[] DOMAIN = ("spillway/block/v" + VERSION + "\0").getBytes(StandardCharsets.UTF_8);

    private BlockHasher() {
    }

    /** @return the parent of a tenant's first blocks under one model and layout */
    public static BlockHash root(final ModelFingerprint model, final KvLayout layout, final TenantSecret secret) {
        final MessageDigest digest = sha256();
        digest.update(DOMAIN);
        digest.update(model.toBytes());
        digest.update(ByteBuffer.allocate(20).order(ByteOrder.LITTLE_ENDIAN)
            .putInt(layout.layers()).putInt(layout.kvHeads()).putInt(layout.headDim())
            .putInt(layout.blockTokens()).putInt(layout.element().number()).array());
        digest.update(secret.toBytes());
        return BlockHash.ofBytes(digest.digest(), 0);
    }

    /** @return the hash of the block of {@code count} tokens that follows {@code parent} */
    public static BlockHash child(final BlockHash parent, final int[] tokens, final int from, final int count) {
        return child(sha256(), parent, tokens, from, count);
    }

    /**
     * @param parent hash that the first block follows: a root, or the last block of an already known prefix
     * @param tokens token ids; only {@code [from, to)} is read
     * @return hashes of the full blocks in {@code [from, to)}, in order; a tail shorter than a block has none
     */
    public static List<BlockHash> chain(
        final BlockHash parent, final int[] tokens, final int from, final int to, final int blockTokens) {
        final int blocks = (to - from) / blockTokens;
        final List<BlockHash> chain = new ArrayList<>(blocks);
        final MessageDigest digest = sha256();
        BlockHash last = parent;
        for (int block = 0; block < blocks; block++) {
            last = child(digest, last, tokens, from + block * blockTokens, blockTokens);
            chain.add(last);
        }
        return chain;
    }

    private static BlockHash child(
        final MessageDigest digest, final BlockHash parent, final int[] tokens, final int from, final int count) {
        final ByteBuffer buffer = ByteBuffer.allocate(BlockHash.BYTES + 4 * count);
        buffer.putLong(parent.high()).putLong(parent.low()).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < count; i++) {
            buffer.putInt(tokens[from + i]);
        }
        return BlockHash.ofBytes(digest.digest(buffer.array()), 0);
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (final NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK must have SHA-256", e);
        }
    }
}
