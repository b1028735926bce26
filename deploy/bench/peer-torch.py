"""The same model in PyTorch, and the limits of the machine, for the table that gpu-check writes.

usage: python3 peer.py OUT.json [--shapes 1b,8b] [--decode 1,8,64,256] [--context 1024] [--prefill 8192] [--long 98304] [--device cuda]

Random weights in bf16. Attention is scaled_dot_product_attention over a dense cache, a decode step is one CUDA graph, a prefill runs eagerly.
Every figure is the median of repeated runs between CUDA events. --device cpu with the shape "tiny" checks the program itself, nothing else.
"""
import argparse
import json
import statistics
import sys
import time

import torch
import torch.nn.functional as F

# hidden, layers, heads, kv heads, head width, feed-forward, vocabulary, head tied to the embedding
SHAPES = {
    "1b": (2048, 16, 32, 8, 64, 8192, 128256, True),
    "8b": (4096, 32, 32, 8, 128, 14336, 128256, False),
    "tiny": (64, 2, 4, 2, 16, 96, 128, True),
}


class Timer:
    """Median seconds of a call."""

    def __init__(self, device):
        self.device = device

    def seconds(self, call, repeats=20, warm=3):
        for _ in range(warm):
            call()
        self.wait()
        return statistics.median(self._one(call) for _ in range(repeats))

    def _one(self, call):
        if self.device != "cuda":
            begin = time.perf_counter()
            call()
            return time.perf_counter() - begin
        begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        begin.record()
        call()
        end.record()
        end.synchronize()
        return begin.elapsed_time(end) / 1e3

    def wait(self):
        if self.device == "cuda":
            torch.cuda.synchronize()


class Llama:
    """A decoder of the llama kind with random weights."""

    def __init__(self, shape, device, seed=1):
        (self.hidden, self.layers, self.heads, self.kv_heads, self.head_dim, self.ff, self.vocabulary, tied) = shape
        self.device = device
        generator = torch.Generator(device=device).manual_seed(seed)

        def matrix(rows, columns):
            return torch.randn(rows, columns, device=device, dtype=torch.bfloat16, generator=generator) * columns ** -0.5

        width = (self.heads + 2 * self.kv_heads) * self.head_dim
        self.embedding = matrix(self.vocabulary, self.hidden)
        self.head = self.embedding if tied else matrix(self.vocabulary, self.hidden)
        self.qkv = [matrix(width, self.hidden) for _ in range(self.layers)]
        self.out = [matrix(self.hidden, self.heads * self.head_dim) for _ in range(self.layers)]
        self.gate_up = [matrix(2 * self.ff, self.hidden) for _ in range(self.layers)]
        self.down = [matrix(self.hidden, self.ff) for _ in range(self.layers)]
        self.gain = torch.ones(self.hidden, device=device, dtype=torch.bfloat16)

    def weight_bytes(self):
        """Bytes a decode step reads."""
        matrices = self.qkv + self.out + self.gate_up + self.down + [self.head]
        return sum(m.numel() * m.element_size() for m in matrices)

    def kv_bytes(self, batch, tokens):
        return batch * tokens * self.layers * 2 * self.kv_heads * self.head_dim * 2

    def matrix_flops(self, tokens):
        """Floating-point operations of the products of a prefill without the head, and of its causal attention."""
        layer = sum(m[0].numel() for m in (self.qkv, self.out, self.gate_up, self.down))
        attention = 4 * self.heads * self.head_dim * tokens * (tokens + 1) // 2
        return self.layers * (2 * tokens * layer + attention)

    def cache(self, batch, tokens):
        one = (batch, self.kv_heads, tokens, self.head_dim)
        return [(torch.randn(one, device=self.device, dtype=torch.bfloat16), torch.randn(one, device=self.device, dtype=torch.bfloat16))
                for _ in range(self.layers)]

    def rotation(self, first, count):
        frequencies = 500000.0 ** (-torch.arange(0, self.head_dim, 2, device=self.device).float() / self.head_dim)
        angles = torch.arange(first, first + count, device=self.device).float()[:, None] * frequencies
        return angles.cos().bfloat16(), angles.sin().bfloat16()

    def forward(self, tokens, cache, first, rotation):
        """tokens: [batch][count]; keys and values go to positions first .. of the cache. Returns the last position's largest logits."""
        batch, count = tokens.shape
        cosine, sine = rotation
        x = F.embedding(tokens, self.embedding)
        for layer in range(self.layers):
            normed = F.rms_norm(x, (self.hidden,), self.gain, 1e-5)
            qkv = F.linear(normed, self.qkv[layer]).view(batch, count, self.heads + 2 * self.kv_heads, self.head_dim).transpose(1, 2)
            q, k, v = qkv.split([self.heads, self.kv_heads, self.kv_heads], dim=1)
            keys, values = cache[layer]
            keys[:, :, first:first + count] = self.turn(k, cosine, sine)
            values[:, :, first:first + count] = v
            attended = F.scaled_dot_product_attention(self.turn(q, cosine, sine), keys[:, :, :first + count], values[:, :, :first + count],
                                                      is_causal=first == 0 and count > 1, enable_gqa=True)
            x = x + F.linear(attended.transpose(1, 2).reshape(batch, count, -1), self.out[layer])
            gate, up = F.linear(F.rms_norm(x, (self.hidden,), self.gain, 1e-5), self.gate_up[layer]).chunk(2, dim=-1)
            x = x + F.linear(F.silu(gate) * up, self.down[layer])
        last = F.rms_norm(x[:, -1:], (self.hidden,), self.gain, 1e-5)
        return F.linear(last, self.head).argmax(dim=-1)

    @staticmethod
    def turn(x, cosine, sine):
        low, high = x.chunk(2, dim=-1)
        return torch.cat([low * cosine - high * sine, low * sine + high * cosine], dim=-1)


