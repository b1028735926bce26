package io.spillway.bench.gpu;

import java.util.List;

/** A benchmark of a GPU. Runs in a process of its own. */
public interface GpuBench {
    /** @return one word */
    String name();

    /** @return its figures; none where something it needs is not there. @param rig the GPU, opened; {@link GpuRig#isQuick()} asks for the smallest sizes there are */
    List<Measurement> run(GpuRig rig);

    /** @return all of them, in the order of the table */
    static List<GpuBench> all() {
        return List.of(new LimitsBench(), new LaunchBench(), new MatrixBench(), new ProductBench(), new AttentionBench(),
            new ModelBench(RandomModel.LLAMA_1B), new ModelBench(RandomModel.LLAMA_8B));
    }
}
