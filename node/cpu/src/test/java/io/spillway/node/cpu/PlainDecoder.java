package io.spillway.node.cpu;

import io.spillway.node.compute.ClampedSwiGlu;
import io.spillway.node.compute.Gelu;
import io.spillway.node.compute.PackedMatrix;
import io.spillway.node.compute.RmsNorm;
import io.spillway.node.model.AttentionSpec;
import io.spillway.node.model.DecoderSpec;
import io.spillway.node.model.DenseSpec;
import io.spillway.node.model.ExpertsSpec;
import io.spillway.node.model.FeedForwardSpec;
import io.spillway.node.model.GatedUnit;
import io.spillway.node.model.LayerSpec;
import io.spillway.node.weights.ModelShape;
import io.spillway.node.weights.Rotary;
import io.spillway.node.weights.WeightMatrix;
import java.lang.foreign.MemorySegment;

/**
 * A decoder that another backend might build: it knows nothing but the spec, takes one matrix at a time into memory of its own, and computes
 * a whole sequence in doubles, without a cache.
 */
final class PlainDecoder {
    private final ModelShape shape;
    private final DecoderSpec spec;

    PlainDecoder(final DecoderSpec spec) {
        this.spec = spec;
        shape = spec.shape();
    }

    /** @return [tokens][vocabulary] */
    double[][] logits(final int[] tokens) {
        final double[][] x = new double[tokens.length][shape.hidden()];
        final double[][] embedding = weights(spec.embedding());
        for (int t = 0; t < tokens.length; t++) {
            for (int i = 0; i < shape.hidden(); i++) {
                x[t][i] = embedding[tokens[t]][i] * shape.scaling().embedding();
            }
        }
        for (final LayerSpec layer : spec.layers()) {
            add(x, layer.postAttentionNorm(), attention(layer.attention(), normed(x, layer.attentionNorm())));
            add(x, layer.postFeedForwardNorm(), feedForward(layer.feedForward(), normed(x, layer.feedForwardNorm())));
        }
        final double[][] logits = times(normed(x, spec.outputNorm()), weights(spec.head()), spec.headBias());
        final double cap = shape.scaling().logitSoftcap();
        for (final double[] row : logits) {
            for (int i = 0; cap > 0 && i < row.length; i++) {
                row[i] = cap * Math.tanh(row[i] / cap);
            }
        }
        return logits;
    }

    private static double[][] weights(final WeightMatrix matrix) {
        final PackedMatrix packed = matrix.packInto(MemorySegment.ofArray(new long[(int) Math.ceilDiv(matrix.packedBytes(), 8)]));
        final double[][] values = new double[matrix.rows()][matrix.columns()];
        for (int row = 0; row < matrix.rows(); row++) {
            for (int column = 0; column < matrix.columns(); column++) {
                values[row][column] = packed.at(row, column);
            }
        }
        return values;
    }

    private static double[][] times(final double[][] x, final double[][] weights, final float[] bias) {
        final double[][] y = new double[x.length][weights.length];
        for (int t = 0; t < x.length; t++) {
            for (int n = 0; n < weights.length; n++) {
                double sum = bias == null ? 0 : bias[n];
                for (int k = 0; k < weights[n].length; k++) {
                    sum += x[t][k] * weights[n][k];
                }
                y[t][n] = sum;
            }
        }
        return y;
    }

    private static void add(final double[][] x, final RmsNorm norm, final double[][] delta) {
        final double[][] added = norm == null ? delta : normed(delta, norm);
        for (int t = 0; t < x.length; t++) {
            for (int i = 0; i < x[t].length; i++) {
                x[t][i] += added[t][i];
            }
        }
    }

    private static double[][] normed(final double[][] x, final RmsNorm norm) {
        final double[][] y = new double[x.length][];
        for (int t = 0; t < x.length; t++) {
            y[t] = x[t].clone();
            normPart(y[t], 0, norm);
        }
        return y;
    }

    private static void normPart(final double[] x, final int from, final RmsNorm norm) {
        final int width = norm.gain().length;
        double squares = 0;
        for (int i = from; i < from + width; i++) {
            squares += x[i] * x[i];
        }
        final double scale = 1 / Math.sqrt(squares / width + norm.epsilon());
        for (int i = 0; i < width; i++) {
            x[from + i] *= scale * norm.gain()[i];
        }
    }

    private double[][] projected(final AttentionSpec.Projection projection, final double[][] x) {
        final double[][] y = times(x, weights(projection.matrix()), projection.bias());
        for (final double[] row : y) {
            for (int from = 0; projection.norm() != null && from < row.length; from += shape.attention().headDim()) {
                normPart(row, from, projection.norm());
            }
        }
        return y;
    }

