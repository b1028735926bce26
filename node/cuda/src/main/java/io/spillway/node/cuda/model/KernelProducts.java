package io.spillway.node.cuda.model;

import io.spillway.node.compute.DType;
import io.spillway.node.compute.PackedMatrix;
import io.spillway.node.cuda.ExpertRows;
import io.spillway.node.cuda.KernelCall;
import io.spillway.node.cuda.KernelLauncher;
import io.spillway.node.cuda.MatrixCall;
import io.spillway.node.cuda.Product;
import io.spillway.node.cuda.ProductOutput;
import io.spillway.node.cuda.ProductPlan;
import io.spillway.node.cuda.RowCall;
import io.spillway.node.cuda.Values;

/**
 * Products by our own kernels. Few rows: as fast as weights are read. Many rows of a packed matrix: it is expanded to halves first. Thread: the
 * engine's.
 */
final class KernelProducts implements Products {
    private final DType half;
    private final Buffers buffers;
    private final ProductPlan plan;

    /** @param half what enters and leaves a product */
    KernelProducts(final DType half, final Buffers buffers, final ProductPlan plan) {
        this.half = half;
        this.buffers = buffers;
        this.plan = plan;
    }

    @Override
    public void run(final Projection projection, final Values in, final int rows, final Target target, final KernelLauncher launcher) {
        if (target.output().isGated() && !isGatedAtOnce(projection, rows)) {
            run(projection, in, rows, new Target(buffers.gateUp, ProductOutput.HALF), launcher);
            final RowCall.Unit unit = RowCall.Unit.values()[target.output().ordinal() - ProductOutput.SWIGLU.ordinal()];
            launcher.launch(new RowCall.GatedUnit(unit, buffers.gateUp, target.values().address(), rows, projection.outputs() / 2).launch());
            return;
        }
        final boolean meetsRounded = projection.parts().stream().anyMatch(part -> isRounded(part.matrix(), rows));
        if (meetsRounded) {
            final DeviceMatrix first = projection.parts().getFirst().matrix();
            launcher.launch(new MatrixCall.RoundActivations(half, in.address(), buffers.rounded, rows, first.columns(), first.columns()).launch());
        }
        if (target.output().isGated()) {
            gated(projection, in, rows, target, launcher);
            return;
        }
        for (final Projection.Part part : projection.parts()) {
            one(part, projection.outputs(), in, rows, target, launcher);
        }
    }

    /** Gates and ups by one launch: of one format, and few rows where they are packed. */
    private boolean isGatedAtOnce(final Projection projection, final int rows) {
        final DeviceMatrix gates = projection.parts().getFirst().matrix();
        final boolean alike = projection.parts().stream().allMatch(part -> part.matrix().dtype() == gates.dtype() && part.bias() == 0);
        return alike && (gates.isPlain() ? projection.isOne() : isFew(rows));
    }

    private boolean isRounded(final DeviceMatrix matrix, final int rows) {
        return !matrix.isPlain() && matrix.dtype() != DType.F8 && isFew(rows);
    }

    /** Whether a packed matrix is read as it is: expanded, it gives other bits. */
    private boolean isFew(final int rows) {
        return plan.invariant() || rows <= MatrixCall.GemvPacked.ROWS_MAX;
    }

    private void gated(final Projection projection, final Values in, final int rows, final Target target, final KernelLauncher launcher) {
        final DeviceMatrix gates = projection.parts().getFirst().matrix();
        final Product product = new Product(half, gates.address(), gates.isPlain() ? in.address() : input(gates, in, rows), target.values().address(),
            projection.parts().getFirst().bias(), rows, projection.outputs(), gates.columns(), gates.columns(), projection.outputs() / 2, target.output(),
            ExpertRows.NONE);
        if (gates.isPlain()) {
            plain(product, launcher);
            return;
        }
        final long ups = projection.isOne() ? gates.address() + PackedMatrix.sizeBytes(gates.dtype(), gates.rows() / 2, gates.columns())
            : projection.parts().get(1).matrix().address();
        launcher.launch(new MatrixCall.GemvPacked(product, gates.dtype(), ups, 0).launch());
    }

    private long input(final DeviceMatrix matrix, final Values in, final int rows) {
        return isRounded(matrix, rows) ? buffers.rounded : in.address();
    }

    private void one(final Projection.Part part, final int outStride, final Values in, final int rows, final Target target, final KernelLauncher launcher) {
        final DeviceMatrix m = part.matrix();
        final Product product = new Product(half, m.address(), input(m, in, rows), target.at(part.offset()), part.bias(), rows, m.rows(), m.columns(),
            m.columns(), outStride, target.output(), ExpertRows.NONE);
        if (m.isPlain()) {
            plain(product, launcher);
        } else if (isFew(rows)) {
            launcher.launch(new MatrixCall.GemvPacked(product, m.dtype(), 0, 0).launch());
        } else {
            expanded(m, product, launcher);
        }
    }

    /** Piece by piece, so that the expanded matrix needs no more room than the largest piece. */
    private void expanded(final DeviceMatrix m, final Product p, final KernelLauncher launcher) {
        final int rowsAtOnce = (int) Math.max(PackedMatrix.STRIP_ROWS,
            Buffers.EXPANDED_BYTES / (2L * m.columns()) / PackedMatrix.STRIP_ROWS * PackedMatrix.STRIP_ROWS);
        final int width = p.output() == ProductOutput.HALF ? Short.BYTES : Float.BYTES;
        for (int first = 0; first < m.rows(); first += rowsAtOnce) {
            final int count = Math.min(rowsAtOnce, m.rows() - first);
            launcher.launch(new MatrixCall.Expand(m.dtype(), half, m.address() + PackedMatrix.sizeBytes(m.dtype(), first, m.columns()), buffers.expanded,
                count, m.columns()).launch());
            plain(new Product(half, buffers.expanded, p.in(), p.out() + (long) first * width, p.bias() == 0 ? 0 : p.bias() + (long) first * Float.BYTES,
                p.rows(), count, m.columns(), p.inStride(), p.outStride(), p.output(), ExpertRows.NONE), launcher);
        }
    }

    private void plain(final Product product, final KernelLauncher launcher) {
        for (final KernelCall call : plan.launches(product)) {
            launcher.launch(call.launch());
        }
    }
}
