package io.spillway.modelfile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spillway.domain.error.SpillwayException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WritersTest {
    @TempDir
    private Path directory;

    private static MemorySegment bytes(final int length, final int from) {
        final byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) (from + i);
        }
        return MemorySegment.ofArray(bytes);
    }

    private List<String> names() throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(p -> p.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void whatIsWrittenAsGgufIsReadBack() throws IOException {
        final Path sample = Files.write(directory.resolve("sample.gguf"), GgufBytes.sample().bytes());
        final Path target = directory.resolve("written.gguf");
        try (GgufFile original = GgufFile.open(sample)) {
            final Map<String, GgufValue> metadata = new LinkedHashMap<>();
            original.keys().forEach(key -> metadata.put(key, original.value(key).orElseThrow()));
            metadata.put("new.text", GgufValue.ofString("é"));
            metadata.put("new.integer", GgufValue.ofInteger(7));
            metadata.put("new.real", GgufValue.ofReal(0.25f));
            metadata.put("new.flag", GgufValue.ofBool(true));
            metadata.put("new.texts", GgufValue.ofStrings(List.of("a", "", "ü")));
            metadata.put("new.integers", GgufValue.ofIntegers(-1, 2));
            final List<PlannedTensor> tensors = List.of(new PlannedTensor("a", TensorType.F32, List.of(3L)),
                    new PlannedTensor("b", TensorType.Q8_0, List.of(2L, 64L)));
            try (GgufWriter writer = GgufWriter.create(target, metadata, tensors)) {
                writer.append(bytes(12, 1));
                assertThat(target).doesNotExist();
                writer.append(bytes(100, 2));
                writer.append(bytes(36, 3));
                writer.commit();
            }
            try (GgufFile written = GgufFile.open(target)) {
                assertThat(written.keys()).containsExactlyElementsOf(metadata.keySet());
                assertThat(written.integer("small")).hasValue(-2);
                assertThat(written.strings("tokens")).contains(List.of("a", "bé", ""));
                assertThat(written.string("new.text")).contains("é");
                assertThat(written.integer("new.integer")).hasValue(7);
                assertThat(written.real("new.real")).hasValue(0.25);
                assertThat(written.bool("new.flag")).contains(true);
                assertThat(written.strings("new.texts")).contains(List.of("a", "", "ü"));
                assertThat(written.integers("new.integers")).get().isEqualTo(new int[] {-1, 2});
                assertThat(written.tensor("a").toArray(ValueLayout.JAVA_BYTE)).isEqualTo(bytes(12, 1).toArray(ValueLayout.JAVA_BYTE));
                assertThat(written.tensor("b").mismatch(MemorySegment.ofArray(concat(bytes(100, 2), bytes(36, 3))))).isEqualTo(-1);
                assertThat(written.find("b").orElseThrow().shape()).containsExactly(2L, 64L);
            }
        }
        assertThat(names()).containsExactly("sample.gguf", "written.gguf");
    }

    private static byte[] concat(final MemorySegment a, final MemorySegment b) {
        final byte[] all = new byte[(int) (a.byteSize() + b.byteSize())];
        MemorySegment.copy(a, ValueLayout.JAVA_BYTE, 0, all, 0, (int) a.byteSize());
        MemorySegment.copy(b, ValueLayout.JAVA_BYTE, 0, all, (int) a.byteSize(), (int) b.byteSize());
        return all;
    }

    @Test
    void whatIsWrittenAsSafetensorsIsReadBack() throws IOException {
        final Path target = directory.resolve("model.safetensors");
        final List<PlannedTensor> tensors = List.of(new PlannedTensor("w", TensorType.F8_E4M3, List.of(2L, 3L)),
                new PlannedTensor("w_scale", TensorType.F32, List.of(2L)));
        try (SafetensorsWriter writer = SafetensorsWriter.create(target, Map.of("format", "pt"), tensors)) {
            writer.append(bytes(6, 9));
            writer.append(bytes(8, 5));
            writer.commit();
        }
        try (SafetensorsFile file = SafetensorsFile.open(target)) {
            assertThat(file.tensor("w").toArray(ValueLayout.JAVA_BYTE)).containsExactly(9, 10, 11, 12, 13, 14);
            assertThat(file.find("w_scale").orElseThrow().type()).isEqualTo(TensorType.F32);
            assertThat(file.tensor("w_scale").byteSize()).isEqualTo(8);
        }
    }

    @Test
    void whatIsNotCommittedLeavesNothingBehind() throws IOException {
        final Path target = Files.writeString(directory.resolve("kept.gguf"), "old");
        final List<PlannedTensor> one = List.of(new PlannedTensor("a", TensorType.F32, List.of(3L)));
        try (GgufWriter writer = GgufWriter.create(target, Map.of(), one)) {
            writer.append(bytes(8, 0));
            assertThatThrownBy(writer::commit).hasMessageContaining("lacks 4 bytes");
            assertThatThrownBy(() -> writer.append(bytes(8, 0))).isInstanceOf(IllegalStateException.class);
        }
        assertThat(target).hasContent("old");
        assertThat(names()).containsExactly("kept.gguf");
        assertThatThrownBy(() -> GgufWriter.create(directory.resolve("absent/x.gguf"), Map.of(), one))
                .isInstanceOf(SpillwayException.class).hasMessageContaining("cannot write");
    }

    @Test
    void whatAKilledWriterLeftIsRemovedWhenItIsOld() throws IOException {
        final Path abandoned = Files.writeString(directory.resolve(".m.gguf.1.partial"), "half");
        Files.setLastModifiedTime(abandoned, FileTime.fromMillis(1_000_000));
        final Path other = Files.writeString(directory.resolve(".n.gguf.1.partial"), "half");
        Files.setLastModifiedTime(other, FileTime.fromMillis(1_000_000));
        final Path busy = Files.writeString(directory.resolve(".m.gguf.2.partial"), "half");
        AtomicFile.create(directory.resolve("m.gguf")).close();
        assertThat(abandoned).doesNotExist();
        assertThat(other).exists();
        assertThat(busy).exists();
    }
}
