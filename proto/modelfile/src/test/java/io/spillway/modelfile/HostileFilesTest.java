package io.spillway.modelfile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Random damage and random directories: a file opens and can be read through, or is refused with INVALID_MODEL_FILE; nothing
 * else happens, and never does a file make the reader allocate more than a multiple of its own size.
 */
class HostileFilesTest {
    private static final Path NAME = Path.of("hostile");
    private static final int FAST_CASES = 6_000;
    private static final int SLOW_CASES = 1_000_000;
    /** Strings, maps and JSON trees take more than their bytes in a file, never more than this. */
    private static final long ALLOCATION_FACTOR = 100;
    private static final long ALLOCATION_FLOOR_BYTES = 256 << 10;
    private static final long SPREAD = 0x9E3779B97F4A7C15L; // neighbouring seeds begin alike
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    /** Makes the bytes of one case. */
    private interface Maker {
        byte[] make(Random random);
    }

    /** Opens bytes and reads everything there is; returns whether that went well. */
    private interface Reader {
        void read(MappedFile file);
    }

    private record Outcome(int opened, int refused) { }

    private static Outcome fuzz(final int cases, final long seed, final Maker maker, final Reader reader) {
        int refused = 0;
        for (int i = 0; i < cases; i++) {
            final byte[] bytes = maker.make(new Random((seed + i) * SPREAD));
            final long boundBytes = ALLOCATION_FLOOR_BYTES + ALLOCATION_FACTOR * bytes.length;
            final long before = THREADS.getCurrentThreadAllocatedBytes();
            refused += refuses(bytes, seed + i, reader) ? 1 : 0;
            if (THREADS.getCurrentThreadAllocatedBytes() - before > boundBytes) {
                // Once may be a class or a table that the parser keeps; twice is the file.
                final long again = THREADS.getCurrentThreadAllocatedBytes();
                refuses(bytes, seed + i, reader);
                final long allocatedBytes = THREADS.getCurrentThreadAllocatedBytes() - again;
                assertThat(allocatedBytes).as("case %d of %d bytes", seed + i, bytes.length).isLessThanOrEqualTo(boundBytes);
            }
        }
        return new Outcome(cases - refused, refused);
    }

    private static boolean refuses(final byte[] bytes, final long number, final Reader reader) {
        try {
            reader.read(MappedFile.of(NAME, MemorySegment.ofArray(bytes)));
            return false;
        } catch (final SpillwayException e) {
            if (e.code() != ErrorCode.INVALID_MODEL_FILE) {
                throw new AssertionError("case " + number + " was refused as " + e.code(), e);
            }
            return true;
        } catch (final RuntimeException | Error e) {
            throw new AssertionError("case " + number, e);
        }
    }

    private static void readGguf(final MappedFile bytes) {
        try (GgufFile file = GgufFile.read(bytes)) {
            for (final TensorEntry entry : file.tensors()) {
                assertThat(file.tensor(entry.name()).byteSize()).isEqualTo(entry.sizeBytes());
            }
            for (final String key : file.keys()) {
                file.strings(key);
                file.reals(key);
                file.integers(key);
                file.value(key).orElseThrow();
            }
        }
    }

    private static void readSafetensors(final MappedFile bytes) {
        try (SafetensorsFile file = SafetensorsFile.read(bytes)) {
            for (final TensorEntry entry : file.tensors()) {
                assertThat(file.tensor(entry.name()).byteSize()).isEqualTo(entry.sizeBytes());
            }
        }
    }

    private static byte[] damagedGguf(final Random random) {
        final byte[] sample = GgufBytes.sample().bytes();
        return new Mutation(random, List.of(sample)).of(sample);
    }

    private static byte[] damagedSafetensors(final Random random) {
        final byte[] sample = SafetensorsFileTest.bytes(SafetensorsFileTest.HEADER, 12);
        return new Mutation(random, List.of(sample, "{}[]\":,-9e999".getBytes(StandardCharsets.UTF_8))).of(sample);
    }

    private static long dimension(final Random random) {
        return switch (random.nextInt(6)) {
            case 0 -> random.nextInt(4);
            case 1 -> 256L * random.nextInt(4);
            case 2 -> random.nextLong();
            case 3 -> 1L << random.nextInt(64);
            default -> 1 + random.nextInt(70);
        };
    }

