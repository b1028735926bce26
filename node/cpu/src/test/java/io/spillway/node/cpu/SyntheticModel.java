package io.spillway.node.cpu;

import io.spillway.node.compute.DType;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Writes tiny random models as GGUF files: 2 layers, odd sizes, any weight format. */
final class SyntheticModel {
    static final int VOCABULARY = 101;
    private static final int HIDDEN = 64;
    private static final int HEADS = 6;
    private static final int KV_HEADS = 2;
    private static final int HEAD_DIM = 32;
    private static final int FEED_FORWARD = 96;
    private static final int LAYERS = 2;

    /** A tensor to write: GGUF's type number, row-major shape, stored bytes. */
    private record Entry(int type, long[] shape, byte[] bytes) { }

    private final String architecture;
    private final Map<String, Object> metadata = new LinkedHashMap<>();
    private final Map<String, Entry> tensors = new LinkedHashMap<>();

    SyntheticModel(final String architecture, final DType dtype, final boolean untied) {
        this.architecture = architecture;
        metadata.put("general.architecture", architecture);
        set("block_count", LAYERS).set("context_length", 4096).set("embedding_length", HIDDEN).set("feed_forward_length", FEED_FORWARD)
                .set("attention.head_count", HEADS).set("attention.head_count_kv", KV_HEADS).set("attention.key_length", HEAD_DIM)
                .set("attention.value_length", HEAD_DIM).set("rope.dimension_count", HEAD_DIM).set("rope.freq_base", 10000f)
                .set("attention.layer_norm_rms_epsilon", 1e-5f);
        matrix("token_embd.weight", dtype, VOCABULARY, HIDDEN);
        vector("output_norm.weight", HIDDEN);
        if (untied) {
            matrix("output.weight", dtype, VOCABULARY, HIDDEN);
        }
        for (int layer = 0; layer < LAYERS; layer++) {
            layer("blk." + layer + ".", dtype);
        }
    }

    private void layer(final String prefix, final DType dtype) {
        vector(prefix + "attn_norm.weight", HIDDEN);
        matrix(prefix + "attn_q.weight", dtype, HEADS * HEAD_DIM, HIDDEN);
        matrix(prefix + "attn_k.weight", dtype, KV_HEADS * HEAD_DIM, HIDDEN);
        matrix(prefix + "attn_v.weight", dtype, KV_HEADS * HEAD_DIM, HIDDEN);
        matrix(prefix + "attn_output.weight", dtype, HIDDEN, HEADS * HEAD_DIM);
        vector(prefix + "ffn_norm.weight", HIDDEN);
        matrix(prefix + "ffn_gate.weight", dtype, FEED_FORWARD, HIDDEN);
        matrix(prefix + "ffn_up.weight", dtype, FEED_FORWARD, HIDDEN);
        matrix(prefix + "ffn_down.weight", dtype, HIDDEN, FEED_FORWARD);
        if (architecture.equals("qwen3")) {
            vector(prefix + "attn_q_norm.weight", HEAD_DIM);
            vector(prefix + "attn_k_norm.weight", HEAD_DIM);
        }
    }

    /** Sets metadata of the architecture. */
    SyntheticModel set(final String key, final Object value) {
        metadata.put(architecture + "." + key, value);
        return this;
    }

    /** Names another architecture, keeping everything else. */
    SyntheticModel rename(final String name) {
        metadata.put("general.architecture", name);
        for (final String key : List.copyOf(metadata.keySet())) {
            if (key.startsWith(architecture + ".")) {
                metadata.put(name + key.substring(architecture.length()), metadata.get(key));
            }
        }
        return this;
    }

    SyntheticModel without(final String tensor) {
        tensors.remove(tensor);
        return this;
    }

    SyntheticModel vector(final String name, final int length) {
        final byte[] bytes = new byte[4 * length];
        final Random random = new Random(name.hashCode());
        for (int i = 0; i < length; i++) {
            MemorySegment.ofArray(bytes).set(ValueLayout.JAVA_FLOAT_UNALIGNED, 4L * i, 1 + (float) random.nextGaussian() * 0.1f);
        }
        return raw(name, 0, new long[] {length}, bytes);
    }

    SyntheticModel raw(final String name, final int type, final long[] shape, final byte[] bytes) {
        tensors.put(name, new Entry(type, shape, bytes));
        return this;
    }

    private void matrix(final String name, final DType dtype, final int rows, final int columns) {
        final byte[] bytes = OpsTwinTest.stored(new Random(name.hashCode()), dtype, rows, columns).toArray(ValueLayout.JAVA_BYTE);
        final int type = switch (dtype) {
            case F32 -> 0;
            case F16 -> 1;
            case BF16 -> 30;
            case Q8_0 -> 8;
            case Q4_0 -> 2;
            default -> throw new IllegalArgumentException("no file stores " + dtype);
        };
        // Random quants are up to 127 scales: scale them down so that activations stay ordinary.
        if (dtype == DType.Q8_0 || dtype == DType.Q4_0) {
            final int step = dtype == DType.Q8_0 ? 34 : 18;
            for (int at = 0; at < bytes.length; at += step) {
                MemorySegment.ofArray(bytes).set(ValueLayout.JAVA_SHORT_UNALIGNED, at, Float.floatToFloat16(dtype == DType.Q8_0 ? 0.0017f : 0.025f));
            }
        }
        raw(name, type, new long[] {rows, columns}, bytes);
    }

    Path write(final Path file) throws IOException {
        final ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes("GGUF".getBytes(StandardCharsets.US_ASCII));
        put(out, 4, 3);
        put(out, 8, tensors.size());
        put(out, 8, metadata.size());
        metadata.forEach((key, value) -> {
            put(out, key);
            switch (value) {
                case String text -> {
                    put(out, 4, 8);
                    put(out, text);
                }
                case Float real -> {
                    put(out, 4, 6);
                    put(out, 4, Float.floatToRawIntBits(real));
                }
                case Integer integer -> {
                    put(out, 4, 4);
                    put(out, 4, integer);
                }
                default -> throw new IllegalArgumentException(key);
            }
        });
        final List<byte[]> payloads = new ArrayList<>();
        long offset = 0;
        for (final Map.Entry<String, Entry> tensor : tensors.entrySet()) {
            final Entry entry = tensor.getValue();
            put(out, tensor.getKey());
            put(out, 4, entry.shape().length);
            for (int d = entry.shape().length - 1; d >= 0; d--) {
                put(out, 8, entry.shape()[d]);
            }
            put(out, 4, entry.type());
            put(out, 8, offset);
            payloads.add(entry.bytes());
            offset += Math.ceilDiv(entry.bytes().length, 32) * 32L;
        }
        for (final byte[] payload : payloads) {
            out.writeBytes(new byte[Math.floorMod(-out.size(), 32)]);
            out.writeBytes(payload);
        }
        return Files.write(file, out.toByteArray());
    }

    private static void put(final ByteArrayOutputStream out, final int bytes, final long value) {
        for (int i = 0; i < bytes; i++) {
            out.write((int) (value >>> (8 * i)));
        }
    }

    private static void put(final ByteArrayOutputStream out, final String text) {
        final byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        put(out, 8, bytes.length);
        out.writeBytes(bytes);
    }
}
