#!/usr/bin/env python3
"""Writes tiny models with random weights as GGUF files: one per architecture, rope scaling and weight format.

Usage: make_models.py FOLDER

The weights come from a seed that is the file's name, so that a second run writes the same bytes. Blocks of quantised
formats are random bytes with scales of ordinary size: no quantiser is involved. Needs numpy.
"""
import struct
import sys
import zlib
from pathlib import Path

import numpy as np

ALIGNMENT = 32

# GGUF's number, elements and bytes of a block, and where its F16 fields stand with the size of value they hold:
# a scale that multiplies integers up to m becomes about 1 / m of a weight.
TYPES = {
    "F32": (0, 1, 4), "F16": (1, 1, 2), "BF16": (30, 1, 2),
    "Q4_0": (2, 32, 18), "Q4_1": (3, 32, 20), "Q5_0": (6, 32, 22), "Q5_1": (7, 32, 24), "Q8_0": (8, 32, 34),
    "Q2_K": (10, 256, 84), "Q3_K": (11, 256, 110), "Q4_K": (12, 256, 144), "Q5_K": (13, 256, 176), "Q6_K": (14, 256, 210),
    "IQ4_NL": (20, 32, 18), "MXFP4": (39, 32, 17),
}

# Random scales within a block widen these formats; too wide weights would make the logits chaotic.
NARROWED = {"Q2_K": 0.4, "Q3_K": 0.5, "Q4_K": 0.4, "Q5_K": 0.4, "Q6_K": 0.6}


