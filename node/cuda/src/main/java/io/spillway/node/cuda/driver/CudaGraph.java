package io.spillway.node.cuda.driver;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import jcuda.driver.JCudaDriver;

/**
 * Work that was put on a stream once and can be launched again with one call: kernels, copies and fills with the arguments they had. What
 * changes from launch to launch lies in device memory. One thread at a time.
 */
public final class CudaGraph implements AutoCloseable {
    private static final int OF_THIS_THREAD = 1;
    private static final long UPDATE_RESULT_BYTES = 24;

    private final CudaContext context;
    private Handles.Executable executable;
    private int nodes;

    private CudaGraph(final CudaContext context) {
        this.context = context;
    }

    /**
     * Captures what {@code work} puts on the stream, and on streams that wait for it and that it waits for again; none of it runs. Nothing
     * may be allocated, freed or waited for meanwhile. Run the same work once before: kernels are loaded when they are first used, and that
     * cannot be captured.
     *
     * @throws CudaException when something was done that cannot be captured; the stream can be used again
     */
    public static CudaGraph capture(final CudaStream stream, final Runnable work) {
        final CudaGraph graph = new CudaGraph(stream.context());
        final Handles.Graph captured = graph.captured(stream, work);
        try {
            graph.executable = graph.instantiate(captured);
        } finally {
            JCudaDriver.cuGraphDestroy(captured);
        }
        graph.context.opened();
        return graph;
    }

    /** Captures anew and takes the new arguments. In place where the shape is the same; else everything is made again. */
    public void update(final CudaStream stream, final Runnable work) {
        final Handles.Graph captured = captured(stream, work);
        try (Arena arena = Arena.ofConfined()) {
            final MemorySegment result = arena.allocate(UPDATE_RESULT_BYTES, Long.BYTES);
            final int code = context.calls().updateGraph.call(executable.handle(), captured.handle(), result.address());
            if (code == CudaResult.GRAPH_EXEC_UPDATE_FAILURE.code()) {
                final Handles.Executable fresh = instantiate(captured);
                JCudaDriver.cuGraphExecDestroy(executable);
                executable = fresh;
            } else {
                context.check("cuGraphExecUpdate", code);
            }
        } finally {
            JCudaDriver.cuGraphDestroy(captured);
        }
    }

    /** Puts all of it on the stream. */
    public void launch(final CudaStream stream) {
        context.check("cuGraphLaunch", context.calls().launchGraph.call(executable.handle(), stream.handle()));
    }

    /** @return kernels, copies and fills in it */
    public int nodes() {
        return nodes;
    }

    @Override
    public void close() {
        context.closed();
        context.checkUnlessLost("cuGraphExecDestroy", JCudaDriver.cuGraphExecDestroy(executable));
    }

    private Handles.Graph captured(final CudaStream stream, final Runnable work) {
        final Handles.Graph graph = new Handles.Graph();
        context.check("cuStreamBeginCapture", JCudaDriver.cuStreamBeginCapture(stream.jcuda(), OF_THIS_THREAD));
        try {
            work.run();
        } catch (final RuntimeException | Error e) {
            if (JCudaDriver.cuStreamEndCapture(stream.jcuda(), graph) == 0) {
                JCudaDriver.cuGraphDestroy(graph);
            }
            throw e;
        }
        context.check("cuStreamEndCapture", JCudaDriver.cuStreamEndCapture(stream.jcuda(), graph));
        final long[] count = new long[1];
        context.check("cuGraphGetNodes", JCudaDriver.cuGraphGetNodes(graph, null, count));
        nodes = (int) count[0];
        return graph;
    }

    private Handles.Executable instantiate(final Handles.Graph graph) {
        final Handles.Executable fresh = new Handles.Executable();
        context.check("cuGraphInstantiate", JCudaDriver.cuGraphInstantiate(fresh, graph, 0));
        return fresh;
    }
}
