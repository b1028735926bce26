package io.spillway.node.model;

/** One layer of a decoder: adds its part to the residual stream and writes its keys and values. */
interface DecoderLayer {
    /** @param s in and out: the residual stream; the last layer leaves the wanted rows of it */
    void forward(Step s);

    /** Writes keys and values only: the last layer of a step of which no output is wanted. */
    void remember(Step s);
}