    private static byte[] randomGguf(final Random random) {
        final GgufBytes file = new GgufBytes();
        for (int t = random.nextInt(4); t >= 0; t--) {
            final TensorType type = TensorType.values()[random.nextInt(TensorType.values().length)];
            final boolean plausible = random.nextInt(8) > 0 && type.ggufNumber() >= 0;
            final long[] shape = new long[plausible ? 2 : random.nextInt(6)];
            for (int d = 0; d < shape.length; d++) {
                shape[d] = plausible ? 1 + random.nextInt(3) : dimension(random);
            }
            if (plausible) {
                shape[1] *= type.blockElements();
            }
            final int payload = plausible ? (int) type.bytesOf(shape[0] * shape[1]) : random.nextInt(600);
            file.tensor("t" + (random.nextInt(10) == 0 ? 0 : t), plausible ? type.ggufNumber() : random.nextInt(300), shape, new byte[payload]);
        }
        if (random.nextInt(3) == 0) {
            file.integer("general.alignment", 4, 4, 1L << random.nextInt(32));
        }
        return random.nextBoolean() ? file.bytes() : new Mutation(random, List.of(GgufBytes.sample().bytes())).of(file.bytes());
    }

    private static byte[] randomSafetensors(final Random random) {
        final TensorType[] types = {TensorType.F32, TensorType.F16, TensorType.F8_E4M3, TensorType.I64, TensorType.Q4_0};
        final StringBuilder header = new StringBuilder("{");
        long end = 0;
        for (int t = random.nextInt(4); t >= 0; t--) {
            final TensorType type = types[random.nextInt(random.nextInt(8) == 0 ? 5 : 4)];
            final boolean plausible = random.nextInt(8) > 0;
            final long rows = plausible ? 1 + random.nextInt(9) : dimension(random);
            final long columns = plausible ? 1 + random.nextInt(9) : dimension(random);
            final long from = plausible || random.nextBoolean() ? end : random.nextLong() >> random.nextInt(64);
            end = from + rows * columns * type.blockBytes();
            header.append("\"t").append(random.nextInt(20) == 0 ? 0 : t).append("\":{\"dtype\":\"").append(type).append("\",\"shape\":[").append(rows)
                .append(',').append(columns).append("],\"data_offsets\":[").append(from).append(',').append(end).append("]}").append(t > 0 ? "," : "}");
        }
        final byte[] bytes = SafetensorsFileTest.bytes(header.toString(), Math.clamp(end, 8, 4000));
        return random.nextBoolean() ? bytes : new Mutation(random, List.of(bytes)).of(bytes);
    }

    private static void fuzzAll(final int cases, final long seed) {
        final int each = cases / 4;
        final Outcome[] outcomes = {fuzz(each, seed, HostileFilesTest::damagedGguf, HostileFilesTest::readGguf),
            fuzz(each, seed, HostileFilesTest::randomGguf, HostileFilesTest::readGguf),
            fuzz(each, seed, HostileFilesTest::damagedSafetensors, HostileFilesTest::readSafetensors),
            fuzz(each, seed, HostileFilesTest::randomSafetensors, HostileFilesTest::readSafetensors)};
        for (final Outcome outcome : outcomes) {
            assertThat(outcome.opened()).as("a fuzz that only ever sees refusals tests nothing").isPositive();
            assertThat(outcome.refused()).isPositive();
        }
        System.getLogger(HostileFilesTest.class.getName()).log(System.Logger.Level.INFO, cases + " hostile files: " + List.of(outcomes));
    }

    @Test
    void filesOpenOrAreRefused() {
        fuzzAll(FAST_CASES, 1);
    }

    @Test
    @Tag("slow")
    void aMillionFilesOpenOrAreRefused() {
        fuzzAll(SLOW_CASES, 1L << 32);
    }

    @Test
    void tensorsOnTheSameBytesAreRefused() {
        final String overlapping = SafetensorsFileTest.HEADER.replace("[8,12]", "[4,8]");
        assertThatThrownBy(() -> readSafetensors(MappedFile.of(NAME, MemorySegment.ofArray(SafetensorsFileTest.bytes(overlapping, 12)))))
            .isInstanceOf(SpillwayException.class).hasMessageContaining("'a' and 'b' lie on the same bytes");
        final byte[] gguf = new GgufBytes().tensor("a", 0, new long[] {8}, new byte[32]).tensor("b", 0, new long[] {8}, new byte[32]).bytes();
        final int offset = new String(gguf, StandardCharsets.ISO_8859_1).lastIndexOf("b") + 1 + 4 + 8 + 4;
        gguf[offset] = 0;
        assertThatThrownBy(() -> readGguf(MappedFile.of(NAME, MemorySegment.ofArray(gguf))))
            .isInstanceOf(SpillwayException.class).hasMessageContaining("lie on the same bytes");
    }
}
