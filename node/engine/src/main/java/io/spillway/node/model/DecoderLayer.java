package io.spillway.node.model;

import io.spillway.node.compute.KvRows;
import io.spillway.node.compute.RotaryRows;
import io.spillway.node.compute.TensorOps;

/** One layer of a decoder: adds its part to the residual stream and writes its keys and values. */
interface DecoderLayer {
    /** @param a in and out: {@code a.residual}; the rest is scratch */
    void forward(TensorOps ops, Activations a, KvRows kv, RotaryRows rotary);
}
