package io.spillway.node.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The probe against driver libraries that the build makes, one per way to be. */
class CudaProbeTest {
    @Test
    void namesWhatTheDriverNames() {
        final CudaReport report = CudaProbe.probe(Shim.library("libcuda-good.so").toString());
        assertThat(report).isEqualTo(new CudaReport.Usable(13_000, java.util.List.of(new CudaDevice(0, "Stub One", 80L << 30, 9, 0))));
        assertThat(report.line()).isEqualTo("CUDA 13.0, Stub One (81920 MiB, compute capability 9.0)");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        old | the NVIDIA driver is too old: it knows CUDA 12.4, the kernels need 13.0
        empty | the NVIDIA driver finds no GPU
        incomplete | the NVIDIA driver has no function cuDeviceGetCount: it is too old or incomplete
        refusing | the NVIDIA driver refuses: cuInit returns 999
        small | no GPU of compute capability 8.0 or above; the first is Stub One, 7.0
        """)
    void saysInOneLineWhyThereIsNone(final String variant, final String line) {
        assertThat(CudaProbe.probe(Shim.library("libcuda-" + variant + ".so").toString())).isEqualTo(new CudaReport.Unusable(line));
    }

    @Test
    void aMissingLibraryIsOneLineToo() {
        assertThat(CudaProbe.probe("libcuda-that-is-not-there.so.1"))
            .isEqualTo(new CudaReport.Unusable("no NVIDIA driver: libcuda-that-is-not-there.so.1 cannot be loaded"));
    }

    /** Whatever this machine has: an answer, not an exception. */
    @Test
    void answersOnThisMachine() {
        assertThat(CudaProbe.probe().line()).isNotBlank().doesNotContain("\n");
    }
}