    private double[][] turned(final double[][] x, final Rotary rotary) {
        final int half = rotary.frequencies().length;
        for (int t = 0; t < x.length; t++) {
            for (int head = 0; head < x[t].length; head += shape.attention().headDim()) {
                for (int i = 0; i < half; i++) {
                    final double cosine = rotary.magnitude() * Math.cos(t * rotary.frequencies()[i]);
                    final double sine = rotary.magnitude() * Math.sin(t * rotary.frequencies()[i]);
                    final double first = x[t][head + i];
                    final double second = x[t][head + half + i];
                    x[t][head + i] = first * cosine - second * sine;
                    x[t][head + half + i] = second * cosine + first * sine;
                }
            }
        }
        return x;
    }

    private double[][] attention(final AttentionSpec attention, final double[][] x) {
        final double[][] queries = turned(projected(attention.query(), x), attention.rotary());
        final double[][] keys = turned(projected(attention.key(), x), attention.rotary());
        final double[][] values = projected(attention.value(), x);
        final double[][] mixed = new double[x.length][shape.attention().queryWidth()];
        for (int t = 0; t < x.length; t++) {
            for (int head = 0; head < shape.attention().heads(); head++) {
                attendHead(attention, head, new double[][] {queries[t], mixed[t]}, keys, values, t);
            }
        }
        return projected(attention.output(), mixed);
    }

    private void attendHead(final AttentionSpec attention, final int head, final double[][] inOut, final double[][] keys, final double[][] values,
            final int position) {
        final int headDim = shape.attention().headDim();
        final int own = head * headDim;
        final int shared = head / (shape.attention().heads() / shape.attention().kvHeads()) * headDim;
        final int first = attention.rule().firstVisible(position);
        final double[] weights = new double[position + 1];
        double total = attention.rule().sinks() == null ? 0 : Math.exp(attention.rule().sinks()[head]);
        for (int t = first; t <= position; t++) {
            double score = 0;
            for (int i = 0; i < headDim; i++) {
                score += inOut[0][own + i] * attention.rule().scale() * keys[t][shared + i];
            }
            final double cap = attention.rule().softcap();
            weights[t] = Math.exp(cap > 0 ? cap * Math.tanh(score / cap) : score);
            total += weights[t];
        }
        for (int t = first; t <= position; t++) {
            for (int i = 0; i < headDim; i++) {
                inOut[1][own + i] += weights[t] / total * values[t][shared + i];
            }
        }
    }

    private static double[][] feedForward(final FeedForwardSpec feedForward, final double[][] x) {
        return switch (feedForward) {
            case DenseSpec dense -> times(gated(dense.unit(), times(x, weights(dense.gate()), null), times(x, weights(dense.up()), null)),
                    weights(dense.down()), null);
            case ExpertsSpec experts -> experts(experts, x);
        };
    }

    private static double[][] experts(final ExpertsSpec spec, final double[][] x) {
        final ExpertsSpec.Biases biases = spec.biases();
        final double[][] scores = times(x, weights(spec.router()), biases == null ? null : biases.router());
        final double[][] shares = new double[x.length][];
        for (int t = 0; t < x.length; t++) {
            shares[t] = shares(spec, scores[t]);
        }
        final double[][] sum = new double[x.length][x[0].length];
        for (int e = 0; e < spec.experts().size(); e++) {
            final ExpertsSpec.Expert expert = spec.experts().get(e);
            final double[][] gate = times(x, weights(expert.gate()), biases == null ? null : biases.gate()[e]);
            final double[][] up = times(x, weights(expert.up()), biases == null ? null : biases.up()[e]);
            final double[][] part = times(gated(spec.unit(), gate, up), weights(expert.down()), biases == null ? null : biases.down()[e]);
            for (int t = 0; t < x.length; t++) {
                for (int i = 0; i < sum[t].length; i++) {
                    sum[t][i] += shares[t][e] * part[t][i];
                }
            }
        }
        return sum;
    }

    /** @return what each expert counts; most of them nothing */
    private static double[] shares(final ExpertsSpec spec, final double[] scores) {
        final double[] shares = new double[scores.length];
        double chosen = 0;
        double all = 0;
        for (int e = 0; e < scores.length; e++) {
            int better = 0;
            for (int other = 0; other < scores.length; other++) {
                better += scores[other] > scores[e] || scores[other] == scores[e] && other < e ? 1 : 0;
            }
            shares[e] = better < spec.choice().chosen() ? Math.exp(scores[e]) : 0;
            chosen += shares[e];
            all += Math.exp(scores[e]);
        }
        for (int e = 0; e < scores.length; e++) {
            shares[e] /= spec.choice().weighsAgainstAll() ? all : chosen;
        }
        return shares;
    }

    private static double[][] gated(final GatedUnit unit, final double[][] gate, final double[][] up) {
        for (int t = 0; t < gate.length; t++) {
            for (int i = 0; i < gate[t].length; i++) {
                final double g = gate[t][i];
                gate[t][i] = switch (unit) {
                    case SWIGLU -> g / (1 + Math.exp(-g)) * up[t][i];
                    case GEGLU -> Gelu.of((float) g) * up[t][i];
                    case CLAMPED_SWIGLU -> ClampedSwiGlu.of((float) g, (float) up[t][i]);
                };
            }
        }
        return gate;
    }
}
