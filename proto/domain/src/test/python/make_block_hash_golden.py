"""Writes block-hash-golden.json: block identities computed independently of the Java code (hashlib and struct only).

usage: python3 make_block_hash_golden.py > ../resources/block-hash-golden.txt
Line format: fingerprint secret layers kvHeads headDim blockTokens element tokens(csv) root chain(csv)
"""
import hashlib
import random
import struct

def root(fp, layers, heads, dim, block, element, secret):
    h = hashlib.sha256(b"spillway/block/v1\0" + bytes.fromhex(fp) + struct.pack("<5i", layers, heads, dim, block, element) + secret)
    return h.digest()[:16]

def chain(parent, tokens, block):
    out = []
    for i in range(len(tokens) // block):
        parent = hashlib.sha256(parent + struct.pack("<%di" % block, *tokens[i * block:(i + 1) * block])).digest()[:16]
        out.append(parent)
    return out

rng = random.Random(20261121)
for case in range(12):
    fp = "%064x" % rng.getrandbits(256)
    secret = bytes(rng.getrandbits(8) for _ in range(32))
    shape = (rng.choice([1, 6, 32]), rng.choice([1, 2, 8]), rng.choice([32, 64, 128]), rng.choice([1, 2, 4, 64]), rng.choice([1, 2, 3]))
    tokens = [rng.choice([0, 1, 2147483647, rng.randrange(200000)]) for _ in range(rng.randrange(0, 3 * shape[3] + 2))]
    r = root(fp, *shape, secret)
    print(fp, secret.hex(), *shape, ",".join(map(str, tokens)) or "-", r.hex(), ",".join(c.hex() for c in chain(r, tokens, shape[3])) or "-")
