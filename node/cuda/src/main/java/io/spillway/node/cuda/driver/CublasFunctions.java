package io.spillway.node.cuda.driver;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

/** Functions of cuBLASLt 12 and 13. Any thread. */
final class CublasFunctions {
    final DriverFunction create;
    final DriverFunction destroy;
    final DriverFunction createProduct;
    final DriverFunction destroyProduct;
    final DriverFunction setProduct;
    final DriverFunction createLayout;
    final DriverFunction destroyLayout;
    final DriverFunction createPreference;
    final DriverFunction destroyPreference;
    final DriverFunction setPreference;
    final DriverFunction heuristic;
    final DriverFunction multiply;

    CublasFunctions(final DriverLibrary library) throws CudaUnavailableException {
        create = library.function("cublasLtCreate", JAVA_LONG);
        destroy = library.function("cublasLtDestroy", JAVA_LONG);
        createProduct = library.function("cublasLtMatmulDescCreate", JAVA_LONG, JAVA_INT, JAVA_INT);
        destroyProduct = library.function("cublasLtMatmulDescDestroy", JAVA_LONG);
        setProduct = library.function("cublasLtMatmulDescSetAttribute", JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG);
        createLayout = library.function("cublasLtMatrixLayoutCreate", JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG);
        destroyLayout = library.function("cublasLtMatrixLayoutDestroy", JAVA_LONG);
        createPreference = library.function("cublasLtMatmulPreferenceCreate", JAVA_LONG);
        destroyPreference = library.function("cublasLtMatmulPreferenceDestroy", JAVA_LONG);
        setPreference = library.function("cublasLtMatmulPreferenceSetAttribute", JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG);
        heuristic = library.function("cublasLtMatmulAlgoGetHeuristic", JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG,
            JAVA_INT, JAVA_LONG, JAVA_LONG);
        multiply = library.function("cublasLtMatmul", JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG,
            JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    }

    static void check(final String function, final int code) {
        if (code != 0) {
            throw LibraryException.ofCublas(function, code);
        }
    }
}