def decode(model, timer, batch, context):
    """Seconds of a decode step of `batch` sequences that each see `context` positions."""
    cache = model.cache(batch, context)
    tokens = torch.randint(model.vocabulary, (batch, 1), device=model.device)
    rotation = model.rotation(context - 1, 1)
    chosen = torch.zeros_like(tokens)

    def step():
        chosen.copy_(model.forward(tokens, cache, context - 1, rotation))

    return timer.seconds(step if model.device != "cuda" else captured(step), repeats=50)


def captured(step):
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            step()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    return graph.replay


def prefill(model, timer, tokens):
    cache = model.cache(1, tokens)
    prompt = torch.randint(model.vocabulary, (1, tokens), device=model.device)
    rotation = model.rotation(0, tokens)
    return timer.seconds(lambda: model.forward(prompt, cache, 0, rotation), repeats=5, warm=2)


def limits(device, timer):
    """What the machine gives: bf16 products, copies within the device and to and from pinned memory."""
    size, piece = (8192, 4 << 30) if device == "cuda" else (128, 1 << 20)
    a = torch.randn(size, size, device=device, dtype=torch.bfloat16)
    b = torch.randn(size, size, device=device, dtype=torch.bfloat16)
    found = {"bf16_flops": 2 * size ** 3 / timer.seconds(lambda: a @ b)}
    source = torch.randint(255, (piece,), device=device, dtype=torch.uint8)
    target = torch.empty_like(source)
    found["copy_bytes_s"] = 2 * piece / timer.seconds(lambda: target.copy_(source), repeats=10)
    host = torch.empty(piece // 4, dtype=torch.uint8, pin_memory=device == "cuda")
    found["to_device_bytes_s"] = piece / 4 / timer.seconds(lambda: target[:piece // 4].copy_(host, non_blocking=True), repeats=10)
    found["to_host_bytes_s"] = piece / 4 / timer.seconds(lambda: host.copy_(source[:piece // 4], non_blocking=True), repeats=10)
    return found


def numbers(text):
    return [int(n) for n in text.split(",") if n]


def measure(name, options, timer):
    model = Llama(SHAPES[name], options.device)
    found = {"weight_bytes": model.weight_bytes(), "decode": [], "prefill": []}
    for batch, context in [(b, options.context) for b in numbers(options.decode)] + [(1, options.long)] * (options.long > 0):
        seconds = decode(model, timer, batch, context)
        found["decode"].append({"batch": batch, "context": context, "seconds": seconds, "tokens_s": batch / seconds,
                                "bytes": model.weight_bytes() + model.kv_bytes(batch, context)})
    for tokens in numbers(options.prefill):
        seconds = prefill(model, timer, tokens)
        found["prefill"].append({"tokens": tokens, "seconds": seconds, "tokens_s": tokens / seconds, "flops": model.matrix_flops(tokens)})
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out")
    parser.add_argument("--shapes", default="1b,8b")
    parser.add_argument("--decode", default="1,8,64,256")
    parser.add_argument("--context", type=int, default=1024)
    parser.add_argument("--prefill", default="8192")
    parser.add_argument("--long", type=int, default=98304)
    parser.add_argument("--device", default="cuda")
    options = parser.parse_args()
    torch.manual_seed(1)
    timer = Timer(options.device)
    found = {"torch": torch.__version__, "device": torch.cuda.get_device_name() if options.device == "cuda" else "cpu"}
    with torch.inference_mode():
        found["limits"] = limits(options.device, timer)
        found["models"] = {}
        for name in options.shapes.split(","):
            found["models"][name] = measure(name, options, timer)
            if options.device == "cuda":
                torch.cuda.empty_cache()
    with open(options.out, "w", encoding="utf-8") as out:
        json.dump(found, out, indent=1)
        out.write("\n")


if __name__ == "__main__":
    sys.exit(main())