class Gguf:
    """Collects metadata and tensors, then writes them."""

    def __init__(self, name, architecture):
        self.random = np.random.default_rng(zlib.crc32(name.encode()))
        self.architecture = architecture
        self.metadata = []
        self.tensors = []
        self.put("general.architecture", architecture)

    def put(self, key, value):
        self.metadata.append((key, value))

    def set(self, **values):
        """Sets metadata of the architecture; two underscores stand for a dot."""
        for key, value in values.items():
            self.put(self.architecture + "." + key.replace("__", "."), value)

    def vector(self, name, length, mean=1.0, spread=0.2):
        self.add(name, "F32", (length,), (mean + spread * self.random.standard_normal(length)).astype("<f4").tobytes())

    def matrix(self, name, shape, kind="F32", gain=1.0):
        """shape is row-major; values have a spread of gain / sqrt(columns)."""
        spread = gain / np.sqrt(shape[-1])
        if kind in ("F32", "F16", "BF16"):
            values = (spread * self.random.standard_normal(shape)).astype("<f4")
            if kind == "BF16":
                data = ((values.view("<u4") + 0x8000) >> 16).astype("<u2").tobytes()
            else:
                data = values.astype("<f4" if kind == "F32" else "<f2").tobytes()
        else:
            data = self.blocks(kind, int(np.prod(shape)), spread)
        self.add(name, kind, shape, data)

    def blocks(self, kind, elements, spread):
        _, per_block, size = TYPES[kind]
        count = elements // per_block
        data = self.random.integers(0, 256, (count, size), dtype=np.uint8)
        spread *= NARROWED.get(kind, 1)

        def half(at, low, high):
            values = self.random.uniform(low * spread, high * spread, count).astype("<f2")
            data[:, at:at + 2] = values.view(np.uint8).reshape(count, 2)

        # Uniform integers of b bits have a spread of 2^b / sqrt(12); minima centre them.
        if kind == "Q4_0":
            half(0, 0.18, 0.25)
        elif kind == "IQ4_NL":
            half(0, 0.012, 0.018)
        elif kind == "Q4_1":
            half(0, 0.18, 0.25)
            half(2, -1.9, -1.4)
        elif kind == "Q5_0":
            half(0, 0.09, 0.13)
        elif kind == "Q5_1":
            half(0, 0.09, 0.13)
            half(2, -1.9, -1.4)
        elif kind == "Q8_0":
            half(0, 0.011, 0.016)
        elif kind == "Q2_K":
            half(80, 0.08, 0.12)
            half(82, 0.15, 0.2)
        elif kind == "Q3_K":
            half(108, 0.02, 0.03)
        elif kind == "Q4_K":
            half(0, 0.006, 0.009)
            half(2, 0.045, 0.06)
        elif kind == "Q5_K":
            half(0, 0.003, 0.0045)
            half(2, 0.045, 0.06)
        elif kind == "Q6_K":
            data[:, 192:208] = self.random.integers(-64, 65, (count, 16), dtype=np.int8).view(np.uint8)
            half(208, 0.001, 0.0015)
        elif kind == "MXFP4":
            data[:, 0] = self.random.integers(-4, -1, count) + 127 + int(np.round(np.log2(spread)))
        return data.tobytes()

    def add(self, name, kind, shape, data):
        self.tensors.append((name, kind, shape, data))

    def write(self, path):
        out = bytearray(b"GGUF" + struct.pack("<IQQ", 3, len(self.tensors), len(self.metadata)))
        for key, value in self.metadata:
            out += text(key) + encoded(value)
        offset = 0
        for name, kind, shape, data in self.tensors:
            out += text(name) + struct.pack("<I", len(shape)) + b"".join(struct.pack("<Q", d) for d in reversed(shape))
            out += struct.pack("<IQ", TYPES[kind][0], offset)
            offset += -(-len(data) // ALIGNMENT) * ALIGNMENT
        for _, _, _, data in self.tensors:
            out += bytes(-len(out) % ALIGNMENT) + data
        path.write_bytes(out + bytes(-len(out) % ALIGNMENT))


def text(value):
    raw = value.encode()
    return struct.pack("<Q", len(raw)) + raw


def encoded(value):
    if isinstance(value, str):
        return struct.pack("<I", 8) + text(value)
    if isinstance(value, bool):
        return struct.pack("<IB", 7, value)
    if isinstance(value, int):
        return struct.pack("<II", 4, value)
    return struct.pack("<If", 6, value)


class Shape:
    """Sizes of a decoder, and which parts it has."""

    def __init__(self, **changes):
        self.layers, self.hidden, self.width, self.vocabulary = 3, 48, 56, 256
        self.heads, self.kv_heads, self.head_dim = 3, 1, 16
        self.context = 2048
        self.experts, self.chosen, self.expert_width = 0, 0, 0
        self.tied = False
        self.kind = "F32"        # of matrices
        self.other = None        # of matrices whose rows are too short for that kind
        self.__dict__.update(changes)


def begin(name, architecture, s):
    g = Gguf(name, architecture)
    g.set(vocab_size=s.vocabulary, context_length=s.context, embedding_length=s.hidden, block_count=s.layers,
          feed_forward_length=s.width, attention__head_count=s.heads, attention__head_count_kv=s.kv_heads,
          attention__key_length=s.head_dim, attention__value_length=s.head_dim, attention__layer_norm_rms_epsilon=1e-5)
    g.put("tokenizer.ggml.model", "none")
    return g


def kind_of(s, columns):
    return s.kind if columns % TYPES[s.kind][1] == 0 else s.other


def around(g, s):
    g.matrix("token_embd.weight", (s.vocabulary, s.hidden), kind_of(s, s.hidden), gain=3 if s.tied else np.sqrt(s.hidden))
    g.vector("output_norm.weight", s.hidden)
    if not s.tied:
        g.matrix("output.weight", (s.vocabulary, s.hidden), kind_of(s, s.hidden), gain=3)


def attention(g, s, p, bias=False, head_norms=False, output_bias=False):
    g.vector(p + "attn_norm.weight", s.hidden)
    for part, heads, gain in (("q", s.heads, 1.6), ("k", s.kv_heads, 1.6), ("v", s.kv_heads, 1)):
        g.matrix(f"{p}attn_{part}.weight", (heads * s.head_dim, s.hidden), kind_of(s, s.hidden), gain)
        if bias:
            g.vector(f"{p}attn_{part}.bias", heads * s.head_dim, 0, 0.5)
    g.matrix(p + "attn_output.weight", (s.hidden, s.heads * s.head_dim), kind_of(s, s.heads * s.head_dim))
    if output_bias:
        g.vector(p + "attn_output.bias", s.hidden, 0, 0.3)
    if head_norms:
        g.vector(p + "attn_q_norm.weight", s.head_dim, 1.3)
        g.vector(p + "attn_k_norm.weight", s.head_dim, 1.3)


def feed_forward(g, s, p):
    g.vector(p + "ffn_norm.weight", s.hidden)
    g.matrix(p + "ffn_gate.weight", (s.width, s.hidden), kind_of(s, s.hidden))
    g.matrix(p + "ffn_up.weight", (s.width, s.hidden), kind_of(s, s.hidden))
    g.matrix(p + "ffn_down.weight", (s.hidden, s.width), kind_of(s, s.width))


def experts(g, s, p, norm="ffn_norm", bias=False, kind=None):
    g.vector(p + norm + ".weight", s.hidden)
    g.matrix(p + "ffn_gate_inp.weight", (s.experts, s.hidden), "F32", gain=2)
    if bias:
        g.vector(p + "ffn_gate_inp.bias", s.experts, 0, 0.5)
    for part, rows, columns in (("gate", s.expert_width, s.hidden), ("up", s.expert_width, s.hidden), ("down", s.hidden, s.expert_width)):
        g.matrix(f"{p}ffn_{part}_exps.weight", (s.experts, rows, columns), kind or kind_of(s, columns))
        if bias:
            values = 0.3 * g.random.standard_normal((s.experts, rows))
            g.add(f"{p}ffn_{part}_exps.bias", "F32", (s.experts, rows), values.astype("<f4").tobytes())


def llama(name, s, **metadata):
    g = begin(name, "llama", s)
    g.set(rope__dimension_count=s.head_dim, rope__freq_base=10000.0, **metadata)
    around(g, s)
    if name == "llama":  # llama 3's scaling stands as a tensor
        g.add("rope_freqs.weight", "F32", (s.head_dim // 2,), np.array([1, 1, 1.5, 2.5, 6, 8, 8, 8], "<f4").tobytes())
    for layer in range(s.layers):
        p = f"blk.{layer}."
        attention(g, s, p)
        feed_forward(g, s, p)
    return g


def mixtral(name, s):
    g = begin(name, "llama", s)
    g.set(expert_count=s.experts, expert_used_count=s.chosen)
    s.expert_width = s.width
    around(g, s)
    for layer in range(s.layers):
        p = f"blk.{layer}."
        attention(g, s, p)
        experts(g, s, p)
    return g


def qwen2(name, s):
    g = begin(name, "qwen2", s)
    g.set(rope__freq_base=1000000.0)
    around(g, s)
    for layer in range(s.layers):
        p = f"blk.{layer}."
        attention(g, s, p, bias=True)
        feed_forward(g, s, p)
    return g


def qwen3(name, s, **metadata):
    g = begin(name, "qwen3", s)
    g.set(rope__freq_base=1000000.0, **metadata)
    around(g, s)
    for layer in range(s.layers):
        p = f"blk.{layer}."
        attention(g, s, p, head_norms=True)
        feed_forward(g, s, p)
    return g


def qwen3moe(name, s):
    g = begin(name, "qwen3moe", s)
    g.set(rope__freq_base=1000000.0, expert_count=s.experts, expert_used_count=s.chosen, expert_feed_forward_length=s.expert_width)
    around(g, s)
    for layer in range(s.layers):
        p = f"blk.{layer}."
        attention(g, s, p, head_norms=True)
        experts(g, s, p)
    return g


def gemma(name, version, s, **metadata):
    g = begin(name, f"gemma{version}", s)
    g.set(**metadata)
    around(g, s)
    for layer in range(s.layers):
        p = f"blk.{layer}."
        attention(g, s, p, head_norms=version == 3)
        g.vector(p + "post_attention_norm.weight", s.hidden)
        feed_forward(g, s, p)
        g.vector(p + "post_ffw_norm.weight", s.hidden)
    return g


def phi3(name, s, original):
    g = begin(name, "phi3", s)
    rotated = 12
    g.set(rope__dimension_count=rotated, rope__freq_base=10000.0, rope__scaling__original_context_length=original,
          rope__scaling__attn_factor=1.19, attention__sliding_window=0)
    around(g, s)
    g.add("rope_factors_long.weight", "F32", (rotated // 2,), np.array([1, 1.1, 1.8, 3, 9, 20], "<f4").tobytes())
    g.add("rope_factors_short.weight", "F32", (rotated // 2,), np.array([1, 1, 1.05, 1.1, 1.3, 1.4], "<f4").tobytes())
    for layer in range(s.layers):
        p = f"blk.{layer}."
        g.vector(p + "attn_norm.weight", s.hidden)
        g.matrix(p + "attn_qkv.weight", ((s.heads + 2 * s.kv_heads) * s.head_dim, s.hidden), gain=1.4)
        g.matrix(p + "attn_output.weight", (s.hidden, s.heads * s.head_dim))
        g.vector(p + "ffn_norm.weight", s.hidden)
        g.matrix(p + "ffn_up.weight", (2 * s.width, s.hidden))
        g.matrix(p + "ffn_down.weight", (s.hidden, s.width))
    return g


def gpt_oss(name, s, expert_kind=None):
    g = begin(name, "gpt-oss", s)
    g.set(rope__dimension_count=s.head_dim, rope__freq_base=150000.0, attention__sliding_window=16, expert_count=s.experts,
          expert_used_count=s.chosen, expert_feed_forward_length=s.expert_width, rope__scaling__type="yarn",
          rope__scaling__factor=8.0, rope__scaling__original_context_length=256)
    around(g, s)
    for layer in range(s.layers):
        p = f"blk.{layer}."
        attention(g, s, p, bias=True, output_bias=True)
        g.vector(p + "attn_sinks.weight", s.heads, 0.5, 1)
        experts(g, s, p, norm="post_attention_norm", bias=True, kind=expert_kind)
    return g


def models():
    yield "llama", llama("llama", Shape())
    small = dict(layers=2, hidden=32, width=40, heads=2, head_dim=16, tied=True)
    yield "llama-linear", llama("llama-linear", Shape(**small), rope__scaling__type="linear", rope__scaling__factor=4.0)
    yield "llama-yarn", llama("llama-yarn", Shape(**small), rope__scaling__type="yarn", rope__scaling__factor=4.0,
                              rope__scaling__original_context_length=512)
    yield "mixtral", mixtral("mixtral", Shape(layers=2, width=32, experts=4, chosen=2))
    yield "qwen2", qwen2("qwen2", Shape(tied=True))
    yield "qwen3", qwen3("qwen3", Shape(head_dim=20, kv_heads=3, layers=2))
    yield "qwen3-yarn", qwen3("qwen3-yarn", Shape(**small), rope__scaling__type="yarn", rope__scaling__factor=4.0,
                              rope__scaling__original_context_length=512)
    yield "qwen3moe", qwen3moe("qwen3moe", Shape(layers=2, experts=7, chosen=3, expert_width=16))
    gemma_shape = dict(heads=4, kv_heads=2, head_dim=20, tied=True)
    yield "gemma2", gemma("gemma2", 2, Shape(**gemma_shape), attention__sliding_window=16, attn_logit_softcapping=5.0,
                          final_logit_softcapping=8.0)
    yield "gemma3", gemma("gemma3", 3, Shape(**gemma_shape | dict(layers=3)), attention__sliding_window=16,
                          attention__sliding_window_pattern=3, rope__freq_base=1000000.0, rope__scaling__type="linear",
                          rope__scaling__factor=8.0)
    yield "phi3-short", phi3("phi3-short", Shape(layers=2), 2048)
    yield "phi3-long", phi3("phi3-long", Shape(layers=2), 512)
    yield "gpt-oss", gpt_oss("gpt-oss", Shape(layers=2, experts=5, chosen=2, expert_width=20, kv_heads=1, heads=4))
    for kind in ("F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "IQ4_NL"):
        name = "llama-" + kind.lower()
        yield name, llama(name, Shape(layers=2, hidden=64, width=96, heads=4, head_dim=16, kv_heads=2, kind=kind))
    for kind in ("Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K"):
        name = "llama-" + kind.lower()
        yield name, llama(name, Shape(layers=1, hidden=256, width=256, heads=2, head_dim=32, kv_heads=1, tied=True, kind=kind, other="F16"))
    yield "gpt-oss-mxfp4", gpt_oss("gpt-oss-mxfp4", Shape(layers=2, hidden=64, experts=5, chosen=2, expert_width=64, heads=4), "MXFP4")


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, model in models():
        model.write(folder / (name + ".gguf"))


if __name__ == "__main__":
    main()
