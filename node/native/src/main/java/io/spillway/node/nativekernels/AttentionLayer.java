package io.spillway.node.nativekernels;

import io.spillway.domain.kv.KvLayout;
import io.spillway.node.compute.AttentionRule;
import io.spillway.node.compute.KvRows;
import io.spillway.node.compute.ScalarAttention;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;

/** What all pieces of one layer's attention share: {@code struct attention} of the library. Written by the engine thread. */
final class AttentionLayer implements AutoCloseable {
    private static final StructLayout LAYOUT = MemoryLayout.structLayout(
            ValueLayout.JAVA_LONG.withName("key_offset"), ValueLayout.JAVA_LONG.withName("value_offset"),
            ValueLayout.JAVA_LONG.withName("head_bytes"), ValueLayout.JAVA_LONG.withName("scales_offset"),
            ValueLayout.JAVA_LONG.withName("minima_offset"), ValueLayout.JAVA_LONG.withName("sinks"),
            ValueLayout.JAVA_INT.withName("element"), ValueLayout.JAVA_INT.withName("head_dim"),
            ValueLayout.JAVA_INT.withName("block_tokens"), ValueLayout.JAVA_INT.withName("range_tokens"),
            ValueLayout.JAVA_INT.withName("group"), ValueLayout.JAVA_INT.withName("window_tokens"),
            ValueLayout.JAVA_FLOAT.withName("scale"), ValueLayout.JAVA_FLOAT.withName("softcap"));
    private static final long KEYS = offset("key_offset");
    private static final long VALUES = offset("value_offset");
    private static final long HEAD = offset("head_bytes");
    private static final long SCALES = offset("scales_offset");
    private static final long MINIMA = offset("minima_offset");
    private static final long SINKS = offset("sinks");
    private static final long ELEMENT = offset("element");
    private static final long HEAD_DIM = offset("head_dim");
    private static final long BLOCK_TOKENS = offset("block_tokens");
    private static final long RANGE_TOKENS = offset("range_tokens");
    private static final long GROUP = offset("group");
    private static final long WINDOW = offset("window_tokens");
    private static final long SCALE = offset("scale");
    private static final long SOFTCAP = offset("softcap");

    private final Scratch struct = new Scratch();
    private final Scratch sinks = new Scratch();

    private static long offset(final String field) {
        return LAYOUT.byteOffset(PathElement.groupElement(field));
    }

    /** @param group query heads per key-value head */
    void set(final KvRows kv, final int layer, final AttentionRule rule, final int group) {
        final KvLayout layout = kv.layout();
        final MemorySegment s = struct.segment();
        s.set(ValueLayout.JAVA_LONG, KEYS, kv.keyOffset(layer, 0));
        s.set(ValueLayout.JAVA_LONG, VALUES, kv.valueOffset(layer, 0));
        s.set(ValueLayout.JAVA_LONG, HEAD, layout.headBytes());
        s.set(ValueLayout.JAVA_LONG, SCALES, layout.scalesOffset());
        s.set(ValueLayout.JAVA_LONG, MINIMA, layout.minimaOffset());
        s.set(ValueLayout.JAVA_LONG, SINKS, sinks(rule.sinks()));
        s.set(ValueLayout.JAVA_INT, ELEMENT, layout.element().number());
        s.set(ValueLayout.JAVA_INT, HEAD_DIM, layout.headDim());
        s.set(ValueLayout.JAVA_INT, BLOCK_TOKENS, layout.blockTokens());
        s.set(ValueLayout.JAVA_INT, RANGE_TOKENS, ScalarAttention.RANGE_TOKENS);
        s.set(ValueLayout.JAVA_INT, GROUP, group);
        s.set(ValueLayout.JAVA_INT, WINDOW, rule.windowTokens());
        s.set(ValueLayout.JAVA_FLOAT, SCALE, rule.scale());
        s.set(ValueLayout.JAVA_FLOAT, SOFTCAP, rule.softcap());
    }

    private long sinks(final float[] values) {
        if (values == null) {
            return 0;
        }
        sinks.reserve(values.length * (long) Float.BYTES);
        MemorySegment.copy(values, 0, sinks.segment(), ValueLayout.JAVA_FLOAT, 0, values.length);
        return sinks.address();
    }

    /** @return where the library finds it */
    long address() {
        return struct.address();
    }

    @Override
    public void close() {
        struct.close();
        sinks.close();
    }
}
