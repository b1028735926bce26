package io.spillway.domain.kv;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Collectors;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class BlockHasherTest {
    private static final ModelFingerprint MODEL = new ModelFingerprint("01".repeat(32));
    private static final KvLayout LAYOUT = new KvLayout(2, 2, 32, 64, KvElement.F32);

    /** Vectors computed by another program: a change here is a new hash version, never a new golden file for this one. */
    @Test
    void goldenVectors() {
        final List<String> lines = goldenLines();
        assertThat(lines).hasSize(12);
        for (final String line : lines) {
            final String[] part = line.split(" ");
            final int[] shape = Arrays.stream(part, 2, 7).mapToInt(Integer::parseInt).toArray();
            final KvLayout layout = new KvLayout(shape[0], shape[1], shape[2], shape[3], KvElement.ofNumber(shape[4]));
            final int[] tokens = part[7].equals("-") ? new int[0]
                : Arrays.stream(part[7].split(",")).mapToInt(Integer::parseInt).toArray();
            final BlockHash root = BlockHasher.root(new ModelFingerprint(part[0]), layout, secret(part[1]));
            assertThat(root).hasToString(part[8]);
            final String chain = BlockHasher.chain(root, tokens, 0, tokens.length, shape[3]).stream()
                .map(BlockHash::toString).collect(Collectors.joining(","));
            assertThat(chain).isEqualTo(part[9].equals("-") ? "" : part[9]);
        }
    }

    @Property(tries = 200)
    void aChainCanBeContinuedFromAnyBlock(
        @ForAll @Size(max = 64) final int[] tokens, @ForAll @IntRange(min = 0, max = 10) final int cut) {
        final BlockHash root = BlockHasher.root(MODEL, LAYOUT, secret("02".repeat(32)));
        final List<BlockHash> whole = BlockHasher.chain(root, tokens, 0, tokens.length, 4);
        final int known = Math.min(cut, whole.size());
        final BlockHash parent = known == 0 ? root : whole.get(known - 1);
        assertThat(BlockHasher.chain(parent, tokens, known * 4, tokens.length, 4))
            .isEqualTo(whole.subList(known, whole.size()));
    }

    @Property(tries = 200)
    void everyTokenCounts(@ForAll @Size(min = 1, max = 16) final int[] tokens, @ForAll final int which) {
        final BlockHash parent = new BlockHash(1, 2);
        final int[] other = tokens.clone();
        other[Math.floorMod(which, other.length)] ^= 1;
        assertThat(BlockHasher.child(parent, tokens, 0, tokens.length))
            .isNotEqualTo(BlockHasher.child(parent, other, 0, other.length));
    }

    @Test
    void tenantsModelsAndLayoutsShareNothing() {
        final BlockHash base = BlockHasher.root(MODEL, LAYOUT, secret("02".repeat(32)));
        assertThat(List.of(
            BlockHasher.root(MODEL, LAYOUT, secret("03".repeat(32))),
            BlockHasher.root(new ModelFingerprint("0f".repeat(32)), LAYOUT, secret("02".repeat(32))),
            BlockHasher.root(MODEL, new KvLayout(2, 2, 32, 32, KvElement.F32), secret("02".repeat(32))),
            BlockHasher.root(MODEL, new KvLayout(2, 2, 32, 64, KvElement.F16), secret("02".repeat(32)))))
            .doesNotContain(base).doesNotHaveDuplicates();
    }

    @Property(tries = 100)
    void hashesSurviveTextAndBytes(@ForAll final long high, @ForAll final long low) {
        final BlockHash hash = new BlockHash(high, low);
        assertThat(BlockHash.ofHex(hash.toString())).isEqualTo(hash);
        assertThat(BlockHash.ofBytes(hash.toBytes(), 0)).isEqualTo(hash);
    }

    private static TenantSecret secret(final String hex) {
        return new TenantSecret(HexFormat.of().parseHex(hex));
    }

    private static List<String> goldenLines() {
        try (var in = BlockHasherTest.class.getResourceAsStream("/block-hash-golden.txt")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
