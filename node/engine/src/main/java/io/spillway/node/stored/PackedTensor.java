package io.spillway.node.stored;

import io.spillway.domain.error.SpillwayException;
import io.spillway.modelfile.ModelSource;
import io.spillway.modelfile.TensorEntry;
import io.spillway.modelfile.TensorType;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Puts the tensors together that GPTQ and AWQ make of one weight {@code [rows][columns]}: {@code qweight}, {@code scales}
 * {@code [groups][rows]}, {@code qzeros} {@code [groups][rows / 8]} and, of GPTQ, {@code g_idx} {@code [columns]}.
 *
 * @param name of the weight, unquantised
 */
record PackedTensor(ModelSource source, String name) {
    /** Integers in a word. */
    static final int PER_WORD = 8;
    private static final String WEIGHT = "weight";

    /** @return the name of a part of the weight {@code name} */
    static String part(final String name, final String part) {
        return name.endsWith("." + WEIGHT) ? name.substring(0, name.length() - WEIGHT.length()) + part : name + "." + part;
    }

    StoredTensor gptq(final Quantization.Gptq layout) {
        final TensorEntry weight = matrix("qweight", TensorType.I32);
        final int columns = size(weight, weight.shape().getFirst() * PER_WORD);
        final int rows = size(weight, weight.shape().getLast());
        final int groupCount = groupCount(layout.groupColumns(), columns);
        final int[] index = groupIndex(columns, groupCount);
        final int groupColumns = runs(index, layout.groupColumns(), columns);
        final TensorEntry zeros = zeros(rows, groupCount);
        final MemorySegment words = source.tensor(zeros.name());
        final byte[] unpacked = new byte[size(zeros, zeros.elements() * PER_WORD)];
        for (int i = 0; i < unpacked.length; i++) {
            unpacked[i] = (byte) ((word(words, i / PER_WORD) >>> i % PER_WORD * 4 & 0xF) + layout.zeroOffset());
        }
        final GroupedNibbles.Groups groups = new GroupedNibbles.Groups(scales(rows, groupCount), unpacked, groupColumns, index);
        return tensor(rows, columns, new GptqNibbles(source.tensor(weight.name()), rows), groups);
    }

    StoredTensor awq(final Quantization.Awq layout) {
        final TensorEntry weight = matrix("qweight", TensorType.I32);
        final int columns = size(weight, weight.shape().getFirst());
        final int rows = size(weight, weight.shape().getLast() * PER_WORD);
        final int groupCount = groupCount(layout.groupColumns(), columns);
        final TensorEntry zeros = zeros(rows, groupCount);
        final MemorySegment words = source.tensor(zeros.name());
        final byte[] unpacked = new byte[size(zeros, zeros.elements() * PER_WORD)];
        for (int i = 0; i < unpacked.length; i++) {
            unpacked[i] = (byte) (word(words, i / PER_WORD) >>> AwqNibbles.shift(i % rows) & 0xF);
        }
        final int groupColumns = layout.groupColumns() == -1 ? columns : layout.groupColumns();
        final GroupedNibbles.Groups groups = new GroupedNibbles.Groups(scales(rows, groupCount), unpacked, groupColumns, new int[0]);
        return tensor(rows, columns, new AwqNibbles(source.tensor(weight.name()), rows), groups);
    }

    private StoredTensor tensor(final int rows, final int columns, final GroupedNibbles.Nibbles nibbles, final GroupedNibbles.Groups groups) {
        if (rows % PER_WORD != 0 || columns % 32 != 0) {
            throw InvalidTensor.because(source, "packed weight '" + name + "' is [" + rows + ", " + columns + "]; multiples of 8 and 32 are supported");
        }
        final List<String> parts = new ArrayList<>();
        for (final String part : List.of("qweight", "qzeros", "scales", "g_idx")) {
            source.find(part(name, part)).ifPresent(entry -> parts.add(entry.name()));
        }
        return new StoredTensor(List.of((long) rows, (long) columns), parts, new GroupedNibbles(rows, columns, nibbles, groups));
    }

    private static int groupCount(final int groupColumns, final int columns) {
        return groupColumns == -1 ? 1 : Math.ceilDiv(columns, groupColumns);
    }

    /** @return columns of a group when column k is in group k / columns, else 0 */
    private static int runs(final int[] index, final int groupColumns, final int columns) {
        final int run = groupColumns == -1 ? columns : groupColumns;
        for (int k = 0; k < index.length; k++) {
            if (index[k] != k / run) {
                return 0;
            }
        }
        return run;
    }

    private int[] groupIndex(final int columns, final int groupCount) {
        final Optional<TensorEntry> entry = source.find(part(name, "g_idx"));
        if (entry.isEmpty()) {
            return new int[0];
        }
        if (entry.get().type() != TensorType.I32 || !entry.get().shape().equals(List.of((long) columns))) {
            throw misshapen(entry.get(), "I32 [" + columns + "]");
        }
        final MemorySegment words = source.tensor(entry.get().name());
        final int[] index = new int[columns];
        for (int k = 0; k < columns; k++) {
            index[k] = word(words, k);
            if (index[k] < 0 || index[k] >= groupCount) {
                throw InvalidTensor.because(source, "'" + entry.get().name() + "' puts column " + k + " into group " + index[k] + " of " + groupCount);
            }
        }
        return index;
    }

    private TensorEntry zeros(final int rows, final int groupCount) {
        final TensorEntry zeros = matrix("qzeros", TensorType.I32);
        if (rows % PER_WORD != 0 || !zeros.shape().equals(List.of((long) groupCount, (long) rows / PER_WORD))) {
            throw misshapen(zeros, "[" + groupCount + ", " + rows / PER_WORD + "]");
        }
        return zeros;
    }

    private float[] scales(final int rows, final int groupCount) {
        final TensorEntry scales = entry("scales");
        if (!ScaleGrid.reads(scales.type()) || !scales.shape().equals(List.of((long) groupCount, (long) rows))) {
            throw misshapen(scales, "floats [" + groupCount + ", " + rows + "]");
        }
        return ScaleGrid.numbers(source.tensor(scales.name()), scales.type(), size(scales, scales.elements()));
    }

    private TensorEntry matrix(final String part, final TensorType type) {
        final TensorEntry entry = entry(part);
        if (entry.type() != type || entry.shape().size() != 2) {
            throw misshapen(entry, "a matrix of " + type);
        }
        return entry;
    }

    private TensorEntry entry(final String part) {
        return source.find(part(name, part)).orElseThrow(() -> InvalidTensor.because(source, "tensor '" + part(name, part) + "' is missing"));
    }

    private int size(final TensorEntry entry, final long size) {
        return StoredTensors.size(source, entry, size);
    }

    private static int word(final MemorySegment words, final int index) {
        return Bytes.word(words, (long) index * Integer.BYTES);
    }

    private SpillwayException misshapen(final TensorEntry entry, final String expected) {
        return InvalidTensor.because(source, "tensor '" + entry.name() + "' is " + entry.type() + " " + entry.shapeText() + "; expected " + expected);
    }
}
