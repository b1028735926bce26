#!/usr/bin/env python3
"""Writes golden.txt: random stored blocks of every GGUF format and the numbers that they stand for.

Each decoder below is the definition of the block, written element by element from the structs and comments of ggml's
ggml-common.h (block_q4_0 ... block_q6_K, block_iq4_nl, block_mxfp4; MXFP4 also: OCP Microscaling Formats 1.0, e2m1 and e8m0).
Halves are read by struct's 'e'; arithmetic is exact (fractions), rounded to F32 once at the end.
Lines: TYPE, the block in hex, its elements as F32 bits in hex.
"""
import random
import struct
from fractions import Fraction

IQ4 = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113]
E2M1 = [0, 0.5, 1, 1.5, 2, 3, 4, 6]


def half(b, at):
    return Fraction(struct.unpack_from('<e', b, at)[0])


def nibble(b, at, i):
    return b[at + i] & 15 if i < 16 else b[at + i - 16] >> 4


def bit(b, at, i):
    return b[at + i // 8] >> i % 8 & 1


def q8_0(b, i):
    return half(b, 0) * struct.unpack_from('<b', b, 2 + i)[0]


def q4_0(b, i):
    return half(b, 0) * (nibble(b, 2, i) - 8)


def q4_1(b, i):
    return half(b, 0) * nibble(b, 4, i) + half(b, 2)


def q5_0(b, i):
    return half(b, 0) * (nibble(b, 6, i) + 16 * bit(b, 2, i) - 16)


def q5_1(b, i):
    return half(b, 0) * (nibble(b, 8, i) + 16 * bit(b, 4, i)) + half(b, 2)


def iq4_nl(b, i):
    return half(b, 0) * IQ4[nibble(b, 2, i)]


def mxfp4(b, i):
    n = nibble(b, 1, i)
    return Fraction(E2M1[n & 7]) * (-1 if n & 8 else 1) * Fraction(2) ** (b[0] - 127)


def q2_k(b, i):
    s = b[i // 16]
    chunk, inside = divmod(i, 128)
    q = b[16 + 32 * chunk + inside % 32] >> 2 * (inside // 32) & 3
    return half(b, 80) * (s & 15) * q - half(b, 82) * (s >> 4)


def q3_k(b, i):
    chunk, inside = divmod(i, 128)
    q = b[32 + 32 * chunk + inside % 32] >> 2 * (inside // 32) & 3
    if not b[i % 32] >> (i // 32) & 1:
        q -= 4
    j = i // 16
    low = b[96 + j] & 15 if j < 8 else b[96 + j - 8] >> 4
    high = b[104 + j % 4] >> 2 * (j // 4) & 3
    return half(b, 108) * (low + 16 * high - 32) * q


def six(b, at, j):
    if j < 4:
        return b[at + j] & 63, b[at + j + 4] & 63
    return (b[at + j + 4] & 15) + 16 * (b[at + j - 4] >> 6), (b[at + j + 4] >> 4) + 16 * (b[at + j] >> 6)


def q4_k(b, i):
    s, m = six(b, 4, i // 32)
    pair = b[16 + i // 64 * 32 + i % 32]
    return half(b, 0) * s * (pair >> 4 if i // 32 % 2 else pair & 15) - half(b, 2) * m


def q5_k(b, i):
    s, m = six(b, 4, i // 32)
    pair = b[48 + i // 64 * 32 + i % 32]
    q = (pair >> 4 if i // 32 % 2 else pair & 15) + 16 * (b[16 + i % 32] >> (i // 32) & 1)
    return half(b, 0) * s * q - half(b, 2) * m


def q6_k(b, i):
    chunk, inside = divmod(i, 128)
    quarter, lane = divmod(inside, 32)
    pair = b[64 * chunk + 32 * (quarter % 2) + lane]
    q = (pair >> 4 if quarter >= 2 else pair & 15) + 16 * (b[128 + 32 * chunk + lane] >> 2 * quarter & 3)
    return half(b, 208) * struct.unpack_from('<b', b, 192 + i // 16)[0] * (q - 32)


# decoder, columns, bytes, where the halves lie
FORMATS = {'Q8_0': (q8_0, 32, 34, [0]), 'Q4_0': (q4_0, 32, 18, [0]), 'Q4_1': (q4_1, 32, 20, [0, 2]), 'Q5_0': (q5_0, 32, 22, [0]),
           'Q5_1': (q5_1, 32, 24, [0, 2]), 'IQ4_NL': (iq4_nl, 32, 18, [0]), 'MXFP4': (mxfp4, 32, 17, []),
           'Q2_K': (q2_k, 256, 84, [80, 82]), 'Q3_K': (q3_k, 256, 110, [108]), 'Q4_K': (q4_k, 256, 144, [0, 2]),
           'Q5_K': (q5_k, 256, 176, [0, 2]), 'Q6_K': (q6_k, 256, 210, [208])}


def f32(value):
    # An exact fraction of far fewer than 53 bits, or of two halves' distance: float() rounds once to F64 and pack once more to F32;
    # both are exact or a single rounding, since sums here span less than 53 bits.
    assert Fraction(float(value)) == value
    return struct.unpack('<I', struct.pack('<f', float(value)))[0]


def main():
    rng = random.Random(20)
    lines = []
    for name, (decode, columns, size, halves) in FORMATS.items():
        for _ in range(2 if columns == 256 else 6):
            block = bytearray(rng.randbytes(size))
            for at in halves:
                struct.pack_into('<e', block, at, rng.gauss(0, 1) * 10 ** rng.uniform(-4, 1))
            if name == 'MXFP4':
                block[0] = rng.choice([0, 1, 2, 100, 127, 140])
            lines.append(f'{name} {bytes(block).hex()} ' + ','.join(f'{f32(decode(block, i)):08x}' for i in range(columns)))
    with open('golden.txt', 'w') as out:
        out.write('\n'.join(lines) + '\n')


main()
